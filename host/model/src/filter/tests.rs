use serde_json::json;

use super::*;
use crate::{Rows, RowsBuilder};

fn row() -> Rows {
    let mut builder = RowsBuilder::new();
    builder.push_columns([
        ("_ts", ValueRef::Float(1.5)),
        ("ClientId", ValueRef::Str("C.1")),
        ("text", ValueRef::Str("powershell -Enc AAAA")),
        ("int", ValueRef::UInt(5)),
        ("low", ValueRef::Int(-5)),
        ("float", ValueRef::Float(5.0)),
        ("yes", ValueRef::Bool(true)),
        ("nil", ValueRef::Nil),
    ]);
    builder.finish()
}

fn passes(column: &str, test: Test) -> bool {
    let rows = row();
    let condition = Condition {
        column: column.to_owned(),
        test,
    };
    rows.iter()
        .all(|row| Filter::new(vec![condition.clone()]).passes(row))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

#[test]
fn patterns_are_found_in_text_alone() {
    assert!(passes("text", Test::Matches(pattern("(?i)-enc"))));
    assert!(!passes("text", Test::Matches(pattern("^-enc"))));
    assert!(!passes("int", Test::Matches(pattern("5"))));
    assert!(!passes("missing", Test::Matches(pattern(""))));
    assert!(!passes("text", Test::NotMatches(pattern("(?i)-enc"))));
    assert!(passes("text", Test::NotMatches(pattern("^-enc"))));
    assert!(passes("int", Test::NotMatches(pattern("5"))));
    assert!(passes("missing", Test::NotMatches(pattern(""))));
}

#[test]
fn values_are_compared_by_kind_and_size() {
    let one_of = |column, value| passes(column, Test::OneOf(vec![json!("other"), value]));
    for (column, value) in [
        ("ClientId", json!("C.1")),
        ("int", json!(5)),
        ("float", json!(5)),
        ("low", json!(-5)),
        ("yes", json!(true)),
        ("nil", json!(null)),
        ("_ts", json!(1.5)),
    ] {
        assert!(one_of(column, value.clone()), "{column} is {value}");
    }
    for (column, value) in [
        ("ClientId", json!("c.1")),
        ("int", json!("5")),
        ("int", json!(-5)),
        ("low", json!(u64::MAX - 4)),
        ("_ts", json!(1)),
        ("yes", json!(1)),
        ("nil", json!(false)),
        ("missing", json!(null)),
    ] {
        assert!(!one_of(column, value.clone()), "{column} is not {value}");
    }
}

#[test]
fn null_is_as_good_as_missing() {
    for (column, there) in [("int", true), ("nil", false), ("missing", false)] {
        assert_eq!(passes(column, Test::Exists(true)), there, "{column}");
        assert_eq!(passes(column, Test::Exists(false)), !there, "{column}");
    }
}

#[test]
fn all_conditions_must_hold_and_none_lets_everything_pass() {
    let condition = |column: &str| Condition {
        column: column.to_owned(),
        test: Test::Exists(true),
    };
    let rows = row();
    let passes = |conditions: &[Condition]| {
        let filter = Filter::new(conditions.to_vec());
        rows.iter().all(|row| filter.passes(row))
    };
    assert!(passes(&[]));
    assert!(passes(&[condition("int"), condition("yes")]));
    assert!(!passes(&[condition("int"), condition("nil")]));
}

#[test]
fn a_cut_keeps_the_named_columns_the_client_and_the_time() {
    let rows = row();
    let cut = cut(&Columns::only(named(["int", "missing"])), &rows);
    assert_eq!(names(&cut), ["_ts", "ClientId", "int"]);
    assert_eq!(Rows::from_array(cut.to_array().into()), Ok(cut));
}

#[test]
fn every_column_is_the_row_as_it_is() {
    let rows = row();
    for all in [Columns::all(), Columns::only(named(["*"]))] {
        assert_eq!(cut(&all, &rows), rows);
    }
}

#[test]
fn a_position_comes_along_in_the_place_of_a_column_of_its_name() {
    let mut rows = RowsBuilder::new();
    rows.push_columns([("_position", ValueRef::Str("forged")), ("a", ValueRef::Nil)]);
    let rows = rows.finish();
    for (columns, kept) in [
        (&["*", "_position"][..], &["_position", "a"][..]),
        (&["_position", "a"], &["_position", "a"]),
        (&["_position"], &["_position"]),
    ] {
        let columns = Columns::only(columns.iter().map(|name| (*name).to_owned()).collect());
        let cut = cut(&columns, &rows);
        assert_eq!(names(&cut), kept);
        let position = cut.iter().next().and_then(|row| row.column("_position"));
        assert_eq!(position, Some(ValueRef::UInt(300)));
        assert_eq!(Rows::from_array(cut.to_array().into()), Ok(cut));
    }
    // Nobody asked for it: it is a column like any other.
    assert_eq!(cut(&Columns::all(), &rows), rows);
}

fn named<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// `rows`, which stand at 300, cut.
fn cut(columns: &Columns, rows: &Rows) -> Rows {
    let mut out = RowsBuilder::new();
    for (position, row) in (300..).zip(rows.iter()) {
        columns.cut(row, position, &mut out);
    }
    out.finish()
}

fn names(rows: &Rows) -> Vec<&str> {
    let columns = rows.iter().flat_map(RowRef::columns);
    columns.map(|(name, _)| name).collect()
}
