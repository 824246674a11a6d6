use semver::Version;

use super::*;
use crate::signing::SigningKey;

const DATA: &[u8] = b"a component";

struct Signer {
    secret: SigningKey,
    public: PublicKey,
}

fn signer() -> Signer {
    let secret = SigningKey::generate().unwrap();
    let public = secret.public().clone();
    Signer { secret, public }
}

impl Signer {
    fn sign(&self, artifact: &str, version: &str) -> ComponentSignature {
        let subject = Subject {
            artifact: artifact.parse().unwrap(),
            version: version.parse().unwrap(),
        };
        ComponentSignature::make(&self.secret, DATA, &subject, "").unwrap()
    }

    fn may_sign(&self, name: &str, patterns: &[&str]) -> TrustedKey {
        TrustedKey {
            name: name.to_owned(),
            key: self.public.clone(),
            artifacts: patterns.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }
}

fn subject(artifact: &str) -> Subject {
    Subject {
        artifact: artifact.parse().unwrap(),
        version: Version::new(1, 0, 0),
    }
}

fn policy(keys: Vec<TrustedKey>, unsigned: &[&str]) -> TrustPolicy {
    TrustPolicy {
        keys,
        unsigned: unsigned.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn reason(decided: Result<Origin, Untrusted>) -> String {
    decided.unwrap_err().to_string()
}

#[test]
fn an_empty_policy_lets_nothing_run() {
    let signature = signer().sign("Server.A", "1.0.0");
    let none = TrustPolicy::default();
    insta::assert_snapshot!(
        reason(none.decide(&subject("Server.A"), DATA, &[])),
        @"Server.A 1.0.0 is not trusted: it is not signed, and `unsigned` of the trust policy does not name it: `watchbox sign` signs it"
    );
    let error = none
        .decide(&subject("Server.A"), DATA, std::slice::from_ref(&signature))
        .unwrap_err();
    assert!(error.reason.contains("does not name"), "{error}");
    assert_eq!(error.keys, [signature.key()]);
}

#[test]
fn a_key_signs_what_its_patterns_name_and_no_more() {
    let release = signer();
    let policy = policy(
        vec![release.may_sign("release", &["Server.Slack.*", "Server.Exact"])],
        &[],
    );
    for (artifact, allowed) in [
        ("Server.Slack.X", true),
        ("Server.Exact", true),
        ("Server.Slack", false),
        ("Server.SlackLike", false),
        ("Server.Exact.Below", false),
    ] {
        let signatures = [release.sign(artifact, "1.0.0")];
        let decided = policy.decide(&subject(artifact), DATA, &signatures);
        assert_eq!(decided.is_ok(), allowed, "{artifact}: {decided:?}");
        match decided {
            Ok(origin) => assert_eq!(
                origin.to_string(),
                format!("signed by `release` ({})", release.public.id())
            ),
            Err(error) => assert!(
                error
                    .reason
                    .contains("may sign Server.Slack.*, Server.Exact"),
                "{error}"
            ),
        }
    }
}

#[test]
fn one_good_signature_among_others_is_enough() {
    let (old, new, stranger) = (signer(), signer(), signer());
    let policy = policy(vec![new.may_sign("new", &["*"])], &[]);
    let signatures = [
        stranger.sign("A", "1.0.0"),
        old.sign("A", "1.0.0"),
        new.sign("A", "1.0.0"),
    ];
    assert!(policy.decide(&subject("A"), DATA, &signatures).is_ok());
    assert!(
        policy
            .decide(&subject("A"), DATA, &signatures[..2])
            .is_err()
    );
}

#[test]
fn a_signature_is_for_one_artifact_in_one_version() {
    let release = signer();
    let policy = policy(vec![release.may_sign("release", &["*"])], &[]);
    for (artifact, version) in [("Server.B", "1.0.0"), ("Server.A", "1.0.1")] {
        let signatures = [release.sign(artifact, version)];
        let why = reason(policy.decide(&subject("Server.A"), DATA, &signatures));
        assert!(why.contains(&format!("as {artifact} {version}")), "{why}");
    }
    let bare = release.secret.sign(DATA, "timestamp:1").unwrap();
    let bare = bare.as_str().parse().unwrap();
    let why = reason(policy.decide(&subject("Server.A"), DATA, &[bare]));
    assert!(why.contains("no `artifact:`"), "{why}");
}

#[test]
fn what_was_changed_after_it_was_signed_is_refused_even_where_no_signature_is_needed() {
    let release = signer();
    let policy = policy(vec![release.may_sign("release", &["*"])], &["*"]);
    let signatures = [release.sign("A", "1.0.0")];
    assert!(policy.decide(&subject("A"), DATA, &signatures).is_ok());
    let why = reason(policy.decide(&subject("A"), b"another", &signatures));
    assert!(why.contains("is wrong"), "{why}");
    assert!(
        policy
            .check(&subject("A"), b"another", &signatures[0])
            .is_err()
    );
    assert_eq!(
        policy.decide(&subject("A"), b"another", &[]).unwrap(),
        Origin::Unsigned
    );
}

#[test]
fn what_needs_no_signature_is_named() {
    let policy = policy(Vec::new(), &["Test.*"]);
    assert_eq!(
        policy.decide(&subject("Test.A"), DATA, &[]).unwrap(),
        Origin::Unsigned
    );
    let by_a_stranger = [signer().sign("Test.A", "1.0.0")];
    assert_eq!(
        policy
            .decide(&subject("Test.A"), DATA, &by_a_stranger)
            .unwrap(),
        Origin::Unsigned
    );
    assert!(policy.decide(&subject("Server.A"), DATA, &[]).is_err());
}

#[test]
fn a_key_that_takes_another_ones_id_gets_nowhere() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let (release, forger) = (signer(), signer());
    let policy = policy(vec![release.may_sign("release", &["*"])], &[]);
    let text = forger.sign("A", "1.0.0").as_str().to_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut bytes = STANDARD.decode(&lines[1]).unwrap();
    let own = release
        .sign("A", "1.0.0")
        .as_str()
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    bytes[2..10].copy_from_slice(&STANDARD.decode(own).unwrap()[2..10]);
    lines[1] = STANDARD.encode(bytes);
    let forged: ComponentSignature = lines.join("\n").parse().unwrap();
    assert_eq!(forged.key(), release.public.id());
    let why = reason(policy.decide(&subject("A"), DATA, &[forged]));
    assert!(why.contains("is wrong"), "{why}");
}

#[test]
fn a_policy_is_read_from_the_settings() {
    let key = signer().public;
    let text = format!(
        r#"{{"keys": [{{"name": "release", "key": "{key}", "artifacts": ["Server.*"]}}], "unsigned": ["*"]}}"#
    );
    let policy: TrustPolicy = serde_json::from_str(&text).unwrap();
    assert_eq!(policy.keys[0].key, key);
    assert_eq!(
        policy.to_string(),
        format!("`release` ({}) signs Server.*; unsigned: *", key.id())
    );
    let written = serde_json::to_string(&policy).unwrap();
    assert_eq!(
        serde_json::from_str::<TrustPolicy>(&written).unwrap(),
        policy
    );
    assert_eq!(
        serde_json::from_str::<TrustPolicy>("{}").unwrap(),
        TrustPolicy::default()
    );
}

#[test]
fn a_policy_that_is_wrong_is_refused_with_the_reason() {
    let key = signer().public;
    let line = |name: &str| format!(r#"{{"name": "{name}", "key": "{key}", "artifacts": []}}"#);
    for (text, why) in [
        (
            format!(r#"{{"keys": [{}, {}]}}"#, line("a"), line("a")),
            "two keys",
        ),
        (
            format!(r#"{{"keys": [{}]}}"#, line("a b")),
            "without spaces",
        ),
        (
            r#"{"keys": [{"name": "a", "key": "x", "artifacts": []}]}"#.to_owned(),
            "no public key",
        ),
        (r#"{"unsigned": ["Server*"]}"#.to_owned(), "no pattern"),
        (r#"{"unsinged": []}"#.to_owned(), "unknown field"),
    ] {
        let error = serde_json::from_str::<TrustPolicy>(&text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
    }
}
