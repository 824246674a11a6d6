//! Events over HTTP: every form that is taken, and what the others get.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use serde_json::{Value, json};
use watchbox_tests::{Api, Home};

const LOG: &str = "Generic.Client.Info";
const PATH: &str = "/api/v1/events/Generic.Client.Info";

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// The events of a log without the columns that the server adds.
fn own_columns(api: &Api) -> Result<Vec<Value>> {
    let mut rows = api.log(&format!("events/{LOG}"))?;
    for row in &mut rows {
        assert!(row["_ts"].is_f64(), "{row}");
        row.as_object_mut().context("no object")?.remove("_ts");
    }
    Ok(rows)
}

#[test]
fn every_form_of_body_is_taken() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let event = |n: u64| json!({"ClientId": "C.1", "N": n, "Text": "h\u{e9}", "Deep": {"a": [1, null, 0.5]}});
    let two = [event(1), event(2)];
    let lines = format!("{}\n{}\n", two[0], two[1]).into_bytes();
    let array = serde_json::to_vec(&two)?;
    let msgpack: Vec<_> = two
        .iter()
        .map(rmp_serde::to_vec)
        .collect::<Result<_, _>>()?;
    let forms: Vec<(&str, &str, &str, Vec<u8>, u64)> = vec![
        (
            "one object",
            "application/json",
            "",
            event(1).to_string().into_bytes(),
            1,
        ),
        ("an array", "application/json", "", array.clone(), 2),
        ("NDJSON", "application/x-ndjson", "", lines.clone(), 2),
        (
            "back to back",
            "application/json",
            "",
            format!("{}{}", two[0], two[1]).into_bytes(),
            2,
        ),
        (
            "a byte order mark",
            "application/json",
            "",
            [b"\xef\xbb\xbf", &array[..]].concat(),
            2,
        ),
        (
            "a MessagePack map",
            "application/msgpack",
            "",
            msgpack[0].clone(),
            1,
        ),
        (
            "a MessagePack array",
            "application/msgpack",
            "",
            rmp_serde::to_vec(&two)?,
            2,
        ),
        (
            "MessagePack back to back",
            "application/msgpack",
            "",
            msgpack.concat(),
            2,
        ),
        ("gzip", "application/x-ndjson", "gzip", gzip(&lines)?, 2),
        (
            "deflate",
            "application/x-ndjson",
            "deflate",
            deflate(&lines)?,
            2,
        ),
        (
            "zstd",
            "application/x-ndjson",
            "zstd",
            zstd::encode_all(&lines[..], 1)?,
            2,
        ),
        (
            "MessagePack in zstd",
            "application/msgpack",
            "zstd",
            zstd::encode_all(&rmp_serde::to_vec(&two)?[..], 1)?,
            2,
        ),
    ];
    let mut expected = Vec::new();
    for (form, kind, encoding, body, count) in forms {
        let mut headers = vec![("Content-Type", kind)];
        if !encoding.is_empty() {
            headers.push(("Content-Encoding", encoding));
        }
        let answer = server.api().send("POST", PATH, &headers, &body)?;
        assert_eq!(
            answer.json()?,
            json!({"accepted": count, "refused": 0, "refusals": []}),
            "{form}"
        );
        expected.extend_from_slice(&two[..usize::try_from(count)?]);
    }
    assert_eq!(own_columns(server.api())?, expected);
    Ok(())
}

#[test]
fn the_client_may_stand_in_the_request() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let path = format!("{PATH}?client_id=C.request");
    let body = "{\"N\":1}\n{\"ClientId\":\"C.row\",\"N\":2,\"Hostname\":\"WS2\"}";
    server
        .api()
        .send(
            "POST",
            &path,
            &[("Content-Type", "application/x-ndjson")],
            body.as_bytes(),
        )?
        .json()?;
    let rows = own_columns(server.api())?;
    assert_eq!(rows[0], json!({"ClientId": "C.request", "N": 1}));
    assert_eq!(rows[1]["ClientId"], "C.row");

    // Who reports is registered and seen by it.
    let client = server.api().get_json("/api/v1/clients/C.row")?;
    assert_eq!(client["hostname"], "WS2");
    assert!(client["last_seen"].is_string(), "{client}");
    server.api().get_json("/api/v1/clients/C.request")?;
    Ok(())
}

