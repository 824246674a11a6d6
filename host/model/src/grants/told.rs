//! Uses, as the trail tells of them: less than what was seen when they were made.
//!
//! The trail hides what secrets fill in, counts what is read often as one record ("and others"), and cuts what is long. What can't be told
//! from it must not be guessed: such a use is [`Use::Partly`], and the rule that allowed it is then kept as it is granted.

use url::Url;

use super::{HttpUse, Use, narrow::BY_ID};
use crate::{
    Capability, ClientId, Label, MailAddress, SearchTerm, Usage, label::LabelOp, usage::REDIRECTED,
};

/// What the trail puts behind the target of a record that stands for uses of different targets.
const OTHERS: &str = " and others";

/// What begins the target of a request whose URL is a secret, and stands in a URL in a secret's place.
const SECRET: &str = "secret(";

const ROLLED_UP: &str = "the trail counts several uses of it together";
const MANY: &str = "it was used on too many things to tell them apart";
const UNREAD: &str = "the trail tells of its use in part only";

impl Use {
    /// The uses that `usage` tells of: several where several labels were changed, or several people written to, at once.
    pub fn told(usage: &Usage) -> Vec<Self> {
        let partly = |why| {
            vec![Self::Partly {
                capability: usage.capability,
                rule: usage.reason.clone(),
                why,
            }]
        };
        let Some(target) = usage.target.as_deref() else {
            return match usage.capability {
                Capability::Log => vec![Self::Log],
                Capability::Clock => vec![Self::Clock],
                _ => partly(MANY),
            };
        };
        // Escaped characters can't be told from those that look like it.
        let is_whole = !target.ends_with('…') && !target.contains("\\u{");
        match usage.capability {
            Capability::Log => vec![Self::Log],
            Capability::Clock => vec![Self::Clock],
            // The trail tells the size of each value, not of all of them.
            Capability::State => partly(UNREAD),
            // It reaches nothing: the requests that it is about are told of themselves.
            Capability::Http if usage.operation == "forget" => Vec::new(),
            Capability::Http => match request(target, &usage.reason) {
                Some(http) => vec![Self::Http(http)],
                None => partly(UNREAD),
            },
            Capability::Clients | Capability::Labels | Capability::Mail if !is_whole => {
                partly(UNREAD)
            }
            Capability::Mail => mails(target).unwrap_or_else(|| partly(UNREAD)),
            Capability::Labels => {
                labels(&usage.operation, target).unwrap_or_else(|| partly(UNREAD))
            }
            Capability::Clients if target.ends_with(OTHERS) => partly(ROLLED_UP),
            Capability::Clients if usage.operation == "get" => match target.parse::<ClientId>() {
                Ok(id) if is_by_id(&id, &usage.reason) => vec![Self::ClientById(id)],
                _ => partly(BY_ID),
            },
            Capability::Clients => match target.parse::<SearchTerm>() {
                Ok(term) => vec![Self::Search(term)],
                Err(_) => partly(UNREAD),
            },
        }
    }
}

/// Whether a client was read by a rule that allows it whatever the client is like.
fn is_by_id(id: &ClientId, reason: &str) -> bool {
    reason == "clients: all" || reason.strip_prefix("clients: client:") == Some(id.as_str())
}

fn labels(operation: &str, target: &str) -> Option<Vec<Use>> {
    let op = LabelOp::ALL
        .into_iter()
        .find(|op| op.as_str() == operation)?;
    let label = |text: &str| {
        let label: Label = text.parse().ok()?;
        Some(Use::Label { op, label })
    };
    target.split(", ").map(label).collect()
}

fn mails(target: &str) -> Option<Vec<Use>> {
    let one = |text: &str| Some(Use::Mail(text.parse::<MailAddress>().ok()?));
    target.split(", ").map(one).collect()
}

fn request(target: &str, rule: &str) -> Option<HttpUse> {
    let (target, is_redirected) = match target.strip_suffix(REDIRECTED) {
        Some(target) => (target, true),
        None => (target, false),
    };
    let (method, place) = target.split_once(' ')?;
    let known = |url: Url, is_cut: bool, secrets: Vec<String>| HttpUse {
        method: method.to_owned(),
        url,
        is_cut,
        secrets,
        has_more_secrets: true,
        is_redirected,
        rule: Some(rule.to_owned()),
    };
    if let Some(secret) = place.strip_prefix(SECRET) {
        let (name, origin) = secret.split_once(") -> ")?;
        return Some(known(origin.parse().ok()?, true, vec![name.to_owned()]));
    }
    let is_cut = place.ends_with('…') || place.contains(SECRET);
    let mut url: Url = place.parse().ok()?;
    if is_cut {
        // What stands there may lie in the middle of a name or a number.
        let end = place.find("://").map(|at| at + 3)?;
        let path = place[end..].find('/')? + end;
        url = place[..path].parse().ok()?;
        if place[..path].contains(SECRET) {
            return None;
        }
    }
    Some(known(url, is_cut, Vec::new()))
}

#[cfg(test)]
#[path = "told/tests.rs"]
mod tests;
