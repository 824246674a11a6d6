//! Reading a table of which some pages can't be read: around them.

use rusqlite::{Connection, Row};

use crate::StoreError;

/// Numbers of rows that are tried behind the last that was read, where it is not known how many there are.
const BEYOND: i64 = 100_000;

/// A table, as it is walked through.
pub(super) struct Walk<'a> {
    pub(super) conn: &'a Connection,
    pub(super) table: &'a str,
    /// The columns to read, as they stand in SQL.
    pub(super) columns: &'a str,
    /// What orders the table, where its rows have no numbers.
    pub(super) key: Option<&'a str>,
}

impl Walk<'_> {
    /// Hands every row that can be read to `take`, some maybe twice. Says whether there were places that can't be read.
    pub(super) fn each(
        &self,
        take: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        match self.key {
            Some(key) => self.both_ways(key, take),
            None => self.by_number(take),
        }
    }

    /// Forward to the damage, and backward to it.
    fn both_ways(
        &self,
        key: &str,
        take: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let (columns, table) = (self.columns, self.table);
        let forward = format!("SELECT {columns} FROM {table} ORDER BY {key}");
        if self.run(&forward, take)? {
            return Ok(false);
        }
        let back = key.replace(',', " DESC,");
        self.run(
            &format!("SELECT {columns} FROM {table} ORDER BY {back} DESC"),
            take,
        )?;
        Ok(true)
    }

    /// From row to row; behind a place that can't be read, number by number.
    fn by_number(
        &self,
        take: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let (columns, table) = (self.columns, self.table);
        let mut last = i64::MIN;
        let mut is_damaged = false;
        loop {
            let on =
                format!("SELECT {columns}, rowid FROM {table} WHERE rowid > {last} ORDER BY rowid");
            let is_done = self.run(&on, &mut |row| {
                last = row.get(row.as_ref().column_count() - 1)?;
                take(row)
            })?;
            if is_done {
                return Ok(is_damaged);
            }
            is_damaged = true;
            let Some(next) = self.next_readable(last.max(0)) else {
                return Ok(true);
            };
            // By itself, so that each round comes further.
            self.run(
                &format!("SELECT {columns} FROM {table} WHERE rowid = {next}"),
                take,
            )?;
            last = next;
        }
    }

    /// The number of the first row behind `last` that can be read, if there is one.
    fn next_readable(&self, last: i64) -> Option<i64> {
        let table = self.table;
        let highest = self
            .conn
            .query_row(&format!("SELECT max(rowid) FROM {table}"), [], |row| {
                row.get::<_, Option<i64>>(0)
            });
        let highest = match highest {
            Ok(highest) => highest?,
            Err(_) => last.saturating_add(BEYOND),
        };
        let one = format!("SELECT {} FROM {table} WHERE rowid = ?", self.columns);
        let mut one = self.conn.prepare(&one).ok()?;
        (last + 1..=highest).find(|number| {
            one.query_row([number], |row| {
                for at in 0..row.as_ref().column_count() {
                    row.get_ref(at)?;
                }
                Ok(())
            })
            .is_ok()
        })
    }

    /// Hands over what a query gives, up to the first error; says whether there was none.
    fn run(
        &self,
        sql: &str,
        take: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let Ok(mut statement) = self.conn.prepare(sql) else {
            return Ok(false);
        };
        let Ok(mut rows) = statement.query([]) else {
            return Ok(false);
        };
        loop {
            match rows.next() {
                Ok(Some(row)) => take(row)?,
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }
}
