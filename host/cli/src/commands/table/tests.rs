use serde_json::json;

use super::*;
use crate::output::Look;

const LOOK: Look = Look {
    color: false,
    width: None,
};

fn now() -> Time {
    Time::from_seconds(1_764_043_200.0)
}

/// As the server sends it.
fn installed() -> Vec<Installation> {
    serde_json::from_value(json!([
        {
            "name": "Server.Powershell.EncodedCommand",
            "artifact": "Server.Powershell.EncodedCommand",
            "version": "1.0.0",
            "digest": "11".repeat(32),
            "parameters": {},
            "grants": {"log": true},
            "enabled": true,
            "phase": "idle",
            "turns": 42, "failures": 0, "rows": 2000, "lag": 0,
            "last_turn": "2025-11-25T03:59:58Z",
            "installed_at": "2025-11-25T03:00:00Z",
            "changed_at": "2025-11-25T03:00:00Z",
            "changed_by": "token:admin",
        },
        {
            "name": "Slack.Night",
            "artifact": "Server.Slack.ClientsOnline",
            "version": "1.2.0",
            "digest": "22".repeat(32),
            "previous": "33".repeat(32),
            "parameters": {"LabelGroup": "Night", "Within": 300},
            "grants": {"clients": ["label:Night"], "http": []},
            "enabled": true,
            "phase": "retrying",
            "turns": 7, "failures": 3, "dead_letters": 2, "rows": 5, "lag": 0,
            "last_error": {"at": "2025-11-25T03:59:00Z", "error": "the artifact asks for another try: Slack answered 429"},
            "last_turn": "2025-11-25T03:00:00Z",
            "next_tick": "2025-11-25T04:00:30Z",
            "next_try": "2025-11-25T04:00:07Z",
            "installed_at": "2025-11-20T03:00:00Z",
            "changed_at": "2025-11-24T03:00:00Z",
            "changed_by": "token:ann",
        },
    ]))
    .unwrap()
}

#[test]
fn the_table_is_a_line_an_installation() {
    insta::assert_snapshot!(list(&installed(), now()).render(LOOK), @r"
    NAME                              VERSION  PHASE                     LAG  TURNS  ROWS  FAILURES  LAST TURN  LAST ERROR
    Server.Powershell.EncodedCommand  1.0.0    idle                        0     42  2000         0  2 s ago    -
    Slack.Night                       1.2.0    retrying, 2 dead letters    0      7     5         3  1 h ago    the artifact asks for another try: Slack answered 429
    ");
}

#[test]
fn what_is_set_aside_is_red_whatever_else_there_is_to_say() {
    let mut line = installed().remove(1);
    for (phase, expected) in [
        (Phase::Idle, Tone::Warn),
        (Phase::Quarantined, Tone::Bad),
        (Phase::Disabled, Tone::Dim),
    ] {
        line.phase = phase;
        let text = format!("{}, 2 dead letters", name(phase));
        assert_eq!(phase_and_more(&line), Cell::from(text).tone(expected));
    }
}

#[test]
fn a_long_error_stands_below_its_line() {
    let narrow = Look {
        color: false,
        width: Some(120),
    };
    insta::assert_snapshot!(list(&installed(), now()).render(narrow), @r"
    NAME                              VERSION  PHASE                     LAG  TURNS  ROWS  FAILURES  LAST TURN
    Server.Powershell.EncodedCommand  1.0.0    idle                        0     42  2000         0  2 s ago
    Slack.Night                       1.2.0    retrying, 2 dead letters    0      7     5         3  1 h ago
        last error  the artifact asks for another try: Slack answered 429
    ");
}

#[test]
fn one_installation_is_shown_in_full() {
    insta::assert_snapshot!(details(&installed()[1], now()).render(LOOK), @r"
    Name          Slack.Night
    Artifact      Server.Slack.ClientsOnline 1.2.0
    Digest        2222222222222222222222222222222222222222222222222222222222222222
    Before it     3333333333333333333333333333333333333333333333333333333333333333
    Phase         retrying
    Lag           none
    Turns         7
    Rows          5
    Failures      3
    Dead letters  2: `watchbox dead-letters list --artifact Slack.Night` shows why
    Last turn     1 h ago
    Next try      in 7 s
    Next tick     in 30 s
    Last error    the artifact asks for another try: Slack answered 429 (1 min ago)
    Parameter     LabelGroup = Night
    Parameter     Within = 300
    Grant         clients: label:Night
    Installed     2025-11-20T03:00:00Z
    Changed       2025-11-24T03:00:00Z by token:ann
    ");
}
