//! YAML from outside, read so that every complaint names file, line and field.
//!
//! A text is read into nodes that know their line; [`Field`] walks them and knows its own path, so that whoever reads a field needs to
//! say only what is wrong with it.

mod node;

use std::{fmt::Display, str::FromStr};

use serde_json::{Map, Value};

use crate::suggestion::did_you_mean;

use node::{Entry, Kind, Node};

/// The largest text that is read, in bytes.
pub const MAX_TEXT: usize = 256 << 10;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {reason}")]
pub struct DocumentError {
    /// The file, or what stands for it (`X.wasm#watchbox:manifest`).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field, as a path (`subscribe[0].where[1].matches`); `YAML` where the text can't be taken apart into fields.
    pub field: String,
    /// What is wrong, and the remedy.
    pub reason: String,
}

/// A text, taken apart.
#[derive(Debug)]
pub struct Document {
    file: String,
    root: Node,
}

impl Document {
    /// Takes `text` apart; `file` is what errors call it.
    pub fn read(file: &str, text: &str) -> Result<Self, DocumentError> {
        let failed = |(line, reason)| DocumentError {
            file: file.to_owned(),
            line,
            field: "YAML".to_owned(),
            reason,
        };
        if text.len() > MAX_TEXT {
            let reason = format!("{} bytes are too many; {MAX_TEXT} are allowed", text.len());
            return Err(failed((1, reason)));
        }
        Ok(Self {
            file: file.to_owned(),
            root: Node::read(text).map_err(failed)?,
        })
    }

    /// The whole.
    pub fn root(&self) -> Field<'_> {
        Field {
            file: &self.file,
            path: String::new(),
            node: &self.root,
        }
    }
}

/// A field: a value, and where it stands.
#[derive(Clone, Debug)]
pub struct Field<'d> {
    file: &'d str,
    path: String,
    node: &'d Node,
}

impl<'d> Field<'d> {
    /// That something is wrong with this field.
    pub fn error(&self, reason: impl Display) -> DocumentError {
        self.error_at(self.node.line, self.path.clone(), reason)
    }

    fn error_at(&self, line: usize, path: String, reason: impl Display) -> DocumentError {
        DocumentError {
            file: self.file.to_owned(),
            line,
            field: if path.is_empty() {
                "the whole".to_owned()
            } else {
                path
            },
            reason: reason.to_string(),
        }
    }

    fn unexpected(&self, wanted: &str) -> DocumentError {
        let remedy = match self.node.kind {
            Kind::Bool(_) | Kind::Number(_) if wanted == "text" => ": put it in quotes",
            _ => "",
        };
        self.error(format!(
            "{wanted} is wanted, this is {}{remedy}",
            self.node.kind.name()
        ))
    }

