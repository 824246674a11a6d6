//! A change of the parameters that an installation has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ParameterError, ParameterSpec, ParameterType, no_such};
use crate::Name;

/// What becomes of the open parameters of an installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterChange {
    /// They stay.
    #[default]
    Stay,
    /// These, and no others.
    All(BTreeMap<String, Value>),
    /// Each of these gets this value or, without one, its default again; the others stay.
    Named(BTreeMap<String, Option<Value>>),
}

impl ParameterChange {
    /// Changes `parameters`.
    pub fn apply(&self, parameters: &mut BTreeMap<String, Value>) {
        match self {
            Self::Stay => {}
            Self::All(all) => parameters.clone_from(all),
            Self::Named(named) => {
                for (name, value) in named {
                    match value {
                        Some(value) => parameters.insert(name.clone(), value.clone()),
                        None => parameters.remove(name),
                    };
                }
            }
        }
    }

    /// Refuses names that an artifact has not, whose parameters are `specs`, where those of `before` are set so far. One of these that it has no
    /// more stands in its way, until it is given its default.
    pub fn check(
        &self,
        artifact: &Name,
        specs: &[ParameterSpec],
        before: &BTreeMap<String, Value>,
    ) -> Result<(), ParameterError> {
        let is_known = |name: &str| specs.iter().any(|spec| spec.name == name);
        let named = match self {
            Self::Stay => &BTreeMap::new(),
            // Wrong names among them are found when they are read.
            Self::All(_) => return Ok(()),
            Self::Named(named) => named,
        };
        let is_secret = |name: &str| {
            let mut specs = specs.iter();
            specs.any(|spec| spec.name == name && spec.kind == ParameterType::Secret)
        };
        for (name, value) in named {
            if value.is_none() && is_secret(name) && !before.contains_key(name) {
                return Err(ParameterError {
                    artifact: artifact.clone(),
                    parameter: name.clone(),
                    reason: "a secret has no default: give it another value".to_owned(),
                });
            }
            let is_let_go = value.is_none() && before.contains_key(name);
            if !is_known(name) && !is_let_go {
                return Err(no_such(artifact, specs.iter(), name));
            }
        }
        let mut kept = before.keys().filter(|name| !named.contains_key(*name));
        match kept.find(|name| !is_known(name)) {
            None => Ok(()),
            Some(name) => Err(ParameterError {
                artifact: artifact.clone(),
                parameter: name.clone(),
                reason: format!(
                    "it is set, and this component has no parameter of that name: `upgrade --default {name}` (null in the API's `set_parameters`) lets go of it"
                ),
            }),
        }
    }

    /// The values that are given.
    pub fn given(&self) -> BTreeMap<String, Value> {
        let mut given = BTreeMap::new();
        self.apply(&mut given);
        given
    }

    /// Leaves the values of `names` out.
    pub fn without(self, is_out: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Stay => Self::Stay,
            Self::All(mut all) => {
                all.retain(|name, _| !is_out(name));
                Self::All(all)
            }
            Self::Named(mut named) => {
                named.retain(|name, value| value.is_none() || !is_out(name));
                Self::Named(named)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(change: Value) -> ParameterChange {
        serde_json::from_value(change).unwrap()
    }

    fn after(change: Value) -> BTreeMap<String, Value> {
        let mut parameters =
            BTreeMap::from([("A".to_owned(), 1.into()), ("B".to_owned(), 2.into())]);
        read(change).apply(&mut parameters);
        parameters
    }

    #[test]
    fn what_is_not_named_stays_unless_all_are_given() {
        assert_eq!(json!(after(json!("stay"))), json!({"A": 1, "B": 2}));
        assert_eq!(json!(after(json!({"all": {"C": 3}}))), json!({"C": 3}));
        let named = json!({"named": {"A": null, "B": 5, "C": 3, "D": null}});
        assert_eq!(json!(after(named)), json!({"B": 5, "C": 3}));
    }

    #[test]
    fn names_that_an_artifact_has_not_are_refused_and_old_ones_let_go_of() {
        let specs = json!([{ "name": "A" }, { "name": "New" }, { "name": "S", "type": "secret" }]);
        let specs: Vec<ParameterSpec> = serde_json::from_value(specs).unwrap();
        let artifact: Name = "Server.Test".parse().unwrap();
        let before = BTreeMap::from([("A".to_owned(), 1.into()), ("Old".to_owned(), 2.into())]);
        let check = |change: Value| {
            let checked = read(change).check(&artifact, &specs, &before);
            checked.map_err(|error| error.to_string())
        };
        assert_eq!(check(json!({"named": {"Old": null, "New": 3}})), Ok(()));
        assert_eq!(check(json!({"all": {"New": 3}})), Ok(()));
        insta::assert_snapshot!(check(json!({"named": {"Nwe": null, "Old": null}})).unwrap_err(), @"parameter `Nwe` of Server.Test: no such parameter: there are A, New, S");
        insta::assert_snapshot!(check(json!({"named": {"Old": 5}})).unwrap_err(), @"parameter `Old` of Server.Test: no such parameter: there are A, New, S");
        insta::assert_snapshot!(check(json!({"named": {"S": null, "Old": null}})).unwrap_err(), @"parameter `S` of Server.Test: a secret has no default: give it another value");
        for kept in [json!("stay"), json!({"named": {"New": 3}})] {
            insta::allow_duplicates! {
                insta::assert_snapshot!(check(kept).unwrap_err(), @"parameter `Old` of Server.Test: it is set, and this component has no parameter of that name: `upgrade --default Old` (null in the API's `set_parameters`) lets go of it");
            }
        }
    }

    #[test]
    fn what_is_left_out_is_no_default() {
        let is_c = |name: &str| name == "C";
        let named = read(json!({"named": {"A": null, "B": 5, "C": 3}}));
        assert_eq!(json!(named.given()), json!({"B": 5, "C": 3}));
        assert_eq!(
            json!(named.without(is_c)),
            json!({"named": {"A": null, "B": 5}})
        );
        let all = read(json!({"all": {"B": 5, "C": 3}}));
        assert_eq!(json!(all.without(is_c)), json!({"all": {"B": 5}}));
    }
}
