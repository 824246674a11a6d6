//! Server-sent events, read from a stream of bytes (WHATWG HTML, section 9.2).

/// The longest line that is kept: a row has at most 1 MiB of MessagePack, and its JSON can be some six times as long.
const MAX_LINE: usize = 16 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// What the server called it; empty where it did not.
    pub(super) name: String,
    /// The id that was last given.
    pub(super) id: Option<String>,
    /// Its data; lines joined by line ends.
    pub(super) data: String,
}

/// Takes bytes as they come and gives the events that are complete.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    event: Event,
    has_data: bool,
}

/// A line that is too long to be kept.
#[derive(Debug, thiserror::Error)]
#[error("a line of more than {MAX_LINE} bytes came in")]
pub(super) struct TooLong;

impl Parser {
    /// Takes `bytes` in; what they complete is appended to `events`.
    pub(super) fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLong> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            match rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
                Some(end) => {
                    self.extend(&rest[..end])?;
                    self.after_cr = rest[end] == b'\r';
                    rest = &rest[end + 1..];
                    let line = std::mem::take(&mut self.line);
                    self.field(&String::from_utf8_lossy(&line), events);
                }
                None => {
                    self.extend(rest)?;
                    break;
                }
            }
        }
        Ok(())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_LINE {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn field(&mut self, line: &str, events: &mut Vec<Event>) {
        if line.is_empty() {
            let next = Event {
                id: self.event.id.clone(),
                ..Event::default()
            };
            let event = std::mem::replace(&mut self.event, next);
            if std::mem::take(&mut self.has_data) {
                events.push(event);
            }
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event.name),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment keeps the connection alive; other fields mean nothing to us.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = ": hello\n\nid: 7\ndata: {\"a\":1}\n\nevent: gap\r\ndata: one\r\ndata: two\r\n\r\nid: 8\n\n";

    fn all(chunks: &[&[u8]]) -> Vec<Event> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for chunk in chunks {
            parser.feed(chunk, &mut events).unwrap();
        }
        events
    }

    #[test]
    fn events_are_read() {
        let event = |name: &str, data: &str| Event {
            name: name.to_owned(),
            id: Some("7".to_owned()),
            data: data.to_owned(),
        };
        assert_eq!(
            all(&[STREAM.as_bytes()]),
            [event("", "{\"a\":1}"), event("gap", "one\ntwo")]
        );
    }

    #[test]
    fn an_endless_line_is_refused() {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        let piece = vec![b'x'; MAX_LINE / 2 + 1];
        assert!(parser.feed(&piece, &mut events).is_ok());
        assert!(parser.feed(&piece, &mut events).is_err());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_stream_is_cut(at in 0..STREAM.len()) {
            let (head, tail) = STREAM.as_bytes().split_at(at);
            prop_assert_eq!(all(&[head, tail]), all(&[STREAM.as_bytes()]));
        }
    }
}
