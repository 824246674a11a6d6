//! The mail relay: the one server that mail is handed to, which its operator set. A guest names neither it nor the sender.

use std::{
    collections::HashMap,
    error::Error as _,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    address::Envelope,
    message::{Mailbox, SinglePart, header},
    transport::smtp::{
        self,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::ClientId,
    },
};
use tokio::sync::{mpsc, watch};
use watchbox_model::{MailAddress, Secret, Time};

use super::scrub::Scrub;

/// How long it may take until the relay can be told something: connection, TLS, greeting, login.
const BEGIN: Duration = Duration::from_secs(30);
/// How long it may take for each step of the dialogue.
const STEP: Duration = Duration::from_secs(60);
/// How long it may take to answer a message that is there: who gives up earlier has it delivered twice (RFC 5321, 4.5.3.2.6).
const END: Duration = Duration::from_secs(10 * 60);
/// The most connections to it at once.
const CONNECTIONS: usize = 4;
/// How long a connection is kept that nobody needs.
const IDLE: Duration = Duration::from_secs(30);
/// The most messages that wait for one of the connections.
const WAITING: usize = 64;

/// How the connection to the relay is made safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelayTls {
    /// By STARTTLS, without which nothing is said: the usual way on port 587.
    #[default]
    StartTls,
    /// From the first byte on: the usual way on port 465.
    Implicit,
    /// Not at all: for a relay on this machine.
    None,
}

/// A mail relay, as the operator set it.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is made safe.
    pub tls: RelayTls,
    /// Certificates, in PEM, that are trusted beside the machine's.
    pub ca: Option<Vec<u8>>,
    /// User and password, where it wants a login.
    pub login: Option<(String, Secret)>,
    /// The sender: `address`, or `Name <address>`.
    pub from: String,
}

/// Why a relay can't be used as it is set.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The sender is none.
    #[error("`from` is no sender: `name@example.org` or `Name <name@example.org>` is wanted")]
    From,
    /// The CA's file holds no certificate.
    #[error("`ca` holds no certificate in PEM: {0}")]
    Ca(String),
    /// A password would go over the network for everybody to read.
    #[error(
        "with `tls: none` the password would be sent for everybody on the way to read: use `starttls` or `tls`, or a relay on this machine"
    )]
    OpenPassword,
}

/// A message that is ready to go.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: Vec<MailAddress>,
    /// One line.
    pub(crate) subject: String,
    pub(crate) text: String,
    /// What it is called, the same on every try, without `<` and `>` and domain.
    pub(crate) key: String,
    /// When its turn began.
    pub(crate) date: Time,
    /// The installation that sends it.
    pub(crate) artifact: String,
    /// The name that the guest gave the effect.
    pub(crate) once: Option<String>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Untaken {
    /// It never will be.
    Refused(String),
    /// Not now, or it is not known.
    Unavailable(String),
    /// It comes too soon: there is room for it after this long.
    Limited(Duration),
}

/// What came of a message; none while it is under way.
type Answer = Option<Result<String, Untaken>>;

/// The relay. Its connections belong to tasks of their own, since one whose message was given up half way would say the rest of it to the next.
pub(crate) struct Relay {
    shared: Arc<Shared>,
    queue: OnceLock<mpsc::Sender<Errand>>,
}

struct Shared {
    config: RelayConfig,
    from: Mailbox,
    tls: Tls,
    /// What the relay says may hold what it was told at the login.
    scrub: Scrub,
    /// Messages that are not over, by their keys: who comes again with one waits for it, and does not send it a second time.
    under_way: Mutex<HashMap<String, watch::Receiver<Answer>>>,
}

struct Errand {
    key: String,
    envelope: Envelope,
    message: Vec<u8>,
    answer: watch::Sender<Answer>,
}

