//! The standard's requests meet what the contract's meet.

use std::sync::Arc;

use wasmtime_wasi::p2::{InputStream as _, Pollable as _, StreamError};
use wasmtime_wasi_http::{
    WasiHttpView as _,
    p2::{
        bindings::http::types::{
            self, HostFields as _, HostIncomingResponse as _, HostOutgoingBody as _,
            HostOutgoingRequest as _, HostRequestOptions as _,
        },
        body::HostOutgoingBody,
    },
};

use super::*;
use crate::{
    Withheld,
    egress::Egress,
    testing::{
        Outside, authority_with, guest, guest_with,
        server::{Server, answer},
        trail,
    },
};

/// A request as a guest puts it together.
struct Made<'r> {
    method: Method,
    scheme: Option<Scheme>,
    authority: Option<&'r str>,
    path: Option<&'r str>,
    headers: &'r [(&'r str, &'r str)],
}

/// One to `server`, at this path.
fn post<'r>(authority: &'r str, path: &'r str) -> Made<'r> {
    Made {
        method: Method::Post,
        scheme: Some(Scheme::Http),
        authority: Some(authority),
        path: Some(path),
        headers: &[],
    }
}

fn again<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

impl Made<'_> {
    fn make(self, guest: &mut Guest) -> Resource<HostOutgoingRequest> {
        self.try_make(guest).unwrap()
    }

    /// Nothing where wasmtime's own crate takes no such part of a request.
    fn try_make(self, guest: &mut Guest) -> Option<Resource<HostOutgoingRequest>> {
        let mut http = guest.http();
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        let fields = http.from_list(headers.collect()).ok()?;
        let request = types::HostOutgoingRequest::new(&mut http, fields).unwrap();
        let own = |text: Option<&str>| text.map(str::to_owned);
        http.set_method(again(&request), self.method)
            .unwrap()
            .ok()?;
        http.set_scheme(again(&request), self.scheme)
            .unwrap()
            .ok()?;
        http.set_authority(again(&request), own(self.authority))
            .unwrap()
            .ok()?;
        http.set_path_with_query(again(&request), own(self.path))
            .unwrap()
            .ok()?;
        Some(request)
    }
}

/// Asks for `url` by `wasi:http`, its parts taken apart as a guest would that does not care how others read a URL. Gives whether it
/// was refused, or led elsewhere and not followed.
pub(crate) async fn is_refused(
    guest: &mut Guest,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let made = Made {
        method: Method::Other(method.to_owned()),
        scheme: Some(match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        }),
        authority: Some(authority),
        path: Some(path),
        headers,
    };
    let Some(request) = made.try_make(guest) else {
        return true;
    };
    let future = hand(guest, request);
    let answer = wait(guest, future).await;
    guest.see_through().await.unwrap();
    match answer {
        Ok((status, _, _)) => status == 302,
        Err(why) => matches!(
            why,
            ErrorCode::HttpRequestDenied | ErrorCode::InternalError(_)
        ),
    }
}

/// Its body, to be written.
fn body(guest: &mut Guest, request: &Resource<HostOutgoingRequest>) -> Resource<HostOutgoingBody> {
    guest.http().body(again(request)).unwrap().unwrap()
}

/// Writes `parts` into a body, each once there is room for it.
async fn write(guest: &mut Guest, body: &Resource<HostOutgoingBody>, parts: &[&str]) {
    let stream = types::HostOutgoingBody::write(&mut guest.http(), again(body));
    let stream = stream.unwrap().unwrap();
    for part in parts {
        let out = guest.table().get_mut(&stream).unwrap();
        out.ready().await;
        out.write(Bytes::copy_from_slice(part.as_bytes())).unwrap();
    }
    guest.table().delete(stream).unwrap();
}

fn finish(guest: &mut Guest, body: Resource<HostOutgoingBody>) {
    guest.http().finish(body, None).unwrap();
}

/// Hands a request over.
fn hand(
    guest: &mut Guest,
    request: Resource<HostOutgoingRequest>,
) -> Resource<HostFutureIncomingResponse> {
    guest.handle(request, None).unwrap()
}

