//! A row's columns, as JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value as Json};
use watchbox_sdk::Value;

/// A row: its columns by their names.
pub(crate) type Columns = Map<String, Json>;

/// The columns of a row; `None` where it is no map.
pub(crate) fn columns(row: &Value<'_>) -> Option<Columns> {
    match json(row) {
        Json::Object(columns) => Some(columns),
        _ => None,
    }
}

/// A value as JSON; bytes become base64, what JSON can't say null.
fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::UInt(value) => Json::from(*value),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Str(text) => Json::String((*text).to_owned()),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|(name, value)| (shown(&json(name)), json(value)))
            .collect::<Columns>()
            .into(),
    }
}

/// What stands at `path`: a column of that very name, or, with dots, something in one.
pub(crate) fn at<'a>(columns: &'a Columns, path: &str) -> Option<&'a Json> {
    if let Some(value) = columns.get(path) {
        return Some(value);
    }
    let mut names = path.split('.');
    let first = columns.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

/// A value as text.
pub(crate) fn shown(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value with the texts in it cut to `longest` characters; says whether any was.
pub(crate) fn cut(value: &Json, longest: usize) -> (Json, bool) {
    match value {
        Json::String(text) => {
            let (text, is_cut) = cut_text(text, longest);
            (text.into(), is_cut)
        }
        Json::Array(items) => {
            let mut any = false;
            let items = items.iter().map(|item| {
                let (item, is_cut) = cut(item, longest);
                any |= is_cut;
                item
            });
            let items = Json::Array(items.collect());
            (items, any)
        }
        Json::Object(entries) => {
            let mut any = false;
            let entries = entries.iter().map(|(name, value)| {
                let (value, is_cut) = cut(value, longest);
                any |= is_cut;
                (name.clone(), value)
            });
            let entries = Json::Object(entries.collect());
            (entries, any)
        }
        other => (other.clone(), false),
    }
}

/// The beginning of a text that is longer than `longest` characters, with a note of how much is missing.
pub(crate) fn cut_text(text: &str, longest: usize) -> (String, bool) {
    match text.char_indices().nth(longest) {
        None => (text.to_owned(), false),
        Some((at, _)) => {
            let (kept, rest) = text.split_at(at);
            let missing = rest.chars().count();
            (format!("{kept}… ({missing} more characters)"), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_json_whatever_it_holds() {
        let row = Value::Map(vec![
            (Value::Str("Bytes"), Value::Bytes(&[0, 255])),
            (Value::Str("NaN"), Value::Float(f64::NAN)),
            (
                Value::UInt(7),
                Value::Array(vec![Value::Int(-1), Value::UInt(u64::MAX)]),
            ),
        ]);
        let wanted = json!({"Bytes": "AP8=", "NaN": null, "7": [-1, u64::MAX]});
        assert_eq!(columns(&row).map(Json::Object), Some(wanted));
        assert_eq!(columns(&Value::Str("x")), None);
    }

    #[test]
    fn a_path_is_a_column_or_leads_into_one() {
        let Json::Object(columns) = json!({"A.B": 1, "A": {"B": 2, "C": {"D": 3}}, "T": "x"})
        else {
            panic!("an object")
        };
        let found = |path| at(&columns, path).cloned();
        assert_eq!(found("A.B"), Some(json!(1)));
        assert_eq!(found("A.C.D"), Some(json!(3)));
        for nowhere in ["B", "A.X", "T.x", "", "A."] {
            assert_eq!(found(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut_text("üüü", 3), ("üüü".to_owned(), false));
        assert_eq!(
            cut_text("üüüxy", 3),
            ("üüü… (2 more characters)".to_owned(), true)
        );
        let (value, is_cut) = cut(&json!({"a": [1, "four"], "b": "x"}), 2);
        assert_eq!(
            (value, is_cut),
            (json!({"a": [1, "fo… (2 more characters)"], "b": "x"}), true)
        );
    }
}
