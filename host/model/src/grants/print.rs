//! Grants as the file that an operator would write: what is granted, each on a line, and the limits that are not the default's.

use serde_json::Value;

use super::Grants;
use crate::Limits;

impl Grants {
    /// The grants as YAML that [`Grants::parse`] reads back to the same; what is not granted is left out.
    pub fn to_yaml(&self) -> String {
        let all = self.to_json();
        let mut out = String::new();
        // Each value is JSON, which is YAML too.
        let mut line = |name: &str, value: &Value| out.push_str(&format!("{name}: {value}\n"));
        if !self.clients.is_empty() {
            line("clients", &all["clients"]);
        }
        if !self.labels.add.is_empty() || !self.labels.remove.is_empty() {
            line("labels", &all["labels"]);
        }
        if !self.mail.is_empty() {
            line("mail", &all["mail"]);
        }
        for name in ["state", "log", "clock"] {
            if all[name] == true {
                line(name, &all[name]);
            }
        }
        let default = Limits::default().to_json();
        let limits = all["limits"].as_object().into_iter().flatten();
        let changed: serde_json::Map<String, Value> = limits
            .filter(|(name, limit)| default[name.as_str()] != **limit)
            .map(|(name, limit)| (name.clone(), limit.clone()))
            .collect();
        if !changed.is_empty() {
            line("limits", &Value::Object(changed));
        }
        if let Some(http) = all["http"].as_array().filter(|http| !http.is_empty()) {
            out.push_str("http:\n");
            for grant in http {
                out.push_str(&format!("  - {grant}\n"));
            }
        }
        if out.is_empty() {
            out.push_str("{}\n");
        }
        out
    }
}