/// Waits for what comes of a request: status, headers and body, or the error.
async fn wait(
    guest: &mut Guest,
    future: Resource<HostFutureIncomingResponse>,
) -> Result<(u16, Vec<(String, Vec<u8>)>, String), ErrorCode> {
    guest.table().get_mut(&future).unwrap().ready().await;
    let got = types::HostFutureIncomingResponse::get(&mut guest.http(), again(&future)).unwrap();
    let response = got.unwrap().unwrap()?;
    let mut http = guest.http();
    let status = http.status(again(&response)).unwrap();
    let fields = types::HostIncomingResponse::headers(&mut http, again(&response)).unwrap();
    let headers = http.entries(fields).unwrap();
    let body = http.consume(again(&response)).unwrap().unwrap();
    let mut stream = http.table.get_mut(&body).unwrap().take_stream().unwrap();
    let mut text = Vec::new();
    loop {
        stream.ready().await;
        match stream.read(3) {
            Ok(bytes) => text.extend_from_slice(&bytes),
            Err(StreamError::Closed) => break,
            Err(why) => panic!("{why}"),
        }
    }
    guest.table().delete(body).unwrap();
    Ok((status, headers, String::from_utf8(text).unwrap()))
}

/// Sends a request without a body and waits for its answer.
async fn send(guest: &mut Guest, made: Made<'_>) -> Result<(u16, String), ErrorCode> {
    let request = made.make(guest);
    let future = hand(guest, request);
    let (status, _, text) = wait(guest, future).await?;
    Ok((status, text))
}

/// Asks for this by `wasi:http`, and waits for what comes of it.
pub(crate) async fn handle_get(guest: &mut Guest, authority: &str, path: &str) {
    let made = Made {
        method: Method::Get,
        ..post(authority, path)
    };
    let _ = send(guest, made).await;
}

fn to(server: &Server, rest: &str) -> String {
    format!(
        "{{ http: [ {{ method: '*', url: \"{}\" }} ] {rest} }}",
        server.url("/a/*")
    )
}

fn place(server: &Server) -> String {
    server.address.to_string()
}

#[tokio::test]
async fn what_a_grant_covers_is_sent_and_told_of_as_the_contracts_own() {
    let server = Server::answering(&[&answer("201 Created", "x-one: 1\r\n", "made")]).await;
    let place = place(&server);
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let request = Made {
        headers: &[("x-a", "b"), ("content-length", "11")],
        ..post(&place, "/a/x?y=z")
    }
    .make(&mut guest);
    let body = body(&mut guest, &request);
    let future = hand(&mut guest, request);
    // As many toolchains do: the body comes once the request was handed over.
    write(&mut guest, &body, &["hel", "lo ", "world"]).await;
    finish(&mut guest, body);
    let (status, headers, text) = wait(&mut guest, future).await.unwrap();
    assert_eq!((status, text.as_str()), (201, "made"));
    assert!(headers.contains(&("x-one".to_owned(), b"1".to_vec())));
    let seen = &server.requests()[0];
    assert!(
        seen.starts_with("POST /a/x?y=z HTTP/1.1\r\n") && seen.ends_with("\r\n\r\nhello world"),
        "{seen}"
    );
    assert!(
        seen.contains("x-a: b\r\n") && seen.contains("content-length: 11\r\n"),
        "{seen}"
    );
    assert!(
        seen.contains("idempotency-key: ") && !seen.contains("chunked"),
        "{seen}"
    );
    assert_eq!(guest.work.calls, 1);
    guest.see_through().await.unwrap();
    let port = server.address.port().to_string();
    insta::assert_snapshot!(trail(&mut guest).replace(&port, "PORT"), @"http send [POST http://127.0.0.1:PORT/a/x?y=z] allowed: http: * http://127.0.0.1:PORT/a/* -> status 201");
}

