//! What is told of a row, or of how many more there were, and how it is put into the template.

use std::{cell::Cell, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    column::{self, Columns},
    parameters::Settings,
    template::Values,
    text::visible_json,
    time::rfc3339,
};

/// What begins the places that are no columns.
const OWN: &str = "alert.";

/// Those places, without that.
const PLACES: [&str; 9] = [
    "kind",
    "key",
    "log",
    "client_id",
    "hostname",
    "time",
    "more",
    "summary",
    "row",
];

/// Says which of `places` is none.
pub(crate) fn check<'a>(places: impl Iterator<Item = &'a str>) -> Result<(), String> {
    for place in places {
        if let Some(name) = place.strip_prefix(OWN)
            && !PLACES.contains(&name)
        {
            let known = PLACES.join(", ");
            return Err(format!(
                "there is no `{{{place}}}`: after `alert.` comes one of {known}"
            ));
        }
    }
    Ok(())
}

/// A row, as far as it can be kept until its window is over: short, whatever it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) client_id: String,
    pub(crate) hostname: String,
    /// The columns that the template names, by their places.
    columns: BTreeMap<String, String>,
}

/// How many characters of a column are kept, and how many bytes of all.
const KEPT_TEXT: usize = 200;
const KEPT: usize = 1_000;

impl Kept {
    /// What is kept of a message.
    pub(crate) fn of(message: &Message<'_>, settings: &Settings) -> Self {
        let mut kept = Self {
            client_id: column::cut_text(message.client_id, KEPT_TEXT / 2).0,
            hostname: column::cut_text(message.hostname, KEPT_TEXT / 2).0,
            columns: BTreeMap::new(),
        };
        let mut left = KEPT;
        for place in settings.body.places() {
            let Some(value) = message.subject.column(place) else {
                continue;
            };
            let value = column::cut(&value, KEPT_TEXT).0.to_string();
            if let Some(rest) = left.checked_sub(place.len() + value.len()) {
                left = rest;
                kept.columns.insert(place.to_owned(), value);
            }
        }
        kept
    }
}

/// What a message is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// A row.
    Row(&'a Columns),
    /// Those that were not told by themselves, by the row that opened their window.
    More(&'a Kept),
}

impl Subject<'_> {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Row(_) => "alert",
            Self::More(_) => "summary",
        }
    }

    fn column(&self, place: &str) -> Option<Json> {
        match self {
            Self::Row(columns) => column::at(columns, place).cloned(),
            Self::More(kept) => serde_json::from_str(kept.columns.get(place)?).ok(),
        }
    }
}

/// A message.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) key: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) hostname: &'a str,
    /// When the server received it, or the last of those that it sums up.
    pub(crate) received: f64,
    /// How many alike were not told by themselves.
    pub(crate) more: u64,
}

/// The shortest that texts are cut to.
const SHORTEST: usize = 20;

impl Message<'_> {
    /// The body, and whether long texts were cut for it to have at most `most` bytes; `None` where it has more all the same.
    pub(crate) fn body(&self, settings: &Settings, most: usize) -> Option<(String, bool)> {
        let mut longest = usize::MAX;
        loop {
            let filling = Filling {
                message: self,
                settings,
                longest,
                is_cut: Cell::new(false),
            };
            let body = visible_json(&settings.body.fill(&filling));
            if body.len() <= most {
                return Some((body, filling.is_cut.get()));
            }
            if longest <= SHORTEST {
                return None;
            }
            longest = (longest.min(most) / 2).max(SHORTEST);
        }
    }

    /// What stands in a place, as text.
    pub(crate) fn shown(&self, place: &str, settings: &Settings) -> String {
        column::shown(&self.value(place, settings).0)
    }

    /// What stands in a place, and whether an endpoint has a word in it.
    fn value(&self, place: &str, settings: &Settings) -> (Json, bool) {
        match place.strip_prefix(OWN) {
            Some(name) => self.own(name, settings),
            None => (self.subject.column(place).unwrap_or(Json::Null), true),
        }
    }

    fn summary(&self, window: f64) -> String {
        match (self.more, &self.subject) {
            (0, _) => String::new(),
            (more, Subject::Row(_)) => format!(" ({more} more alike since the last message)"),
            (more, Subject::More(_)) => format!(" ({more} more alike within {window} s)"),
        }
    }

    fn own(&self, name: &str, settings: &Settings) -> (Json, bool) {
        match name {
            "kind" => (self.subject.kind().into(), false),
            "key" => (self.key.into(), true),
            "log" => (settings.log.as_str().into(), false),
            "client_id" => (self.client_id.into(), true),
            "hostname" => (self.hostname.into(), true),
            "time" => (rfc3339(self.received).into(), false),
            "more" => (self.more.into(), false),
            "summary" => (self.summary(settings.window).into(), false),
            _ => match self.subject {
                Subject::Row(columns) => (Json::Object(columns.clone()), true),
                Subject::More(_) => (Json::Null, false),
            },
        }
    }
}

/// A message on its way into the template.
struct Filling<'a> {
    message: &'a Message<'a>,
    settings: &'a Settings,
    /// How long a text may be.
    longest: usize,
    is_cut: Cell<bool>,
}

impl Values for Filling<'_> {
    fn json(&self, place: &str) -> Json {
        let (value, is_cut) =
            column::cut(&self.message.value(place, self.settings).0, self.longest);
        self.is_cut.set(self.is_cut.get() | is_cut);
        value
    }

    fn text(&self, place: &str) -> String {
        let (value, is_theirs) = self.message.value(place, self.settings);
        let (text, is_cut) = column::cut_text(&column::shown(&value), self.longest);
        self.is_cut.set(self.is_cut.get() | is_cut);
        if is_theirs {
            self.settings.escape.apply(&text)
        } else {
            text
        }
    }
}
