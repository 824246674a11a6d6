//! The narrowest grants that allow what was seen to be used.

use std::collections::BTreeSet;

use url::{Position, Url};

use super::{Grants, HttpGrant, LabelPattern, UrlPattern, is_method};
use crate::{Client, Label, Limits, SearchTerm, label::LabelOp};

/// The sizes of state that a narrowed grant allows are multiples of this many bytes.
const STATE_STEP: u64 = 1 << 10;

/// How much of a path that no pattern can say is kept.
const LONGEST_PATH: usize = 1_024;

/// One use of a capability, as it was seen at run time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// A search of clients.
    Search(SearchTerm),
    /// A client, read by its id.
    Client(Client),
    /// A label put on a client, or taken off.
    Label {
        /// Put on, or taken off.
        op: LabelOp,
        /// Which label.
        label: Label,
    },
    /// A request.
    Http(HttpUse),
    /// The state read or written; `bytes` is the most that its keys and values had together.
    State {
        /// Bytes of keys and values.
        bytes: u64,
    },
    /// A line logged.
    Log,
    /// The turn's time read.
    Clock,
}

/// A request, as far as a grant has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpUse {
    /// The method, in capitals.
    pub method: String,
    /// Where to. Of a URL that is a secret itself: scheme, host and port only.
    pub url: Url,
    /// Whether `url` was cut, since what was cut away is secret: a grant then covers every path there.
    pub is_cut: bool,
    /// The secret parameters that were filled in.
    pub secrets: Vec<String>,
}

impl Grants {
    /// The narrowest grants that allow each of `uses`: exactly the methods, URLs, labels and searches that are among them.
    ///
    /// Wider than what was seen are three places. Of a secret URL every path of its host is allowed, for the path must not be told; a
    /// URL that no pattern can say (a `*` or `@` in its path) is allowed up to there; state is allowed in whole KiB.
    pub fn narrow<'u>(uses: impl IntoIterator<Item = &'u Use>) -> Self {
        let mut narrow = Self::default();
        let (mut searches, mut read) = (Vec::new(), Vec::new());
        let (mut add, mut remove) = (BTreeSet::new(), BTreeSet::new());
        for one in uses {
            match one {
                Use::Search(term) => searches.push(term.clone()),
                Use::Client(client) => read.push(client),
                Use::Label {
                    op: LabelOp::Add,
                    label,
                } => _ = add.insert(label.clone()),
                Use::Label {
                    op: LabelOp::Remove,
                    label,
                } => _ = remove.insert(label.clone()),
                Use::Http(http) => narrow.http.extend(http_grant(http)),
                Use::State { bytes } => {
                    let most = narrow.limits.state;
                    let before = if narrow.state { most } else { 0 };
                    let wanted = bytes.max(&1).next_multiple_of(STATE_STEP);
                    (narrow.state, narrow.limits.state) = (true, before.max(wanted));
                }
                Use::Log => narrow.log = true,
                Use::Clock => narrow.clock = true,
            }
        }
        narrow.clients = terms(searches, &read);
        narrow.labels.add = labels(add);
        narrow.labels.remove = labels(remove);
        narrow.http = without_covered(narrow.http);
        narrow
    }

    /// Grants that allow every use of every capability, with the secrets named: for a run whose effects are withheld, to see
    /// what is used. No file of grants can say this.
    pub fn everything(secrets: impl IntoIterator<Item = String>) -> Self {
        Self {
            clients: vec![SearchTerm::All],
            labels: super::LabelsGrant {
                add: vec![LabelPattern::Any],
                remove: vec![LabelPattern::Any],
            },
            http: vec![HttpGrant {
                method: "*".to_owned(),
                url: UrlPattern::any(),
                secrets: secrets.into_iter().collect(),
                redirects: 0,
                addresses: Vec::new(),
            }],
            state: true,
            log: true,
            clock: true,
            limits: Limits::default(),
        }
    }
}

/// The searches that were made, and the ids of those clients that none of them covers.
fn terms(searches: Vec<SearchTerm>, read: &[&Client]) -> Vec<SearchTerm> {
    let mut terms: Vec<SearchTerm> = Vec::new();
    for term in searches {
        if !terms.iter().any(|kept| kept.covers(&term)) {
            terms.retain(|kept| !term.covers(kept));
            terms.push(term);
        }
    }
    for client in read {
        if !terms.iter().any(|kept| kept.matches(client)) {
            terms.push(SearchTerm::Client(client.id.clone()));
        }
    }
    terms.sort_by_key(ToString::to_string);
    terms
}

/// Each label once, however it is written.
fn labels(labels: BTreeSet<Label>) -> Vec<LabelPattern> {
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        if !kept.iter().any(|other| other.is(label.as_str())) {
            kept.push(label);
        }
    }
    kept.into_iter().map(LabelPattern::Exact).collect()
}

/// None where no pattern can say the URL's host: no grant could allow that.
fn http_grant(http: &HttpUse) -> Option<HttpGrant> {
    let mut secrets = http.secrets.clone();
    secrets.sort();
    secrets.dedup();
    let url = if http.is_cut {
        UrlPattern::within(&http.url, "/")
    } else {
        UrlPattern::exactly(&http.url)
    };
    Some(HttpGrant {
        method: if is_method(&http.method) {
            http.method.clone()
        } else {
            "*".to_owned()
        },
        url: url?,
        secrets,
        redirects: 0,
        addresses: Vec::new(),
    })
}

/// Leaves out what another grant allows too: the same request with no secret that the other does not name.
fn without_covered(mut grants: Vec<HttpGrant>) -> Vec<HttpGrant> {
    // Of those for one place, the one with most secrets comes first.
    grants.sort_by(|a, b| {
        let place = |grant: &HttpGrant| (grant.url.as_str().to_owned(), grant.method.clone());
        place(a)
            .cmp(&place(b))
            .then(b.secrets.len().cmp(&a.secrets.len()))
            .then(a.secrets.cmp(&b.secrets))
    });
    let mut kept: Vec<HttpGrant> = Vec::new();
    for grant in grants {
        let is_covered = kept.iter().any(|other| {
            other.method == grant.method
                && other.url == grant.url
                && grant
                    .secrets
                    .iter()
                    .all(|secret| other.secrets.contains(secret))
        });
        if !is_covered {
            kept.push(grant);
        }
    }
    kept
}

impl UrlPattern {
    /// The pattern of this URL alone (whatever its query), or, where none can say it, of what begins with as much of it as one can.
    fn exactly(url: &Url) -> Option<Self> {
        let text = &url[..Position::AfterPath];
        let exact = text.parse::<Self>().ok();
        exact
            // A `*` of the URL's own would be read as one that stands for more.
            .filter(|pattern| pattern.covers(url) && !text.contains('*'))
            .or_else(|| {
                let path = url.path();
                let end = path.find(['*', '@']).unwrap_or(LONGEST_PATH);
                // Paths are ASCII, with all else in percent signs.
                Self::within(url, path.get(..end.min(LONGEST_PATH)).unwrap_or(path))
            })
    }

    /// The pattern of every path of the URL's host that begins with `path`.
    fn within(url: &Url, path: &str) -> Option<Self> {
        let origin = &url[..Position::BeforePath];
        format!("{origin}{path}*").parse().ok()
    }
}

#[cfg(test)]
#[path = "narrow/tests.rs"]
mod tests;
