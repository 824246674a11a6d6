//! Somebody else's HTTP service, as a test wants it: each request is answered by a function of the test's own, and kept.

use std::{
    fmt,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The largest body that is read.
const MAX_BODY: usize = 64 << 20;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When all of it was there.
    pub at: Instant,
    /// The method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The first header of this name, which is in lower case; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Told {
    /// With a status, headers and a body.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// Not at all: the connection is closed.
    Nothing,
}

impl Told {
    /// With a status and a body.
    pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(status, Vec::new(), body.into())
    }

    /// The same with one more header.
    pub fn with(self, name: &str, value: &str) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Answer(status, headers, body)
            }
            Self::Nothing => Self::Nothing,
        }
    }
}

type Answers = Box<dyn Fn(&Asked) -> Result<Told> + Send + Sync>;

/// A service on a free loopback port.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Answers,
    asked: Mutex<Vec<Asked>>,
    changed: Condvar,
    is_closed: AtomicBool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Starts it. `answers` says how a request is answered; where it fails, the connection is closed.
    pub fn start(answers: impl Fn(&Asked) -> Result<Told> + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the service's port")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            answers: Box::new(answers),
            asked: Mutex::default(),
            changed: Condvar::new(),
            is_closed: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.is_closed.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // A connection that breaks is its sender's affair.
                thread::spawn(move || _ = serve(&stream, &shared));
            }
        });
        Ok(Self { address, shared })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.shared.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `enough` says so of what it was asked, and gives it.
    pub fn wait(&self, limit: Duration, enough: impl Fn(&[Asked]) -> bool) -> Result<Vec<Asked>> {
        let asked = self.shared.asked.lock();
        let (asked, timeout) = self
            .shared
            .changed
            .wait_timeout_while(
                asked.unwrap_or_else(PoisonError::into_inner),
                limit,
                |asked| !enough(asked),
            )
            .unwrap_or_else(PoisonError::into_inner);
        ensure!(
            !timeout.timed_out(),
            "not within {limit:?}; what came: {asked:#?}"
        );
        Ok(asked.clone())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers the requests of one connection until it is closed.
fn serve(mut stream: &TcpStream, shared: &Shared) -> Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader)? {
        let told = (shared.answers)(&asked)?;
        {
            let all = shared.asked.lock();
            all.unwrap_or_else(PoisonError::into_inner).push(asked);
        }
        shared.changed.notify_all();
        let Told::Answer(status, headers, body) = told else {
            return Ok(());
        };
        let mut head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)?;
    }
    Ok(())
}

/// Reads one request; `None` where the connection was closed before it.
fn read(reader: &mut BufReader<&TcpStream>) -> Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().context("no method")?.to_owned();
    let path = words.next().context("no path")?.to_owned();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse()?;
        }
        headers.push((name, value));
    }
    ensure!(length <= MAX_BODY, "a body of {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked {
        at: Instant::now(),
        method,
        path,
        headers,
        body,
    }))
}
