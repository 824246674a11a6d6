//! A YAML value and the line it stands on.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{DuplicateKeyPolicy, Error, Options, Spanned};

/// A value, and its line.
#[derive(Debug, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// An entry of a map, and its key's line.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: Node,
}

impl Node {
    /// Reads `text`; an error is its line and what is wrong.
    pub(super) fn read(text: &str) -> Result<Self, (usize, String)> {
        let node: Spanned<Kind> = serde_saphyr::from_str_with_options(text, options())
            .map_err(|error| explained(error.without_snippet()))?;
        Ok(node.into())
    }
}

/// What a manifest or grants may need and no more, so that aliases of aliases can't grow without bound.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: 32,
            max_nodes: 20_000,
            max_events: 60_000,
            max_aliases: 1_000,
            max_total_scalar_bytes: 4 * super::MAX_TEXT,
        },
        // Whoever reads the fields refuses duplicates, and can say on which lines they stand.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `yes` and `no` are text, as in YAML 1.2.
        strict_booleans: true,
    }
}

fn explained(error: &Error) -> (usize, String) {
    let line = error
        .location()
        .map_or(1, |location| location.line().max(1));
    let text = error.to_string();
    // The place is told apart from the reason, once.
    let mut text = text.split(" at line ").next().unwrap_or_default();
    // Within an alias it is another kind of error with the same text.
    if matches!(error, Error::Budget { .. }) || text.starts_with("budget breached") {
        text =
            "more than one document, or more values, aliases or nesting than such a text may need";
    }
    (usize::try_from(line).unwrap_or(usize::MAX), text.to_owned())
}

impl From<Spanned<Kind>> for Node {
    fn from(spanned: Spanned<Kind>) -> Self {
        Self {
            line: line(&spanned),
            kind: spanned.value,
        }
    }
}

fn line<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.referenced.line().max(1)).unwrap_or(usize::MAX)
}

impl Kind {
    /// What it is, in words.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Kind, E> {
        Number::from_f64(value)
            .map(Kind::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Kind>>()? {
            list.push(item.into());
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, Spanned<Kind>>()? {
            if key.value.is_empty() {
                return Err(A::Error::custom("an empty key"));
            }
            map.push(Entry {
                line: line(&key),
                key: key.value,
                value: value.into(),
            });
        }
        Ok(Kind::Map(map))
    }
}
