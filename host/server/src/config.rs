//! The server's settings: what an operator may write in the file that `watchbox serve --config` takes.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use watchbox_engine::EngineConfig;
use watchbox_model::{Secret, TrustPolicy};
use watchbox_sandbox::{RelayConfig, RelayTls, SandboxConfig};
use watchbox_store::{Retention, SqliteConfig};

/// The settings. Each has a default; an unknown one is an error.
///
/// ```yaml
/// data: /var/lib/watchbox
/// listen: 127.0.0.1:8421
/// store: { keep_days: 90, keep_mib: 20480 }
/// ingest: { body_mib: 64 }
/// http: { hosts: [watchbox.example.org] }
/// tls: { certificate: server.pem, key: server.key }
/// mail: { relay: "smtp.example.org:587", from: "watchbox <watchbox@example.org>", user: watchbox, password_file: relay.password }
/// trust:
///   keys: [ { name: release, key: RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3, artifacts: ["Server.*"] } ]
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder: `watchbox.db`, `secrets.key`, `audit.key`, `admin.token` and `cache/`. Made where it is missing.
    pub data: PathBuf,
    /// The address to listen on. Loopback by default: on another one the server wants `tls`.
    pub listen: SocketAddr,
    /// TLS; plain HTTP is spoken where it is left out.
    pub tls: Option<TlsSection>,
    /// Speak plain HTTP on an address that other machines can reach too: where a proxy does TLS, or the network is trusted.
    pub allow_plain_http: bool,
    /// The mail relay; no mail is sent where it is left out.
    pub mail: Option<MailSection>,
    /// A folder that is watched: `NAME.wasm` put there is installed as NAME, or upgraded; `NAME.grants.yaml` and `NAME.parameters.yaml` are its settings.
    /// It must belong to the server's user or root, and not be writable for everybody.
    pub artifacts_folder: Option<PathBuf>,
    /// The audit trail.
    pub audit: AuditSection,
    /// The file of the key that seals secrets, where it is not to be `secrets.key` in the data folder; made where it is missing.
    pub secrets_key: Option<PathBuf>,
    /// Whose components are run. Without it, anybody's; with it, only what it names.
    #[serde(deserialize_with = "said")]
    pub trust: Option<TrustPolicy>,
    /// Whether the memory of a server that crashes may be written to a file, and debuggers may look into it: secrets and tokens are in it.
    pub core_dumps: bool,
    /// What is kept for how long.
    pub store: StoreSection,
    /// How artifacts are run.
    pub engine: EngineSection,
    /// The bounds of ingest.
    pub ingest: IngestSection,
    /// The HTTP server.
    pub http: HttpSection,
}

/// TLS: files in PEM. They are read anew when they change, and on SIGHUP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// The server's certificate, and behind it those that lead to its CA.
    pub certificate: PathBuf,
    /// The certificate's private key. Not to be readable for everybody.
    pub key: PathBuf,
    /// The CAs whose client certificates say who sends events. Where it is given, events are sent with such a certificate.
    pub client_ca: Option<PathBuf>,
    /// Lists of client certificates that were revoked, one of each CA of their chain.
    pub client_crl: Option<PathBuf>,
    /// Beside `client_ca`: let tokens send events too, on connections without a certificate, as long as a fleet goes over to certificates.
    #[serde(default)]
    pub tokens_send: bool,
}

/// The mail relay, and who mail is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSection {
    /// Its name or address, and its port: `smtp.example.org:587`.
    pub relay: String,
    /// The sender: `watchbox@example.org`, or `Name <watchbox@example.org>`.
    pub from: String,
    /// How the connection is made safe: `starttls`, `tls` from its first byte on (port 465), or `none`, for a relay on this machine.
    #[serde(default)]
    pub tls: MailTls,
    /// Certificates, in PEM, that are trusted beside the machine's.
    pub ca: Option<PathBuf>,
    /// The user to log in as.
    pub user: Option<String>,
    /// The file that holds the user's password. Not to be readable for everybody.
    pub password_file: Option<PathBuf>,
}

/// How the connection to the mail relay is made safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// By STARTTLS, without which nothing is said.
    #[default]
    StartTls,
    /// From the first byte on.
    Tls,
    /// Not at all.
    None,
}

/// Why the mail relay can't be used as it is set.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    /// `relay` names no server and port.
    #[error(
        "`mail.relay` in the settings: `{0}` is no name and port, such as smtp.example.org:587"
    )]
    Relay(String),
    /// One of `user` and `password_file` is missing.
    #[error("`mail` in the settings: `user` and `password_file` belong together")]
    Login,
    /// A file can't be read.
    #[error("`mail.{setting}` in the settings: {path} can't be read: {error}")]
    File {
        /// Which setting names it.
        setting: &'static str,
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// Others could read the password.
    #[error("`mail.password_file` in the settings: everybody may read {0}: chmod o-r {0}")]
    Open(String),
}

