//! Looks up clients: the endpoints that the server knows. Needs the grant `clients`.

use crate::host;

/// An endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    /// Its id, such as `C.1a2b3c4d5e6f7a8b`; never changes.
    pub id: String,
    /// Its hostname; empty until it reported one.
    pub hostname: String,
    /// Its operating system, as it was registered; empty where none was.
    pub os: String,
    /// Its labels, sorted. They compare without regard to ASCII case.
    pub labels: Vec<String>,
    /// When it was registered, or first reported: seconds since the Unix epoch.
    pub first_seen: f64,
    /// When it last reported anything: seconds since the Unix epoch; 0 where it has not reported yet.
    pub last_seen: f64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No grant covers it. The text names the grant that would.
    #[error("clients: denied: {0}")]
    Denied(String),
    /// The search term is none.
    #[error("clients: no search term: {0}")]
    InvalidQuery(String),
    /// The server could not read its clients just now.
    #[error("clients: unavailable: {0}")]
    Unavailable(String),
}

/// The most clients that the host gives at once.
const PAGE: u32 = 1_000;

/// Clients that match `query`, ordered by id: `label:X`, `host:X` (`*` stands for any characters), `client:X`, `all`, or bare text. They are fetched
/// as they are asked for, a thousand at a time; after an error there are no more.
///
/// ```
/// # fn tick() -> Result<(), watchbox_sdk::Failure> {
/// for client in watchbox_sdk::clients::search("label:Slack") {
///     let client = client?;
///     watchbox_sdk::info!("{} was last seen at {}", client.hostname, client.last_seen);
/// }
/// # Ok(()) }
/// ```
pub fn search(query: impl Into<String>) -> Search {
    Search {
        query: query.into(),
        page: Vec::new().into_iter(),
        after: None,
        ended: false,
    }
}

/// The client of this id, if there is one that a granted search term matches.
pub fn get(id: &str) -> Result<Option<Client>, Error> {
    host::client(id)
}

/// The clients that a search finds.
#[derive(Debug)]
pub struct Search {
    query: String,
    page: std::vec::IntoIter<Client>,
    after: Option<String>,
    ended: bool,
}

impl Iterator for Search {
    type Item = Result<Client, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && !self.ended {
            match host::search_clients(&self.query, PAGE, self.after.as_deref()) {
                Ok(page) => {
                    self.ended = page.len() < PAGE as usize;
                    self.page = page.into_iter();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        let client = self.page.next()?;
        if self.page.len() == 0 {
            self.after = Some(client.id.clone());
        }
        Some(Ok(client))
    }
}
