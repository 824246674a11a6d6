//! One allow and one deny for everything a request can be, and what is remembered of it.

use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    bindings::watchbox::artifact::http::{Header, Insertion, Secret, Text},
    egress::Egress,
    testing::{
        self, Names, Outside, authority_with, guest, guest_with,
        server::{Server, answer},
        trail,
    },
};

fn plain(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

fn secret(parameter: &str, prefix: &str) -> Text {
    Text::Secret(Secret {
        parameter: parameter.to_owned(),
        prefix: prefix.to_owned(),
    })
}

fn post(url: Text, body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        url,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        body_secrets: Vec::new(),
        timeout_ms: None,
        once: None,
    }
}

fn get(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        ..post(plain(url), "")
    }
}

async fn send(guest: &mut Guest, request: Request) -> Result<Response, Error> {
    Host::send(guest, request).await.unwrap()
}

/// The trail, with a server's port left out.
fn trail_at(guest: &mut Guest, server: &Server) -> String {
    trail(guest).replace(&server.address.port().to_string(), "PORT")
}

fn to(server: &Server, rest: &str) -> String {
    format!(
        "{{ http: [ {{ method: '*', url: \"{}\", {rest} }} ] }}",
        server.url("/*")
    )
}

#[tokio::test]
async fn what_a_grant_covers_is_sent_and_what_none_covers_is_not() {
    let server = Server::answering(&[&answer("200 OK", "X-One: 1\r\n", "ok")]).await;
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let response = send(&mut guest, post(plain(&server.url("/hook?a=b#c")), "hello"))
        .await
        .unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, b"ok".as_slice())
    );
    assert!(
        response
            .headers
            .contains(&("x-one".to_owned(), "1".to_owned()))
    );
    let seen = &server.requests()[0];
    assert!(
        seen.starts_with("POST /hook?a=b HTTP/1.1\r\n") && seen.ends_with("\r\n\r\nhello"),
        "{seen}"
    );
    assert!(seen.contains("user-agent: watchbox/"), "{seen}");
    assert!(guest.work.effects.left_machine());
    insta::assert_snapshot!(trail_at(&mut guest, &server), @"http send [POST http://127.0.0.1:PORT/hook?a=b] allowed: http: * http://127.0.0.1:PORT/* -> status 200");

    let mut guest = testing::guest("{}", &Outside::default());
    let denied = send(&mut guest, post(plain(&server.url("/hook")), "hello"))
        .await
        .unwrap_err();
    assert!(
        matches!(&denied, Error::Denied(why) if why.contains("this one would")),
        "{denied:?}"
    );
    assert_eq!(server.requests().len(), 1);
    assert!(!guest.work.effects.left_machine());
    assert!(trail(&mut guest).contains("DENIED"));
}

