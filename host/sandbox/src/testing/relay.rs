//! A small mail relay on loopback that refuses as it is told and remembers what it took. (The real one of tests/e2e/mail.rs does TLS and logins.)

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};
use watchbox_model::Secret;

use crate::{RelayConfig, RelayTls, egress::Relay};

/// A message that was taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) to: Vec<String>,
    /// Head and text, dots undone.
    pub(crate) data: String,
}

/// What is answered once to a word of the dialogue, in the place of yes; `ECHO` in it is what was said. `.` is the end of a message.
pub(crate) type Reply = (&'static str, &'static str);

/// The relay. It ends with its test's runtime.
pub(crate) struct Smtp {
    address: SocketAddr,
    talk: Arc<Talk>,
    task: JoinHandle<()>,
}

struct Talk {
    replies: Mutex<VecDeque<Reply>>,
    taken: Mutex<Vec<Taken>>,
    /// One for each message that may be answered.
    answers: Semaphore,
}

impl Smtp {
    /// One that gives these replies first, each when its word comes, and takes what comes after.
    pub(crate) async fn start(replies: &[Reply]) -> Self {
        Self::answering(replies, Semaphore::MAX_PERMITS).await
    }

    /// The same, which answers so many messages once they are there, and no more before [`Smtp::release`].
    pub(crate) async fn answering(replies: &[Reply], answers: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let talk = Arc::new(Talk {
            replies: Mutex::new(replies.iter().copied().collect()),
            taken: Mutex::default(),
            answers: Semaphore::new(answers),
        });
        let talking = talk.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, talking.clone()));
            }
        });
        Self {
            address,
            talk,
            task,
        }
    }

    /// Gives this reply next when `word` comes.
    pub(crate) fn say(&self, word: &'static str, reply: &'static str) {
        self.talk.replies.lock().unwrap().push_back((word, reply));
    }

    /// Answers one more message.
    pub(crate) fn release(&self) {
        self.talk.answers.add_permits(1);
    }

    /// The way to it, with a login.
    pub(crate) fn relay_for(&self, user: &str, password: &str) -> Relay {
        self.with(Some((user.to_owned(), Secret::new(password))))
    }

    /// The way to it.
    pub(crate) fn relay(&self) -> Relay {
        self.with(None)
    }

    fn with(&self, login: Option<(String, Secret)>) -> Relay {
        Relay::new(RelayConfig {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: RelayTls::None,
            ca: None,
            login,
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
        self.talk.taken.lock().unwrap().clone()
    }
}

impl Talk {
    /// What is answered to `word`, said in `line`.
    fn reply(&self, word: &str, line: &str, yes: &str) -> String {
        let mut replies = self.replies.lock().unwrap();
        let at = replies.iter().position(|(own, _)| *own == word);
        match at.and_then(|at| replies.remove(at)) {
            Some((_, reply)) => reply.replace("ECHO", line.trim_end()),
            None => yes.to_owned(),
        }
    }
}

async fn serve(stream: TcpStream, talk: Arc<Talk>) {
    let mut stream = BufReader::new(stream);
    let mut mail = Taken::default();
    let mut say = "220 relay".to_owned();
    let mut line = String::new();
    loop {
        let said = format!("{say}\r\n");
        if stream.get_mut().write_all(said.as_bytes()).await.is_err() {
            return;
        }
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let yes = match word.as_str() {
            "EHLO" => "250-relay\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "QUIT" => return,
            _ => "250 ok",
        };
        say = talk.reply(&word, &line, yes);
        match word.as_str() {
            "MAIL" => mail = Taken::default(),
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                mail.to.push(address.to_owned());
            }
            "DATA" if say.starts_with("354") => {
                let said = format!("{say}\r\n");
                stream.get_mut().write_all(said.as_bytes()).await.unwrap();
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
                talk.answers.acquire().await.unwrap().forget();
                say = talk.reply(".", "", "250 queued as 1");
                if say.starts_with("250") {
                    talk.taken.lock().unwrap().push(std::mem::take(&mut mail));
                }
            }
            _ => {}
        }
    }
}
