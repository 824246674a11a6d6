//! Grants beside grants: what one allows that another does not, and what both allow.
//!
//! A version that is gone back to gets no more than its settings of then *and* the grants of now allow, so both questions
//! must be answered on the safe side: where two rules overlap in part only, neither is taken to cover the other.

use serde_json::Value;

use super::{Grants, HttpGrant, LabelPattern, LabelsGrant};
use crate::Limits;

impl Grants {
    /// What these grants allow and `others` do not, each rule as a grants file has it. Empty where `others` surely allow as much.
    pub fn beyond(&self, others: &Self) -> Vec<String> {
        let mut beyond = Vec::new();
        let uncovered = |covered: bool, text: String| (!covered).then_some(text);
        for term in &self.clients {
            let covered = others.clients.iter().any(|other| other.covers(term));
            beyond.extend(uncovered(covered, format!("clients: {term}")));
        }
        let LabelsGrant { add, remove } = &others.labels;
        for (name, own, other) in [
            ("add", &self.labels.add, add),
            ("remove", &self.labels.remove, remove),
        ] {
            for pattern in own {
                let covered = other.iter().any(|other| other.covers_pattern(pattern));
                beyond.extend(uncovered(covered, format!("labels: {name}: {pattern}")));
            }
        }
        for grant in &self.http {
            let covered = others.http.iter().any(|other| other.covers_grant(grant));
            beyond.extend(uncovered(covered, grant.to_string()));
        }
        for (name, own, other) in [
            ("state", self.state, others.state),
            ("log", self.log, others.log),
            ("clock", self.clock, others.clock),
        ] {
            beyond.extend(uncovered(!own || other, name.to_owned()));
        }
        let (own, other) = (self.limits.to_json(), others.limits.to_json());
        for (name, is_more) in self.limits.over(&others.limits) {
            let [own, other] = [&own, &other].map(|limits| match &limits[name] {
                Value::String(text) => text.clone(),
                number => number.to_string(),
            });
            let text = format!("limits: {name}: {own} over {other}");
            beyond.extend(uncovered(!is_more, text));
        }
        beyond
    }

    /// What both these grants and `others` allow: never more than either, and the smaller of each limit.
    pub fn within(&self, others: &Self) -> Self {
        let labels = |own: &[LabelPattern], other: &[LabelPattern]| {
            both(own, other, LabelPattern::covers_pattern)
        };
        Self {
            clients: both(&self.clients, &others.clients, |one, other| {
                one.covers(other)
            }),
            labels: LabelsGrant {
                add: labels(&self.labels.add, &others.labels.add),
                remove: labels(&self.labels.remove, &others.labels.remove),
            },
            http: both(&self.http, &others.http, HttpGrant::covers_grant),
            state: self.state && others.state,
            log: self.log && others.log,
            clock: self.clock && others.clock,
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
    fn covers_pattern(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Exact(_), Self::Any) => false,
            (Self::Exact(_), Self::Exact(label)) => self.covers(label),
        }
    }
}

impl HttpGrant {
    /// Whether every request that `other` allows is surely allowed by this grant too.
    fn covers_grant(&self, other: &Self) -> bool {
        let named = self.url.address();
        (self.method == "*" || self.method == other.method)
            && self.url.covers_pattern(&other.url)
            && other.secrets.iter().all(|name| self.secrets.contains(name))
            && other.redirects <= self.redirects
            && other
                .addresses
                .iter()
                .all(|address| self.addresses.contains(address) || named == Some(*address))
    }
}

impl Limits {
    /// Each limit's name, and whether it is larger here than in `other`.
    fn over(&self, other: &Self) -> [(&'static str, bool); 14] {
        [
            ("memory", self.memory > other.memory),
            ("compute", self.compute > other.compute),
            ("turn", self.turn > other.turn),
            ("calls", self.calls > other.calls),
            (
                "requests-per-minute",
                self.requests_per_minute > other.requests_per_minute,
            ),
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
