//! From an event to a mailbox: the capability `mail`, through a real mail server, on its good days and bad.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{
    Home, Server, eventually,
    mailpit::{Mailpit, Security, USER},
};

use crate::authority::Authority;

const NAME: &str = "Test.Mailer";
const LOG: &str = "Test.Mails";
const SOON: Duration = Duration::from_secs(60);

/// A server whose relay is a mail server of the test's.
struct Mail {
    home: Home,
    server: Server,
    mailpit: Mailpit,
}

impl Mail {
    fn start(security: Security) -> Result<Self> {
        Self::with(security, USER.1, None, 8)
    }

    /// The same with this password, this CA in the place of the relay's, and so many tries of a turn.
    fn with(security: Security, password: &str, ca: Option<&str>, tries: u32) -> Result<Self> {
        let home = Home::new()?;
        let authority = Authority::new("The CA of the mail server")?;
        authority.server()?.put(home.path())?;
        let [certificate, key] = ["server.pem", "server.key"].map(|name| home.path().join(name));
        let mailpit = Mailpit::start(security, &certificate, &key)?;
        let ca = home.file("ca.pem", ca.unwrap_or(&authority.pem()))?;
        let password = home.file("relay.password", format!("{password}\n"))?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
        let login = format!("ca: {ca}, user: {}, password_file: {password}", USER.0);
        let how = match security {
            Security::StartTls => login,
            Security::Tls => format!("tls: tls, {login}"),
            Security::None => "tls: none".to_owned(),
        };
        let settings = format!(
            "mail: {{ relay: \"localhost:{}\", from: \"Watchbox <watchbox@example.org>\", {how} }}\n",
            mailpit.smtp().port()
        );
        let settings = home.file("watchbox.yaml", settings)?;
        let server = Server::start_with(home.build(), &home.data(), &["--config", &settings])?;
        let mail = Self {
            home,
            server,
            mailpit,
        };
        let grants = mail.home.file(
            "grants.yaml",
            format!("mail: [ \"*@example.org\" ]\nlimits: {{ tries: {tries} }}\n"),
        )?;
        let component = mail.home.artifact("mailer")?;
        mail.server
            .run_ok(&["install", &component, "--grants", &grants])?;
        Ok(mail)
    }

    fn events(&self, events: &[Value]) -> Result<()> {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        self.server
            .api()
            .accept_events(LOG, lines.as_bytes())
            .map(drop)
    }

    /// Waits for as many rows.
    fn rows(&self, count: usize) -> Result<Vec<Value>> {
        self.rows_of(NAME, count)
    }

    /// The same of another installation.
    fn rows_of(&self, name: &str, count: usize) -> Result<Vec<Value>> {
        eventually(SOON, || {
            let rows = self.server.api().rows(name)?;
            Ok(if rows.len() >= count {
                Ok(rows)
            } else {
                Err(format!("{count} rows are due: {rows:?}"))
            })
        })
    }

    /// What `watchbox audit` has of mail.
    fn trail(&self) -> Result<String> {
        self.server.run_ok(&[
            "audit",
            "--artifact",
            NAME,
            "--capability",
            "mail",
            "--json",
        ])
    }

    /// Waits until the trail says `text`.
    fn told(&self, text: &str) -> Result<()> {
        eventually(SOON, || {
            let trail = self.trail()?;
            Ok(if trail.contains(text) {
                Ok(())
            } else {
                Err(format!("`{text}` is due: {trail}"))
            })
        })
    }
}

fn event(subject: &str) -> Value {
    json!({
        "ClientId": "C.1",
        "To": ["soc@example.org", "boss@example.org"],
        "Subject": subject,
        "Text": "Grüße,\nwhoami",
        "Once": subject,
    })
}