#[tokio::test]
async fn an_address_that_is_not_public_needs_a_grant_of_its_own() {
    for (address, class) in [
        ("127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("169.254.169.254", "metadata"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("0.0.0.0", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("fe80::1", "link-local"),
        ("fd00::1", "private"),
    ] {
        let egress = Egress::with_resolver(Arc::new(Names(Mutex::new(vec![vec![address]]))));
        let authority =
            authority_with("http: [ { method: GET, url: \"http://rebound.example/*\" } ]");
        let mut guest = guest_with(authority, &Outside::default(), egress);
        let denied = send(&mut guest, get("http://rebound.example/x"))
            .await
            .unwrap_err();
        let Error::Denied(why) = denied else {
            panic!("{address}: {denied:?}");
        };
        assert!(why.contains(class) && why.contains("addresses"), "{why}");
        assert!(trail(&mut guest).contains("DENIED"));
    }
    // The same by a literal, which a grant of a name does not cover.
    for url in [
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://localhost/",
    ] {
        let mut guest = guest(
            "http: [ { method: GET, url: \"http://rebound.example/*\" } ]",
            &Outside::default(),
        );
        let denied = send(&mut guest, get(url)).await.unwrap_err();
        assert!(matches!(denied, Error::Denied(_)), "{url}: {denied:?}");
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let server = Server::answering(&[&answer("200 OK", "", "here")]).await;
    let port = server.address.port();
    let url = format!("http://inside.example:{port}/x");
    // A second look-up would lead elsewhere.
    let names = Names(Mutex::new(vec![
        vec!["10.0.0.1", "127.0.0.1"],
        vec!["10.0.0.1"],
    ]));
    let authority = authority_with(&format!(
        "http: [ {{ method: GET, url: \"{url}\", addresses: [\"127.0.0.1\"] }} ]"
    ));
    let mut guest = guest_with(
        authority,
        &Outside::default(),
        Egress::with_resolver(Arc::new(names)),
    );
    assert_eq!(send(&mut guest, get(&url)).await.unwrap().body, b"here");
    assert!(server.requests()[0].contains(&format!("host: inside.example:{port}")));
    assert!(matches!(
        send(&mut guest, get(&url)).await,
        Err(Error::Denied(_))
    ));
}

#[tokio::test]
async fn localhost_is_loopback_where_the_grant_names_it() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let url = format!("http://localhost:{}/", server.address.port());
    let mut guest = guest(
        &format!("http: [ {{ method: GET, url: \"{url}\" }} ]"),
        &Outside::default(),
    );
    assert_eq!(send(&mut guest, get(&url)).await.unwrap().status, 200);
}

#[tokio::test]
async fn secrets_go_out_and_never_come_back() {
    let echo = answer(
        "200 OK",
        "x-echo: sesame-open-up\r\n",
        "you said sesame-open-up",
    );
    let server = Server::answering(&[&echo]).await;
    let mut request = post(plain(&server.url("/x")), "");
    request.headers.push(Header {
        name: "Authorization".to_owned(),
        value: secret("token", "Bearer "),
    });
    let mut allowed = guest(&to(&server, "secrets: [token]"), &Outside::default());
    let response = send(&mut allowed, request.clone()).await.unwrap();
    assert!(server.requests()[0].contains("authorization: Bearer sesame-open-up"));
    assert_eq!(
        String::from_utf8_lossy(&response.body),
        "you said secret(token)"
    );
    assert!(!format!("{response:?}{}", trail(&mut allowed)).contains("sesame"));

    let mut denied = guest(&to(&server, ""), &Outside::default());
    let error = send(&mut denied, request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Denied(why) if why.contains("token") && !why.contains("sesame")),
        "{error:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

/// A request with the secret `token` in a header.
/// A POST with secrets in its body, at these places.
fn with_key(url: &str, body: &str, places: &[(u32, &str)]) -> Request {
    Request {
        body_secrets: places
            .iter()
            .map(|&(at, parameter)| Insertion {
                at,
                parameter: parameter.to_owned(),
            })
            .collect(),
        ..post(plain(url), body)
    }
}

#[tokio::test]
async fn a_secret_goes_where_it_belongs_in_a_body() {
    let server = Server::answering(&[&answer("200 OK", "", "got sesame-open-up and more")]).await;
    let outside = Outside::default();
    let grants = to(&server, "secrets: [ token ]");
    let mut guest = guest(&grants, &outside);
    let url = server.url("/x");
    let body = r#"{"key":"","again":""}"#;
    let got = send(
        &mut guest,
        with_key(&url, body, &[(8, "token"), (19, "token")]),
    )
    .await;
    let got = String::from_utf8(got.unwrap().body).unwrap();
    assert_eq!(got, "got secret(token) and more");
    let sent = &server.requests()[0];
    assert!(
        sent.ends_with("{\"key\":\"sesame-open-up\",\"again\":\"sesame-open-up\"}"),
        "{sent}"
    );
    assert!(!trail(&mut guest).contains("sesame"));
    // One more is another request; the same is known from before, and counts by where its secret goes.
    for (places, wrong) in [
        (&[(22, "token")][..], "must ascend"),
        (&[(8, "token"), (7, "token")], "must ascend"),
        (&[(8, "other")], "no secret parameter `other`"),
        (&[(8, "token"); 17], "at most 16"),
    ] {
        let error = send(&mut guest, with_key(&url, body, places))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::InvalidRequest(why) if why.contains(wrong)),
            "{error:?}"
        );
    }
    // Without the grant of the secret it does not go.
    let mut open = testing::guest(&to(&server, "redirects: 0"), &outside);
    let denied = send(&mut open, with_key(&url, body, &[(8, "token")])).await;
    assert!(matches!(denied, Err(Error::Denied(why)) if why.contains("does not list the secret")));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_body_with_a_secret_follows_no_redirect_to_another_origin() {
    let other = Server::answering(&[&answer("200 OK", "", "")]).await;
    let away = format!("Location: {}\r\n", other.url("/y"));
    let first = Server::answering(&[&answer("307 Temporary Redirect", &away, "")]).await;
    let grants = format!(
        "{{ http: [ {{ method: POST, url: '{}', secrets: [ token ], redirects: 2 }}, {{ method: POST, url: '{}', secrets: [ token ], redirects: 2 }} ] }}",
        first.url("/*"),
        other.url("/*")
    );
    let mut guest = guest(&grants, &Outside::default());
    let answer = send(
        &mut guest,
        with_key(&first.url("/x"), "key=", &[(4, "token")]),
    )
    .await;
    assert_eq!(answer.unwrap().status, 307);
    assert!(other.requests().is_empty());
}

fn with_token(url: &str) -> Request {
    let mut request = get(url);
    request.headers.push(Header {
        name: "Authorization".to_owned(),
        value: secret("token", "Bearer "),
    });
    request
}

#[tokio::test]
async fn an_echo_is_cleaned_whatever_it_is_encoded_in() {
    let echo = answer(
        "200 OK",
        "x-sesame-open-up: %73esame%2Dopen-up\r\nset-cookie: t=sesame-open-up; path=/\r\n",
        r#"{"you": "\u0073esame-open-up", "basic": "QmVhcmVyIHNlc2FtZS1vcGVuLXVw"}"#,
    );
    let server = Server::answering(&[&echo]).await;
    let mut allowed = guest(&to(&server, "secrets: [token]"), &Outside::default());
    let response = send(&mut allowed, with_token(&server.url("/x")))
        .await
        .unwrap();
    let body = String::from_utf8(response.body).unwrap();
    // The group of base64 that begins with what stood before it is left.
    assert_eq!(
        body,
        r#"{"you": "secret(token)", "basic": "QmVhcmVyIHsecret(token)"}"#
    );
    let headers = format!("{:?}", response.headers);
    assert!(!headers.contains("open"), "{headers}");
    // The length is that of what the guest sees.
    assert!(
        response
            .headers
            .contains(&("content-length".to_owned(), body.len().to_string())),
        "{headers}"
    );
}

#[tokio::test]
async fn a_compressed_echo_is_left_out() {
    let echo = answer("200 OK", "content-encoding: gzip\r\n", "not looked into");
    let server = Server::answering(&[&echo]).await;
    let mut allowed = guest(&to(&server, "secrets: [token]"), &Outside::default());
    let response = send(&mut allowed, with_token(&server.url("/x")))
        .await
        .unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, b"".as_slice())
    );
    assert!(server.requests()[0].contains("accept-encoding: identity"));
    let (messages, _) = allowed.lines.finish();
    assert!(
        messages[0].text.contains("can't be cleaned"),
        "{messages:?}"
    );
    assert!(trail(&mut allowed).ends_with("-> status 200, compressed: its body is left out"));
    // Where no secret went out there is nothing to clean: it is handed over as it came, never unpacked.
    let response = send(&mut allowed, get(&server.url("/x"))).await.unwrap();
    assert_eq!(response.body, b"not looked into");
}

