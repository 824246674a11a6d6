//! What is posted.

use std::borrow::Cow;

use serde::Serialize;
use watchbox_sdk::clients::Client;

/// The body of an incoming webhook's request.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Message {
    text: String,
}

/// The message that a client has appeared.
pub(crate) fn of(client: &Client, now: f64) -> Message {
    let seconds = (now - client.last_seen).max(0.0) as u64;
    let host = if client.hostname.is_empty() {
        &client.id
    } else {
        &client.hostname
    };
    Message {
        text: format!(
            "Client {} ({}) has appeared online {seconds} seconds ago",
            escape(host),
            escape(&client.id)
        ),
    }
}

/// Escapes the three characters by which Slack's markup begins: a hostname is the client's own word, and could else ping the whole channel.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return text.into();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(hostname: &str, last_seen: f64, now: f64) -> String {
        let client = Client {
            id: "C.123".into(),
            hostname: hostname.into(),
            last_seen,
            ..Client::default()
        };
        of(&client, now).text
    }

    #[test]
    fn says_who_and_when() {
        assert_eq!(
            text("HOST", 100.0, 142.9),
            "Client HOST (C.123) has appeared online 42 seconds ago"
        );
        assert_eq!(
            text("", 100.0, 99.0),
            "Client C.123 (C.123) has appeared online 0 seconds ago"
        );
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            text("<!channel> & co", 1.0, 1.0),
            "Client &lt;!channel&gt; &amp; co (C.123) has appeared online 0 seconds ago"
        );
    }
}
