//! Mail by the relay, and what is remembered of it.

use super::*;
use crate::{
    egress::Egress,
    testing::{Outside, authority_with, guest, guest_with, relay::Smtp, trail},
};

fn message(to: &[&str], once: Option<&str>) -> Message {
    Message {
        to: to.iter().map(|&address| address.to_owned()).collect(),
        subject: "Encoded command on WS-1".to_owned(),
        text: "whoami\nhostname".to_owned(),
        once: once.map(str::to_owned),
    }
}

async fn send(guest: &mut Guest, message: Message) -> Result<String, Error> {
    Host::send(guest, message).await.unwrap()
}

fn by(relay: &Smtp, grants: &str, outside: &Outside) -> Guest {
    let egress = Egress::new().with_relay(Some(relay.relay()));
    guest_with(authority_with(grants), outside, egress)
}

#[tokio::test]
async fn what_a_grant_covers_is_sent_and_what_none_covers_is_not() {
    let relay = Smtp::start(&[]).await;
    let mut guest = by(
        &relay,
        "{ mail: [ soc@example.org, '*@ciso.example.org' ] }",
        &Outside::default(),
    );
    let both = [
        "soc@example.org",
        "boss@ciso.example.org",
        "SOC@example.org",
    ];
    let id = send(&mut guest, message(&both, None)).await.unwrap();
    assert!(id.ends_with("@watch.example.org>"), "{id}");
    let denied = send(
        &mut guest,
        message(&["soc@example.org", "x@other.example"], None),
    )
    .await;
    assert!(
        matches!(&denied, Err(Error::Denied(why)) if why.contains("mail: [\"x@other.example\"]")),
        "{denied:?}"
    );
    let taken = relay.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].to, ["soc@example.org", "boss@ciso.example.org"]);
    assert!(taken[0].data.contains(&format!("Message-ID: {id}")));
    let told = trail(&mut guest).replace(&id, "ID");
    insta::assert_snapshot!(told, @r#"
    mail send [soc@example.org, boss@ciso.example.org] allowed: mail: soc@example.org, mail: *@ciso.example.org -> taken as ID: queued as 1
    mail send [soc@example.org, x@other.example] DENIED: no grant covers mail to x@other.example; this one would: mail: ["x@other.example"] ->
    "#);
}

#[tokio::test]
async fn nothing_that_an_event_says_gets_out_of_subject_and_text() {
    let relay = Smtp::start(&[]).await;
    let mut guest = by(&relay, "{ mail: [ soc@example.org ] }", &Outside::default());
    let mut forged = message(&["soc@example.org"], None);
    forged.subject = "a\r\nBcc: x@other.example\r\n\r\nhello \u{202e}gpj.exe ü".to_owned();
    forged.text = "a\r\n.\r\nMAIL FROM:<x@other.example>\r\nRCPT TO:<y@other.example>\r\nDATA\r\n\u{1b}[2J\u{0}b".to_owned();
    send(&mut guest, forged).await.unwrap();
    let [mail] = &relay.taken()[..] else {
        panic!("one message")
    };
    assert_eq!(mail.to, ["soc@example.org"]);
    let (head, text) = mail.data.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert!(!names.contains(&"Bcc"), "{head}");
    assert!(!head.contains('\u{202e}'));
    // Lines that begin with a dot were doubled on the way; the dialogue did not end there.
    assert!(
        text.contains("RCPT TO:<y@other.example>") && !text.contains('\u{1b}'),
        "{text}"
    );
}

