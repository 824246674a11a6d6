//! The narrowest grants that allow what was seen to be used.

use std::{collections::BTreeSet, fmt::Display, mem};

use super::{
    Grants, HttpGrant, HttpUse, LabelPattern, Recipients, Rule, UrlPattern, Use, is_method,
};
use crate::{Capability, Client, Limits, SearchTerm, label::LabelOp};

/// How much more state a narrowed grant allows than was seen, which is some days of it at best; and how much at least, in bytes.
const STATE_ROOM: u64 = 8;
const LEAST_STATE: u64 = 64 << 10;

/// Grants narrowed to what was used.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrowed {
    /// The grants.
    pub grants: Grants,
    /// Which of them are wider than they might be, since no more is known of the uses.
    pub kept: Vec<Kept>,
}

/// A rule that was kept as it is granted, or narrowed in part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// The rule, as it is granted.
    pub rule: String,
    /// Why it is not narrower.
    pub why: &'static str,
}

const SECRET_URL: &str = "its URL is a secret: which path it asks for is not told";
const CUT_URL: &str = "only the beginning of its URL was kept";
const SECRETS: &str = "which secrets went into headers is not told";
/// Why the rule stays by which clients were read.
pub(super) const BY_ID: &str = "clients were read by their ids";

impl Grants {
    /// The narrowest grants that allow each of `uses`: exactly the methods, URLs, recipients, labels and searches that are among them.
    ///
    /// Wider than what was seen are three places. Of a secret URL every path of its host is allowed, for the path must not be told; a
    /// URL that no pattern can say (a `*` or `@` in its path) is allowed up to there; of state eight times what was seen is allowed,
    /// and 64 KiB in any case, for it grows.
    pub fn narrow<'u>(uses: impl IntoIterator<Item = &'u Use>) -> Self {
        let uses: Vec<&Use> = uses.into_iter().collect();
        let secrets = uses.iter().filter_map(|one| match one {
            Use::Http(http) => Some(&http.secrets),
            _ => None,
        });
        let secrets: BTreeSet<String> = secrets.flatten().cloned().collect();
        let everything = Self::everything(secrets);
        everything.narrowed(uses).grants
    }

    /// These grants, narrowed to `uses`: never more than these allow, and each of `uses` that they allow.
    ///
    /// As [`Grants::narrow`], but where a use is known in part only, the rule that allows it is kept, narrowed as far as is sure to be safe. A
    /// rule's addresses are kept, for the trail does not tell what was behind a name; its redirects are, if any was followed. Limits
    /// are kept, but for the state's size where that is known.
    pub fn narrowed<'u>(&'u self, uses: impl IntoIterator<Item = &'u Use>) -> Narrowed {
        let uses: Vec<&Use> = uses.into_iter().collect();
        let mut narrowing = Narrowing {
            from: self,
            follows: uses.iter().any(|one| is_redirected(one)),
            to: Self {
                limits: self.limits.clone(),
                ..Self::default()
            },
            read: Vec::new(),
            state: None,
            state_is_known: true,
            kept: BTreeSet::new(),
        };
        for one in uses {
            narrowing.see(one);
        }
        narrowing.finish()
    }

    /// Grants that allow every use of every capability, with the secrets named: for a run whose effects are withheld, to see
    /// what is used. No file of grants can say this.
    pub fn everything(secrets: impl IntoIterator<Item = String>) -> Self {
        Self {
            clients: vec![SearchTerm::All],
            labels: super::LabelsGrant {
                add: vec![LabelPattern::Any],
                remove: vec![LabelPattern::Any],
            },
            http: vec![HttpGrant {
                method: "*".to_owned(),
                url: UrlPattern::any(),
                secrets: secrets.into_iter().collect(),
                redirects: 0,
                addresses: Vec::new(),
            }],
            mail: vec![Recipients::Any],
            state: true,
            log: true,
            clock: true,
            limits: Limits::default(),
        }
    }
}

fn is_redirected(one: &Use) -> bool {
    matches!(one, Use::Http(http) if http.is_redirected)
}

/// What was come across so far.
struct Narrowing<'g> {
    from: &'g Grants,
    /// Whether some redirect was followed.
    follows: bool,
    /// The rules, each perhaps more than once.
    to: Grants,
    /// Clients read by their ids, which `from` allows whatever they are like.
    read: Vec<&'g Client>,
    /// The most bytes that the state had, where that is known of some use.
    state: Option<u64>,
    /// Whether it is known of all.
    state_is_known: bool,
    kept: BTreeSet<Kept>,
}

impl<'g> Narrowing<'g> {
    fn see(&mut self, one: &'g Use) {
        let rules = self.from.rules_for(one);
        if rules.is_empty() {
            return;
        }
        match one {
            Use::Search(term) => self.to.clients.push(term.clone()),
            Use::Client(client) => {
                let by_id = SearchTerm::Client(client.id.clone());
                match rules.first() {
                    Some(Rule::Clients(term)) if self.from.search(&by_id).is_err() => {
                        self.to.clients.push((*term).clone());
                    }
                    _ => self.read.push(client),
                }
            }
            Use::ClientById(id) => {
                let by_id = SearchTerm::Client(id.clone());
                match self.from.search(&by_id) {
                    Ok(_) => self.to.clients.push(by_id),
                    Err(_) => self.keep(&rules, BY_ID),
                }
            }
            Use::Label { op, label } => {
                self.add_label(*op, LabelPattern::Exact(label.clone()));
            }
            // Each of them, since what may be reached is what all of them say.
            Use::Http(http) => {
                for rule in rules {
                    if let Rule::Http(own) = rule {
                        self.request(own, http);
                    }
                }
            }
            Use::Mail(address) => self.to.mail.push(Recipients::One(address.clone())),
            Use::State { bytes } => {
                self.to.state = true;
                self.state = self.state.max(Some(*bytes));
            }
            Use::Log => self.to.log = true,
            Use::Clock => self.to.clock = true,
            Use::Partly { why, .. } => self.keep(&rules, why),
        }
    }