/// The audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSection {
    /// The file of the key that signs it; `audit.key` in the data folder, where left out. Whoever can write both the database and this file can forge
    /// the trail: keep it where the database's backups don't go.
    pub key: Option<PathBuf>,
}

/// What is kept for how long; all of it, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSection {
    /// Rows, messages and audit records older than this many days go.
    pub keep_days: Option<u32>,
    /// The oldest rows go while all logs together have more MiB than this.
    pub keep_mib: Option<u64>,
}

/// How artifacts are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSection {
    /// Threads on which artifacts run; as many as there are processors, where left out.
    pub threads: Option<usize>,
    /// The first pause before another try of a turn that failed, in milliseconds.
    pub backoff_ms: u64,
    /// The longest, in seconds.
    pub backoff_cap_seconds: u64,
    /// How long a stop waits for turns that are under way, in seconds.
    pub grace_seconds: u64,
    /// The most instances of artifacts at once.
    pub instances: u32,
    /// The most memory that any grant may give an artifact, in MiB.
    pub memory_mib: u64,
}

/// The bounds of ingest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IngestSection {
    /// The most MiB of a body, as it is sent and when decompressed.
    pub body_mib: u64,
    /// The most MiB of all bodies that are being worked on; what is over it is told to come again.
    pub in_flight_mib: u64,
    /// How long a sender may be silent within a body, in seconds.
    pub idle_seconds: u64,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSection {
    /// Names, beside the address it listens on and `localhost`, under which the server may be reached. Where it listens on
    /// loopback, a request for another `Host` is refused, so that no web page can reach it through a name of its own.
    pub hosts: Vec<String>,
    /// The most connections at once.
    pub connections: usize,
    /// The most live streams at once.
    pub live_streams: usize,
    /// How long a client may take to send a request's headers, in seconds.
    pub header_seconds: u64,
    /// How long a stop waits for requests that are under way, in seconds.
    pub grace_seconds: u64,
    /// The most MiB of a component that is uploaded.
    pub component_mib: u64,
}

/// A section that is there: one that is left empty is an error and not as if it were left out.
fn said<'de, D: serde::Deserializer<'de>>(section: D) -> Result<Option<TrustPolicy>, D::Error> {
    TrustPolicy::deserialize(section).map(Some)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("watchbox-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8421)),
            tls: None,
            mail: None,
            allow_plain_http: false,
            artifacts_folder: None,
            audit: AuditSection::default(),
            secrets_key: None,
            trust: None,
            core_dumps: false,
            store: StoreSection::default(),
            engine: EngineSection::default(),
            ingest: IngestSection::default(),
            http: HttpSection::default(),
        }
    }
}

impl Default for EngineSection {
    fn default() -> Self {
        Self {
            threads: None,
            backoff_ms: 500,
            backoff_cap_seconds: 300,
            grace_seconds: 10,
            instances: 2_000,
            memory_mib: 1_024,
        }
    }
}

impl Default for IngestSection {
    fn default() -> Self {
        Self {
            body_mib: 64,
            in_flight_mib: 512,
            idle_seconds: 30,
        }
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            connections: 4_096,
            live_streams: 256,
            header_seconds: 10,
            grace_seconds: 10,
            component_mib: 64,
        }
    }
}

impl Config {
    /// The store's settings.
    pub fn sqlite(&self) -> SqliteConfig {
        let day = Duration::from_secs(24 * 60 * 60);
        SqliteConfig {
            path: self.data.join("watchbox.db"),
            retention: Retention {
                age: self.store.keep_days.map(|days| day * days),
                bytes: self.store.keep_mib.map(|mib| mib.saturating_mul(1 << 20)),
            },
        }
    }

    /// The sandbox's settings; reads the files that those of mail name.
    pub fn sandbox(&self) -> Result<SandboxConfig, MailSettingsError> {
        Ok(SandboxConfig {
            cache: Some(self.data.join("cache")),
            instances: self.engine.instances,
            memory: self.engine.memory_mib.saturating_mul(1 << 20),
            relay: self.mail.as_ref().map(MailSection::relay).transpose()?,
        })
    }

    /// The engine's settings.
    pub fn engine(&self) -> EngineConfig {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        EngineConfig {
            clock: watchbox_engine::Clock::default(),
            key_file: (self.secrets_key.clone()).unwrap_or_else(|| self.data.join("secrets.key")),
            trail_key_file: (self.audit.key.clone()).unwrap_or_else(|| self.data.join("audit.key")),
            trust: self.trust.clone().map(Arc::new),
            threads: self.engine.threads.unwrap_or_else(processors),
            backoff: Duration::from_millis(self.engine.backoff_ms),
            backoff_cap: Duration::from_secs(self.engine.backoff_cap_seconds),
            grace: Duration::from_secs(self.engine.grace_seconds),
        }
    }
}

