//! Which credential of a request counts, and whose it is.
//!
//! A token does, in `Authorization`. To send events, where the server's settings name a CA of client certificates, the certificate of the
//! connection does: an endpoint can then report for itself alone, and a token that was stolen from it is of no use.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use watchbox_model::Time;

use super::{Action, Bearer, Tokens, token};
use crate::peer::{Certificate, Peer, Senders};

/// Why it is not known who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// There is no credential, or one that is nobody's: what is wrong, for the trail.
    Unknown(&'static str),
    /// There is no client certificate, or one that is for no client: what is wrong, for whoever asks.
    Certificate(String),
    /// It was somebody's and is over.
    Over(String),
}

/// Whose request it is.
pub(super) async fn identify(
    tokens: &Tokens,
    peer: &Peer,
    action: Action,
    headers: &HeaderMap,
    now: Time,
) -> Result<Arc<Bearer>, Stranger> {
    let by_certificate = match (action, peer.senders) {
        (Action::Send, Senders::Certificates) => true,
        (Action::Send, Senders::Both) => !matches!(peer.certificate, Certificate::None),
        _ => false,
    };
    let bearer = if by_certificate {
        of_certificate(peer)?
    } else {
        of_token(tokens, headers, now).await?
    };
    if bearer.is_over(now) {
        return Err(Stranger::Over(bearer.actor()));
    }
    Ok(bearer)
}

fn of_certificate(peer: &Peer) -> Result<Arc<Bearer>, Stranger> {
    match &peer.certificate {
        Certificate::Of(bearer) => Ok(Arc::clone(bearer)),
        Certificate::None => Err(Stranger::Certificate(
            "events are sent with a client certificate here (`tls.client_ca` in the server's settings), and the connection has shown none"
                .to_owned(),
        )),
        Certificate::Nobodys(reason) => Err(Stranger::Certificate(format!(
            "the client certificate is for no client: {reason}"
        ))),
    }
}

async fn of_token(
    tokens: &Tokens,
    headers: &HeaderMap,
    now: Time,
) -> Result<Arc<Bearer>, Stranger> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(Stranger::Unknown("no token"));
    }
    let unknown = || Stranger::Unknown("a token that is not known");
    let hash = bearer_token(headers).and_then(token::hash);
    let hash = hash.ok_or_else(unknown)?;
    let bearer = tokens.find(&hash).ok_or_else(unknown)?;
    tokens.used(&hash, &bearer, now).await;
    Ok(bearer)
}

/// The token of the one `Authorization` header, if there is just one and it is a bearer's.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
