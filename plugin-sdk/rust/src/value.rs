//! A column of any type.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A value of whatever type an endpoint sent: for columns that are looked at only in passing, or handed on as they are.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use watchbox_sdk::Value;
///
/// #[derive(Deserialize, Serialize)]
/// struct Seen<'a> {
///     #[serde(rename = "ParentInfo", borrow, default)]
///     parent: Value<'a>, // a name, or a map of its details
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// Null; also what a missing column is read as, with `#[serde(default)]`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer below zero.
    Int(i64),
    /// An integer of zero or more.
    UInt(u64),
    /// A float.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A map, in its order.
    Map(Vec<(Value<'a>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null, a boolean, a number, text, bytes, an array or a map")
            }

            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
                Ok(u64::try_from(value).map_or(Value::Int(value), Value::UInt))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
                Ok(Value::UInt(value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
                Ok(Value::Float(value))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Str(value))
            }

            fn visit_borrowed_bytes<E>(self, value: &'de [u8]) -> Result<Value<'de>, E> {
                Ok(Value::Bytes(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
                let mut array = Vec::new();
                while let Some(item) = items.next_element()? {
                    array.push(item);
                }
                Ok(Value::Array(array))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value<'de>, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Value::Map(map))
            }
        }

        from.deserialize_any(AnyValue)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Int(value) => to.serialize_i64(*value),
            Self::UInt(value) => to.serialize_u64(*value),
            Self::Float(value) => to.serialize_f64(*value),
            Self::Str(value) => to.serialize_str(value),
            Self::Bytes(value) => to.serialize_bytes(value),
            Self::Array(items) => to.collect_seq(items),
            Self::Map(entries) => to.collect_map(entries.iter().map(|(key, value)| (key, value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was() {
        let value = Value::Map(vec![
            (Value::Str("null"), Value::Null),
            (
                Value::Str("ints"),
                Value::Array(vec![Value::Int(-1), Value::UInt(u64::MAX)]),
            ),
            (Value::Str("float"), Value::Float(0.5)),
            (Value::Str("bytes"), Value::Bytes(&[0, 255])),
            (Value::UInt(1), Value::Bool(true)),
        ]);
        let bytes = rmp_serde::to_vec(&value).unwrap();
        let read: Value<'_> = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(read, value);
        assert_eq!(rmp_serde::to_vec(&read).unwrap(), bytes);
        assert_eq!(Value::Str("x").as_str(), Some("x"));
        assert_eq!(Value::Null.as_str(), None);
    }
}
