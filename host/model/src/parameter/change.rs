//! A change of the parameters that an installation has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
