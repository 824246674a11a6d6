//! A webhook that behaves as Slack's does, good days and bad.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The path that takes messages; every other one is answered `404 no_service`.
const PATH: &str = "/services/T00000000/B00000000/made-up-for-a-test";

/// The largest body that is read.
const MAX_BODY: usize = 1 << 20;

/// How a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `200 ok`.
    Accept,
    /// `429`, with so many seconds to wait.
    TooMany(u32),
    /// `500`.
    Fail,
    /// `404 no_service`: the webhook was revoked.
    NoService,
    /// Nothing, with the connection kept open.
    Hang,
    /// The connection is closed.
    Drop,
    /// Half of `200 ok`, and then the connection is closed: who sent it can't know, so it counts as not taken.
    Cut,
    /// `200 ok` after so many milliseconds.
    Stall(u32),
    /// `200 ok`, once [`Sink::release`] says so.
    Hold,
}

/// A message that came.
#[derive(Clone, Debug)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// Its `text`; or, where it was no message as Slack wants them, what is wrong with it.
    pub text: Result<String, String>,
    /// How it was answered. A wrong message was answered with its own 4xx instead.
    pub reply: Reply,
}

impl Received {
    /// Whether it was accepted: what people in the channel see.
    pub fn accepted(&self) -> bool {
        self.text.is_ok() && matches!(self.reply, Reply::Accept | Reply::Stall(_) | Reply::Hold)
    }
}

/// A webhook on a free loopback port.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    received: Vec<Received>,
    next: VecDeque<Reply>,
    otherwise: Reply,
    closed: bool,
    /// How often what is held was released.
    released: u64,
    /// Connections that a request is waited for on.
    listening: usize,
    /// Who connected last.
    last_peer: Option<SocketAddr>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    /// Starts it; it accepts what comes.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the sink's port")?;
        let address = listener.local_addr()?;
        let state = State {
            received: Vec::new(),
            next: VecDeque::new(),
            otherwise: Reply::Accept,
            closed: false,
            released: 0,
            listening: 0,
            last_peer: None,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut state = serving.lock();
                if state.closed {
                    return;
                }
                state.listening += 1;
                state.last_peer = stream.peer_addr().ok();
                drop(state);
                serving.changed.notify_all();
                let shared = Arc::clone(&serving);
                // A connection that breaks is its sender's affair.
                thread::spawn(move || _ = serve(&stream, &shared));
            }
        });
        Ok(Self { address, shared })
    }

    /// The webhook's URL: what an operator would keep secret.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// How messages are answered from now on.
    pub fn answer(&self, reply: Reply) {
        self.shared.lock().otherwise = reply;
    }

    /// How the next messages are answered, one after the other, before [`Sink::answer`] holds again.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.lock().next.extend(replies);
    }

    /// Answers what is held.
    pub fn release(&self) {
        self.shared.lock().released += 1;
        self.shared.changed.notify_all();
    }

    /// Accepts what comes from now on, whatever was said before.
    pub fn recover(&self) {
        let mut state = self.shared.lock();
        state.next.clear();
        state.otherwise = Reply::Accept;
    }

    /// What has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.lock().received.clone()
    }

    /// The texts that were accepted so far, in order.
    pub fn accepted(&self) -> Vec<String> {
        self.received()
            .into_iter()
            .filter(Received::accepted)
            .filter_map(|message| message.text.ok())
            .collect()
    }

    /// Waits until all that was sent before has come, where its senders are gone; gives how many messages that are.
    pub fn drained(&self, limit: Duration) -> Result<usize> {
        // Connections are taken in order: once this one is, those before it are.
        let last = TcpStream::connect(self.address)?;
        let me = last.local_addr().ok();
        let mut last = Some(last);
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), limit, |state| {
                if state.last_peer == me {
                    last.take();
                }
                last.is_some() || state.listening > 0
            })
            .unwrap_or_else(PoisonError::into_inner);
        ensure!(
            !timeout.timed_out(),
            "{} connections are still open after {limit:?}",
            state.listening
        );
        Ok(state.received.len())
    }

    /// Waits until `enough` says so of what has come, and gives it.
    pub fn wait(
        &self,
        limit: Duration,
        enough: impl Fn(&[Received]) -> bool,
    ) -> Result<Vec<Received>> {
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), limit, |state| !enough(&state.received))
            .unwrap_or_else(PoisonError::into_inner);
        ensure!(
            !timeout.timed_out(),
            "not within {limit:?}; what came: {:#?}",
            state.received
        );
        Ok(state.received.clone())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        // Wakes the listener, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers the requests of one connection until it is closed.
