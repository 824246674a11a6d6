//! A real mail server to hand messages to: mailpit, on free loopback ports.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Api, eventually, toolchains};

/// The version, as Go's tools take it.
pub const MODULE: &str = "github.com/axllent/mailpit@v1.33.1";

/// The name of its folder among the toolchains.
pub const INSTALLED_AS: &str = "github.com-axllent-mailpit@v1.33.1";

const START: Duration = Duration::from_secs(60);

/// How it wants to be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// By STARTTLS alone, with a login.
    StartTls,
    /// By TLS from the first byte on, with a login.
    Tls,
    /// In the open, without a login.
    None,
}

/// The user that it lets log in, and the password.
pub const USER: (&str, &str) = ("watchbox", "sesame-open-up");

/// A mail server. Gone when dropped, with all that it took.
#[derive(Debug)]
pub struct Mailpit {
    server: Child,
    api: Api,
    smtp: SocketAddr,
    _home: TempDir,
}

impl Mailpit {
    /// Starts one, with the certificate and the key in these files, and waits until it answers.
    pub fn start(security: Security, certificate: &Path, key: &Path) -> Result<Self> {
        let program = toolchains::cache()?
            .join("toolchains")
            .join(INSTALLED_AS)
            .join("bin/mailpit");
        let home = tempfile::Builder::new()
            .prefix("watchbox-mailpit-")
            .tempdir()?;
        let (http, smtp) = (free()?, free()?);
        let passwords = home.path().join("passwords");
        fs::write(&passwords, format!("{}:{}\n", USER.0, USER.1))?;
        let mut command = Command::new(program);
        command
            .args(["--listen", &http.to_string(), "--smtp", &smtp.to_string()])
            .args(["--enable-chaos", "--disable-version-check"])
            .stdin(Stdio::null())
            .stdout(File::create(home.path().join("out"))?)
            .stderr(File::create(home.path().join("err"))?);
        if security != Security::None {
            command
                .args(["--smtp-tls-cert".as_ref(), certificate.as_os_str()])
                .args(["--smtp-tls-key".as_ref(), key.as_os_str()])
                .args(["--smtp-auth-file".as_ref(), passwords.as_os_str()]);
        }
        match security {
            Security::StartTls => _ = command.arg("--smtp-require-starttls"),
            Security::Tls => _ = command.arg("--smtp-require-tls"),
            Security::None => {}
        }
        let server = command
            .spawn()
            .context("mailpit is missing: `cargo xtask test` installs it first")?;
        let started = Self {
            server,
            api: Api::new(&format!("http://{http}"), None),
            smtp,
            _home: home,
        };
        eventually(START, || {
            let open = TcpStream::connect(smtp).and_then(|_| TcpStream::connect(http));
            Ok(open.map(drop).map_err(|error| error.to_string()))
        })?;
        Ok(started)
    }

    /// Where it takes mail.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// What it took, the oldest first: each with `MessageID`, `From`, `To`, `Subject`, `Text` and so on.
    pub fn messages(&self) -> Result<Vec<Value>> {
        let list = self.api.get_json("/api/v1/messages?limit=1000")?;
        let messages = list["messages"].as_array().context("no messages")?;
        let one = |message: &Value| {
            let id = message["ID"].as_str().context("no id")?;
            self.api.get_json(&format!("/api/v1/message/{id}"))
        };
        messages.iter().rev().map(one).collect()
    }

    /// A message as it came over the wire.
    pub fn raw(&self, message: &Value) -> Result<String> {
        let id = message["ID"].as_str().context("no id")?;
        let answer = self.api.get(&format!("/api/v1/message/{id}/raw"))?;
        Ok(answer.text()?.to_owned())
    }

    /// From now on every recipient is answered with this code; 0 takes all again.
    pub fn refuse(&self, code: u16) -> Result<()> {
        let trigger = json!({
            "ErrorCode": if code == 0 { 451 } else { code },
            "Probability": if code == 0 { 0 } else { 100 },
        });
        self.api
            .send_json("PUT", "/api/v1/chaos", &json!({ "Recipient": trigger }))
            .map(drop)
    }
}

impl Drop for Mailpit {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A port that nobody has, for now.
fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