#[test]
fn mail_goes_out_by_starttls_and_by_tls_with_a_login() -> Result<()> {
    for security in [Security::StartTls, Security::Tls] {
        let mail = Mail::start(security)?;
        mail.events(&[event("Ein Wörtchen")])?;
        let rows = mail.rows(1)?;
        assert_eq!(rows[0]["Error"], Value::Null, "{security:?}: {}", rows[0]);
        let messages = mail.mailpit.messages()?;
        let [message] = &messages[..] else {
            panic!("{security:?}: {messages:?}")
        };
        let id = rows[0]["MessageId"].as_str().context("an id")?;
        assert_eq!(
            format!("<{}>", message["MessageID"].as_str().unwrap_or_default()),
            id
        );
        assert_eq!(message["From"]["Address"], "watchbox@example.org");
        assert_eq!(message["From"]["Name"], "Watchbox");
        assert_eq!(message["To"].as_array().map(Vec::len), Some(2));
        assert_eq!(message["Subject"], "Ein Wörtchen");
        let text = message["Text"].as_str().unwrap_or_default();
        assert_eq!(text.replace("\r\n", "\n").trim_end(), "Grüße,\nwhoami");
        let raw = mail.mailpit.raw(message)?;
        assert!(raw.contains("Auto-Submitted: auto-generated"), "{raw}");
        assert!(raw.contains("X-Watchbox-Artifact: Test.Mailer"), "{raw}");
        let trail = mail.trail()?;
        assert!(
            trail.contains("soc@example.org") && trail.contains("boss@example.org"),
            "{trail}"
        );
        assert!(!trail.contains(USER.1));
    }
    Ok(())
}

