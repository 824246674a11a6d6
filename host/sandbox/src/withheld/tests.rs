use std::sync::Arc;

use watchbox_model::Grants;

use super::*;
use crate::{
    bindings::watchbox::artifact::{clients, clock, http, labels, log, mail, state},
    egress::Egress,
    guest::Guest,
    testing::{self, Outside, authority_with, client, guest_with, server::Server, trail},
};

fn guest(grants: &str, answer: CannedAnswer) -> (Guest, Arc<Withheld>) {
    let withheld = Arc::new(Withheld::new(answer));
    let outside = Outside::with_clients([client("C.1", &["Slack"])]);
    let egress = Egress::withheld(withheld.clone());
    let guest = guest_with(authority_with(grants), &outside, egress);
    (guest, withheld)
}

fn post(url: &str, body: &str, once: Option<&str>) -> http::Request {
    http::Request {
        method: "POST".to_owned(),
        url: http::Text::Plain(url.to_owned()),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        body_secrets: Vec::new(),
        timeout_ms: None,
        once: once.map(str::to_owned),
    }
}

fn secret_url() -> http::Text {
    http::Text::Secret(http::Secret {
        parameter: "hook".to_owned(),
        prefix: String::new(),
    })
}

async fn send(guest: &mut Guest, request: http::Request) -> Result<http::Response, http::Error> {
    http::Host::send(guest, request).await.unwrap()
}

fn asked(call: &WithheldCall) -> &WithheldRequest {
    match &call.effect {
        WithheldEffect::Request(request) => request,
        WithheldEffect::Mail(mail) => panic!("{mail:?}"),
    }
}

#[tokio::test]
async fn mail_is_collected_and_answered_as_it_is_played() {
    let (mut guest, withheld) = guest("{ mail: [ '*@example.org' ] }", CannedAnswer::default());
    let message = |once: &str| mail::Message {
        to: vec!["soc@example.org".to_owned()],
        subject: "s".to_owned(),
        text: "text".to_owned(),
        once: Some(once.to_owned()),
    };
    withheld.play_relay([
        PlayedRelay::Refused("no such user".to_owned()),
        PlayedRelay::Unavailable("busy".to_owned()),
        PlayedRelay::Limited(Duration::from_millis(7)),
    ]);
    let mut answers = Vec::new();
    for once in ["a", "b", "c", "d"] {
        let answer = mail::Host::send(&mut guest, message(once)).await.unwrap();
        answers.push(answer.map(drop));
    }
    use mail::Error;
    assert!(matches!(&answers[0], Err(Error::Refused(why)) if why == "no such user"));
    assert!(matches!(&answers[1], Err(Error::Unavailable(why)) if why == "busy"));
    assert!(matches!(&answers[2], Err(Error::Limited(7))));
    assert!(answers[3].is_ok());
    let calls = withheld.take_calls();
    assert_eq!(calls.len(), 4);
    assert_eq!(
        calls[3],
        WithheldCall {
            target: "mail to soc@example.org".to_owned(),
            bytes: 4,
            once: Some("d".to_owned()),
            effect: WithheldEffect::Mail(WithheldMail {
                to: vec!["soc@example.org".to_owned()],
                subject: "s".to_owned(),
                text: "text".to_owned(),
            }),
        }
    );
    let (uses, _) = withheld.uses();
    assert_eq!(uses, [Use::Mail("soc@example.org".parse().unwrap())]);
}

#[tokio::test]
async fn nothing_is_sent_and_what_would_have_been_is_collected() {
    let server = Server::answering(&[]).await;
    let grants = format!(
        "{{ http: [ {{ method: POST, url: \"{}\" }}, {{ method: POST, url: \"http://nowhere.invalid/*\" }} ], limits: {{ requests-per-minute: 1 }} }}",
        server.url("/*")
    );
    let (mut guest, withheld) = guest(&grants, CannedAnswer::default());
    let answer = send(&mut guest, post(&server.url("/a"), "hello", Some("C.1"))).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"ok".as_slice())
    );
    // Neither is the pace counted, nor the name resolved.
    for _ in 0..3 {
        send(&mut guest, post("http://nowhere.invalid/b", "", None))
            .await
            .unwrap();
    }
    assert!(server.requests().is_empty());
    let calls = withheld.take_calls();
    assert_eq!(
        calls[0],
        WithheldCall {
            target: format!("POST {}", server.url("/a")),
            bytes: 5,
            once: Some("C.1".to_owned()),
            effect: WithheldEffect::Request(WithheldRequest {
                method: "POST".to_owned(),
                url: server.url("/a"),
                headers: asked(&calls[0]).headers.clone(),
                body: Bytes::from_static(b"hello"),
            }),
        }
    );
    assert_eq!(calls.len(), 4);
    assert!(withheld.take_calls().is_empty());
    assert!(trail(&mut guest).contains("status 200"));
}

#[tokio::test]
async fn what_no_grant_covers_is_denied_as_ever() {
    let (mut guest, withheld) = guest(
        "http: [ { method: POST, url: \"https://h.example/a\" } ]",
        CannedAnswer::default(),
    );
    let denied = send(&mut guest, post("https://h.example/b", "", None)).await;
    assert!(matches!(denied, Err(http::Error::Denied(_))), "{denied:?}");
    assert!(withheld.take_calls().is_empty() && withheld.uses().0.is_empty());
    assert!(trail(&mut guest).contains("DENIED"));
}

