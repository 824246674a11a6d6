//! What a guest's memory holds after turns in which secrets were filled in for it: everything that it can come to know.

use watchbox_model::Secret;

use super::*;
use crate::testing::server::{Server, answer};

/// `http.send`, whose request lies in memory, and `state.set`, flattened.
const IMPORTS: &str = r#"
  (import "watchbox:artifact/http@0.1.0" "send"
    (func $send (param i32 i32)))
  (import "watchbox:artifact/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))"#;

/// Sends to the secret URL, with the secret token in a header and in the body; then hands out its own memory, all of it, as the value of a key.
fn sends_and_tells_all() -> String {
    // Method; a secret URL without prefix; headers; no body of its own, but a secret in it; no timeout; no name.
    let request = testing::words(&[16, 4, 1, 32, 4, 0, 0, 128, 1, 0, 0, 240, 1, 0, 0, 0, 0, 0]);
    let data = r#"
      (data (i32.const 16) "POST")
      (data (i32.const 32) "hook")
      (data (i32.const 48) "token")
      (data (i32.const 64) "authorization")
      (data (i32.const 80) "Bearer ")
      (data (i32.const 96) "memory")
      ;; One header: its name, then a secret: the parameter, and what stands before it.
      (data (i32.const 128) "\40\00\00\00\0d\00\00\00\01\00\00\00\30\00\00\00\05\00\00\00\50\00\00\00\07\00\00\00")
      ;; One secret of the body: where, and the parameter.
      (data (i32.const 240) "\00\00\00\00\30\00\00\00\05\00\00\00")"#;
    let data = format!("{data} (data (i32.const 160) \"{request}\")");
    let send = "(call $send (i32.const 160) (i32.const 600))";
    let tell = "(call $set (i32.const 96) (i32.const 6)
        (i32.const 0) (i32.mul (memory.size) (i32.const 65536)) (i32.const 800))";
    guest_text(
        IMPORTS,
        &format!("{data} {}", handle(&format!("{send} {tell}"))),
    )
}

/// Whether `text` is in `memory`, as it is or as UTF-16.
fn holds(memory: &[u8], text: &str) -> bool {
    let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
    [text.as_bytes(), &wide]
        .iter()
        .any(|form| memory.windows(form.len()).any(|some| some == *form))
}

#[tokio::test]
async fn a_secret_is_never_in_a_guest_s_memory() {
    const HOOK: &str = "T0P53CR3T";
    const TOKEN: &str = "sesame-open-up";
    let echo = answer(
        "200 OK",
        &format!("x-echo: Bearer {TOKEN}\r\nlocation: http://127.0.0.1:PORT/services/{HOOK}\r\n"),
        &format!("you said /services/{HOOK} and Bearer {TOKEN}, and that you are a guest"),
    );
    let server = Server::answering(&[&echo]).await;
    let grants = |secrets: &str| {
        format!(
            "{{ http: [ {{ method: POST, url: \"{}\", secrets: {secrets} }} ], state: true, limits: {{ state: 16MiB }} }}",
            server.url("/*")
        )
    };
    for (secrets, is_sent) in [("[hook, token]", true), ("[hook]", false), ("[]", false)] {
        let before = server.requests().len();
        let component = testing::load(&sends_and_tells_all()).await.unwrap();
        let mut authority = authority_with(&grants(secrets));
        let hook = Secret::new(server.url(&format!("/services/{HOOK}")));
        authority.secrets.insert("hook".to_owned(), hook);
        let outside = Arc::new(Outside::default());
        let instance = component.instantiate(Arc::new(authority), outside).await;
        let mut instance = instance.unwrap();
        for _ in 0..3 {
            let report = turn(&mut instance).await;
            let said = format!("{:?} {:?}", report.messages, report.audit);
            assert!(!said.contains(HOOK) && !said.contains(TOKEN), "{said}");
            let effects = report.result.unwrap();
            let (key, memory) = &effects.state[0];
            assert_eq!(key, "memory");
            let memory = memory.as_ref().unwrap();
            assert!(memory.len() >= 128 << 10);
            assert_eq!(holds(memory, "you are a guest"), is_sent, "it was answered");
            assert!(!holds(memory, HOOK) && !holds(memory, TOKEN));
        }
        let sent = &server.requests()[before..];
        // Once, and twice out of the journal: it is one turn.
        assert_eq!(sent.len(), usize::from(is_sent));
        assert!(
            sent.iter()
                .all(|request| request.contains(HOOK) && request.contains(TOKEN))
        );
    }
}