#[tokio::test]
async fn wrong_messages_are_refused_and_written_down() {
    let relay = Smtp::start(&[]).await;
    let mut guest = by(
        &relay,
        "{ mail: [ '*' ], limits: { request: 1KiB } }",
        &Outside::default(),
    );
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@example.org")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut long = message(&["a@example.org"], None);
    long.text = "x".repeat(1025);
    for (wrong, told) in [
        (message(&[], None), "0 recipients"),
        (message(&many, None), "51 recipients"),
        (
            message(&["a@example.org\r\nRCPT TO:<b@example.org>"], None),
            "no mail address",
        ),
        (
            message(&["a@example.org,b@example.org"], None),
            "no mail address",
        ),
        (
            message(&["a%elsewhere@example.org"], None),
            "no mail address",
        ),
        (message(&["a@example.org"], Some("")), "`once`"),
        (long, "limits.request"),
    ] {
        let error = send(&mut guest, wrong).await.unwrap_err();
        assert!(
            matches!(&error, Error::InvalidMessage(why) if why.contains(told)),
            "{error:?}"
        );
    }
    assert_eq!(trail(&mut guest).matches("DENIED: invalid: ").count(), 7);
    assert!(relay.taken().is_empty());
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_sent_again_by_a_further_try() {
    let relay = Smtp::start(&[]).await;
    let outside = Outside::default();
    let grants = "{ mail: [ soc@example.org ] }";
    let first = send(
        &mut by(&relay, grants, &outside),
        message(&["soc@example.org"], Some("C.1")),
    )
    .await
    .unwrap();
    let mut again = by(&relay, grants, &outside);
    let mut other = message(&["soc@example.org"], Some("C.1"));
    other.text = "other by now".to_owned();
    assert_eq!(send(&mut again, other).await.unwrap(), first);
    assert_eq!(relay.taken().len(), 1);
    assert!(again.work.effects.left_machine());
    assert!(trail(&mut again).contains("taken, from the journal"));
    // Without a name: the same counts as the same, and a second one of its kind is another.
    let mut guest = by(&relay, grants, &outside);
    let one = send(&mut guest, message(&["soc@example.org"], None))
        .await
        .unwrap();
    let two = send(&mut guest, message(&["soc@example.org"], None))
        .await
        .unwrap();
    assert_ne!(one, two);
    // A grant that is gone is gone for what is in the journal, too.
    let mut none = by(&relay, "{}", &outside);
    let denied = send(&mut none, message(&["soc@example.org"], Some("C.1"))).await;
    assert!(matches!(denied, Err(Error::Denied(_))));
}

#[tokio::test]
async fn what_the_relay_says_decides_whether_it_is_tried_again() {
    for (reply, refused) in [
        ("550 5.1.1 no such user", true),
        ("554 5.7.1 spam", true),
        ("450 4.2.1 greylisted", false),
        ("421 4.3.2 too busy", false),
        ("535 5.7.8 log in first", false),
    ] {
        let relay = Smtp::start(&[reply]).await;
        let outside = Outside::default();
        let grants = "{ mail: [ soc@example.org ] }";
        let to = || message(&["soc@example.org"], Some("C.1"));
        let error = send(&mut by(&relay, grants, &outside), to())
            .await
            .unwrap_err();
        let (is_refused, told) = match &error {
            Error::Refused(why) => (true, why),
            Error::Unavailable(why) => (false, why),
            other => panic!("{reply}: {other:?}"),
        };
        assert_eq!(is_refused, refused, "{reply}: {error:?}");
        assert!(told.contains(&reply[4..]), "{reply}: {told}");
        // A further try: what is refused stays so, the rest gets through under the same name.
        let again = send(&mut by(&relay, grants, &outside), to()).await;
        match again {
            Ok(id) => {
                assert!(!refused, "{reply}");
                assert!(relay.taken()[0].data.contains(&id));
            }
            Err(again) => assert_eq!(format!("{again:?}"), format!("{error:?}")),
        }
        assert_eq!(relay.taken().len(), usize::from(!refused), "{reply}");
    }
}

#[tokio::test]
async fn without_a_relay_and_without_room_nothing_is_sent() {
    let mut alone = guest("{ mail: [ soc@example.org ] }", &Outside::default());
    let error = send(&mut alone, message(&["soc@example.org"], None))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unavailable(why) if why.contains("`mail` in the server's settings"))
    );
    let relay = Smtp::start(&[]).await;
    let grants = "{ mail: [ soc@example.org ], limits: { mails-per-hour: 1 } }";
    let mut guest = by(&relay, grants, &Outside::default());
    send(&mut guest, message(&["soc@example.org"], None))
        .await
        .unwrap();
    let limited = send(&mut guest, message(&["soc@example.org"], Some("other"))).await;
    assert!(
        matches!(limited, Err(Error::Limited(wait)) if wait > 3_500_000),
        "{limited:?}"
    );
    assert_eq!(relay.taken().len(), 1);
    assert!(trail(&mut guest).contains("limited: its mails of this hour"));
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_waited_for() {
    let relay = Smtp::start(&[]).await.gone().await;
    let egress = Egress::new().with_relay(Some(relay));
    let grants = "{ mail: [ soc@example.org ] }";
    let mut guest = guest_with(authority_with(grants), &Outside::default(), egress);
    let error = send(&mut guest, message(&["soc@example.org"], None))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(trail(&mut guest).contains("unavailable: "));
}