impl MailSection {
    fn relay(&self) -> Result<RelayConfig, MailSettingsError> {
        let found = self.relay.rsplit_once(':').and_then(|(host, port)| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Some((host, port.parse().ok()?))
        });
        let (host, port) = found
            .filter(|(host, _)| !host.is_empty())
            .ok_or_else(|| MailSettingsError::Relay(self.relay.clone()))?;
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), password(file)?)),
            (None, None) => None,
            _ => return Err(MailSettingsError::Login),
        };
        let ca = self
            .ca
            .as_ref()
            .map(|file| std::fs::read(file).map_err(|error| unread("ca", file, error)));
        Ok(RelayConfig {
            host: host.to_owned(),
            port,
            tls: match self.tls {
                MailTls::StartTls => RelayTls::StartTls,
                MailTls::Tls => RelayTls::Implicit,
                MailTls::None => RelayTls::None,
            },
            ca: ca.transpose()?,
            login,
            from: self.from.clone(),
        })
    }
}

fn password(file: &Path) -> Result<Secret, MailSettingsError> {
    let wrong = |error| unread("password_file", file, error);
    let text = std::fs::read_to_string(file).map_err(wrong)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(file).map_err(wrong)?.permissions().mode();
        if mode & 0o004 != 0 {
            return Err(MailSettingsError::Open(file.display().to_string()));
        }
    }
    Ok(Secret::new(text))
}

fn unread(setting: &'static str, file: &Path, error: std::io::Error) -> MailSettingsError {
    MailSettingsError::File {
        setting,
        path: file.display().to_string(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_left_out_keeps_its_defaults() {
        let config: Config =
            serde_json::from_str(r#"{"ingest": {"body_mib": 1}, "store": {"keep_days": 2}}"#)
                .unwrap();
        assert_eq!(config.ingest.in_flight_mib, 512);
        assert_eq!(config.listen.to_string(), "127.0.0.1:8421");
        let retention = config.sqlite().retention;
        assert_eq!(retention.age, Some(Duration::from_secs(2 * 86_400)));
        assert_eq!(retention.bytes, None);
    }

    #[test]
    fn an_empty_trust_section_does_not_switch_the_policy_off() {
        assert!(serde_json::from_str::<Config>(r#"{"trust": null}"#).is_err());
        let none = serde_json::from_str::<Config>("{}").unwrap();
        let empty = serde_json::from_str::<Config>(r#"{"trust": {}}"#).unwrap();
        assert_eq!((none.trust.is_some(), empty.trust.is_some()), (false, true));
    }

    #[test]
    fn a_relay_is_read_with_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, "sesame\n").unwrap();
        let relay = |more: serde_json::Value| {
            let mut mail =
                serde_json::json!({"relay": "smtp.example.org:587", "from": "a@example.org"});
            mail.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let config: Config = serde_json::from_value(serde_json::json!({"mail": mail})).unwrap();
            config
                .sandbox()
                .map(|sandbox| sandbox.relay.unwrap())
                .map_err(|error| error.to_string())
        };
        let login = serde_json::json!({"user": "u", "password_file": password});
        let mode = |mode| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(&password, mode).unwrap();
        };
        mode(0o644);
        assert!(relay(login.clone()).unwrap_err().contains("chmod o-r"));
        mode(0o640);
        let read = relay(login).unwrap();
        assert_eq!((read.host.as_str(), read.port), ("smtp.example.org", 587));
        assert_eq!(read.login.unwrap().1.reveal(), "sesame\n");
        assert_eq!(
            relay(serde_json::json!({"relay": "[::1]:25", "tls": "none"}))
                .unwrap()
                .host,
            "::1"
        );
        for (wrong, told) in [
            (
                serde_json::json!({"relay": "smtp.example.org"}),
                "no name and port",
            ),
            (serde_json::json!({"relay": ":25"}), "no name and port"),
            (serde_json::json!({"user": "u"}), "belong together"),
            (serde_json::json!({"ca": "/nowhere"}), "mail.ca"),
        ] {
            assert!(relay(wrong).unwrap_err().contains(told), "{told}");
        }
    }

    #[test]
    fn an_unknown_setting_is_an_error_in_every_section() {
        for text in [
            r#"{"dta": "x"}"#,
            r#"{"http": {"host": []}}"#,
            r#"{"store": {"age": 1}}"#,
            r#"{"tls": {"certificate": "a", "key": "b", "ca": "c"}}"#,
        ] {
            let error = serde_json::from_str::<Config>(text)
                .unwrap_err()
                .to_string();
            assert!(error.contains("unknown field"), "{error}");
        }
    }
}
