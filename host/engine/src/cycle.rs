//! Circles among the subscriptions of installed artifacts: a row that leads back to its maker would never rest.

use std::collections::{BTreeMap, BTreeSet};

use watchbox_model::Name;

/// Who watches the rows of whom, by name. Names that nothing is installed under lead nowhere.
pub(crate) type Watched = BTreeMap<Name, Vec<Name>>;

/// A circle that passes through `start`, as `A -> B -> A` where each watches the next; `None` where there is none.
pub(crate) fn circle(watched: &Watched, start: &Name) -> Option<String> {
    let mut path = vec![start];
    let mut seen = BTreeSet::new();
    leads_back(watched, start, &mut path, &mut seen).then(|| {
        path.push(start);
        path.into_iter()
            .map(Name::as_str)
            .collect::<Vec<_>>()
            .join(" -> ")
    })
}

/// Whether the path's last name leads to its first; if so, the path is the way there.
fn leads_back<'a>(
    watched: &'a Watched,
    start: &Name,
    path: &mut Vec<&'a Name>,
    seen: &mut BTreeSet<&'a Name>,
) -> bool {
    let Some(nexts) = path.last().and_then(|last| watched.get(*last)) else {
        return false;
    };
    for next in nexts {
        if next == start {
            return true;
        }
        if seen.insert(next) {
            path.push(next);
            if leads_back(watched, start, path, seen) {
                return true;
            }
            path.pop();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(edges: &[(&str, &[&str])]) -> Watched {
        let name = |text: &str| text.parse::<Name>().unwrap();
        edges
            .iter()
            .map(|(who, whom)| (name(who), whom.iter().map(|text| name(text)).collect()))
            .collect()
    }

    fn found(edges: &[(&str, &[&str])], start: &str) -> Option<String> {
        circle(&watched(edges), &start.parse().unwrap())
    }

    #[test]
    fn an_artifact_that_watches_itself() {
        assert_eq!(found(&[("A", &["A"])], "A").as_deref(), Some("A -> A"));
    }

    #[test]
    fn a_long_way_round_is_named_without_its_side_ways() {
        let edges: &[(&str, &[&str])] = &[
            ("A", &["Windows.Events", "B"]),
            ("B", &["D", "C"]),
            ("C", &["A"]),
            ("D", &["E"]),
            ("E", &[]),
        ];
        assert_eq!(found(edges, "A").as_deref(), Some("A -> B -> C -> A"));
    }

    #[test]
    fn a_circle_elsewhere_does_not_concern_the_start() {
        let edges: &[(&str, &[&str])] = &[("A", &["B"]), ("B", &["C"]), ("C", &["B"])];
        assert_eq!(found(edges, "A"), None);
    }

    #[test]
    fn two_ways_to_one_log_are_no_circle() {
        let edges: &[(&str, &[&str])] = &[("A", &["B", "C"]), ("B", &["D"]), ("C", &["D"])];
        assert_eq!(found(edges, "A"), None);
    }
}
