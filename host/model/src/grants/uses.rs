//! Uses of capabilities, and which rules allow them.

use url::Url;

use super::{Grants, HttpGrant, Rule, url_pattern::Place};
use crate::{Capability, Client, ClientId, Label, MailAddress, SearchTerm, label::LabelOp};

/// One use of a capability, as it was seen at run time, or as the trail tells of it (see `told.rs`), which is less.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// A search of clients.
    Search(SearchTerm),
    /// A client, read by its id.
    Client(Client),
    /// A client, read by its id, of which nothing else is known.
    ClientById(ClientId),
    /// A label put on a client, or taken off.
    Label {
        /// Put on, or taken off.
        op: LabelOp,
        /// Which label.
        label: Label,
    },
    /// A request.
    Http(HttpUse),
    /// A message to this address.
    Mail(MailAddress),
    /// The state read or written; `bytes` is the most that its keys and values had together.
    State {
        /// Bytes of keys and values.
        bytes: u64,
    },
    /// A line logged.
    Log,
    /// The turn's time read.
    Clock,
    /// Something of a capability, of which no more is known than the rule that allowed it.
    Partly {
        /// Of which capability.
        capability: Capability,
        /// The rule, or rules, as the trail has them; empty where not even that is known.
        rule: String,
        /// Why no more is known, for people.
        why: &'static str,
    },
}

/// A request, as far as a grant has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpUse {
    /// The method, in capitals.
    pub method: String,
    /// Where to. Of a URL that is a secret itself: scheme, host and port only.
    pub url: Url,
    /// Whether `url` was cut, since what was cut away is secret or was not kept: a grant then covers every path there.
    pub is_cut: bool,
    /// The secret parameters that were filled in.
    pub secrets: Vec<String>,
    /// Whether others may have been filled in as well, of which nothing tells.
    pub has_more_secrets: bool,
    /// Whether it is what a redirect led to.
    pub is_redirected: bool,
    /// The rule that allowed it, where the trail says so.
    pub rule: Option<String>,
}

impl Grants {
    /// The rules that allow `one`, as far as is known of it: all that may have allowed it, where that is not sure. None where it is not
    /// granted.
    pub fn rules_for(&self, one: &Use) -> Vec<Rule<'_>> {
        let terms = |is: &dyn Fn(&SearchTerm) -> bool| -> Vec<Rule<'_>> {
            let terms = self.clients.iter().filter(|term| is(term));
            terms.map(Rule::Clients).collect()
        };
        match one {
            Use::Search(term) => terms(&|own| own.covers(term)),
            Use::Client(client) => {
                let by_id = SearchTerm::Client(client.id.clone());
                terms(&|own| own.covers(&by_id) || own.matches(client))
            }
            Use::ClientById(id) => {
                let by_id = SearchTerm::Client(id.clone());
                match terms(&|own| own.covers(&by_id)) {
                    // Any term may match it.
                    rules if rules.is_empty() => terms(&|_| true),
                    rules => rules,
                }
            }
            Use::Label { op, label } => {
                let patterns = self.labels.of(*op).iter();
                let covering = patterns.filter(|pattern| pattern.covers(label));
                covering.map(|pattern| Rule::Label(*op, pattern)).collect()
            }
            Use::Http(http) => self.rules_for_request(http),
            Use::Mail(address) => {
                let covering = self.mail.iter().filter(|own| own.covers(address));
                covering.map(Rule::Mail).collect()
            }
            Use::State { .. } => self.whole(Capability::State).into_iter().collect(),
            Use::Log => self.whole(Capability::Log).into_iter().collect(),
            Use::Clock => self.whole(Capability::Clock).into_iter().collect(),
            Use::Partly {
                capability, rule, ..
            } => {
                let rules = self.rules().filter(|own| own.capability() == *capability);
                named(rules.collect(), rule)
            }
        }
    }

    fn rules_for_request(&self, http: &HttpUse) -> Vec<Rule<'_>> {
        let Some(place) = Place::of(&http.url) else {
            return Vec::new();
        };
        let allows = |own: &&HttpGrant| {
            let is_there = if http.is_cut {
                own.url.covers_origin(&place)
            } else {
                own.url.covers_place(&place)
            };
            let secrets = http.secrets.iter().map(String::as_str);
            own.is_for(&http.method) && is_there && own.lacks(secrets).is_none()
        };
        let rules = self.http.iter().filter(allows).map(Rule::Http).collect();
        match &http.rule {
            // Several rules may be meant; the trail says which it was.
            Some(reason) if http.is_cut => named(rules, reason),
            _ => rules,
        }
    }
}

/// Those of `rules` that the trail names as `reason`; all, where it names none of them.
fn named<'g>(rules: Vec<Rule<'g>>, reason: &str) -> Vec<Rule<'g>> {
    let found = |rule: &Rule<'_>| rule.is_reason(reason);
    if rules.iter().any(found) {
        rules.into_iter().filter(found).collect()
    } else {
        rules
    }
}
