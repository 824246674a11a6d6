//! Texts with places for a row's columns: the body, which is JSON, and the key.
//!
//! A template is read once, when the artifact is configured; that what it gives is JSON does not depend on what is put in.

use serde_json::Value as Json;

/// What stands in the places.
pub(crate) trait Values {
    /// A place's value as JSON.
    fn json(&self, place: &str) -> Json;

    /// A place's value as it is put into a text.
    fn text(&self, place: &str) -> String;
}

/// A template of JSON.
#[derive(Debug)]
pub(crate) struct Body(Vec<Part>);

#[derive(Debug, PartialEq)]
enum Part {
    /// JSON as it stands.
    Source(String),
    /// A place within a text.
    Within(String),
    /// A place that stands alone.
    Alone(String),
}

/// A mark that no template holds, for places within texts while it is looked at where they are.
const MARK: &str = "\u{1}";

impl Body {
    /// Reads it. The error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let body = Self(parts(text)?);
        let filled = body.fill(&Marks);
        let json: Json = serde_json::from_str(&filled)
            .map_err(|error| format!("it is no JSON once its places are filled: {error}"))?;
        match key_with_place(&json) {
            // Else who names a column's value could say a member of the object a second time.
            true => Err("a name in it holds a place: only values may".to_owned()),
            false => Ok(body),
        }
    }

    /// The places in it.
    pub(crate) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Source(_) => None,
            Part::Within(place) | Part::Alone(place) => Some(place.as_str()),
        })
    }

    /// The JSON with the places filled.
    pub(crate) fn fill(&self, values: &impl Values) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Source(source) => filled.push_str(source),
                Part::Within(place) => {
                    let text = Json::String(values.text(place)).to_string();
                    filled.push_str(&text[1..text.len() - 1]);
                }
                Part::Alone(place) => filled.push_str(&values.json(place).to_string()),
            }
        }
        filled
    }
}

struct Marks;

impl Values for Marks {
    fn json(&self, _: &str) -> Json {
        Json::Null
    }

    fn text(&self, _: &str) -> String {
        MARK.to_owned()
    }
}

fn key_with_place(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.iter().any(key_with_place),
        Json::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains(MARK) || key_with_place(value)),
        _ => false,
    }
}

/// Takes a template of JSON apart. Within a text `{{` and `}}` are a brace each; outside of texts a brace that begins no object begins a place.
fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut source = String::new();
    let mut is_text = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let behind = &rest[letter.len_utf8()..];
        match letter {
            '"' => is_text = !is_text,
            '\\' if is_text => {
                // Whatever is escaped ends no text and begins no place.
                let escaped = behind.chars().next().map_or(0, char::len_utf8);
                source.push_str(&rest[..1 + escaped]);
                rest = &behind[escaped..];
                continue;
            }
            '{' | '}' if is_text && behind.starts_with(letter) => {
                source.push(letter);
                rest = &behind[1..];
                continue;
            }
            '}' if is_text => return Err("it has a } without a {".to_owned()),
            '{' if is_text || !begins_object(behind) => {
                let (place, after) = place(behind)?;
                parts.push(Part::Source(std::mem::take(&mut source)));
                parts.push(if is_text {
                    Part::Within(place)
                } else {
                    Part::Alone(place)
                });
                rest = after;
                continue;
            }
            _ => {}
        }
        source.push(letter);
        rest = behind;
    }
    parts.push(Part::Source(source));
    Ok(parts)
}

fn begins_object(behind: &str) -> bool {
    behind.trim_start().starts_with(['"', '}'])
}

/// The name of a place, and what follows it.
fn place(behind: &str) -> Result<(String, &str), String> {
    let end = behind.find(['}', '{', '"', '\n']);
    match end.map(|end| behind.split_at(end)) {
        Some((name, after)) if after.starts_with('}') => match name.trim() {
            "" => Err("it has a {} that names nothing".to_owned()),
            name => Ok((name.to_owned(), &after[1..])),
        },
        _ => Err("it has a { without a }".to_owned()),
    }
}

/// A template of plain text.
#[derive(Debug)]
pub(crate) struct Line(Vec<(String, Option<String>)>);

impl Line {
    /// Reads it. The error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = place(behind)?;
            parts.push((before.to_owned(), Some(name)));
            rest = after;
        }
        parts.push((rest.to_owned(), None));
        Ok(Self(parts))
    }

    /// The places in it.
    pub(crate) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(_, place)| place.as_deref())
    }

    /// The text, with what `value` gives for each place.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> String) -> String {
        let mut filled = String::new();
        for (before, place) in &self.0 {
            filled.push_str(before);
            filled.extend(place.as_deref().map(&value));
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every place stands for something hostile.
    struct Hostile;

    impl Values for Hostile {
        fn json(&self, place: &str) -> Json {
            json!({ place: "\"}, \"forged\": {\"" })
        }

        fn text(&self, place: &str) -> String {
            format!("<{place}>\", \"forged\": \"\\ \n{{X}}")
        }
    }

    #[test]
    fn places_are_filled_and_forge_nothing() {
        let body = Body::parse(
            r#"{ "text": "a {One} \" {Two.x}{{b}} \\", "alone": { Three }, "list": [{Four}, 1, {}], "empty": {  } }"#,
        )
        .unwrap();
        let places: Vec<&str> = body.places().collect();
        assert_eq!(places, ["One", "Two.x", "Three", "Four"]);
        let filled: Json = serde_json::from_str(&body.fill(&Hostile)).unwrap();
        let text = |place: &str| Hostile.text(place);
        assert_eq!(
            filled,
            json!({
                "text": format!("a {} \" {}{{b}} \\", text("One"), text("Two.x")),
                "alone": Hostile.json("Three"),
                "list": [Hostile.json("Four"), 1, {}],
                "empty": {},
            })
        );
        assert_eq!(
            Body::parse("{alert.row}").unwrap().fill(&Hostile),
            Hostile.json("alert.row").to_string()
        );
    }

    #[test]
    fn what_is_no_json_is_told() {
        for (text, wanted) in [
            ("", "it is no JSON once its places are filled: EOF"),
            ("{\"a\": }", "it is no JSON"),
            ("{\"a\": {b}", "it is no JSON"),
            ("{\"a\": x{b}}", "it is no JSON"),
            ("{b}{c}", "it is no JSON"),
            ("{ \"a\": \"{b\" }", "it has a { without a }"),
            ("{ \"a\": \"b}\" }", "it has a } without a {"),
            ("{ \"a\": \"{}\" }", "it has a {} that names nothing"),
            ("{ \"a\": \"{ {b} }\" }", "it has a { without a }"),
            ("{ \"a{b}\": 1 }", "a name in it holds a place"),
            ("[ { {b}: 1 } ]", "it has a { without a }"),
        ] {
            let error = Body::parse(text).unwrap_err();
            assert!(
                error.starts_with(wanted) || error.ends_with(wanted),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn lines_are_filled() {
        let line = Line::parse("{A} on { B.c }.").unwrap();
        assert_eq!(line.places().collect::<Vec<_>>(), ["A", "B.c"]);
        assert_eq!(line.fill(str::to_lowercase), "a on b.c.");
        assert_eq!(Line::parse("").unwrap().fill(str::to_owned), "");
        assert!(Line::parse("{A").is_err() && Line::parse("{}").is_err());
    }
}
