//! Grants of what a manifest declares, as far as it can be meant: for an artifact's author, on a server of their own.

use url::Position;

use super::{
    Grants, HttpGrant, LabelPattern, LabelsGrant, Recipients, UrlPattern, lack::needed_url,
};
use crate::{Capability, Manifest, SearchTerm, parameter::Parameters};

impl Grants {
    /// Everything that `manifest` declares, for these parameters: every client, every label and every recipient of mail, and of http each request that it names; of a URL that is a
    /// secret, every path of its host. Gives the grants, and of the requests those that can't be granted, each with the reason.
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
                    for need in &declared.needs {
                        let found = needed_url(need, manifest, parameters);
                        let pattern = found.and_then(|(url, secrets)| {
                            let exact = url[..Position::AfterPath].parse::<UrlPattern>();
                            let exact = exact.ok().filter(|_| secrets.is_empty());
                            let below = || format!("{}/*", &url[..Position::BeforePath]).parse();
                            exact
                                .map_or_else(below, Ok)
                                .map_err(|error| error.to_string())
                        });
                        match pattern {
                            Ok(url) => grants.http.push(HttpGrant {
                                method: need.method.clone(),
                                url,
                                secrets: parameters.secrets.keys().cloned().collect(),
                                redirects: 0,
                                addresses: Vec::new(),
                            }),
                            // The pattern's own text might hold a secret's.
                            Err(_) => left_out.push(format!(
                                "http: {} {}: with its parameters filled in it is no URL that can be granted",
                                need.method, need.url
                            )),
                        }
                    }
                }
                Capability::Mail => grants.mail = vec![Recipients::Any],
                Capability::State => grants.state = true,
                Capability::Log => grants.log = true,
                Capability::Clock => grants.clock = true,
            }
        }
        (grants, left_out)
    }
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
        log: true
        http:
          - {"method":"POST","secrets":["hook"],"url":"https://hooks.example/*"}
          - {"method":"GET","secrets":["hook"],"url":"https://h.example/a"}
        "#);
        assert_eq!(
            left_out,
            ["http: GET {host}: with its parameters filled in it is no URL that can be granted"]
        );
    }
}