    fn add_label(&mut self, op: LabelOp, pattern: LabelPattern) {
        match op {
            LabelOp::Add => self.to.labels.add.push(pattern),
            LabelOp::Remove => self.to.labels.remove.push(pattern),
        }
    }

    /// Keeps rules as they are.
    fn keep(&mut self, rules: &[Rule<'_>], why: &'static str) {
        for rule in rules {
            match rule {
                Rule::Clients(term) => self.to.clients.push((*term).clone()),
                Rule::Label(op, pattern) => self.add_label(*op, (*pattern).clone()),
                Rule::Http(grant) => self.to.http.push((*grant).clone()),
                Rule::Mail(recipients) => self.to.mail.push((*recipients).clone()),
                Rule::Whole(Capability::State) => {
                    self.to.state = true;
                    self.state_is_known = false;
                }
                Rule::Whole(Capability::Log) => self.to.log = true,
                Rule::Whole(Capability::Clock) => self.to.clock = true,
                Rule::Whole(_) => {}
            }
            // A rule that says one thing only could not be narrower.
            if rule.is_wide() {
                self.note(rule.to_string(), why);
            }
        }
    }

    fn note(&mut self, rule: String, why: &'static str) {
        self.kept.insert(Kept { rule, why });
    }

    /// Narrows a rule that allows a request.
    fn request(&mut self, own: &HttpGrant, http: &HttpUse) {
        let narrow = self.rule(own, http);
        if http.is_cut && Rule::Http(&narrow).is_wide() {
            let why = if http.secrets.is_empty() {
                CUT_URL
            } else {
                SECRET_URL
            };
            self.note(own.to_string(), why);
        }
        let is_known = |name: &String| http.secrets.contains(name);
        if http.has_more_secrets && !narrow.secrets.iter().all(is_known) {
            self.note(own.to_string(), SECRETS);
        }
        self.to.http.push(narrow);
    }

    /// `own`, which allows the request, narrowed to it.
    fn rule(&self, own: &HttpGrant, http: &HttpUse) -> HttpGrant {
        let there = || own.url.at(&http.url);
        let url = if http.is_cut {
            there()
        } else {
            let exact = UrlPattern::exactly(&http.url);
            exact
                .filter(|pattern| own.url.covers_pattern(pattern))
                .or_else(there)
        };
        let mut secrets = http.secrets.clone();
        secrets.sort();
        secrets.dedup();
        let narrow = HttpGrant {
            method: if is_method(&http.method) {
                http.method.clone()
            } else {
                own.method.clone()
            },
            url: url.unwrap_or_else(|| own.url.clone()),
            secrets: if http.has_more_secrets {
                own.secrets.clone()
            } else {
                secrets
            },
            redirects: if self.follows { own.redirects } else { 0 },
            addresses: own.addresses.clone(),
        };
        if own.covers_grant(&narrow) {
            narrow
        } else {
            own.clone()
        }
    }

    fn finish(mut self) -> Narrowed {
        let to = &mut self.to;
        to.clients = without_covered(mem::take(&mut to.clients), SearchTerm::covers);
        for client in self.read {
            if !to.clients.iter().any(|term| term.matches(client)) {
                to.clients.push(SearchTerm::Client(client.id.clone()));
            }
        }
        to.clients.sort_by_key(ToString::to_string);
        for patterns in [&mut to.labels.add, &mut to.labels.remove] {
            *patterns = without_covered(mem::take(patterns), LabelPattern::covers_pattern);
        }
        to.http = without_covered(mem::take(&mut to.http), HttpGrant::covers_grant);
        to.mail = without_covered(mem::take(&mut to.mail), Recipients::covers_pattern);
        if let Some(bytes) = self.state.filter(|_| self.state_is_known) {
            let wanted = bytes
                .saturating_mul(STATE_ROOM)
                .checked_next_multiple_of(1 << 10);
            let wanted = wanted.unwrap_or(u64::MAX).max(LEAST_STATE);
            to.limits.state = to.limits.state.min(wanted);
        }
        Narrowed {
            grants: self.to,
            kept: self.kept.into_iter().collect(),
        }
    }
}

impl Rule<'_> {
    /// Whether it allows more than one thing.
    fn is_wide(&self) -> bool {
        match self {
            Self::Clients(term) => !matches!(term, SearchTerm::Client(_)),
            Self::Label(_, pattern) => **pattern == LabelPattern::Any,
            Self::Http(grant) => grant.method == "*" || grant.url.as_str().contains('*'),
            Self::Mail(recipients) => !matches!(recipients, Recipients::One(_)),
            Self::Whole(_) => false,
        }
    }
}

/// Each rule that no other covers, in the order of their texts.
fn without_covered<T: Display>(mut rules: Vec<T>, covers: impl Fn(&T, &T) -> bool) -> Vec<T> {
    rules.sort_by_cached_key(|rule| format!("{rule:#}"));
    let mut kept: Vec<T> = Vec::new();
    for rule in rules {
        if !kept.iter().any(|other| covers(other, &rule)) {
            kept.retain(|other| !covers(&rule, other));
            kept.push(rule);
        }
    }
    kept
}

#[cfg(test)]
#[path = "narrow/tests.rs"]
mod tests;