impl Relay {
    pub(crate) fn new(config: RelayConfig) -> Result<Self, RelayError> {
        let from: Mailbox = config.from.parse().map_err(|_| RelayError::From)?;
        if from.email.to_string().parse::<MailAddress>().is_err() {
            return Err(RelayError::From);
        }
        let loopback = config.host == "localhost"
            || config
                .host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        if config.tls == RelayTls::None && config.login.is_some() && !loopback {
            return Err(RelayError::OpenPassword);
        }
        let wrong = |error: smtp::Error| RelayError::Ca(story(&error));
        let parameters = || {
            let mut builder = TlsParameters::builder(config.host.clone());
            if let Some(pem) = &config.ca {
                let certificate = Certificate::from_pem(pem).map_err(wrong)?;
                builder = builder.add_root_certificate(certificate);
            }
            builder.build_rustls().map_err(wrong)
        };
        let tls = match config.tls {
            RelayTls::StartTls => Tls::Required(parameters()?),
            RelayTls::Implicit => Tls::Wrapper(parameters()?),
            RelayTls::None => Tls::None,
        };
        let mut scrub = Scrub::default();
        if let Some((_, password)) = &config.login {
            scrub.add("mail.password_file", trimmed(password));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                from,
                tls,
                scrub,
                under_way: Mutex::default(),
            }),
            queue: OnceLock::new(),
        })
    }

    /// The `Message-ID` of the message of this key.
    pub(crate) fn message_id(&self, key: &str) -> String {
        format!("<{key}@{}>", self.shared.from.email.domain())
    }

    /// Hands a message over and waits for the answer: what the relay said when it took it. What is given up by who waits is seen through all the same, and
    /// who hands it over again meanwhile gets that answer.
    pub(crate) async fn hand_over(&self, mail: &Mail) -> Result<String, Untaken> {
        let gone = || Untaken::Unavailable("the server is being stopped".to_owned());
        let (envelope, message) = self.write(mail)?;
        let (mut waits, sender) = self.shared.join(&mail.key);
        if let Some(answer) = sender {
            let errand = Errand {
                key: mail.key.clone(),
                envelope,
                message,
                answer,
            };
            let queue = self.queue.get_or_init(|| start(&self.shared));
            queue.send(errand).await.map_err(|_| gone())?;
        }
        let answer = waits.wait_for(Option::is_some).await;
        answer
            .ok()
            .and_then(|answer| answer.clone())
            .unwrap_or_else(|| Err(gone()))
    }

    /// The message as it goes over the wire, the same for the same `mail`.
    fn write(&self, mail: &Mail) -> Result<(Envelope, Vec<u8>), Untaken> {
        let wrong = |error: &dyn fmt::Display| Untaken::Refused(error.to_string());
        let raw = |name: &'static str, value: &str| {
            let name = header::HeaderName::new_from_ascii_str(name);
            header::HeaderValue::new(name, value.to_owned())
        };
        let mut message = lettre::Message::builder()
            .from(self.shared.from.clone())
            // Words that a mail program would decode are none.
            .subject(mail.subject.replace("=?", "= ?"))
            .message_id(Some(self.message_id(&mail.key)))
            .date(UNIX_EPOCH + Duration::from_secs(mail.date.seconds().max(0.0) as u64))
            // No out-of-office note is to come back (RFC 3834).
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Watchbox-Artifact", &mail.artifact));
        for address in &mail.to {
            let address = address.as_str().parse().map_err(|why| wrong(&why))?;
            message = message.to(Mailbox::new(None, address));
        }
        let message = message
            .singlepart(SinglePart::plain(mail.text.clone()))
            .map_err(|why| wrong(&why))?;
        Ok((message.envelope().clone(), message.formatted()))
    }
}

/// Starts the tasks that have the connections. They end with the relay.
fn start(shared: &Arc<Shared>) -> mpsc::Sender<Errand> {
    let (sender, errands) = mpsc::channel::<Errand>(WAITING);
    let errands = Arc::new(tokio::sync::Mutex::new(errands));
    for _ in 0..CONNECTIONS {
        tokio::spawn(work(shared.clone(), errands.clone()));
    }
    sender
}

