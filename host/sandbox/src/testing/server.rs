//! A small HTTP server on loopback that answers as it is told and remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// The server. It ends with its test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One that gives these answers, as they go over the wire, one a request; the last one for ever.
    pub(crate) async fn answering(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers: Arc<Vec<String>> = Arc::new(
            answers
                .iter()
                .map(|answer| answer.replace("PORT", &address.port().to_string()))
                .collect(),
        );
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone(), seen.clone()));
            }
        });
        Self { address, requests }
    }

    /// A URL of the server's.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was asked so far, head and body of each.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Vec<String>>, seen: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length && stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {}
    let answer = {
        let mut seen = seen.lock().unwrap();
        seen.push(String::from_utf8_lossy(&bytes).into_owned());
        answers[(seen.len() - 1).min(answers.len() - 1)].clone()
    };
    // Until the other side has had enough: nothing, or a head and then more and more of this.
    match answer.as_str() {
        "HANG" => while stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {},
        "TRICKLE" => {
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
            forever(stream, head, "x", Duration::from_millis(2)).await;
        }
        "INFORM" => {
            forever(
                stream,
                "",
                "HTTP/1.1 103 Early Hints\r\n\r\n",
                Duration::ZERO,
            )
            .await
        }
        "HEADERS" => forever(stream, "HTTP/1.1 200 OK\r\n", "x: y\r\n", Duration::ZERO).await,
        "HEADER" => forever(stream, "HTTP/1.1 200 OK\r\nx: ", "yyyyyyyy", Duration::ZERO).await,
        _ => {
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn forever(mut stream: TcpStream, head: &str, more: &str, pause: Duration) {
    let mut sent = stream.write_all(head.as_bytes()).await;
    let more = if pause.is_zero() {
        more.repeat(1_000)
    } else {
        more.to_owned()
    };
    while sent.is_ok() {
        tokio::time::sleep(pause).await;
        sent = stream.write_all(more.as_bytes()).await;
    }
}

/// An answer as it goes over the wire.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}
