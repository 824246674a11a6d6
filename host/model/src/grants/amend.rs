//! Rules put in and taken out.

use super::{Grants, HttpGrant, Rule};

/// Why a rule can't be taken out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRevoked {
    /// It is not there.
    #[error("`{0}` is not granted, nor any part of it: `watchbox grants show` lists what is")]
    Absent(String),
    /// A rule that says more, or says it in another way, would still allow it.
    #[error(
        "`{by}` allows `{rule}` too, or some of it, and would go on allowing it: revoke that rule, and add what is to stay"
    )]
    Allowed {
        /// The rule that was to go.
        rule: String,
        /// The one that would stay.
        by: String,
    },
}

impl Grants {
    /// These, and the rules of `more` that are not among them. The limits stay.
    pub fn with(&self, more: &Self) -> Self {
        let mut all = self.clone();
        add(&mut all.clients, &more.clients);
        add(&mut all.labels.add, &more.labels.add);
        add(&mut all.labels.remove, &more.labels.remove);
        add(&mut all.http, &more.http);
        add(&mut all.mail, &more.mail);
        all.state |= more.state;
        all.log |= more.log;
        all.clock |= more.clock;
        all
    }

    /// These without the rules that those of `less` cover. The limits stay.
    ///
    /// Afterwards nothing of `less` is allowed any more: where a rule would stay that allows some of it, that is an error, and so is a rule of
    /// `less` that covers none of these. Of an http rule, method and URL are what counts; where it names secrets, only rules that name
    /// them too are meant.
    pub fn without(&self, less: &Self) -> Result<Self, NotRevoked> {
        let mut left = self.clone();
        left.clients
            .retain(|own| !less.clients.iter().any(|gone| gone.covers(own)));
        let keep_label = |gone: &[super::LabelPattern], own: &super::LabelPattern| {
            !gone.iter().any(|gone| gone.covers_pattern(own))
        };
        left.labels
            .add
            .retain(|own| keep_label(&less.labels.add, own));
        left.labels
            .remove
            .retain(|own| keep_label(&less.labels.remove, own));
        left.http
            .retain(|own| !less.http.iter().any(|gone| gone.takes(own)));
        left.mail
            .retain(|own| !less.mail.iter().any(|gone| gone.covers_pattern(own)));
        left.state &= !less.state;
        left.log &= !less.log;
        left.clock &= !less.clock;
        for rule in less.rules() {
            let is_hit = self
                .rules()
                .any(|own| is_part(own, rule) && !left.rules().any(|stays| stays == own));
            if let Some(by) = left.rules().find(|stays| meets(*stays, rule)) {
                return Err(NotRevoked::Allowed {
                    rule: rule.to_string(),
                    by: by.to_string(),
                });
            }
            if !is_hit {
                return Err(NotRevoked::Absent(rule.to_string()));
            }
        }
        Ok(left)
    }
}

fn add<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for rule in more {
        if !all.contains(rule) {
            all.push(rule.clone());
        }
    }
}

impl HttpGrant {
    /// Whether `own` goes where this is revoked.
    fn takes(&self, own: &Self) -> bool {
        self.is_for(&own.method)
            && self.url.covers_pattern(&own.url)
            && own.lacks(self.secrets.iter().map(String::as_str)).is_none()
    }
}

/// Whether `own` goes with `revoked`.
fn is_part(own: Rule<'_>, revoked: Rule<'_>) -> bool {
    match (own, revoked) {
        (Rule::Clients(own), Rule::Clients(revoked)) => revoked.covers(own),
        (Rule::Label(op, own), Rule::Label(which, revoked)) => {
            op == which && revoked.covers_pattern(own)
        }
        (Rule::Http(own), Rule::Http(revoked)) => revoked.takes(own),
        (Rule::Mail(own), Rule::Mail(revoked)) => revoked.covers_pattern(own),
        (own, revoked) => own == revoked,
    }
}

/// Whether `own` allows something that `revoked` does.
fn meets(own: Rule<'_>, revoked: Rule<'_>) -> bool {
    match (own, revoked) {
        (Rule::Clients(own), Rule::Clients(revoked)) => own.covers(revoked),
        (Rule::Label(op, own), Rule::Label(which, revoked)) => {
            op == which && own.covers_pattern(revoked)
        }
        (Rule::Mail(own), Rule::Mail(revoked)) => own.meets(revoked),
        (Rule::Http(own), Rule::Http(revoked)) => {
            (own.is_for(&revoked.method) || revoked.is_for(&own.method))
                && own.url.overlaps(&revoked.url)
                && own
                    .lacks(revoked.secrets.iter().map(String::as_str))
                    .is_none()
        }
        (own, revoked) => own == revoked,
    }
}

#[cfg(test)]
#[path = "amend/tests.rs"]
mod tests;