    fn child(&self, name: &str, node: &'d Node) -> Self {
        let path = match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        Self {
            file: self.file,
            path,
            node,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.node.kind == Kind::Null
    }

    /// Its fields, each of which must be one of `known`.
    pub fn fields(&self, known: &[&str]) -> Result<Fields<'d>, DocumentError> {
        let Kind::Map(entries) = &self.node.kind else {
            return Err(self.unexpected("a map of fields"));
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let shown: String = entry.key.chars().take(80).collect();
                let hint = did_you_mean(&entry.key, known.iter().copied());
                let reason = format!("no such field{hint}; there are {}", known.join(", "));
                return Err(self.error_at(
                    entry.line,
                    self.child(&shown, &entry.value).path,
                    reason,
                ));
            }
        }
        self.distinct(entries)?;
        Ok(Fields {
            field: self.clone(),
            entries,
        })
    }

    fn distinct(&self, entries: &'d [Entry]) -> Result<(), DocumentError> {
        let mut seen = std::collections::HashMap::new();
        for entry in entries {
            if let Some(first) = seen.insert(entry.key.as_str(), entry.line) {
                let shown: String = entry.key.chars().take(80).collect();
                let reason = format!("it comes twice, on line {first} first: keep one");
                return Err(self.error_at(
                    entry.line,
                    self.child(&shown, &entry.value).path,
                    reason,
                ));
            }
        }
        Ok(())
    }

    /// Its entries, whatever they are called; each once.
    pub fn entries(&self) -> Result<Vec<(&'d str, Self)>, DocumentError> {
        let Kind::Map(entries) = &self.node.kind else {
            return Err(self.unexpected("a map"));
        };
        self.distinct(entries)?;
        let entry = |entry: &'d Entry| (entry.key.as_str(), self.child(&entry.key, &entry.value));
        Ok(entries.iter().map(entry).collect())
    }

    /// Its items.
    pub fn items(&self) -> Result<Vec<Self>, DocumentError> {
        let Kind::List(items) = &self.node.kind else {
            return Err(self.unexpected("a list"));
        };
        let item = |(index, node)| Self {
            file: self.file,
            path: format!("{}[{index}]", self.path),
            node,
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// Where it stands.
    pub fn line(&self) -> usize {
        self.node.line
    }

    /// Its text.
    pub fn text(&self) -> Result<&'d str, DocumentError> {
        match &self.node.kind {
            Kind::Text(text) => Ok(text),
            _ => Err(self.unexpected("text")),
        }
    }

    /// Its text, which must not be blank.
    pub fn words(&self) -> Result<&'d str, DocumentError> {
        let text = self.text()?.trim();
        if text.is_empty() {
            return Err(self.error("it is empty"));
        }
        Ok(text)
    }

    /// Its text, read as a `T`.
    pub fn parse<T: FromStr<Err: Display>>(&self) -> Result<T, DocumentError> {
        self.text()?.parse().map_err(|error| self.error(error))
    }

    /// Whether it is true.
    pub fn boolean(&self) -> Result<bool, DocumentError> {
        match self.node.kind {
            Kind::Bool(value) => Ok(value),
            _ => Err(self.unexpected("true or false")),
        }
    }

    /// Its whole number, from `least` to `most`.
    pub fn number(&self, least: u32, most: u32) -> Result<u32, DocumentError> {
        let number = match &self.node.kind {
            Kind::Number(number) => number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok()),
            _ => return Err(self.unexpected("a whole number")),
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.error(format!("a whole number from {least} to {most} is wanted")))
    }

    /// Its number.
    pub fn float(&self) -> Result<f64, DocumentError> {
        match &self.node.kind {
            Kind::Number(number) => number
                .as_f64()
                .ok_or_else(|| self.error("the number is too large")),
            _ => Err(self.unexpected("a number")),
        }
    }

    /// Which of `choices` it names.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, DocumentError> {
        let text = self.text()?;
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Ok(*choice);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let shown: String = text.chars().take(80).collect();
        let hint = did_you_mean(text, names.iter().copied());
        Err(self.error(format!("`{shown}` is none of {}{hint}", names.join(", "))))
    }

    /// Its value, whatever it is; a map's key must not come twice.
    pub fn json(&self) -> Result<Value, DocumentError> {
        Ok(match &self.node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(_) => {
                let items = self.items()?;
                Value::Array(items.iter().map(Self::json).collect::<Result<_, _>>()?)
            }
            Kind::Map(_) => {
                let entries = self.entries()?.into_iter();
                let entry = |(key, field): (&str, Self)| Ok((key.to_owned(), field.json()?));
                Value::Object(entries.map(entry).collect::<Result<Map<_, _>, _>>()?)
            }
        })
    }
}

/// The fields of a map.
#[derive(Debug)]
pub struct Fields<'d> {
    field: Field<'d>,
    entries: &'d [Entry],
}

impl<'d> Fields<'d> {
    /// The field `name`, even where it is null.
    pub fn given(&self, name: &str) -> Option<Field<'d>> {
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        Some(self.field.child(name, &entry.value))
    }

    /// The field `name`; one that is null is as good as left out.
    pub fn get(&self, name: &str) -> Option<Field<'d>> {
        self.given(name).filter(|field| !field.is_empty())
    }

    /// The field `name`, which must be there.
    pub fn need(&self, name: &str) -> Result<Field<'d>, DocumentError> {
        self.get(name).ok_or_else(|| {
            let path = self.field.child(name, self.field.node).path;
            self.field
                .error_at(self.field.node.line, path, "it is missing: add it")
        })
    }

    /// The names of the fields that are there, in order, and the line on which each begins.
    pub fn lines(&self) -> impl Iterator<Item = (&'d str, usize)> {
        let entries = self.entries.iter();
        entries.map(|entry| (entry.key.as_str(), entry.line))
    }

    /// The items of the list `name`; none where it is left out.
    pub fn list(&self, name: &str) -> Result<Vec<Field<'d>>, DocumentError> {
        self.get(name)
            .map_or_else(|| Ok(Vec::new()), |field| field.items())
    }
}
