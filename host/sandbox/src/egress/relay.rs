//! The mail relay: the one server that mail is handed to, which its operator set. A guest names neither it nor the sender.

use std::{
    error::Error as _,
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    address::Envelope,
    message::{Mailbox, SinglePart, header},
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use tokio::sync::{mpsc, oneshot};
use watchbox_model::{MailAddress, Secret, Time};

/// How long the relay may take for each step of the dialogue.
const STEP: Duration = Duration::from_secs(20);
/// The most connections to it at once.
const CONNECTIONS: u32 = 4;
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

/// The relay. Its connections live on a task of their own, since one whose message was given up half way would say the rest of it to the next.
pub(crate) struct Relay {
    shared: Arc<Shared>,
    task: OnceLock<mpsc::Sender<Errand>>,
}

struct Shared {
    config: RelayConfig,
    from: Mailbox,
    tls: Tls,
}

struct Errand {
    envelope: Envelope,
    message: Vec<u8>,
    answer: oneshot::Sender<Result<String, Untaken>>,
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
        let wrong = |error: smtp::Error| RelayError::Ca(told(&error));
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
        Ok(Self {
            shared: Arc::new(Shared { config, from, tls }),
            task: OnceLock::new(),
        })
    }

    /// The `Message-ID` of the message of this key.
    pub(crate) fn message_id(&self, key: &str) -> String {
        format!("<{key}@{}>", self.shared.from.email.domain())
    }

    /// Hands a message over and waits for the answer: what the relay said when it took it. What is given up by who waits is seen through all the same.
    pub(crate) async fn hand_over(&self, mail: &Mail) -> Result<String, Untaken> {
        let gone = || Untaken::Unavailable("the server is being stopped".to_owned());
        let (envelope, message) = self.write(mail)?;
        let (answer, answered) = oneshot::channel();
        let errand = Errand {
            envelope,
            message,
            answer,
        };
        let task = self.task.get_or_init(|| start(self.shared.clone()));
        task.send(errand).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
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
            .subject(mail.subject.clone())
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

/// Starts the task that has the connections. It ends with the relay.
fn start(shared: Arc<Shared>) -> mpsc::Sender<Errand> {
    let (sender, mut errands) = mpsc::channel::<Errand>(WAITING);
    tokio::spawn(async move {
        let config = &shared.config;
        let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE);
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(shared.tls.clone())
            .timeout(Some(STEP))
            .pool_config(pool);
        if let Some((user, password)) = &config.login {
            let password = password.reveal().trim_end_matches(['\r', '\n']);
            transport = transport.credentials(Credentials::new(user.clone(), password.to_owned()));
        }
        let transport = transport.build();
        while let Some(errand) = errands.recv().await {
            let transport = transport.clone();
            tokio::spawn(async move {
                let sent = transport.send_raw(&errand.envelope, &errand.message).await;
                let answer = match sent {
                    Ok(response) => {
                        let said: Vec<&str> = response.message().collect();
                        Ok(said.join(" "))
                    }
                    Err(error) => Err(untaken(&error)),
                };
                // Who asked may have given it up.
                let _ = errand.answer.send(answer);
            });
        }
    });
    sender
}

/// What an error means: replies of 5xx stay as they are, but for those about the login, which somebody can mend.
fn untaken(error: &smtp::Error) -> Untaken {
    let told = told(error);
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => {
            Untaken::Unavailable(format!("it does not let the server log in: {told}"))
        }
        Some(500..) => Untaken::Refused(told),
        _ => Untaken::Unavailable(told),
    }
}

/// The whole story of an error, which lettre tells in its sources.
fn told(error: &smtp::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_told = cause.to_string();
        if !told.contains(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        source = cause.source();
    }
    crate::printable::line(&told, crate::printable::TARGET)
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("host", &self.shared.config.host)
            .field("port", &self.shared.config.port)
            .finish_non_exhaustive()
    }
}
