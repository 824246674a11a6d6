//! TLS: the server's certificate, and those of clients.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Certificate, Identity, Response, Version};
use serde_json::Value;
use tokio::runtime::Runtime;
use watchbox_tests::{Home, Server, eventually};

use crate::authority::{Authority, Issued};

const EVENTS: &str = "/api/v1/events/Some.Log";

/// How long the server may take to see that a file has changed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that speaks TLS, with its files in the home.
struct Tls {
    home: Home,
    server: Server,
    authority: Authority,
    runtime: Runtime,
}

impl Tls {
    /// Starts one; `more` are settings of `tls` beside the certificate and its key.
    fn start(more: &str) -> Result<Self> {
        let home = Home::new()?;
        let authority = Authority::new("The CA of the test")?;
        authority.server()?.put(home.path())?;
        let (certificate, key) = (
            home.path().join("server.pem"),
            home.path().join("server.key"),
        );
        let settings = format!(
            "tls: {{ certificate: {}, key: {}, {more} }}\n",
            certificate.display(),
            key.display()
        );
        let settings = home.file("watchbox.yaml", settings)?;
        let arguments = ["--config", settings.as_str()];
        let server = Server::start_with(home.build(), &home.data(), &arguments)?;
        Ok(Self {
            home,
            server,
            authority,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
        })
    }

    /// A client that trusts `authority`, with or without a certificate of its own.
    fn client(&self, authority: &Authority, own: Option<&Issued>) -> Result<reqwest::Client> {
        let trusted = Certificate::from_pem(authority.pem().as_bytes())?;
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([trusted]);
        if let Some(own) = own {
            let pem = format!("{}{}", own.certificate, own.key);
            client = client.identity(Identity::from_pem(pem.as_bytes())?);
        }
        Ok(client.build()?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.api().base())
    }

    fn admin(&self) -> Result<String> {
        let token = fs::read_to_string(self.home.data().join("admin.token"))?;
        Ok(token.trim().to_owned())
    }

    fn get(&self, client: &reqwest::Client, path: &str) -> Result<Response> {
        let request = client.get(self.url(path)).bearer_auth(self.admin()?);
        Ok(self.runtime.block_on(request.send())?)
    }

    /// Sends events, with a token or without; gives the status, and what was answered.
    fn send(
        &self,
        client: &reqwest::Client,
        token: Option<&str>,
        events: &'static str,
    ) -> Result<(u16, Value)> {
        let mut request = client.post(self.url(EVENTS)).body(events);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.runtime.block_on(async {
            let answer = request.send().await?;
            Ok((answer.status().as_u16(), answer.json().await?))
        })
    }

    fn command(&self, ca: Option<&str>) -> Result<std::process::Output> {
        let mut command = self.server.command();
        command.arg("table").env_remove("WATCHBOX_CA");
        if let Some(ca) = ca {
            command.args(["--ca", ca]);
        }
        Ok(command.output()?)
    }

    fn hangup(&self) -> Result<()> {
        Ok(kill(
            Pid::from_raw(self.server.pid().try_into()?),
            Signal::SIGHUP,
        )?)
    }
}

#[test]
fn the_program_speaks_tls_to_those_who_know_its_ca() -> Result<()> {
    let tls = Tls::start("")?;
    assert!(tls.server.api().base().starts_with("https://127.0.0.1:"));
    let ca = tls.home.file("ca.pem", tls.authority.pem())?;
    let other = Authority::new("Another CA")?;
    let others = tls.home.file("other.pem", other.pem())?;

    let known = tls.command(Some(&ca))?;
    assert_eq!(known.status.code(), Some(0), "{known:?}");
    for ca in [None, Some(others.as_str())] {
        let unknown = tls.command(ca)?;
        assert_eq!(unknown.status.code(), Some(5), "{unknown:?}");
        let told = String::from_utf8(unknown.stderr)?;
        assert!(
            told.contains("--ca") && told.contains("WATCHBOX_CA"),
            "{told}"
        );
    }
    assert!(tls.get(&tls.client(&other, None)?, "/health").is_err());
    // What is no TLS is no request.
    let plain = tls.url("/health").replace("https://", "http://");
    let plain = tls
        .runtime
        .block_on(reqwest::Client::new().get(plain).send());
    assert!(plain.is_err(), "{plain:?}");
    Ok(())
}