#[test]
fn a_bad_line_is_refused_and_the_good_ones_are_kept() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let nested = format!(
        "{{\"ClientId\":\"C.1\",\"x\":{}1{}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let bad: [&[u8]; 11] = [
        b"{\"ClientId\":\"C.1\",",
        b"[]x",
        b"7",
        b"{\"ClientId\":\"C.1\",\"a\":1,\"a\":2}",
        b"{\"ClientId\":\"C.1\",\"a\":NaN}",
        b"{\"ClientId\":\"C.1\",\"a\":\"\xff\"}",
        b"{\"ClientId\":\"C.1\",\"a\":\"\\ud800\"}",
        b"{\"ClientId\":\"C.1\",\"a\":1e999}",
        b"{\"ClientId\":\"not a client\",\"a\":1}",
        b"{\"a\":1}",
        nested.as_bytes(),
    ];
    for line in bad {
        let body = [
            b"{\"ClientId\":\"C.1\",\"N\":1}\n",
            line,
            b"\n{\"ClientId\":\"C.1\",\"N\":2}\n",
        ]
        .concat();
        let shown = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
        let answer = server.api().post_events(LOG, &body)?.json()?;
        assert_eq!(
            (&answer["accepted"], &answer["refused"]),
            (&json!(2), &json!(1)),
            "{shown}: {answer}"
        );
        assert_eq!(answer["refusals"][0]["line"], 2, "{shown}: {answer}");
        assert!(
            !answer["refusals"][0]["reason"].as_str().unwrap().is_empty(),
            "{shown}: {answer}"
        );
    }
    assert_eq!(own_columns(server.api())?.len(), 2 * bad.len());
    Ok(())
}

#[test]
fn a_hundred_refusals_are_told_and_the_rest_counted() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let body = format!("{}{{\"ClientId\":\"C.1\"}}\n", "nonsense\n".repeat(250));
    let answer = server.api().post_events(LOG, body.as_bytes())?.json()?;
    assert_eq!(
        (&answer["accepted"], &answer["refused"]),
        (&json!(1), &json!(250))
    );
    assert_eq!(answer["refusals"].as_array().unwrap().len(), 100);
    Ok(())
}

#[test]
fn a_body_without_one_good_event_is_a_problem() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let answer = server.api().post_events(LOG, b"nonsense\n")?;
    assert_eq!(answer.status, 422);
    let problem = answer.problem()?;
    assert_eq!(problem["refusals"][0]["line"], 1, "{problem}");

    // Nothing sent, nothing wrong.
    assert_eq!(server.api().post_events(LOG, b"")?.json()?["accepted"], 0);
    Ok(())
}

#[test]
fn what_can_not_be_read_is_refused_as_a_whole() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let event: &[u8] = b"{\"ClientId\":\"C.1\"}";
    let json = ("Content-Type", "application/json");
    let truncated = gzip(&event.repeat(1_000))?;
    let cases = [
        (
            "an unknown type",
            PATH,
            vec![("Content-Type", "text/html")],
            event,
            415,
        ),
        (
            "an unknown encoding",
            PATH,
            vec![json, ("Content-Encoding", "br")],
            event,
            415,
        ),
        (
            "no gzip",
            PATH,
            vec![json, ("Content-Encoding", "gzip")],
            event,
            400,
        ),
        (
            "a gzip cut short",
            PATH,
            vec![json, ("Content-Encoding", "gzip")],
            &truncated[..truncated.len() / 2],
            400,
        ),
        (
            "no artifact's name",
            "/api/v1/events/no%20name",
            vec![json],
            event,
            400,
        ),
    ];
    for (case, path, headers, body, status) in cases {
        let answer = server.api().send("POST", path, &headers, body)?;
        assert_eq!(answer.status, status, "{case}: {}", answer.text()?);
        assert!(
            !answer.problem()?["detail"].as_str().unwrap().is_empty(),
            "{case}"
        );
    }
    assert_eq!(
        server
            .api()
            .get("/api/v1/events/Generic.Client.Info")?
            .text()?,
        ""
    );
    Ok(())
}

#[test]
fn a_compression_bomb_is_stopped_at_the_limit() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    // A gibibyte of spaces, a few kilobytes as zstd.
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 1 << 30), 1)?;
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "zstd"),
    ];
    let answer = server.api().send("POST", PATH, &headers, &bomb)?;
    assert_eq!(answer.status, 413, "{}", answer.text()?);
    answer.problem()?;

    let peak = std::fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let peak = peak
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap()
        .trim();
    let kilobytes: u64 = peak.trim_end_matches(" kB").parse()?;
    assert!(
        kilobytes < 600 << 10,
        "the server's memory peaked at {kilobytes} kB"
    );

    server.api().accept_events(LOG, b"{\"ClientId\":\"C.1\"}")?;
    Ok(())
}
