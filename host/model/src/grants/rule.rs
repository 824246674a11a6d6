//! One rule of grants: what an operator writes on a line, and what the trail gives as the reason of what it allowed.

use std::fmt;

use super::{Grants, HttpGrant, LabelPattern, Recipients};
use crate::{Capability, SearchTerm, label::LabelOp};

/// One rule, as it stands in grants. Cheap to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'g> {
    /// A search that may be made.
    Clients(&'g SearchTerm),
    /// A label that may be put on, or taken off.
    Label(LabelOp, &'g LabelPattern),
    /// A request that may be sent.
    Http(&'g HttpGrant),
    /// Who may be written to.
    Mail(&'g Recipients),
    /// A capability that is granted as a whole.
    Whole(Capability),
}

impl Rule<'_> {
    /// Of which capability it is.
    pub fn capability(&self) -> Capability {
        match self {
            Self::Clients(_) => Capability::Clients,
            Self::Label(..) => Capability::Labels,
            Self::Http(_) => Capability::Http,
            Self::Mail(_) => Capability::Mail,
            Self::Whole(capability) => *capability,
        }
    }

    /// Whether it is (one of) what the trail gives as the reason of a use.
    pub fn is_reason(&self, reason: &str) -> bool {
        let text = self.to_string();
        // Several labels of one call, or recipients of one message, may be allowed by several rules. (None has a comma in it.)
        text == reason || reason.split(", ").any(|one| one == text)
    }
}

/// As a grants file has it: `clients: label:Slack`, `http: POST https://h.example/a`. With `{:#}`, secrets, redirects and addresses of an
/// http rule too.
impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clients(term) => write!(f, "clients: {term}"),
            Self::Label(op, pattern) => write!(f, "labels: {op}: {pattern}"),
            Self::Http(grant) => grant.fmt(f),
            Self::Mail(recipients) => write!(f, "mail: {recipients}"),
            Self::Whole(capability) => write!(f, "{capability}: true"),
        }
    }
}

impl From<Rule<'_>> for String {
    fn from(rule: Rule<'_>) -> Self {
        rule.to_string()
    }
}

impl Grants {
    /// Every rule, capability by capability.
    pub fn rules(&self) -> impl Iterator<Item = Rule<'_>> {
        let labels = LabelOp::ALL.into_iter().flat_map(|op| {
            let rule = move |pattern| Rule::Label(op, pattern);
            self.labels.of(op).iter().map(rule)
        });
        let whole = [
            (self.state, Capability::State),
            (self.log, Capability::Log),
            (self.clock, Capability::Clock),
        ];
        let whole = whole
            .into_iter()
            .filter_map(|(granted, capability)| granted.then_some(Rule::Whole(capability)));
        self.clients
            .iter()
            .map(Rule::Clients)
            .chain(labels)
            .chain(self.http.iter().map(Rule::Http))
            .chain(self.mail.iter().map(Rule::Mail))
            .chain(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_reads_as_it_is_written() {
        let grants = Grants::parse(
            "g",
            "{ clients: [all], labels: { add: [\"*\"], remove: [A, B] }, state: true, clock: true,
               http: [ { method: POST, url: \"https://h.example/*\", secrets: [s, t], redirects: 2, addresses: [10.0.0.1] },
                       { method: GET, url: \"https://h.example/\" } ] }",
        )
        .unwrap();
        let shown: Vec<String> = grants.rules().map(|rule| format!("{rule:#}")).collect();
        assert_eq!(
            shown,
            [
                "clients: all",
                "labels: add: *",
                "labels: remove: A",
                "labels: remove: B",
                "http: POST https://h.example/* (secrets s, t; redirects 2; addresses 10.0.0.1)",
                "http: GET https://h.example/",
                "state: true",
                "clock: true",
            ]
        );
        let first = grants.rules().nth(4).unwrap();
        assert_eq!(first.to_string(), "http: POST https://h.example/*");
    }

    #[test]
    fn a_reason_may_be_several_rules() {
        let grants = Grants::parse("g", "labels: { remove: [A, B] }").unwrap();
        let reasons = |reason: &str| {
            let rules = grants.rules().filter(|rule| rule.is_reason(reason));
            rules.map(|rule| rule.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(reasons("labels: remove: A, labels: remove: B").len(), 2);
        assert_eq!(reasons("labels: remove: B"), ["labels: remove: B"]);
        assert_eq!(reasons("labels: add: A"), [""; 0]);
    }
}
