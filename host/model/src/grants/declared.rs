//! Grants of what a manifest declares, as far as it can be meant: for an artifact's author, on a server of their own.

use url::Position;

use super::{
    Grants, HttpGrant, LabelPattern, LabelsGrant, Recipients, UrlPattern,
    lack::{needed_addresses, needed_url},
};
use crate::{
    Capability, Manifest, SearchTerm,
    manifest::{HttpNeed, Need},
    parameter::Parameters,
};

impl Grants {
    /// Everything that `manifest` declares, for these parameters: every client and every label, of http and mail each request and recipient that it names (of mail every one, where it names none); of a URL that is a
    /// secret, every path of its host. Gives the grants, and of what is named that which can't be granted, with the reason.
    pub fn declared(manifest: &Manifest, parameters: &Parameters) -> (Self, Vec<String>) {
        let mut grants = Self::default();
        let mut left_out = Vec::new();
        for (capability, declared) in &manifest.capabilities {
            match capability {
                Capability::Clients => grants.clients = vec![SearchTerm::All],
                Capability::Labels => {
                    grants.labels = LabelsGrant {
                        add: vec![LabelPattern::Any],
                        remove: vec![LabelPattern::Any],
                    };
                }
                Capability::Http => {
                    if declared.needs.is_empty() {
                        left_out
                            .push("http: the manifest names no request under `needs`".to_owned());
                    }
                }
                Capability::Mail if declared.needs.is_empty() => {
                    grants.mail = vec![Recipients::Any];
                }
                Capability::Mail => {}
                Capability::State => grants.state = true,
                Capability::Log => grants.log = true,
                Capability::Clock => grants.clock = true,
            }
            for need in &declared.needs {
                let granted = match need {
                    Need::Http(need) => needed_request(need, manifest, parameters)
                        .map(|grant| grants.http.push(grant)),
                    Need::Mail(need) => needed_addresses(need, manifest, parameters)
                        .map(|to| grants.mail.extend(to.into_iter().map(Recipients::One))),
                };
                // Why might hold a secret's text.
                if granted.is_err() {
                    left_out.push(format!(
                        "{capability}: {need}: with its parameters filled in it is nothing that can be granted"
                    ));
                }
            }
        }
        (grants, left_out)
    }
}

/// The grant of a request that is declared: of a URL that is a secret, every path of its host.
fn needed_request(
    need: &HttpNeed,
    manifest: &Manifest,
    parameters: &Parameters,
) -> Result<HttpGrant, String> {
    let (url, secrets) = needed_url(need, manifest, parameters)?;
    let exact = url[..Position::AfterPath].parse::<UrlPattern>();
    let exact = exact.ok().filter(|_| secrets.is_empty());
    let below = || format!("{}/*", &url[..Position::BeforePath]).parse();
    let pattern = exact.map_or_else(below, Ok);
    Ok(HttpGrant {
        method: need.method.clone(),
        url: pattern.map_err(|error| error.to_string())?,
        secrets: parameters.secrets.keys().cloned().collect(),
        redirects: 0,
        addresses: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn what_is_declared_is_granted_and_nothing_else() {
        let yaml = "
name: Server.X
version: 1.0.0
type: SERVER_EVENT
description: x
parameters:
  - { name: hook, type: secret, description: x }
  - { name: host, type: string, default: h.example, description: x }
schedule: { every: 60s }
capabilities:
  clients: { reason: x }
  log: { reason: x }
  mail: { reason: x, needs: [ { to: 'soc@{host}, lead@{host}' } ] }
  http:
    reason: x
    needs:
      - { method: POST, url: '{hook}' }
      - { method: GET, url: 'https://{host}/a?b=c' }
      - { method: GET, url: '{host}' }
";
        let manifest = Manifest::parse("artifact.yaml", yaml).unwrap();
        let mut parameters = Parameters::default();
        parameters
            .open
            .insert("host".to_owned(), "h.example".into());
        let hook = Secret::new("https://hooks.example/sesame");
        parameters.secrets.insert("hook".to_owned(), hook);
        let (grants, left_out) = Grants::declared(&manifest, &parameters);
        assert_eq!(grants.lacks(&manifest, &parameters).len(), 1);
        let yaml = grants.to_yaml();
        insta::assert_snapshot!(yaml, @r#"
        clients: ["all"]
        mail: ["soc@h.example","lead@h.example"]
        log: true
        http:
          - {"method":"POST","secrets":["hook"],"url":"https://hooks.example/*"}
          - {"method":"GET","secrets":["hook"],"url":"https://h.example/a"}
        "#);
        assert_eq!(
            left_out,
            ["http: GET {host}: with its parameters filled in it is nothing that can be granted"]
        );
    }
}