#[tokio::test]
async fn what_no_grant_covers_is_refused_and_written_down() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let place = place(&server);
    let outside = Outside::default();
    for made in [
        post(&place, "/b"),
        post(&place, "/a/../b"),
        post(&place, "/a/%2e%2e/b"),
        Made {
            scheme: None,
            ..post(&place, "/a/x")
        },
        post("localhost", "/a/x"),
    ] {
        let mut guest = guest(&to(&server, ""), &outside);
        let why = send(&mut guest, made).await.unwrap_err();
        assert!(matches!(why, ErrorCode::HttpRequestDenied), "{why:?}");
        assert_eq!(guest.gate.denied(), 1);
        assert!(trail(&mut guest).contains("DENIED: no grant covers"));
    }
    let mut none = guest("{}", &outside);
    let why = send(&mut none, post(&place, "/a/x")).await.unwrap_err();
    assert!(matches!(why, ErrorCode::HttpRequestDenied), "{why:?}");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_written_down() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let place = place(&server);
    let user = format!("user:pass@{place}");
    let inside = format!("/{place}/a/x");
    for made in [
        // With the scheme before it, the path would begin with the host.
        Made {
            authority: None,
            ..post("", &inside)
        },
        post(&user, "/a/x"),
        Made {
            scheme: Some(Scheme::Other("file".to_owned())),
            ..post(&place, "/a/x")
        },
        Made {
            method: Method::Connect,
            ..post(&place, "/a/x")
        },
        Made {
            method: Method::Other("get".to_owned()),
            ..post(&place, "/a/x")
        },
        Made {
            headers: &[("x-http-method-override", "DELETE")],
            ..post(&place, "/a/x")
        },
        Made {
            headers: &[("expect", "100-continue")],
            ..post(&place, "/a/x")
        },
    ] {
        let mut guest = guest(&to(&server, ""), &Outside::default());
        let why = send(&mut guest, made).await.unwrap_err();
        assert!(matches!(why, ErrorCode::InternalError(Some(_))), "{why:?}");
        assert!(trail(&mut guest).contains("DENIED: invalid: "));
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn headers_of_the_connection_can_not_even_be_put_together() {
    let mut guest = guest("{}", &Outside::default());
    for name in [
        "host",
        "Connection",
        "transfer-encoding",
        "proxy-authorization",
        "upgrade",
        "a\r\nb",
        "",
    ] {
        let fields = guest
            .http()
            .from_list(vec![(name.to_owned(), b"x".to_vec())]);
        assert!(fields.is_err(), "{name:?}");
    }
    let fields = guest
        .http()
        .from_list(vec![("a".to_owned(), b"x\r\ny: z".to_vec())]);
    assert!(fields.is_err());
}

#[tokio::test]
async fn an_accepted_request_is_not_sent_again_by_a_further_try() {
    let server = Server::answering(&[
        &answer("200 OK", "", "first"),
        &answer("200 OK", "", "second"),
    ])
    .await;
    let place = place(&server);
    let outside = Outside::default();
    for _ in 0..2 {
        let mut guest = guest(&to(&server, ""), &outside);
        // Both under way at once: they are told apart all the same.
        let futures = [(); 2].map(|()| {
            let request = post(&place, "/a/x").make(&mut guest);
            hand(&mut guest, request)
        });
        let mut texts = Vec::new();
        for future in futures {
            texts.push(wait(&mut guest, future).await.unwrap().2);
        }
        texts.sort();
        assert_eq!(texts, ["first", "second"]);
        guest.see_through().await.unwrap();
        assert!(guest.work.effects.left_machine());
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_request_is_seen_through_also_where_nobody_waits_for_it() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let place = place(&server);
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let request = post(&place, "/a/x").make(&mut guest);
    let future = hand(&mut guest, request);
    guest.table().delete(future).unwrap();
    guest.see_through().await.unwrap();
    assert_eq!(server.requests().len(), 1);
    assert!(trail(&mut guest).ends_with("-> status 200"));
}

#[tokio::test]
async fn what_still_waits_for_its_body_when_the_turn_is_over_is_not_sent() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let place = place(&server);
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let request = post(&place, "/a/x").make(&mut guest);
    let open = body(&mut guest, &request);
    let future = hand(&mut guest, request);
    write(&mut guest, &open, &["half of it"]).await;
    guest.see_through().await.unwrap();
    let why = wait(&mut guest, future).await.unwrap_err();
    assert!(matches!(why, ErrorCode::InternalError(Some(_))), "{why:?}");
    assert!(
        trail(&mut guest).ends_with("-> not sent: the turn was over before its body was finished")
    );
    // Given up by the guest itself.
    let request = post(&place, "/a/x").make(&mut guest);
    let given_up = body(&mut guest, &request);
    let future = hand(&mut guest, request);
    types::HostOutgoingBody::drop(&mut guest.http(), given_up).unwrap();
    assert!(wait(&mut guest, future).await.is_err());
    guest.see_through().await.unwrap();
    assert!(trail(&mut guest).ends_with("-> not sent: its body was given up"));
    // With trailers.
    let request = post(&place, "/a/x").make(&mut guest);
    let trailed = body(&mut guest, &request);
    let future = hand(&mut guest, request);
    let trailers = guest
        .http()
        .from_list(vec![("x".to_owned(), b"y".to_vec())])
        .unwrap();
    guest.http().finish(trailed, Some(trailers)).unwrap();
    assert!(wait(&mut guest, future).await.is_err());
    assert!(trail(&mut guest).contains("DENIED: invalid: trailers"));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn it_is_held_to_the_same_limits() {
    let server = Server::answering(&[&answer("200 OK", "", "123456789")]).await;
    let place = place(&server);
    let limited = |limits: &str| {
        guest(
            &to(&server, &format!(", limits: {{ {limits} }}")),
            &Outside::default(),
        )
    };

    let mut small = limited("request: 4B");
    let request = post(&place, "/a/x").make(&mut small);
    let large = body(&mut small, &request);
    let future = hand(&mut small, request);
    write(&mut small, &large, &["1234", "5"]).await;
    finish(&mut small, large);
    let why = wait(&mut small, future).await.unwrap_err();
    assert!(
        matches!(why, ErrorCode::HttpRequestBodySize(Some(4))),
        "{why:?}"
    );
    assert!(trail(&mut small).contains("DENIED: its body has more than the 4 bytes"));
    assert_eq!(server.requests().len(), 0);

    let why = send(&mut limited("response: 8B"), post(&place, "/a/x")).await;
    assert!(
        matches!(why, Err(ErrorCode::HttpResponseBodySize(Some(8)))),
        "{why:?}"
    );

    let mut paced = limited("requests-per-minute: 1");
    send(&mut paced, post(&place, "/a/x")).await.unwrap();
    let why = send(&mut paced, post(&place, "/a/y")).await;
    assert!(
        matches!(why, Err(ErrorCode::ConnectionLimitReached)),
        "{why:?}"
    );
    assert_eq!(server.requests().len(), 2);

    let mut few = limited("calls: 1");
    send(&mut few, post(&place, "/a/z")).await.unwrap();
    let request = post(&place, "/a/z").make(&mut few);
    let ended = few.handle(request, None).unwrap_err();
    assert!(ended.to_string().contains("limit `calls`"), "{ended}");
}

#[tokio::test]
async fn answers_that_nobody_reads_hold_others_up() {
    let server = Server::answering(&[&answer("200 OK", "", "ok")]).await;
    let place = place(&server);
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let mut futures = Vec::new();
    for _ in 0..AT_ONCE {
        let request = post(&place, "/a/x").make(&mut guest);
        futures.push(hand(&mut guest, request));
    }
    let why = send(&mut guest, post(&place, "/a/x")).await;
    assert!(
        matches!(why, Err(ErrorCode::ConnectionLimitReached)),
        "{why:?}"
    );
    // Also once they are over, and in the next turn.
    guest.see_through().await.unwrap();
    let why = send(&mut guest, post(&place, "/a/x")).await;
    assert!(
        matches!(why, Err(ErrorCode::ConnectionLimitReached)),
        "{why:?}"
    );
    wait(&mut guest, futures.remove(0)).await.unwrap();
    send(&mut guest, post(&place, "/a/x")).await.unwrap();
}

#[tokio::test]
async fn a_time_that_is_given_is_kept_to() {
    let server = Server::answering(&["HANG"]).await;
    let place = place(&server);
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let request = post(&place, "/a/x").make(&mut guest);
    let mut http = guest.http();
    let options = types::HostRequestOptions::new(&mut http).unwrap();
    http.set_connect_timeout(again(&options), Some(1_000_000))
        .unwrap()
        .unwrap();
    http.set_first_byte_timeout(again(&options), Some(20_000_000))
        .unwrap()
        .unwrap();
    let future = guest.handle(request, Some(options)).unwrap();
    let why = wait(&mut guest, future).await.unwrap_err();
    assert!(matches!(why, ErrorCode::HttpResponseTimeout), "{why:?}");
    assert!(trail(&mut guest).ends_with("-> timeout"));
}

#[tokio::test]
async fn where_effects_are_withheld_it_is_withheld() {
    let withheld = Arc::new(Withheld::default());
    let authority = authority_with("http: [ { method: POST, url: \"https://h.example/*\" } ]");
    let egress = Egress::withheld(withheld.clone());
    let mut guest = guest_with(authority, &Outside::default(), egress);
    let made = Made {
        scheme: Some(Scheme::Https),
        ..post("h.example", "/x")
    };
    assert_eq!(
        send(&mut guest, made).await.unwrap(),
        (200, "ok".to_owned())
    );
    assert_eq!(withheld.take_calls()[0].target, "POST https://h.example/x");
}

#[tokio::test]
async fn a_journal_that_is_away_ends_the_turn() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let place = place(&server);
    let outside = Outside::default();
    let mut guest = guest(&to(&server, ""), &outside);
    *outside.0.broken.lock().unwrap() = true;
    assert!(send(&mut guest, post(&place, "/a/x")).await.is_err());
    let Ended(failure) = guest.see_through().await.unwrap_err();
    assert_eq!(failure, TurnFailure::Host("the store is away".to_owned()));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn outside_of_a_turn_nothing_is_sent() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let place = place(&server);
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let limits = guest.work.limits.clone();
    guest.begin(None, limits, std::time::Instant::now());
    assert!(send(&mut guest, post(&place, "/a/x")).await.is_err());
    assert!(trail(&mut guest).contains("within a turn only"));
    assert_eq!(server.requests().len(), 0);
}