fn serve(stream: &TcpStream, shared: &Shared) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = read_request(&mut reader);
        let mut state = shared.lock();
        state.listening -= 1;
        let Some(request) = request.inspect_err(|_| shared.changed.notify_all())? else {
            shared.changed.notify_all();
            return Ok(());
        };
        let text = message(&request);
        let reply = match &text {
            Ok(_) => state.next.pop_front().unwrap_or(state.otherwise),
            Err(_) => Reply::NoService,
        };
        state.received.push(Received {
            at: Instant::now(),
            text: text.clone(),
            reply,
        });
        shared.changed.notify_all();
        let (status, header, body) = match (&text, reply) {
            (Err(problem), _) => ("400 Bad Request", String::new(), problem.as_str()),
            (Ok(_), Reply::Accept) => ("200 OK", String::new(), "ok"),
            (Ok(_), Reply::TooMany(seconds)) => (
                "429 Too Many Requests",
                format!("Retry-After: {seconds}\r\n"),
                "rate_limited",
            ),
            (Ok(_), Reply::Fail) => ("500 Internal Server Error", String::new(), "server_error"),
            (Ok(_), Reply::NoService) => ("404 Not Found", String::new(), "no_service"),
            (Ok(_), Reply::Drop) => return Ok(()),
            (Ok(_), Reply::Cut) => {
                let mut stream = stream;
                return Ok(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: te")?);
            }
            (Ok(_), Reply::Stall(milliseconds)) => {
                let pause = Duration::from_millis(milliseconds.into());
                let waited = shared
                    .changed
                    .wait_timeout_while(state, pause, |state| !state.closed)
                    .unwrap_or_else(PoisonError::into_inner);
                state = waited.0;
                ("200 OK", String::new(), "ok")
            }
            (Ok(_), Reply::Hold) => {
                let before = state.released;
                state = shared
                    .changed
                    .wait_while(state, |state| !state.closed && state.released == before)
                    .unwrap_or_else(PoisonError::into_inner);
                ("200 OK", String::new(), "ok")
            }
            (Ok(_), Reply::Hang) => {
                let over = shared.changed.wait_while(state, |state| !state.closed);
                drop(over);
                return Ok(());
            }
        };
        state.listening += 1;
        drop(state);
        let mut stream = stream;
        let written = write!(
            stream,
            "HTTP/1.1 {status}\r\n{header}Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if written.is_err() {
            shared.lock().listening -= 1;
            shared.changed.notify_all();
            return Ok(written?);
        }
    }
}

struct Request {
    method: String,
    path: String,
    json: bool,
    body: Vec<u8>,
}

/// Reads one request; `None` where the connection was closed before it.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().context("no method")?.to_owned();
    let path = words.next().context("no path")?.to_owned();
    let (mut length, mut json) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        } else if name.eq_ignore_ascii_case("content-type") {
            json = value
                .trim()
                .to_ascii_lowercase()
                .starts_with("application/json");
        }
    }
    ensure!(length <= MAX_BODY, "a body of {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request {
        method,
        path,
        json,
        body,
    }))
}

/// The text of a message that Slack would take, or the word with which Slack refuses it.
fn message(request: &Request) -> Result<String, String> {
    if request.path != PATH {
        return Err("no_service".to_owned());
    }
    let body: Value = match serde_json::from_slice(&request.body) {
        Ok(body) if request.method == "POST" && request.json => body,
        _ => return Err("invalid_payload".to_owned()),
    };
    match body["text"].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err("no_text".to_owned()),
    }
}
