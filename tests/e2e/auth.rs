//! Who may do what.

use std::{fs, os::unix::fs::PermissionsExt as _};

use anyhow::{Context as _, Result};
use serde_json::json;
use watchbox_tests::{Api, Home, Server};

use crate::numbers::{LOG, events};

fn token(server: &Server, body: &serde_json::Value) -> Result<Api> {
    let made = server.api().send_json("POST", "/api/v1/tokens", body)?;
    Ok(server.api().with_token(Some(
        made["token"]
            .as_str()
            .with_context(|| format!("no token: {made}"))?,
    )))
}

#[test]
fn nothing_is_told_without_a_token() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    for stranger in [
        server.api().with_token(None),
        server.api().with_token(Some("guessed")),
    ] {
        for path in [
            "table",
            "clients",
            "logs",
            "audit",
            "artifacts",
            "tokens",
            "dead-letters",
            "events/Test.Numbers",
        ] {
            let answer = stranger.get(&format!("/api/v1/{path}"))?;
            assert_eq!(answer.status, 401, "{path}");
            answer.problem()?;
        }
        assert_eq!(stranger.get("/metrics")?.status, 401);
        assert_eq!(stranger.post_events(LOG, &events(0, 1))?.status, 401);
        for open in ["/health", "/ready"] {
            assert_eq!(stranger.get(open)?.status, 200, "{open}");
        }
    }
    Ok(())
}

#[test]
fn a_role_allows_what_it_says_and_no_more() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let reader = token(&server, &json!({"name": "eyes", "role": "analyst"}))?;
    assert_eq!(reader.get("/api/v1/table")?.status, 200);
    assert_eq!(reader.post_events(LOG, &events(0, 1))?.status, 403);
    assert_eq!(
        reader
            .send("DELETE", "/api/v1/tokens/eyes", &[], &[])?
            .status,
        403
    );

    let sender = token(&server, &json!({"name": "agent", "role": "ingest"}))?;
    sender.accept_events(LOG, &events(0, 1))?;
    assert_eq!(sender.get("/api/v1/table")?.status, 403);
    assert_eq!(sender.get("/api/v1/events/Test.Numbers")?.status, 403);
    Ok(())
}

#[test]
fn an_ingest_token_can_be_bound() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let bound = token(
        &server,
        &json!({"name": "one", "role": "ingest", "clients": ["C.1"], "artifacts": [LOG]}),
    )?;
    bound.accept_events(LOG, &events(0, 1))?;
    assert_eq!(bound.post_events("Test.Others", &events(0, 1))?.status, 403);
    let foreign = bound.post_events(LOG, b"{\"ClientId\":\"C.2\"}")?;
    assert!((400..500).contains(&foreign.status), "{foreign:?}");
    Ok(())
}

#[test]
fn a_revoked_token_is_worth_nothing_at_once() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let reader = token(&server, &json!({"name": "eyes", "role": "analyst"}))?;
    assert_eq!(reader.get("/api/v1/table")?.status, 200);
    server.run_ok(&["token", "revoke", "eyes"])?;
    assert_eq!(reader.get("/api/v1/table")?.status, 401);
    Ok(())
}

#[test]
fn a_revoked_token_s_live_stream_ends() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let analyst = token(&server, &json!({"name": "eyes", "role": "analyst"}))?;
    let mut live = analyst.live(&format!("events/{LOG}"), None)?;
    server.api().accept_events(LOG, &events(0, 1))?;
    assert!(live.next().is_some());
    server.run_ok(&["token", "revoke", "eyes"])?;
    // Else this would wait for ever.
    assert!(live.next().is_none());
    Ok(())
}

#[test]
fn a_token_is_rotated_in_its_file() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let file = home.path().join("eyes.token");
    let file = file.to_str().context("no UTF-8")?;
    let create = [
        "token", "create", "eyes", "--role", "analyst", "--out", file,
    ];
    server.run_ok(&create)?;
    let read = || -> Result<String> { Ok(fs::read_to_string(file)?.trim().to_owned()) };
    let old = read()?;
    server.run_ok(&["token", "rotate", "eyes", "--out", file])?;
    let new = read()?;
    let status = |token: &str| -> Result<u16> {
        Ok(server
            .api()
            .with_token(Some(token))
            .get("/api/v1/table")?
            .status)
    };
    assert_eq!((status(&old)?, status(&new)?), (401, 200));
    // Nobody to rotate: the file stays as it is.
    let nobody = server.run(&["token", "rotate", "nobody", "--out", file])?;
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
    assert_eq!(read()?, new);
    Ok(())
}

#[test]
fn failed_logins_are_counted_in_the_trail_and_their_tokens_are_nowhere() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let wrong = format!("wb_{}", "Z".repeat(43));
    let stranger = server.api().with_token(Some(&wrong));
    let answers: Vec<u16> = (0..40)
        .map(|_| Ok(stranger.get("/api/v1/table")?.status))
        .collect::<Result<_>>()?;
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 30);
    assert_eq!(answers.last(), Some(&429));
    assert_eq!(server.api().get("/api/v1/table")?.status, 200);
    server.stop()?;

    let server = home.server()?;
    let trail = server.api().get_json("/api/v1/audit?decision=denied")?;
    let told: Vec<String> = trail["items"]
        .as_array()
        .context("no items")?
        .iter()
        .map(|record| {
            format!(
                "{} {} {}",
                record["actor"], record["operation"], record["reason"]
            )
        })
        .collect();
    let [number, first] = told.as_slice() else {
        anyhow::bail!("two records, not {told:?}");
    };
    assert_eq!(
        first,
        r#""address:127.0.0.1" "login" "a token that is not known""#
    );
    assert!(number.contains("39 more within a minute"), "{number}");
    assert!(!server.log()?.contains(&wrong) && !trail.to_string().contains(&wrong));
    Ok(())
}

#[test]
fn what_is_secret_is_for_its_owner_only() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    for file in ["admin.token", "secrets.key"] {
        let mode = fs::metadata(server.data().join(file))?.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}: {mode:o}");
    }
    let made = server.api().send_json(
        "POST",
        "/api/v1/tokens",
        &json!({"name": "eyes", "role": "analyst"}),
    )?;
    let text = made["token"].as_str().context("no token")?;
    let listed = server.api().get("/api/v1/tokens")?;
    assert!(listed.text()?.contains("eyes") && !listed.text()?.contains(text));
    assert!(!server.log()?.contains(text));
    for file in ["watchbox.db", "watchbox.db-wal"] {
        let bytes = fs::read(server.data().join(file)).unwrap_or_default();
        assert!(
            !bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes()),
            "{file} holds a token"
        );
    }
    Ok(())
}
