use watchbox_model::Digest;

use super::*;

const LOOK: Look = Look {
    color: false,
    width: None,
};

const MANIFEST: &str = r#"
name: Server.Slack.ClientsOnline
version: 1.0.0
type: SERVER_EVENT
description: |
  Tells Slack when a client comes online.

  Once for each label.
author: watchbox
parameters:
  - { name: LabelGroup, type: string, default: Slack, description: The label to look for }
  - { name: token_url, type: secret, description: The webhook }
schedule: { every: 60s }
capabilities:
  clients: { reason: "Looks the clients up" }
  http: { reason: "Posts the message", needs: [ { method: POST, url: "{token_url}" } ] }
  state: { reason: "Remembers what was told" }
rows: [ { name: client_id, type: string }, { name: Response, type: int } ]
"#;

fn inspection() -> Inspection {
    let import = |name: &str, class| Import {
        name: name.to_owned(),
        class,
    };
    Inspection {
        digest: Digest::of(b""),
        size: 1_258_291,
        manifest: Some(Manifest::parse("artifact.yaml", MANIFEST).unwrap()),
        manifest_error: None,
        imports: vec![
            import(
                "watchbox:artifact/clients@0.1.0",
                ImportClass::Gated(Capability::Clients),
            ),
            import(
                "watchbox:artifact/http@0.1.0",
                ImportClass::Gated(Capability::Http),
            ),
            import(
                "watchbox:artifact/labels@0.1.0",
                ImportClass::Gated(Capability::Labels),
            ),
            import("wasi:io/streams@0.2.6", ImportClass::Inert),
            import("evil:host/exec", ImportClass::Unknown),
        ],
        exports: vec!["watchbox:artifact/handler@0.1.0".to_owned()],
    }
}

#[test]
fn everything_is_told_apart() {
    let inspection = inspection();
    let artifact = Artifact::from(&inspection);
    let text = describe(&inspection, &artifact, LOOK);
    insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r"
    Artifact  Server.Slack.ClientsOnline 1.0.0
    Digest    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    Size      1.2 MiB
    Author    watchbox
    Runs      every 60 s
    Emits     client_id, Response

    Tells Slack when a client comes online.

    Once for each label.

    PARAMETER   TYPE    DEFAULT  DESCRIPTION
    LabelGroup  string  Slack    The label to look for
    token_url   secret  -        The webhook

    IMPORTED  INTERFACE                        DECLARED
    clients   watchbox:artifact/clients@0.1.0  yes
    http      watchbox:artifact/http@0.1.0     yes
    labels    watchbox:artifact/labels@0.1.0   no: it can't be installed

    DECLARED  IMPORTED  REASON
    clients   yes       Looks the clients up
    http      yes       Posts the message
                        POST {token_url}
    state     no        Remembers what was told

    INERT: WASI, BACKED BY NOTHING
    wasi:io/streams@0.2.6

    UNKNOWN: NOTHING SERVES THIS
    evil:host/exec

    It can't be installed: it imports `evil:host/exec`, which watchbox does not serve.
    ");
}

#[test]
fn what_is_no_artifact_is_still_described() {
    let inspection = Inspection {
        manifest: None,
        manifest_error: Some("there is no section `watchbox:manifest`".to_owned()),
        imports: Vec::new(),
        exports: vec!["wasi:cli/run@0.2.0".to_owned()],
        ..inspection()
    };
    let artifact = Artifact::from(&inspection);
    let text = describe(&inspection, &artifact, LOOK);
    insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r"
    Artifact  none: no manifest
    Digest    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    Size      1.2 MiB
    Manifest  there is no section `watchbox:manifest`

    It imports nothing: all it can do is turn events into rows.

    It does not export `watchbox:artifact/handler`: it is no artifact and can't be installed.
    ");
}

#[test]
fn what_is_declared_stands_beside_what_is_granted() {
    let inspection = inspection();
    let manifest = inspection.manifest.as_ref().unwrap();
    let grants = Grants::parse("grants.yaml", "clients: [\"label:Slack\"]\nstate: true\n").unwrap();
    insta::assert_snapshot!(granted(manifest, &inspection, &grants).render(LOOK), @r#"
    DECLARED  IMPORTED  GRANTED          REASON
    clients   yes       ["label:Slack"]  Looks the clients up
    http      yes       nothing          Posts the message
    state     no        true             Remembers what was told
    "#);
}
