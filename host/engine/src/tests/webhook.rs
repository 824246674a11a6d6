//! A webhook that takes notes.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// The webhook.
pub(super) struct Webhook {
    pub(super) url: String,
    /// The bodies that it accepted.
    pub(super) accepted: Arc<Mutex<Vec<Vec<u8>>>>,
    /// How many of the next requests it answers with 500.
    pub(super) fails: Arc<AtomicU32>,
}

impl Webhook {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook = Self {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            accepted: Arc::default(),
            fails: Arc::default(),
        };
        let (accepted, fails) = (Arc::clone(&webhook.accepted), Arc::clone(&webhook.fails));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&accepted), Arc::clone(&fails)));
            }
        });
        webhook
    }
}

/// Answers the requests of one connection.
async fn serve(stream: TcpStream, accepted: Arc<Mutex<Vec<Vec<u8>>>>, fails: Arc<AtomicU32>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let failing = fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
        let status = match failing {
            Ok(_) => "500 Broken",
            Err(_) => {
                accepted.lock().unwrap().push(body);
                "200 OK"
            }
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
