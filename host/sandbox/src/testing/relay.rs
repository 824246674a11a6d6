//! A small mail relay on loopback that refuses as it is told and remembers what it took. (The real one of tests/e2e/mail.rs does TLS and logins.)

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{RelayConfig, RelayTls, egress::Relay};

/// A message that was taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) to: Vec<String>,
    /// Head and text, dots undone.
    pub(crate) data: String,
}

/// The relay. It ends with its test's runtime.
pub(crate) struct Smtp {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    task: JoinHandle<()>,
}

impl Smtp {
    /// One that answers `MAIL` with each of these replies first, and takes what comes after.
    pub(crate) async fn start(replies: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let replies: VecDeque<String> = replies.iter().map(|&reply| reply.to_owned()).collect();
        let replies = Arc::new(Mutex::new(replies));
        let seen = taken.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, replies.clone(), seen.clone()));
            }
        });
        Self {
            address,
            taken,
            task,
        }
    }

    /// The way to it.
    pub(crate) fn relay(&self) -> Relay {
        Relay::new(RelayConfig {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: RelayTls::None,
            ca: None,
            login: None,
            from: "watchbox <alerts@watch.example.org>".to_owned(),
        })
        .unwrap()
    }

    /// The way to it, which leads nowhere from now on.
    pub(crate) async fn gone(self) -> Relay {
        let relay = self.relay();
        self.task.abort();
        let _ = self.task.await;
        relay
    }

    /// What it took so far.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(
    stream: TcpStream,
    replies: Arc<Mutex<VecDeque<String>>>,
    seen: Arc<Mutex<Vec<Taken>>>,
) {
    let mut stream = BufReader::new(stream);
    let mut mail = Taken::default();
    let mut say = "220 relay".to_owned();
    let mut line = String::new();
    loop {
        stream
            .get_mut()
            .write_all(format!("{say}\r\n").as_bytes())
            .await
            .unwrap_or_default();
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        say = match verb.as_str() {
            "MAIL" => {
                mail = Taken::default();
                replies
                    .lock()
                    .unwrap()
                    .pop_front()
                    .unwrap_or_else(|| "250 ok".to_owned())
            }
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                mail.to.push(address.to_owned());
                "250 ok".to_owned()
            }
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await.unwrap();
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                        return;
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                seen.lock().unwrap().push(std::mem::take(&mut mail));
                "250 queued as 1".to_owned()
            }
            "QUIT" => return,
            _ => "250 relay".to_owned(),
        };
    }
}
