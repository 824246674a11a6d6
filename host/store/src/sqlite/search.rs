//! Search terms, as SQL.

use rusqlite::{Connection, named_params};
use watchbox_model::{Client, ClientId, SearchTerm};

use super::clients;
use crate::{Page, StoreError};

/// Clients that match, ordered by id, after `after`, at most `limit`.
///
/// `LIKE` and the labels' collation compare without regard to ASCII case, as [`SearchTerm`] wants it.
pub(super) fn search(
    conn: &Connection,
    term: &SearchTerm,
    limit: u32,
    after: Option<&ClientId>,
) -> Result<Page<Client>, StoreError> {
    let (condition, value) = match term {
        SearchTerm::All => (":value = ''", String::new()),
        SearchTerm::Label(label) => (
            "id IN (SELECT client FROM labels WHERE label = :value)",
            label.as_str().to_owned(),
        ),
        SearchTerm::Host(pattern) => (
            r"hostname LIKE :value ESCAPE '\'",
            escape(pattern).replace('*', "%"),
        ),
        SearchTerm::Client(id) => ("id = :value", id.as_str().to_owned()),
        SearchTerm::Text(text) => (
            r"(id LIKE :value ESCAPE '\' OR hostname LIKE :value ESCAPE '\' OR id IN
                (SELECT client FROM labels WHERE label LIKE :value ESCAPE '\'))",
            format!("%{}%", escape(text)),
        ),
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, hostname, os, first_seen, last_seen FROM clients
         WHERE {condition} AND id > :after ORDER BY id LIMIT :limit"
    ))?;
    let found = statement.query_map(
        named_params! {
            ":value": value,
            ":after": after.map_or("", ClientId::as_str),
            ":limit": i64::from(limit) + 1,
        },
        clients::read,
    )?;
    let page = Page::cut(found.collect::<Result<Vec<_>, _>>()?, limit);
    let clients = page.items.into_iter();
    let labelled = clients.map(|client| clients::with_labels(conn, client));
    Ok(Page {
        items: labelled.collect::<Result<_, _>>()?,
        more: page.more,
    })
}

/// The text for `LIKE`, standing for itself.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