/// Delivers one message after the other, over one connection as long as that holds.
async fn work(shared: Arc<Shared>, errands: Arc<tokio::sync::Mutex<mpsc::Receiver<Errand>>>) {
    let mut connection = None;
    loop {
        let next = async { errands.lock().await.recv().await };
        let errand = if connection.is_some() {
            match tokio::time::timeout(IDLE, next).await {
                Ok(errand) => errand,
                Err(_) => {
                    connection = None;
                    continue;
                }
            }
        } else {
            next.await
        };
        let Some(errand) = errand else {
            return;
        };
        let answer = shared.deliver(&mut connection, &errand).await;
        shared.lock().remove(&errand.key);
        errand.answer.send_replace(Some(answer));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Answer>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the answer of this key comes; and, if it is not under way, where it goes.
    fn join(&self, key: &str) -> (watch::Receiver<Answer>, Option<watch::Sender<Answer>>) {
        let mut under_way = self.lock();
        // One whose sender is gone was given up with its runtime.
        if let Some(waits) = under_way.get(key)
            && waits.has_changed().is_ok()
        {
            return (waits.clone(), None);
        }
        let (sender, waits) = watch::channel(None);
        under_way.insert(key.to_owned(), waits.clone());
        (waits, Some(sender))
    }

    /// Delivers a message over `connection`, or a fresh one. What goes wrong ends the connection: half a dialogue is never gone on with.
    async fn deliver(
        &self,
        connection: &mut Option<AsyncSmtpConnection>,
        errand: &Errand,
    ) -> Result<String, Untaken> {
        let from = || MailFrom::new(errand.envelope.from().cloned(), Vec::new());
        let kept = match connection.take() {
            // The relay may have hung up meanwhile.
            Some(mut kept) => step(STEP, kept.command(from())).await.ok().map(|_| kept),
            None => None,
        };
        let mut open = match kept {
            Some(kept) => kept,
            None => {
                let mut fresh = self.open().await?;
                // Up to here nothing is about the message: what is refused, somebody can mend.
                let began = step(STEP, fresh.command(from())).await;
                began.map_err(|why| Untaken::Unavailable(self.told(&why)))?;
                fresh
            }
        };
        for to in errand.envelope.to() {
            let rcpt = open.command(Rcpt::new(to.clone(), Vec::new()));
            step(STEP, rcpt).await.map_err(|why| self.untaken(&why))?;
        }
        let data = step(STEP, open.command(Data)).await;
        data.map_err(|why| self.untaken(&why))?;
        let taken = step(END, open.message(&errand.message)).await;
        let said = taken.map_err(|why| self.untaken(&why))?;
        *connection = Some(open);
        let said: Vec<&str> = said.message().collect();
        Ok(self.clean(&said.join(" ")))
    }

    /// A connection, safe and logged in.
    async fn open(&self) -> Result<AsyncSmtpConnection, Untaken> {
        let hello = ClientId::default();
        let RelayConfig {
            host, port, login, ..
        } = &self.config;
        let wrapped = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let opened = async {
            let at = (host.as_str(), *port);
            let connect = AsyncSmtpConnection::connect_tokio1(at, None, &hello, wrapped, None);
            let mut open = connect.await?;
            let offers = open.can_starttls();
            if let (Tls::Required(parameters), true) = (&self.tls, offers) {
                open.starttls(parameters.clone(), &hello).await?;
            }
            Ok((open, offers))
        };
        let (mut open, offers) = step(BEGIN, opened)
            .await
            .map_err(|why| Untaken::Unavailable(self.told(&why)))?;
        if matches!(self.tls, Tls::Required(_)) && !offers {
            return Err(Untaken::Unavailable(format!(
                "the relay {host}:{port} does not offer STARTTLS: `mail.tls` in the server's settings says how to talk to it (`tls` on port 465, `none` on this machine)"
            )));
        }
        if let Some((user, password)) = login {
            let login = Credentials::new(user.clone(), trimmed(password).to_owned());
            let logged_in = step(BEGIN, open.auth(DEFAULT_MECHANISMS, &login)).await;
            logged_in.map_err(|why| {
                let told = self.told(&why);
                Untaken::Unavailable(format!("it does not let the server log in: {told}"))
            })?;
        }
        Ok(open)
    }

    /// What an error means once it is about the message: replies of 5xx stay as they are.
    fn untaken(&self, why: &Broken) -> Untaken {
        match why {
            Broken::Smtp(error) if error.is_permanent() => Untaken::Refused(self.told(why)),
            _ => Untaken::Unavailable(self.told(why)),
        }
    }

    fn told(&self, why: &Broken) -> String {
        match why {
            Broken::Smtp(error) => {
                let RelayConfig { host, port, .. } = &self.config;
                self.clean(&format!("the relay {host}:{port}: {}", story(error)))
            }
            Broken::Timeout => "no answer in time".to_owned(),
        }
    }

    fn clean(&self, text: &str) -> String {
        crate::printable::line(&self.scrub.text(text), crate::printable::TARGET)
    }
}

/// Why a step of the dialogue failed.
enum Broken {
    Smtp(smtp::Error),
    Timeout,
}

async fn step<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Broken> {
    match tokio::time::timeout(limit, step).await {
        Ok(done) => done.map_err(Broken::Smtp),
        Err(_) => Err(Broken::Timeout),
    }
}

/// A password without its file's last line break.
fn trimmed(password: &Secret) -> &str {
    password.reveal().trim_end_matches(['\r', '\n'])
}

/// The whole story of an error, which lettre tells in its sources.
fn story(error: &smtp::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_told = cause.to_string();
        if !told.contains(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        source = cause.source();
    }
    told
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("host", &self.shared.config.host)
            .field("port", &self.shared.config.port)
            .finish_non_exhaustive()
    }
}
