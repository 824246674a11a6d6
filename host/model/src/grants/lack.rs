//! What an artifact wants and its grants do not cover.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Grants;
use crate::{
    Capability, MailAddress, Manifest,
    manifest::{HttpNeed, MailNeed, Need, need::addresses},
    parameter::Parameters,
    placeholder::{self, Part, Syntax},
};

/// Something that an artifact wants and that is not granted. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// Of which capability.
    pub capability: Capability,
    /// The request, or whom it is to write to, as the manifest writes it; `None` where the capability as a whole is not granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
    /// Why the artifact wants it, by its manifest.
    pub reason: String,
    /// What the grants say to it, and which grant would allow it.
    pub refusal: String,
}

impl Lack {
    /// Whether `other` is the same want, whatever is said of it.
    pub fn is(&self, other: &Self) -> bool {
        (self.capability, &self.need) == (other.capability, &other.need)
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.need {
            Some(need) => write!(f, "{}: {need}", self.capability),
            None => write!(f, "{}", self.capability),
        }
    }
}

impl Grants {
    /// What `manifest` declares and these grants do not cover, for these parameters (their secrets among them).
    ///
    /// Of http it is each declared request that no grant covers, of mail each such recipient; of everything else, and where none is
    /// declared, the capability of which nothing is granted at all.
    pub fn lacks(&self, manifest: &Manifest, parameters: &Parameters) -> Vec<Lack> {
        let mut lacks = Vec::new();
        for (capability, declared) in &manifest.capabilities {
            let lack = |need: Option<&Need>, refusal: String| Lack {
                capability: *capability,
                need: need.cloned(),
                reason: declared.reason.clone(),
                refusal,
            };
            if declared.needs.is_empty() {
                if !self.has(*capability) {
                    lacks.push(lack(None, format!("nothing of `{capability}` is granted")));
                }
                continue;
            }
            for need in &declared.needs {
                if let Err(refusal) = self.covers_need(need, manifest, parameters) {
                    lacks.push(lack(Some(need), refusal));
                }
            }
        }
        lacks
    }

    /// Whether anything of `capability` is granted.
    fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::Clients => !self.clients.is_empty(),
            Capability::Labels => !self.labels.add.is_empty() || !self.labels.remove.is_empty(),
            Capability::Http => !self.http.is_empty(),
            Capability::Mail => !self.mail.is_empty(),
            Capability::State => self.state,
            Capability::Log => self.log,
            Capability::Clock => self.clock,
        }
    }

    fn covers_need(
        &self,
        need: &Need,
        manifest: &Manifest,
        parameters: &Parameters,
    ) -> Result<(), String> {
        let need = match need {
            Need::Http(need) => need,
            Need::Mail(need) => {
                let to = needed_addresses(need, manifest, parameters)?;
                let refused = to.iter().filter(|to| self.mail_to(to).is_err());
                let refused: Vec<String> = refused.map(ToString::to_string).collect();
                return match &refused[..] {
                    [] => Ok(()),
                    refused => Err(format!(
                        "no grant covers mail to {}; this would: mail: [\"{}\"]",
                        refused.join(", "),
                        refused.join("\", \"")
                    )),
                };
            }
        };
        let (url, secrets) = needed_url(need, manifest, parameters)?;
        self.send(&need.method, &url, &secrets)
            .map(drop)
            .map_err(|denied| denied.0)
    }
}

/// The URL of a request that is declared, its parameters filled in, and the secrets among those.
pub(super) fn needed_url<'n>(
    need: &'n HttpNeed,
    manifest: &Manifest,
    parameters: &Parameters,
) -> Result<(Url, Vec<&'n str>), String> {
    let mut text = String::with_capacity(need.url.len());
    let mut secrets = Vec::new();
    for part in placeholder::parts(&need.url, Syntax::Plain) {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Parameter(name) => match parameters.secrets.get(name) {
                Some(secret) => {
                    text.push_str(secret.reveal());
                    secrets.push(name);
                }
                None => {
                    let value = parameters.text(&manifest.name, name);
                    text.push_str(&value.map_err(|error| error.to_string())?);
                }
            },
        }
    }
    let url = text
        .parse()
        .map_err(|_| "with its parameters filled in it is no URL".to_owned())?;
    Ok((url, secrets))
}

