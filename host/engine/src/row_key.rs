//! When two rows are the same: by their columns, in whatever order, without `_ts`.

use watchbox_model::{Digest, RowRef, RowsBuilder, ValueRef, row::TS};

/// What rows that are the same have in common.
pub(crate) fn row_key(row: RowRef<'_>) -> Digest {
    let mut columns: Vec<_> = row
        .columns()
        .filter(|(name, _)| *name != TS)
        .map(|(name, value)| (name, plain(value)))
        .collect();
    columns.sort_by_key(|(name, _)| *name);
    let mut one = RowsBuilder::new();
    one.push_columns(columns);
    Digest::of(one.finish().parts().0)
}

/// An integer has one form, whether it was written signed or not.
fn plain(value: ValueRef<'_>) -> ValueRef<'_> {
    match value {
        ValueRef::Int(number) => u64::try_from(number).map_or(value, ValueRef::UInt),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use watchbox_model::Rows;

    use super::*;

    fn row(columns: &[(&str, ValueRef<'_>)]) -> Rows {
        let mut rows = RowsBuilder::new();
        rows.push_columns(columns.iter().copied());
        rows.finish()
    }

    fn key(columns: &[(&str, ValueRef<'_>)]) -> Digest {
        row_key(row(columns).get(0).unwrap())
    }

    #[test]
    fn neither_time_nor_order_nor_the_form_of_a_number_counts() {
        let one = [
            (TS, ValueRef::Float(1.5)),
            ("A", ValueRef::UInt(5)),
            ("B", ValueRef::Str("b")),
        ];
        let other = [("B", ValueRef::Str("b")), ("A", ValueRef::Int(5))];
        assert_eq!(key(&one), key(&other));
    }

    #[test]
    fn names_and_values_do() {
        let one = key(&[("A", ValueRef::Str("b"))]);
        for other in [
            &[("B", ValueRef::Str("b"))][..],
            &[("A", ValueRef::Str("c"))],
            &[("A", ValueRef::Bin(b"b"))],
            &[("A", ValueRef::Str("b")), ("B", ValueRef::Nil)],
            &[],
        ] {
            assert_ne!(key(other), one, "{other:?}");
        }
    }
}
