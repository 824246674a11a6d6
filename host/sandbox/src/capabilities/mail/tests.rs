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
    mail send [soc@example.org] allowed: mail: soc@example.org -> taken as ID: queued as 1
    mail send [boss@ciso.example.org] allowed: mail: *@ciso.example.org -> taken as ID: queued as 1
    mail send [x@other.example] DENIED: no grant covers mail to x@other.example; this one would: mail: ["x@other.example"] -> 
    mail send [soc@example.org] allowed: mail: soc@example.org -> not sent: another recipient is denied
    "#);
}

#[tokio::test]
async fn nothing_that_an_event_says_gets_out_of_subject_and_text() {
    let relay = Smtp::start(&[]).await;
    let mut guest = by(&relay, "{ mail: [ soc@example.org ] }", &Outside::default());
    let mut forged = message(&["soc@example.org"], None);
    forged.subject =
        "a\r\nBcc: x@other.example\r\n\r\nhello \u{202e}gpj.exe ü =?utf-8?Q?=E2=80=AE?=".to_owned();
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
    assert!(
        !head.contains('\u{202e}') && !head.contains("=?utf-8?Q?=E2"),
        "{head}"
    );
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
    for (word, reply, refused) in [
        ("RCPT", "550 5.1.1 no such user", true),
        ("DATA", "554 5.6.0 no", true),
        (".", "554 5.7.1 spam", true),
        ("RCPT", "450 4.2.1 greylisted", false),
        (".", "451 4.3.0 later", false),
        // Not about the message: somebody can mend it.
        ("EHLO", "521 5.3.2 nobody home", false),
        ("MAIL", "550 5.7.60 the sender may not", false),
        ("MAIL", "421 4.3.2 too busy", false),
    ] {
        // Where its first word is refused, an older one is tried.
        let hello = ("HELO", "521 5.3.2 nobody home");
        let relay = Smtp::start(&[(word, reply), hello]).await;
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
        assert_eq!(is_refused, refused, "{word} {reply}: {error:?}");
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
async fn a_slow_relay_gets_a_message_once_whoever_gives_it_up() {
    let relay = Smtp::answering(&[], 0).await;
    let outside = Outside::default();
    let egress = Arc::new(Egress::new().with_relay(Some(relay.relay())));
    let guest = |grants: &str| guest_with(authority_with(grants), &outside, egress.clone());
    let to = || message(&["soc@example.org"], Some("C.1"));
    // The turn is over before the relay has answered; so is another try of it.
    for _ in 0..2 {
        let mut hurried = guest("{ mail: [ soc@example.org ], limits: { turn: 300ms } }");
        let error = send(&mut hurried, to()).await.unwrap_err();
        assert!(
            matches!(&error, Error::Unavailable(why) if why.contains("seen through")),
            "{error:?}"
        );
        assert!(trail(&mut hurried).contains("unavailable: no answer before the turn was over"));
    }
    // Whoever comes again waits for the same message.
    let mut patient = guest("{ mail: [ soc@example.org ] }");
    let waits = send(&mut patient, to());
    relay.release();
    let id = waits.await.unwrap();
    assert_eq!(relay.taken().len(), 1);
    // And it is known from then on.
    assert_eq!(
        send(&mut guest("{ mail: [ soc@example.org ] }"), to())
            .await
            .unwrap(),
        id
    );
    // With no time left nothing is handed over.
    let mut late = guest("{ mail: [ soc@example.org ], limits: { turn: 10ms } }");
    let error = send(&mut late, message(&["soc@example.org"], Some("C.2"))).await;
    assert!(matches!(error, Err(Error::Unavailable(why)) if why.contains("no time left")));
}

#[tokio::test]
async fn a_connection_is_used_again_and_made_anew_where_the_relay_hung_up() {
    let relay = Smtp::start(&[]).await;
    let mut guest = by(&relay, "{ mail: [ soc@example.org ] }", &Outside::default());
    for n in 0..20 {
        let sent = send(
            &mut guest,
            message(&["soc@example.org"], Some(&n.to_string())),
        )
        .await;
        assert!(sent.is_ok(), "{sent:?}");
    }
    assert_eq!(relay.taken().len(), 20);
    // By now every connection was used: the next message is refused on a kept one, and goes over a fresh one.
    relay.say("MAIL", "421 4.4.2 idle for too long");
    let sent = send(&mut guest, message(&["soc@example.org"], None)).await;
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(relay.taken().len(), 21);
}

#[tokio::test]
async fn what_a_relay_echoes_of_the_login_is_told_to_nobody() {
    let relay = Smtp::start(&[
        ("AUTH", "535 5.7.8 not with ECHO"),
        (".", "250 ok, sesame-open-up"),
    ])
    .await;
    let egress = Egress::new().with_relay(Some(relay.relay_for("watchbox", "sesame-open-up")));
    let grants = "{ mail: [ soc@example.org ] }";
    let mut guest = guest_with(authority_with(grants), &Outside::default(), egress);
    let error = send(&mut guest, message(&["soc@example.org"], Some("a")))
        .await
        .unwrap_err();
    let Error::Unavailable(told) = &error else {
        panic!("{error:?}")
    };
    assert!(
        told.contains("does not let the server log in")
            && told.contains("secret(mail.password_file)"),
        "{told}"
    );
    send(&mut guest, message(&["soc@example.org"], Some("a")))
        .await
        .unwrap();
    let trail = trail(&mut guest);
    assert!(trail.contains("ok, secret(mail.password_file)"), "{trail}");
    assert!(!format!("{told}{trail}").contains("sesame"));
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