#[test]
fn the_client_chooses_between_http_1_and_2() -> Result<()> {
    let tls = Tls::start("")?;
    let client = tls.client(&tls.authority, None)?;
    let answer = tls.get(&client, "/api/v1/table")?;
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, Version::HTTP_2)
    );
    let metrics = tls.get(&client, "/metrics")?;
    let metrics = tls.runtime.block_on(metrics.text())?;
    assert!(
        metrics.contains("watchbox_tls_certificate_ends_seconds"),
        "{metrics}"
    );
    let trusted = Certificate::from_pem(tls.authority.pem().as_bytes())?;
    let old = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([trusted])
        .http1_only()
        .build()?;
    let answer = tls.get(&old, "/api/v1/table")?;
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, Version::HTTP_11)
    );
    Ok(())
}

/// Settings with a CA of clients.
fn with_clients(home: &Home, authority: &Authority, more: &str) -> Result<String> {
    let ca = home.file("clients.pem", authority.pem())?;
    Ok(format!("client_ca: {ca}, {more}"))
}

#[test]
fn an_endpoint_with_a_certificate_reports_for_itself_alone() -> Result<()> {
    let files = Home::new()?;
    let fleet = Authority::new("The CA of the fleet")?;
    let tls = Tls::start(&with_clients(&files, &fleet, "")?)?;
    let certificate = |name: &str, uris: &[&str]| -> Result<reqwest::Client> {
        tls.client(&tls.authority, Some(&fleet.client(name, uris, 1)?))
    };
    let one = certificate("C.1", &[])?;
    let accepted = tls.send(&one, None, "{\"N\":1}\n{\"ClientId\":\"C.1\",\"N\":2}")?;
    assert_eq!(
        (accepted.0, &accepted.1["accepted"]),
        (200, &2.into()),
        "{accepted:?}"
    );
    for events in [
        "{\"ClientId\":\"C.2\"}",
        "{\"N\":3}\n{\"ClientId\":\"C.2\"}",
    ] {
        let (status, problem) = tls.send(&one, None, events)?;
        assert_eq!(status, 403, "{problem}");
        let detail = problem["detail"].as_str().context("no detail")?;
        assert!(
            detail.contains("certificate:C.1") && detail.contains("C.2"),
            "{detail}"
        );
    }
    let named = certificate("host.example", &["urn:watchbox:client:C.7"])?;
    assert_eq!(tls.send(&named, None, "{\"N\":1}")?.0, 200);

    // Without a certificate, or with one that is no client's, a token is of no use to send events.
    let admin = tls.admin()?;
    let without = tls.client(&tls.authority, None)?;
    let nobodys = certificate("host.example", &[])?;
    for client in [&without, &nobodys] {
        for token in [None, Some(admin.as_str())] {
            let (status, problem) = tls.send(client, token, "{\"ClientId\":\"C.1\"}")?;
            assert_eq!(status, 401, "{problem}");
        }
    }
    // It is of use for all else, and a certificate for nothing else.
    assert_eq!(tls.get(&without, "/api/v1/table")?.status(), 200);
    let table = one.get(tls.url("/api/v1/table")).send();
    assert_eq!(tls.runtime.block_on(table)?.status(), 401);

    // One of another CA is not even listened to.
    let stranger = Authority::new("The CA of the fleet")?;
    let stranger = tls.client(&tls.authority, Some(&stranger.client("C.1", &[], 1)?))?;
    assert!(tls.send(&stranger, None, "{\"N\":1}").is_err());

    let rows = tls.get(&without, EVENTS)?;
    let rows = tls.runtime.block_on(rows.text())?;
    assert_eq!(rows.lines().count(), 3, "{rows}");
    let trail = tls.get(&without, "/api/v1/audit?decision=denied")?;
    let trail = tls.runtime.block_on(trail.text())?;
    assert!(trail.contains("\"actor\":\"certificate:C.1\""), "{trail}");
    Ok(())
}

#[test]
fn tokens_send_on_beside_certificates_where_the_settings_say_so() -> Result<()> {
    let files = Home::new()?;
    let fleet = Authority::new("The CA of the fleet")?;
    let tls = Tls::start(&with_clients(&files, &fleet, "tokens_send: true")?)?;
    let admin = tls.admin()?;
    let without = tls.client(&tls.authority, None)?;
    assert_eq!(
        tls.send(&without, Some(&admin), "{\"ClientId\":\"C.1\"}")?
            .0,
        200
    );
    assert_eq!(tls.send(&without, None, "{\"ClientId\":\"C.1\"}")?.0, 401);
    // Who shows a certificate is held to it, whatever token comes along.
    let own = fleet.client("C.1", &[], 1)?;
    let one = tls.client(&tls.authority, Some(&own))?;
    assert_eq!(
        tls.send(&one, Some(&admin), "{\"ClientId\":\"C.2\"}")?.0,
        403
    );
    Ok(())
}

