//! A web site that says back all that it is sent: its path, its headers and its body, in the headers and the body of the answer. What it was sent it keeps.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, Result};

/// The largest body that is read.
const MAX_BODY: u64 = 1 << 20;

/// A web site on a free loopback port. `/redirect` leads to where it was told, with all that came in the query.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    leads_to: Mutex<String>,
    received: Mutex<Vec<u8>>,
}

impl Echo {
    /// Starts it; `leads_to` is another site.
    pub fn start(leads_to: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the site's port")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            leads_to: Mutex::new(leads_to.to_owned()),
            received: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                // A connection that breaks is its sender's affair.
                thread::spawn(move || _ = serve(&stream, &shared));
            }
        });
        Ok(Self { address, shared })
    }

    /// Its scheme, host and port.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it was sent, request after request.
    pub fn received(&self) -> Vec<u8> {
        let received = self.shared.received.lock();
        received.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
            if line.trim_end().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = Vec::new();
        (&mut reader)
            .take(MAX_BODY.min(length))
            .read_to_end(&mut body)?;
        let all = [head.as_bytes(), &body].concat();
        {
            let received = shared.received.lock();
            let mut received = received.unwrap_or_else(PoisonError::into_inner);
            received.extend_from_slice(&all);
        }
        let line = head.lines().collect::<Vec<_>>().join("; ");
        let (status, more) = if head.contains("/redirect") {
            let to = shared.leads_to.lock();
            let to = to.unwrap_or_else(PoisonError::into_inner);
            let key = head.lines().find_map(|line| line.strip_prefix("x-key: "));
            let location = format!("{to}/echo?key={}", key.unwrap_or_default());
            ("302 Found", format!("Location: {location}\r\n"))
        } else {
            ("200 OK", String::new())
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\n{more}X-Echo: {line}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            all.len()
        )?;
        stream.write_all(&all)?;
    }
}