#[tokio::test]
async fn the_answer_can_be_another_one_and_is_limited_too() {
    let answer = CannedAnswer {
        status: 429,
        body: Bytes::from_static(b"too many"),
    };
    let grants = "{ http: [ { method: POST, url: \"https://h.example/*\" } ] }";
    let (mut busy, _) = guest(grants, answer.clone());
    let answered = send(&mut busy, post("https://h.example/", "", None)).await;
    assert_eq!(answered.unwrap().status, 429);

    let narrow = grants.replace("] }", "], limits: { response: 7B } }");
    let (mut narrow, _) = guest(&narrow, answer);
    let answered = send(&mut narrow, post("https://h.example/", "", None)).await;
    assert!(
        matches!(answered, Err(http::Error::TooLarge(7))),
        "{answered:?}"
    );
}

#[tokio::test]
async fn uses_are_collected_for_the_narrowest_grants_and_no_secret_is_among_them() {
    let withheld = Arc::new(Withheld::default());
    let authority = authority_with("{}");
    *authority.grants.write().unwrap() =
        Arc::new(Grants::everything(["hook", "token"].map(str::to_owned)));
    let outside = Outside::with_clients([client("C.1", &["Slack"]), client("C.2", &[])]);
    let mut guest = guest_with(authority, &outside, Egress::withheld(withheld.clone()));
    let hook = http::Request {
        url: secret_url(),
        ..post("", "hello", None)
    };
    for _ in 0..2 {
        send(&mut guest, hook.clone()).await.unwrap();
    }
    let mut with_token = post("https://h.example:8443/a?b=c", "", None);
    with_token.headers.push(http::Header {
        name: "authorization".to_owned(),
        value: http::Text::Secret(http::Secret {
            parameter: "token".to_owned(),
            prefix: "Bearer ".to_owned(),
        }),
    });
    send(&mut guest, with_token).await.unwrap();
    clients::Host::search(&mut guest, "label:Slack".to_owned(), 0, None)
        .await
        .unwrap()
        .unwrap();
    for id in ["C.1", "C.2", "C.gone"] {
        clients::Host::get(&mut guest, id.to_owned())
            .await
            .unwrap()
            .unwrap();
    }
    labels::Host::remove(&mut guest, "C.1".to_owned(), vec!["Slack".to_owned()])
        .await
        .unwrap()
        .unwrap();
    state::Host::set(&mut guest, "key".to_owned(), vec![0; 2_000])
        .await
        .unwrap()
        .unwrap();
    clock::Host::now(&mut guest).unwrap().unwrap();
    log::Host::write(&mut guest, log::Level::Info, "a line".to_owned()).unwrap();

    let (uses, is_all) = withheld.uses();
    assert!(is_all);
    let told = format!("{uses:?} {:?}", withheld.take_calls());
    for secret in testing::authority().secrets.values() {
        assert!(!told.contains(secret.reveal()), "{told}");
    }
    insta::assert_snapshot!(Grants::narrow(&uses).to_yaml(), @r#"
    clients: ["client:C.2","client:C.gone","label:Slack"]
    labels: {"add":[],"remove":["Slack"]}
    state: true
    log: true
    clock: true
    limits: {"state":"64KiB"}
    http:
      - {"method":"POST","secrets":["token"],"url":"https://h.example:8443/a"}
      - {"method":"POST","secrets":["hook"],"url":"https://hooks.example.com/*"}
    "#);
}

#[tokio::test]
async fn answers_can_come_in_turn() {
    let withheld = Arc::new(Withheld::played());
    let outside = Outside::with_clients([]);
    let grants = "http:
        - { method: POST, url: 'https://*.example/*', secrets: [ token ] }
        - { method: POST, url: 'https://hooks.example.com/*', secrets: [ hook ], redirects: 1 }";
    let egress = Egress::withheld(withheld.clone());
    let mut guest = guest_with(authority_with(grants), &outside, egress);
    withheld.play([
        PlayedAnswer::Response {
            status: 201,
            headers: vec![("x-id".to_owned(), "7".to_owned())],
            body: Bytes::from_static(b"made"),
        },
        PlayedAnswer::Unreachable("refused".to_owned()),
        PlayedAnswer::Timeout,
        PlayedAnswer::Denied("a private address".to_owned()),
        PlayedAnswer::Limited(Duration::from_secs(2)),
        PlayedAnswer::Response {
            status: 307,
            headers: vec![(
                "location".to_owned(),
                "https://elsewhere.example/".to_owned(),
            )],
            body: Bytes::new(),
        },
    ]);
    let mut request = post("https://h.example/a", "", None);
    request.headers.push(http::Header {
        name: "Authorization".to_owned(),
        value: http::Text::Secret(http::Secret {
            parameter: "token".to_owned(),
            prefix: "Bearer ".to_owned(),
        }),
    });
    let made = send(&mut guest, request).await.unwrap();
    assert_eq!(
        (made.status, made.body.as_slice()),
        (201, b"made".as_slice())
    );
    assert_eq!(made.headers, [("x-id".to_owned(), "7".to_owned())]);
    let mut outcomes = Vec::new();
    for at in 0..5 {
        let mut request = post("", &at.to_string(), None);
        request.url = secret_url();
        outcomes.push(send(&mut guest, request).await.unwrap_err());
    }
    insta::assert_debug_snapshot!(outcomes, @r#"
    [
        Error::Unreachable(
            "refused",
        ),
        Error::Timeout,
        Error::Denied(
            "a private address",
        ),
        Error::Limited(
            2000,
        ),
        Error::Unreachable(
            "there is no further answer to play",
        ),
    ]
    "#);
    let calls = withheld.take_calls();
    let has_token =
        |(name, value): &(String, String)| name == "authorization" && value == "Bearer {token}";
    assert!(asked(&calls[0]).headers.iter().any(has_token), "{calls:?}");
    assert_eq!(asked(&calls[1]).url, "{hook}");
    assert_eq!(
        asked(calls.last().unwrap()).url,
        "https://elsewhere.example/"
    );
    assert!(!format!("{calls:?}").contains("sesame"), "{calls:?}");
}