#[test]
fn a_certificate_that_was_revoked_is_of_no_use_at_once() -> Result<()> {
    let files = Home::new()?;
    let fleet = Authority::new("The CA of the fleet")?;
    let list = files.file("revoked.pem", fleet.revoked(&[7])?)?;
    let tls = Tls::start(&with_clients(
        &files,
        &fleet,
        &format!("client_crl: {list}"),
    )?)?;
    let client = |serial: u64| -> Result<reqwest::Client> {
        let own = fleet.client(&format!("C.{serial}"), &[], serial)?;
        tls.client(&tls.authority, Some(&own))
    };
    let (one, two) = (client(1)?, client(2)?);
    assert!(tls.send(&client(7)?, None, "{\"N\":1}").is_err());
    for client in [&one, &two] {
        assert_eq!(tls.send(client, None, "{\"N\":1}")?.0, 200);
    }
    fs::write(&list, fleet.revoked(&[7, 1])?)?;
    tls.hangup()?;
    // Its connection is there still, and of no use; a new one is not had.
    eventually(PATIENCE, || match tls.send(&one, None, "{\"N\":2}") {
        Ok((200, _)) => Ok(Err("it is let in still".to_owned())),
        _ => Ok(Ok(())),
    })?;
    assert!(tls.send(&client(1)?, None, "{\"N\":2}").is_err());
    assert_eq!(tls.send(&two, None, "{\"N\":2}")?.0, 200);
    Ok(())
}

#[test]
fn a_certificate_is_renewed_without_a_restart() -> Result<()> {
    let tls = Tls::start("")?;
    let client = tls.client(&tls.authority, None)?;
    let mut live = tls.get(&client, &format!("{EVENTS}/live"))?;
    assert_eq!(live.status(), 200);

    // What does not go together is not taken.
    let next = Authority::new("The next CA")?;
    let renewed = next.server()?;
    fs::write(tls.home.path().join("server.pem"), &renewed.certificate)?;
    tls.hangup()?;
    eventually(PATIENCE, || {
        let told = tls.server.log()?.contains("what was read before stays");
        Ok(told
            .then_some(())
            .ok_or_else(|| "the log does not tell".to_owned()))
    })?;
    let fresh = tls.client(&tls.authority, None)?;
    assert_eq!(tls.get(&fresh, "/health")?.status(), 200);

    // Nobody tells the server of these.
    renewed.put(tls.home.path())?;
    let new = tls.client(&next, None)?;
    eventually(PATIENCE, || {
        let answer = tls.get(&new, "/health");
        Ok(answer.map(drop).map_err(|error| format!("{error:#}")))
    })?;
    let old = tls.client(&tls.authority, None)?;
    assert!(tls.get(&old, "/health").is_err());

    // Who was connected stays so.
    let sent = new
        .post(tls.url(EVENTS))
        .bearer_auth(tls.admin()?)
        .body("{\"ClientId\":\"C.1\",\"N\":1}");
    assert_eq!(tls.runtime.block_on(sent.send())?.status(), 200);
    let mut seen = String::new();
    tls.runtime.block_on(async {
        while !seen.contains("\"N\":1") {
            let piece = live.chunk().await?.context("the stream ended")?;
            seen.push_str(std::str::from_utf8(&piece)?);
        }
        anyhow::Ok(())
    })?;
    Ok(())
}

/// What `watchbox serve` says where it does not start.
fn refused(home: &Home, arguments: &[&str]) -> Result<String> {
    let output = Command::new(home.build().program("watchbox")?)
        .args(["serve", "--data"])
        .arg(home.data())
        .args(arguments)
        .output()?;
    let told = String::from_utf8(output.stderr)?;
    anyhow::ensure!(
        output.status.code() == Some(1),
        "{:?}: {told}",
        output.status
    );
    Ok(told)
}

#[test]
fn others_are_not_served_in_the_clear() -> Result<()> {
    let home = Home::new()?;
    let told = refused(&home, &["--listen", "0.0.0.0:0"])?;
    assert!(
        told.contains("`tls`") && told.contains("allow_plain_http"),
        "{told}"
    );
    assert!(!home.data().exists(), "nothing was begun");
    Ok(())
}

#[test]
fn a_key_that_everybody_can_read_is_refused() -> Result<()> {
    let home = Home::new()?;
    Authority::new("A CA")?.server()?.put(home.path())?;
    let key = home.path().join("server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    let certificate = home.path().join("server.pem");
    for (key, wrong) in [(&key, "chmod o-rwx"), (&certificate, "no private key")] {
        let settings = format!(
            "tls: {{ certificate: {}, key: {} }}\n",
            certificate.display(),
            key.display()
        );
        let settings = home.file("watchbox.yaml", settings)?;
        let told = refused(&home, &["--listen", "127.0.0.1:0", "--config", &settings])?;
        assert!(told.contains(wrong), "{told}");
    }
    Ok(())
}
