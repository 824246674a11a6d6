//! Grants beside grants: what one allows that another does not, and what both allow.
//!
//! A version that is gone back to gets no more than its settings of then *and* the grants of now allow, so both questions
//! must be answered on the safe side: where two rules overlap in part only, neither is taken to cover the other.

use serde_json::Value;

use super::{Grants, HttpGrant, LabelPattern, LabelsGrant, Recipients, Rule};
use crate::{Capability, Limits};

impl Grants {
    /// Whether these grants surely allow all that `others` allow: each use, with the same secrets, as far, and under limits no smaller.
    ///
    /// ```
    /// use watchbox_model::Grants;
    ///
    /// let wide = Grants::parse("wide", "{ clients: [all], http: [ { method: GET, url: \"https://h.example/*\" } ] }")?;
    /// let narrow = Grants::parse("narrow", "http: [ { method: GET, url: \"https://h.example/a\" } ]")?;
    /// assert!(wide.covers(&narrow) && !narrow.covers(&wide));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn covers(&self, others: &Self) -> bool {
        others.rules().all(|rule| self.covers_rule(rule))
            && !others.limits.over(&self.limits).iter().any(|(_, is)| *is)
    }

    /// Whether some rule of these surely allows all that `rule` allows.
    pub fn covers_rule(&self, rule: Rule<'_>) -> bool {
        match rule {
            Rule::Clients(term) => self.clients.iter().any(|own| own.covers(term)),
            Rule::Label(op, pattern) => {
                let mut own = self.labels.of(op).iter();
                own.any(|own| own.covers_pattern(pattern))
            }
            Rule::Http(grant) => self.http.iter().any(|own| own.covers_grant(grant)),
            Rule::Mail(recipients) => {
                let mut own = self.mail.iter();
                own.any(|own| own.covers_pattern(recipients))
            }
            Rule::Whole(capability) => self.whole(capability).is_ok(),
        }
    }

    /// What these grants allow and `others` do not, each rule as a grants file has it. Empty where `others` surely allow as much.
    pub fn beyond(&self, others: &Self) -> Vec<String> {
        let rules = self.rules().filter(|rule| !others.covers_rule(*rule));
        let mut beyond: Vec<String> = rules.map(|rule| format!("{rule:#}")).collect();
        for (name, is_more) in self.limits.over(&others.limits) {
            if is_more {
                let [own, other] = [self, others].map(|grants| grants.limits.show(name));
                beyond.push(format!("limits: {name}: {own} over {other}"));
            }
        }
        beyond
    }

    /// What both these grants and `others` allow: never more than either, and the smaller of each limit.
    pub fn within(&self, others: &Self) -> Self {
        let labels = |own: &[LabelPattern], other: &[LabelPattern]| {
            both(own, other, LabelPattern::covers_pattern)
        };
        let whole = |capability| self.whole(capability).and(others.whole(capability)).is_ok();
        Self {
            clients: both(&self.clients, &others.clients, |one, other| {
                one.covers(other)
            }),
            labels: LabelsGrant {
                add: labels(&self.labels.add, &others.labels.add),
                remove: labels(&self.labels.remove, &others.labels.remove),
            },
            http: both(&self.http, &others.http, HttpGrant::covers_grant),
            mail: both(&self.mail, &others.mail, Recipients::covers_pattern),
            state: whole(Capability::State),
            log: whole(Capability::Log),
            clock: whole(Capability::Clock),
            limits: self.limits.within(&others.limits),
        }
    }
}

/// The rules of each side that the other side covers.
fn both<T: Clone>(one: &[T], other: &[T], covers: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let is_covered = |rule: &T, by: &[T]| by.iter().any(|wider| covers(wider, rule));
    let mut kept: Vec<T> = one
        .iter()
        .filter(|rule| is_covered(rule, other))
        .cloned()
        .collect();
    for rule in other {
        if is_covered(rule, one) && !is_covered(rule, &kept) {
            kept.push(rule.clone());
        }
    }
    kept
}

impl LabelPattern {
    /// Whether every label that `other` means is meant by this pattern too.
    pub(super) fn covers_pattern(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Exact(_), Self::Any) => false,
            (Self::Exact(_), Self::Exact(label)) => self.covers(label),
        }
    }
}

impl HttpGrant {
    /// Whether every request that `other` allows is surely allowed by this grant too, and as far.
    pub(super) fn covers_grant(&self, other: &Self) -> bool {
        let (named, others) = (self.url.address(), other.url.address());
        self.is_for(&other.method)
            && self.url.covers_pattern(&other.url)
            && self
                .lacks(other.secrets.iter().map(String::as_str))
                .is_none()
            && other.redirects <= self.redirects
            && others.iter().chain(&other.addresses).all(|address| {
                self.url.is_any() || self.addresses.contains(address) || named == Some(*address)
            })
    }
}

impl Limits {
    /// A limit by its name, as a grants file has it.
    pub(super) fn show(&self, name: &str) -> String {
        match &self.to_json()[name] {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        }
    }

    /// Each limit's name, and whether it is larger here than in `other`.
    pub(super) fn over(&self, other: &Self) -> [(&'static str, bool); 15] {
        [
            ("memory", self.memory > other.memory),
            ("compute", self.compute > other.compute),
            ("turn", self.turn > other.turn),
            ("calls", self.calls > other.calls),
            (
                "requests-per-minute",
                self.requests_per_minute > other.requests_per_minute,
            ),
            ("mails-per-hour", self.mails_per_hour > other.mails_per_hour),
            ("request", self.request > other.request),
            ("response", self.response > other.response),
            ("rows", self.rows > other.rows),
            ("rows-bytes", self.rows_bytes > other.rows_bytes),
            ("log-lines", self.log_lines > other.log_lines),
            (
                "log-lines-per-minute",
                self.log_lines_per_minute > other.log_lines_per_minute,
            ),
            ("log-line-bytes", self.log_line_bytes > other.log_line_bytes),
            ("state", self.state > other.state),
            ("tries", self.tries > other.tries),
        ]
    }

    /// The smaller of each limit.
    fn within(&self, other: &Self) -> Self {
        Self {
            memory: self.memory.min(other.memory),
            compute: self.compute.min(other.compute),
            turn: self.turn.min(other.turn),
            calls: self.calls.min(other.calls),
            requests_per_minute: self.requests_per_minute.min(other.requests_per_minute),
            mails_per_hour: self.mails_per_hour.min(other.mails_per_hour),
            request: self.request.min(other.request),
            response: self.response.min(other.response),
            rows: self.rows.min(other.rows),
            rows_bytes: self.rows_bytes.min(other.rows_bytes),
            log_lines: self.log_lines.min(other.log_lines),
            log_lines_per_minute: self.log_lines_per_minute.min(other.log_lines_per_minute),
            log_line_bytes: self.log_line_bytes.min(other.log_line_bytes),
            state: self.state.min(other.state),
            tries: self.tries.min(other.tries),
        }
    }
}

#[cfg(test)]
mod tests;