/// The people whom it is declared to write to, its parameters filled in.
pub(super) fn needed_addresses(
    need: &MailNeed,
    manifest: &Manifest,
    parameters: &Parameters,
) -> Result<Vec<MailAddress>, String> {
    let text = parameters
        .fill(&manifest.name, &need.to)
        .map_err(|error| error.to_string())?;
    addresses(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    const MANIFEST: &str = "
name: Server.X
version: 1.0.0
type: SERVER_EVENT
description: x
author: x
parameters:
  - { name: hook, type: secret, description: x }
  - { name: host, type: string, default: h.example, description: x }
  - { name: To, type: string, default: \"a@h.example, b@h.example\", description: x }
schedule: { every: 60s }
capabilities:
  http:
    reason: Posts
    needs: [ { method: POST, url: \"{hook}\" }, { method: GET, url: \"https://{host}/status\" } ]
  labels: { reason: Marks }
  mail: { reason: Tells, needs: [ { to: \"{To}\" }, { to: lead@h.example } ] }
  log: { reason: Says }
";

    fn lacks(grants: &str) -> Vec<String> {
        let grants = Grants::parse("grants", grants).unwrap();
        let manifest = Manifest::parse("manifest", MANIFEST).unwrap();
        let parameters = Parameters {
            open: [
                ("host".to_owned(), "h.example".into()),
                ("To".to_owned(), "a@h.example, b@h.example".into()),
            ]
            .into(),
            secrets: [(
                "hook".to_owned(),
                Secret::new("https://s.example/HUSH/hook"),
            )]
            .into(),
        };
        let lacks = grants.lacks(&manifest, &parameters);
        assert!(!format!("{lacks:?}").contains("HUSH"));
        lacks.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_grants_all_that_is_declared_is_lacking() {
        assert_eq!(
            lacks(""),
            [
                "labels",
                "http: POST {hook}",
                "http: GET https://{host}/status",
                "mail: to {To}",
                "mail: to lead@h.example",
                "log"
            ]
        );
    }

    #[test]
    fn what_a_grant_covers_is_not_lacking() {
        let some = "{ labels: { remove: [X] }, log: true, mail: [\"*@h.example\"], http: [ { method: POST, url: \"https://s.example/*\", secrets: [hook] } ] }";
        assert_eq!(lacks(some), ["http: GET https://{host}/status"]);
        let all = some.replace(
            "http: [",
            "http: [ { method: GET, url: \"https://h.example/status\" },",
        );
        assert_eq!(lacks(&all), [""; 0]);
    }

    #[test]
    fn a_secret_that_may_not_go_there_makes_the_request_lacking() {
        let openly = "{ labels: { add: [\"*\"] }, log: true, mail: [\"*\"], http: [ { method: \"*\", url: \"https://s.example/*\" }, { method: \"*\", url: \"https://h.example/*\" } ] }";
        assert_eq!(lacks(openly), ["http: POST {hook}"]);
    }

    #[test]
    fn each_recipient_that_is_not_granted_is_named() {
        let manifest = Manifest::parse("manifest", MANIFEST).unwrap();
        let refusal = |grants: &str, to: &str| {
            let parameters = Parameters {
                open: [
                    ("host".to_owned(), "h.example".into()),
                    ("To".to_owned(), to.into()),
                ]
                .into(),
                ..Parameters::default()
            };
            let grants = Grants::parse("grants", grants).unwrap();
            let lacks = grants.lacks(&manifest, &parameters);
            lacks
                .into_iter()
                .find(|lack| lack.to_string() == "mail: to {To}")
                .map(|lack| lack.refusal)
        };
        assert_eq!(
            refusal(
                "{ mail: [ a@h.example ] }",
                "a@h.example,b@h.example , c@x.example"
            )
            .as_deref(),
            Some(
                "no grant covers mail to b@h.example, c@x.example; this would: mail: [\"b@h.example\", \"c@x.example\"]"
            )
        );
        assert_eq!(
            refusal("{ mail: [ '*' ] }", "a@h.example,b@h.example"),
            None
        );
        assert_eq!(refusal("{ mail: [ '*' ] }", "a@h.example,"), None);
        assert!(refusal("{ mail: [ '*' ] }", " , ").is_some());
    }

    #[test]
    fn the_same_want_is_recognised_whatever_is_said_of_it() {
        let lack = |refusal: &str, url: &str| Lack {
            capability: Capability::Http,
            need: Some(Need::Http(HttpNeed {
                method: "GET".to_owned(),
                url: url.to_owned(),
            })),
            reason: refusal.to_owned(),
            refusal: refusal.to_owned(),
        };
        assert!(lack("a", "https://x/").is(&lack("b", "https://x/")));
        assert!(!lack("a", "https://x/").is(&lack("a", "https://y/")));
    }
}