#[tokio::test]
async fn what_is_wrong_with_a_guess_does_not_show() {
    let outside = Outside::default();
    let mut guest = guest("http: []", &outside);
    let mut told = async |guess: &str| {
        let url = format!("https://{guess}.example/{guess}");
        match send(&mut guest, with_token(&url)).await.unwrap_err() {
            Error::Denied(why) => why.replace(guess, "GUESS"),
            other => panic!("{other:?}"),
        }
    };
    let (wrong, right) = (told("sesame-open-it").await, told("sesame-open-up").await);
    assert_eq!(wrong, right);
    assert!(wrong.contains("GUESS.example"), "{wrong}");
    let trail = trail(&mut guest);
    assert!(
        trail.contains("sesame-open-it") && !trail.contains("sesame-open-up"),
        "{trail}"
    );
}

#[tokio::test]
async fn a_denied_request_resolves_no_name() {
    // One who resolves would find no answer here.
    let egress = Egress::with_resolver(Arc::new(Names::<&str>(Mutex::new(Vec::new()))));
    let mut guest = guest_with(authority_with("http: []"), &Outside::default(), egress);
    let denied = send(&mut guest, get("https://told.by.its.name.example/")).await;
    assert!(matches!(denied, Err(Error::Denied(_))));
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    let bounded = |url: String| Request {
        timeout_ms: Some(100),
        ..get(&url)
    };
    for (answer, is_late) in [
        ("TRICKLE", true),
        ("INFORM", true),
        ("HEADERS", false),
        ("HEADER", false),
    ] {
        let server = Server::answering(&[answer]).await;
        let mut guest = guest(&to(&server, ""), &Outside::default());
        let request = if is_late {
            bounded(server.url("/x"))
        } else {
            get(&server.url("/x"))
        };
        let failed = send(&mut guest, request).await.unwrap_err();
        match failed {
            Error::Timeout => assert!(is_late, "{answer}"),
            Error::Unreachable(why) => assert!(!is_late, "{answer}: {why}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn headers_of_an_answer_are_bounded() {
    let many = |count: usize, length: usize| {
        let headers = (0..count).map(|n| format!("x{n}: {}\r\n", "y".repeat(length)));
        answer("200 OK", &headers.collect::<String>(), "")
    };
    let (well, too_many, too_long) = (many(90, 600), many(101, 1), many(10, 7_000));
    let server = Server::answering(&[&well, &too_many, &too_long]).await;
    let mut guest = guest(&to(&server, ""), &Outside::default());
    assert_eq!(
        send(&mut guest, get(&server.url("/x")))
            .await
            .unwrap()
            .headers
            .len(),
        92
    );
    for _ in 0..2 {
        let failed = send(&mut guest, get(&server.url("/x"))).await.unwrap_err();
        assert!(matches!(failed, Error::Unreachable(_)), "{failed:?}");
    }
}

#[tokio::test]
async fn a_request_s_body_is_held_to_its_limit() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let grants = format!("{{ limits: {{ request: 4B }}, {}", &to(&server, "")[1..]);
    let mut guest = guest(&grants, &Outside::default());
    send(&mut guest, post(plain(&server.url("/x")), "1234"))
        .await
        .unwrap();
    let denied = send(&mut guest, post(plain(&server.url("/y")), "12345"))
        .await
        .unwrap_err();
    assert!(
        matches!(&denied, Error::Denied(why) if why.contains("limits.request")),
        "{denied:?}"
    );
    assert_eq!(server.requests().len(), 1);
    assert!(trail(&mut guest).contains("DENIED: its body has more than the 4 bytes"));
}

#[tokio::test]
async fn a_name_is_checked_anew_at_each_hop() {
    let away = answer("307 Temporary Redirect", "location: /there\r\n", "");
    let server = Server::answering(&[&away]).await;
    let url = format!("http://moving.example:{}/here", server.address.port());
    let names = Names(Mutex::new(vec![vec!["127.0.0.1"], vec!["10.0.0.1"]]));
    let authority = authority_with(&format!(
        "http: [ {{ method: GET, url: \"{}\", redirects: 1, addresses: [\"127.0.0.1\"] }} ]",
        url.replace("/here", "/*")
    ));
    let mut guest = guest_with(
        authority,
        &Outside::default(),
        Egress::with_resolver(Arc::new(names)),
    );
    let denied = send(&mut guest, get(&url)).await.unwrap_err();
    assert!(
        matches!(&denied, Error::Denied(why) if why.contains("private")),
        "{denied:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn of_a_secret_url_only_its_place_is_shown() {
    let server =
        Server::answering(&[&answer("404 Not Found", "", "no /services/T0P53CR3T here")]).await;
    let mut authority = authority_with(&to(&server, "secrets: [hook]"));
    let hook = watchbox_model::Secret::new(format!("{}\n", server.url("/services/T0P53CR3T")));
    authority.secrets.insert("hook".to_owned(), hook);
    let mut allowed = guest_with(authority, &Outside::default(), Egress::new());
    let response = send(&mut allowed, post(secret("hook", ""), "{}"))
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&response.body),
        "no secret(hook) here"
    );
    assert!(server.requests()[0].starts_with("POST /services/T0P53CR3T "));
    insta::assert_snapshot!(trail_at(&mut allowed, &server), @"http send [POST secret(hook) -> http://127.0.0.1:PORT] allowed: http: * http://127.0.0.1:PORT/* -> status 404");

    let mut denied = guest("{}", &Outside::default());
    let error = send(&mut denied, post(secret("hook", ""), "{}"))
        .await
        .unwrap_err();
    insta::assert_debug_snapshot!(error, @r#"
    Error::Denied(
        "no http grant covers POST secret(hook) -> https://hooks.example.com: `{ method: POST, url: \"https://hooks.example.com/*\", secrets: [hook] }` in its grants would allow it",
    )
    "#);
}

#[tokio::test]
async fn an_accepted_request_is_not_sent_again_by_a_further_try() {
    let server = Server::answering(&[
        &answer("200 OK", "", "first"),
        &answer("200 OK", "", "second"),
    ])
    .await;
    let outside = Outside::default();
    let request = || post(plain(&server.url("/x")), "a");
    let mut first = guest(&to(&server, ""), &outside);
    assert_eq!(send(&mut first, request()).await.unwrap().body, b"first");
    // The next one of its like in the turn is another effect.
    assert_eq!(send(&mut first, request()).await.unwrap().body, b"second");
    let mut again = guest(&to(&server, ""), &outside);
    assert_eq!(send(&mut again, request()).await.unwrap().body, b"first");
    assert_eq!(send(&mut again, request()).await.unwrap().body, b"second");
    assert_eq!(server.requests().len(), 2);
    assert!(again.work.effects.left_machine());
    assert!(trail(&mut again).contains("status 200, from the journal"));
    // A grant that is gone is gone for what is in the journal, too.
    let mut revoked = guest("{}", &outside);
    assert!(matches!(
        send(&mut revoked, request()).await,
        Err(Error::Denied(_))
    ));
}

#[tokio::test]
async fn what_asks_for_another_try_is_sent_again_under_the_same_key() {
    let busy = answer("429 Too Many Requests", "retry-after: 1\r\n", "");
    let server = Server::answering(&[&busy, &answer("200 OK", "", "ok")]).await;
    let outside = Outside::default();
    let request = |body: &str| Request {
        once: Some("C.1".to_owned()),
        ..post(plain(&server.url("/x")), body)
    };
    let mut first = guest(&to(&server, ""), &outside);
    assert_eq!(send(&mut first, request("42 s")).await.unwrap().status, 429);
    let mut again = guest(&to(&server, ""), &outside);
    assert_eq!(send(&mut again, request("47 s")).await.unwrap().status, 200);
    assert_eq!(send(&mut again, request("48 s")).await.unwrap().status, 200);
    let seen = server.requests();
    assert_eq!(seen.len(), 2);
    let key = |request: &str| {
        let line = request
            .lines()
            .find(|line| line.starts_with("idempotency-key: "));
        line.unwrap().to_owned()
    };
    assert_eq!(key(&seen[0]), key(&seen[1]));
}

#[tokio::test]
async fn what_is_forgotten_is_sent_again_and_nothing_else() {
    let refused = answer("401 Unauthorized", "", "");
    let fine = answer("200 OK", "", "ok");
    let server = Server::answering(&[&refused, &fine, &fine]).await;
    let outside = Outside::default();
    let request = |once: &str| Request {
        once: Some(once.to_owned()),
        ..post(plain(&server.url("/x")), "")
    };
    let mut guest = guest(&to(&server, ""), &outside);
    for (once, status) in [("a", 401), ("b", 200), ("a", 401)] {
        let answer = send(&mut guest, request(once)).await.unwrap();
        assert_eq!(answer.status, status);
    }
    for once in ["", "a", &"a".repeat(201)] {
        Host::forget(&mut guest, once.to_owned()).await.unwrap();
    }
    for once in ["a", "b"] {
        let answer = send(&mut guest, request(once)).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    assert_eq!(server.requests().len(), 3);
    let trail = trail_at(&mut guest, &server);
    let told = trail.lines().find(|line| line.contains("forget [a]"));
    insta::assert_snapshot!(told.unwrap_or(&trail), @"http forget [a] allowed: its own requests -> ok");
}

#[tokio::test]
async fn an_outcome_that_can_not_be_written_down_is_not_told() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let outside = Outside::default();
    let mut guest = guest(&to(&server, ""), &outside);
    *outside.0.broken.lock().unwrap() = true;
    let failed = Host::send(&mut guest, post(plain(&server.url("/x")), "")).await;
    assert!(
        failed
            .unwrap_err()
            .to_string()
            .contains("the store is away")
    );
    // The journal could not even be read, so nothing was sent.
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_granted_and_each_is_decided() {
    let away = answer("307 Temporary Redirect", "location: /there\r\n", "");
    let server = Server::answering(&[&away, &answer("200 OK", "", "there")]).await;
    let mut none = guest(&to(&server, ""), &Outside::default());
    assert_eq!(
        send(&mut none, post(plain(&server.url("/here")), "x"))
            .await
            .unwrap()
            .status,
        307
    );

    let server = Server::answering(&[&away, &answer("200 OK", "", "there")]).await;
    let mut one = guest(&to(&server, "redirects: 1"), &Outside::default());
    assert_eq!(
        send(&mut one, post(plain(&server.url("/here")), "x"))
            .await
            .unwrap()
            .body,
        b"there"
    );
    assert!(
        server.requests()[1].starts_with("POST /there ")
            && server.requests()[1].ends_with("\r\n\r\nx")
    );
    assert_eq!(trail(&mut one).lines().count(), 2);

    // To where no grant covers: the metadata service, say.
    let evil = answer(
        "302 Found",
        "location: http://169.254.169.254/latest\r\n",
        "",
    );
    let server = Server::answering(&[&evil]).await;
    let mut one = guest(&to(&server, "redirects: 3"), &Outside::default());
    let denied = send(&mut one, get(&server.url("/here"))).await.unwrap_err();
    assert!(matches!(denied, Error::Denied(_)), "{denied:?}");
}

#[tokio::test]
async fn a_redirect_elsewhere_takes_no_secret_along() {
    let there = Server::answering(&[&answer("200 OK", "", "there")]).await;
    let location = format!("location: {}\r\n", there.url("/there"));
    let here = Server::answering(&[&answer("308 Permanent Redirect", &location, "")]).await;
    let grants = format!(
        "http: [ {{ method: '*', url: \"{}\", secrets: [token], redirects: 2 }}, {{ method: '*', url: \"{}\", secrets: [token] }} ]",
        here.url("/*"),
        there.url("/*")
    );
    let mut request = post(plain(&here.url("/here")), "");
    for (name, value) in [
        ("x-token", secret("token", "")),
        ("cookie", plain("a=b")),
        ("x-other", plain("c")),
    ] {
        request.headers.push(Header {
            name: name.to_owned(),
            value,
        });
    }
    let mut guest = guest(&grants, &Outside::default());
    assert_eq!(send(&mut guest, request).await.unwrap().body, b"there");
    assert!(here.requests()[0].contains("x-token: sesame-open-up"));
    let seen = &there.requests()[0];
    assert!(
        !seen.contains("sesame") && !seen.contains("cookie") && seen.contains("x-other: c"),
        "{seen}"
    );
}

#[tokio::test]
async fn a_response_is_cut_off_at_the_limit() {
    let outside = Outside::default();
    let grants =
        |server: &Server| format!("{{ limits: {{ response: 8B }}, {}", &to(server, "")[1..]);
    let server = Server::answering(&[
        &answer("200 OK", "", "12345678"),
        &answer("200 OK", "", "123456789"),
    ])
    .await;
    let mut sized = guest(&grants(&server), &outside);
    assert_eq!(
        send(&mut sized, get(&server.url("/x"))).await.unwrap().body,
        b"12345678"
    );
    assert!(matches!(
        send(&mut sized, get(&server.url("/y"))).await,
        Err(Error::TooLarge(8))
    ));
    // Without a length: counted as it comes. It was accepted, so it is settled.
    let endless = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789";
    let server = Server::answering(&[endless]).await;
    let mut counted = guest(&grants(&server), &Outside::default());
    let once = Request {
        once: Some("x".to_owned()),
        ..post(plain(&server.url("/x")), "")
    };
    assert!(matches!(
        send(&mut counted, once.clone()).await,
        Err(Error::TooLarge(8))
    ));
    assert!(matches!(
        send(&mut counted, once).await,
        Err(Error::TooLarge(8))
    ));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_hangs_times_out_and_one_that_is_not_there_is_unreachable() {
    let server = Server::answering(&["HANG"]).await;
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let request = Request {
        timeout_ms: Some(20),
        ..get(&server.url("/x"))
    };
    assert!(matches!(
        send(&mut guest, request).await,
        Err(Error::Timeout)
    ));
    assert!(trail(&mut guest).contains("-> timeout"));

    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret-path", gone.local_addr().unwrap());
    drop(gone);
    let mut guest = testing::guest(
        &format!("http: [ {{ method: GET, url: \"{url}\" }} ]"),
        &Outside::default(),
    );
    let error = send(&mut guest, get(&url)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable(why) if why.contains("refused") && !why.contains("secret-path")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_accepted_request_whose_answer_breaks_off_is_settled_with_what_came() {
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nok";
    let server = Server::answering(&[broken]).await;
    let mut guest = guest(&to(&server, ""), &Outside::default());
    let response = send(&mut guest, post(plain(&server.url("/x")), ""))
        .await
        .unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, b"ok".as_slice())
    );
    let (messages, _) = guest.lines.finish();
    assert!(messages[0].text.contains("broke off"), "{messages:?}");
    // What only reads is asked again.
    assert!(matches!(
        send(&mut guest, get(&server.url("/x"))).await,
        Err(Error::Unreachable(_))
    ));
}

#[tokio::test]
async fn requests_are_paced() {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let grants = format!(
        "{{ limits: {{ requests-per-minute: 1 }}, {}",
        &to(&server, "")[1..]
    );
    let mut guest = guest(&grants, &Outside::default());
    let request = |path| post(plain(&server.url(path)), "");
    assert_eq!(send(&mut guest, request("/a")).await.unwrap().status, 200);
    let limited = send(&mut guest, request("/b")).await.unwrap_err();
    assert!(
        matches!(limited, Error::Limited(wait) if (1..=60_000).contains(&wait)),
        "{limited:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn wrong_requests_are_refused_and_written_down() {
    let mut guest = guest(
        "http: [ { method: '*', url: \"https://example.com/*\" } ]",
        &Outside::default(),
    );
    let request = Request {
        once: Some(String::new()),
        ..get("https://example.com/")
    };
    assert!(matches!(
        send(&mut guest, request).await,
        Err(Error::InvalidRequest(_))
    ));
    let none = send(&mut guest, post(secret("missing", ""), ""))
        .await
        .unwrap_err();
    insta::assert_debug_snapshot!(none, @r#"
    Error::InvalidRequest(
        "there is no secret parameter `missing`",
    )
    "#);
    assert_eq!(guest.gate.denied(), 2);
}
