//! The logs of an installation, followed while something else is done: its rows on stdout, what it says on stderr.

use std::{
    fmt,
    future::Future,
    io::{self, Write as _},
    pin::pin,
};

use futures::{
    StreamExt as _,
    future::{LocalBoxFuture, try_join},
    stream::FuturesUnordered,
};
use watchbox_model::{LogKind, Name};

use crate::{
    api::{Api, LogQuery, Query, Tail},
    args::RowFormat,
    output::{Output, Record, Tone, print_row, printable_lines},
};

/// What is followed.
#[derive(Default)]
pub struct Tails<'a>(FuturesUnordered<LocalBoxFuture<'a, anyhow::Result<()>>>);

impl<'a> Tails<'a> {
    /// Whether nothing is followed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Follows the logs of `name` instead, with what comes from now on.
    pub async fn follow(
        &mut self,
        api: &'a Api,
        name: &Name,
        format: RowFormat,
        output: &'a Output,
    ) -> anyhow::Result<()> {
        self.0.clear();
        let query = |kind| LogQuery {
            kind,
            name: name.clone(),
            since: None,
            until: None,
        };
        let (rows, messages) = (query(LogKind::Rows), query(LogKind::Messages));
        let no_filter = Query::new();
        let (rows, messages) = try_join(
            api.follow(&rows.path(), &no_filter, None),
            api.follow(&messages.path(), &no_filter, None),
        )
        .await?;
        self.0.push(Box::pin(rows.each(move |tail| {
            each(tail, output, |row| {
                let mut stdout = io::stdout().lock();
                print_row(row.as_bytes(), format, &mut stdout)?;
                Ok(stdout.flush()?)
            })
        })));
        self.0.push(Box::pin(messages.each(move |tail| {
            each(tail, output, |row| {
                let record: Record = serde_json::from_str(row)?;
                let tone = match &*record.text("Level") {
                    "error" => Tone::Bad,
                    "warn" => Tone::Warn,
                    "debug" => Tone::Dim,
                    _ => Tone::Plain,
                };
                let (style, level, text) =
                    (tone.style(), record.text("Level"), record.text("Message"));
                output.remark(&format!(
                    "{style}{level}:{style:#} {}",
                    printable_lines(&text)
                ));
                Ok(())
            })
        })));
        Ok(())
    }

    /// Does `work` meanwhile. Gives what came of it, or nothing where `stop` came first.
    pub async fn beside<T>(
        &mut self,
        work: impl Future<Output = T>,
        stop: &mut (impl Future<Output = ()> + Unpin),
        output: &Output,
    ) -> Option<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                () = &mut *stop => return None,
                value = &mut work => return Some(value),
                Some(ended) = self.0.next() => {
                    if let Err(error) = ended {
                        output.error(&error.context("the logs can't be followed any more"));
                    }
                    // The next version that is loaded has them followed again.
                    self.0.clear();
                }
            }
        }
    }
}

/// Hands on the rows of a tail; says what becomes of the connection.
fn each(
    tail: Tail,
    output: &Output,
    mut row: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match tail {
        Tail::Rows(rows) => rows.iter().try_for_each(|one| row(one)),
        Tail::Lost(reason) => {
            output.remark(&format!("the connection broke ({reason}); trying again"));
            Ok(())
        }
        Tail::Back => {
            output.remark("connected again");
            Ok(())
        }
    }
}

impl fmt::Debug for Tails<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tails").field(&self.0.len()).finish()
    }
}
