//! Values of the state, as a case writes them: text for text, and a map of one entry that says how anything else is written down.

use anyhow::bail;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use watchbox_model::document::{DocumentError, Field};

/// A value of the state.
#[derive(Clone, Debug, PartialEq)]
pub enum StateValue {
    /// The bytes of a text.
    Text(String),
    /// JSON, as the SDKs for Python, JavaScript and Go keep values.
    Json(Value),
    /// MessagePack, as the SDK for Rust does.
    Msgpack(Value),
    /// Bytes.
    Base64(Vec<u8>),
}

impl StateValue {
    /// Reads one.
    pub(super) fn read(field: &Field<'_>) -> Result<Self, DocumentError> {
        if let Ok(text) = field.text() {
            return Ok(Self::Text(text.to_owned()));
        }
        let fields = field.fields(&["json", "msgpack", "base64"])?;
        let given: Vec<&str> = fields.lines().map(|(name, _)| name).collect();
        let [name] = given[..] else {
            return Err(field.error("one of json, msgpack and base64 is wanted"));
        };
        let Some(value) = fields.given(name) else {
            return Err(field.error("it is empty"));
        };
        Ok(match name {
            "json" => Self::Json(value.json()?),
            "msgpack" => Self::Msgpack(value.json()?),
            _ => Self::Base64(
                BASE64_STANDARD
                    .decode(value.text()?)
                    .map_err(|error| value.error(format!("it is no base64: {error}")))?,
            ),
        })
    }

    /// The bytes that are kept.
    pub(super) fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Json(value) => serde_json::to_vec(value)?,
            Self::Msgpack(value) => rmp_serde::to_vec_named(value)?,
            Self::Base64(bytes) => bytes.clone(),
        })
    }

    /// What `bytes` are, written as `self` is where that is possible.
    pub(super) fn of_same_kind(&self, bytes: &[u8]) -> Self {
        let same = match self {
            Self::Text(_) => text(bytes),
            Self::Json(_) => json(bytes),
            Self::Msgpack(_) => msgpack(bytes),
            Self::Base64(_) => Ok(Self::Base64(bytes.to_vec())),
        };
        same.unwrap_or_else(|_| Self::of(bytes))
    }

    /// What `bytes` most likely are.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match (json(bytes), msgpack(bytes), text(bytes)) {
            (Ok(json), ..) => json,
            (_, Ok(msgpack), Err(_)) => msgpack,
            (_, Ok(msgpack), _) if bytes.len() == 1 => msgpack,
            (_, _, Ok(text)) => text,
            _ => Self::Base64(bytes.to_vec()),
        }
    }

    /// As it is written in a case.
    pub(super) fn written(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Json(value) => json!({ "json": value }),
            Self::Msgpack(value) => json!({ "msgpack": value }),
            Self::Base64(bytes) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
        }
    }
}

fn text(bytes: &[u8]) -> anyhow::Result<StateValue> {
    Ok(StateValue::Text(std::str::from_utf8(bytes)?.to_owned()))
}

fn json(bytes: &[u8]) -> anyhow::Result<StateValue> {
    Ok(StateValue::Json(serde_json::from_slice(bytes)?))
}

fn msgpack(bytes: &[u8]) -> anyhow::Result<StateValue> {
    let mut rest = bytes;
    let value = rmp_serde::from_read(&mut rest)?;
    if !rest.is_empty() {
        bail!("more than one value");
    }
    Ok(StateValue::Msgpack(value))
}

#[cfg(test)]
mod tests {
    use watchbox_model::document::Document;

    use super::*;

    fn read(yaml: &str) -> Result<StateValue, String> {
        let document = Document::read("case.yaml", yaml).unwrap();
        StateValue::read(&document.root()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_read_and_written_as_it_says() {
        for (yaml, bytes) in [
            ("plain", b"plain".as_slice()),
            ("{ json: { a: [1, null] } }", br#"{"a":[1,null]}"#),
            ("{ msgpack: [1, x] }", b"\x92\x01\xa1x"),
            ("{ msgpack: null }", b"\xc0"),
            ("{ base64: /wA= }", b"\xff\x00"),
        ] {
            let value = read(yaml).unwrap();
            assert_eq!(value.bytes().unwrap(), bytes, "{yaml}");
            assert_eq!(value.of_same_kind(bytes), value, "{yaml}");
            let written = value.written().to_string();
            assert_eq!(read(&written).unwrap(), value, "{yaml}");
        }
        for (yaml, wanted) in [
            ("7", "a map of fields is wanted"),
            ("{ jason: 7 }", "did you mean `json`"),
            ("{ json: 7, base64: '' }", "one of json, msgpack and base64"),
            ("{ base64: '***' }", "it is no base64"),
        ] {
            let error = read(yaml).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn what_is_kept_is_recognised() {
        let kind = |bytes: &[u8]| StateValue::of(bytes).written().to_string();
        assert_eq!(kind(b"17"), r#"{"json":17}"#);
        assert_eq!(kind(b"a text"), r#""a text""#);
        assert_eq!(
            kind(b"\x82\xa1a\x01\xa1b\xc3"),
            r#"{"msgpack":{"a":1,"b":true}}"#
        );
        assert_eq!(kind(b"\x07"), r#"{"msgpack":7}"#);
        assert_eq!(kind(b"\xff\x00\x01"), r#"{"base64":"/wAB"}"#);
        // Not as it was to be: then as what it is.
        let other = StateValue::Json(json!(1)).of_same_kind(b"no json");
        assert_eq!(other, StateValue::Text("no json".to_owned()));
    }
}