#[test]
fn what_an_event_says_forges_no_message() -> Result<()> {
    let mail = Mail::start(Security::None)?;
    let mut forged = event("x\r\nBcc: victim@elsewhere.example\r\n\r\nforged\u{202e}");
    forged["Once"] = Value::Null;
    forged["Text"] = json!("a\r\n.\r\nQUIT\r\n\u{1b}[2J");
    let mut elsewhere = event("elsewhere");
    elsewhere["To"] = json!(["victim@elsewhere.example"]);
    let mut injected = event("injected");
    injected["To"] = json!(["soc@example.org>\r\nRCPT TO:<victim@elsewhere.example"]);
    mail.events(&[forged, elsewhere, injected])?;
    let rows = mail.rows(3)?;
    assert_eq!(rows[0]["Error"], Value::Null);
    let errors: Vec<&str> = rows[1..]
        .iter()
        .filter_map(|row| row["Error"].as_str())
        .collect();
    assert!(
        errors[0].starts_with("mail: denied: no grant covers"),
        "{errors:?}"
    );
    assert!(errors[1].starts_with("mail: no message: "), "{errors:?}");
    let messages = mail.mailpit.messages()?;
    let [message] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(message["Bcc"], json!([]));
    assert_eq!(
        message["Subject"],
        "x\\r\\nBcc: victim@elsewhere.example\\r\\n\\r\\nforged\\u{202e}"
    );
    let text = message["Text"].as_str().unwrap_or_default();
    assert!(
        text.contains("QUIT") && text.contains("\\u{1b}[2J"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_message_is_sent_once_though_its_turn_is_tried_again() -> Result<()> {
    let mail = Mail::with(Security::None, "", None, 2)?;
    let mut trap = event("before the trap");
    trap["Trap"] = json!(true);
    mail.events(&[event("first"), trap, event("last")])?;
    let rows = mail.rows(2)?;
    let subjects: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["Subject"].as_str())
        .collect();
    assert_eq!(subjects, ["first", "last"]);
    let dead = mail.server.run_ok(&["dead-letters", "list", "--json"])?;
    assert!(dead.contains("told to fail"), "{dead}");
    let mut sent: Vec<String> = mail
        .mailpit
        .messages()?
        .iter()
        .map(|message| message["Subject"].as_str().unwrap_or_default().to_owned())
        .collect();
    sent.sort();
    assert_eq!(sent, ["before the trap", "first", "last"]);
    mail.told("taken, from the journal")
}

#[test]
fn a_relay_that_asks_for_patience_is_asked_again_and_one_that_refuses_is_not() -> Result<()> {
    let mail = Mail::start(Security::None)?;
    mail.mailpit.refuse(451)?;
    mail.events(&[event("later")])?;
    mail.told("unavailable: ")?;
    assert!(mail.mailpit.messages()?.is_empty());
    mail.mailpit.refuse(0)?;
    let rows = mail.rows(1)?;
    assert_eq!(rows[0]["Error"], Value::Null);
    mail.mailpit.refuse(550)?;
    mail.events(&[event("never")])?;
    let rows = mail.rows(2)?;
    let error = rows[1]["Error"].as_str().unwrap_or_default();
    assert!(error.starts_with("mail: refused: "), "{error}");
    assert_eq!(mail.mailpit.messages()?.len(), 1);
    Ok(())
}

#[test]
fn mail_goes_to_no_relay_that_is_not_who_it_says_and_a_wrong_password_is_told() -> Result<()> {
    let stranger = Authority::new("Another CA")?.pem();
    for (password, ca, told) in [
        (USER.1, Some(stranger.as_str()), "certificate"),
        ("wrong", None, "does not let the server log in"),
    ] {
        let mail = Mail::with(Security::StartTls, password, ca, 8)?;
        mail.events(&[event("secret")])?;
        mail.told(told)?;
        assert!(mail.mailpit.messages()?.is_empty());
        assert!(!mail.trail()?.contains(password) || password == "wrong");
    }
    Ok(())
}

const ALERT: &str = "Server.Mail.Alert";

/// Waits until as many messages are there.
fn taken(mail: &Mail, count: usize) -> Result<Vec<Value>> {
    eventually(SOON, || {
        let messages = mail.mailpit.messages()?;
        Ok(if messages.len() >= count {
            Ok(messages)
        } else {
            Err(format!("{count} messages are due: {messages:?}"))
        })
    })
}

#[test]
fn an_alert_is_mailed_once_in_a_window_on_bad_days_too() -> Result<()> {
    let mail = Mail::start(Security::None)?;
    let grants = mail.home.file(
        "alert-grants.yaml",
        "mail: [ soc@example.org ]\nclients: [ all ]\nstate: true\nlog: true\nclock: true\n",
    )?;
    let component = mail.home.artifact("server-mail-alert")?;
    mail.server.run_ok(&[
        "install",
        &component,
        "--grants",
        &grants,
        "--param",
        "Log=Test.Alerts",
        "--param",
        "To=soc@example.org",
        "--param",
        "Key={Rule}",
        "--param",
        "Subject={Rule} on {ClientId}",
    ])?;
    let alert = |rule: &str, number: u64| {
        let event = json!({"ClientId": "C.1", "Rule": rule, "Number": number});
        mail.server
            .api()
            .accept_events("Test.Alerts", event.to_string().as_bytes())
    };
    // A relay that is busy is waited for, and what is alike is told once.
    mail.mailpit.refuse(451)?;
    alert("first", 1)?;
    eventually(SOON, || {
        let trail = mail.server.run_ok(&[
            "audit",
            "--artifact",
            ALERT,
            "--capability",
            "mail",
            "--json",
        ])?;
        Ok(if trail.contains("unavailable: ") {
            Ok(())
        } else {
            Err(trail)
        })
    })?;
    mail.mailpit.refuse(0)?;
    taken(&mail, 1)?;
    for number in 2..5 {
        alert("first", number)?;
    }
    alert("=?utf-8?Q?=E2=80=AE?=\r\nBcc: x@elsewhere.example", 5)?;
    let messages = taken(&mail, 2)?;
    let subjects: Vec<&str> = messages
        .iter()
        .filter_map(|message| message["Subject"].as_str())
        .collect();
    assert!(subjects[0].contains("first on C.1"), "{subjects:?}");
    assert!(!subjects[1].contains('\u{202e}'), "{subjects:?}");
    assert_eq!(messages[1]["Bcc"], json!([]));
    let text = messages[0]["Text"].as_str().unwrap_or_default();
    assert!(text.contains("C.1") && text.contains("Number"), "{text}");
    let rows = mail.rows_of(ALERT, 2)?;
    let statuses: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["Status"].as_str())
        .collect();
    assert_eq!(statuses, ["sent", "sent"], "{rows:?}");
    Ok(())
}
