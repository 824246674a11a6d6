//! What is changed from grants to grants, rule by rule, as it is told to people and written down in the trail.

use super::{Grants, Rule};
use crate::{Difference, difference::Mark};

impl Grants {
    /// What `after` has and these have not, and the other way round; each marked with whether it lets more be done. Empty where they are the
    /// same.
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for rule in self.rules().filter(|rule| !after.has_rule(*rule)) {
            let mark = if after.covers_rule(rule) {
                Mark::Changed
            } else {
                Mark::Narrower
            };
            let (what, old) = told(rule);
            differences.push(Difference::removed(mark, what, old));
        }
        for rule in after.rules().filter(|rule| !self.has_rule(*rule)) {
            let mark = if self.covers_rule(rule) {
                Mark::Changed
            } else {
                Mark::Wider
            };
            let (what, new) = told(rule);
            differences.push(Difference::added(mark, what, new));
        }
        let over = after.limits.over(&self.limits);
        for ((name, is_wider), (_, is_narrower)) in
            over.into_iter().zip(self.limits.over(&after.limits))
        {
            let mark = match (is_wider, is_narrower) {
                (true, _) => Mark::Wider,
                (_, true) => Mark::Narrower,
                (false, false) => continue,
            };
            let [old, new] = [self, after].map(|grants| grants.limits.show(name));
            differences.push(Difference::changed(
                mark,
                format!("limits: {name}"),
                old,
                new,
            ));
        }
        differences
    }

    fn has_rule(&self, rule: Rule<'_>) -> bool {
        self.rules().any(|own| own == rule)
    }
}

/// What a rule is about, and the rest of it.
fn told(rule: Rule<'_>) -> (String, String) {
    let text = format!("{rule:#}");
    let end = match rule {
        // `labels: add: X`
        Rule::Label(op, _) => "labels: ".len() + op.as_str().len(),
        _ => rule.capability().as_str().len(),
    };
    let (what, rest) = text.split_at(end);
    let rest = rest.strip_prefix(": ").unwrap_or(rest);
    (what.to_owned(), rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::is_wider;

    fn told(before: &str, after: &str) -> String {
        let [before, after] = [before, after].map(|text| Grants::parse("g", text).unwrap());
        let differences = before.differences(&after);
        assert_eq!(is_wider(&differences), !before.covers(&after));
        let line = |one: &Difference| format!("{} {one}", one.mark.as_str());
        differences.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_same_grants_do_not_differ() {
        let text = "{ clients: [all], http: [ { method: GET, url: \"https://h.example/\" } ], limits: { calls: 3 } }";
        assert_eq!(told(text, text), "");
        assert_eq!(told("", "{}"), "");
    }

    #[test]
    fn each_rule_is_told_with_what_it_comes_to() {
        insta::assert_snapshot!(told(
            "{ clients: [\"label:A\"], labels: { add: [\"*\"], remove: [A] }, state: true,
               http: [ { method: POST, url: \"https://h.example/a/*\", secrets: [s] } ], limits: { memory: 128MiB, calls: 5 } }",
            "{ clients: [\"label:A\", all], labels: { add: [B], remove: [A] }, log: true,
               http: [ { method: POST, url: \"https://h.example/a/*\", secrets: [s, t], redirects: 1 } ], limits: { calls: 6 } }",
        ), @r"
        narrower - labels: add: *
        changed - http: POST https://h.example/a/* (secrets s)
        narrower - state: true
        wider + clients: all
        changed + labels: add: B
        wider + http: POST https://h.example/a/* (secrets s, t; redirects 1)
        wider + log: true
        narrower ~ limits: memory: 128MiB -> 64MiB
        wider ~ limits: calls: 5 -> 6
        ");
    }
}
