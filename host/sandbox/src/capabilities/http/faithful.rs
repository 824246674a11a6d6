//! What is decided is what is connected to: host, port, path and query, whatever a URL looks like.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use proptest::{prelude::*, test_runner::TestRunner};

use super::*;
use crate::{
    bindings::watchbox::artifact::http::Text,
    egress::{Egress, Resolve},
    testing::{
        Outside, authority_with, guest_with,
        server::{Server, answer},
    },
};

/// Resolves every name to loopback, and remembers what it was asked.
#[derive(Default)]
struct Asked(Mutex<Vec<String>>);

#[async_trait]
impl Resolve for Asked {
    async fn resolve(&self, name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        self.0.lock().unwrap().push(name.to_owned());
        Ok(vec![[127, 0, 0, 1].into()])
    }
}

/// URLs whose parts are of every kind that readers of URLs differ on. PORT is the server's.
fn url() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![6 => "http://|HTTP://", 1 => "http:/|http:|http:\\\\\\\\|http:///"];
    let user = prop_oneof![8 => "", 1 => "u@|u:p@|@|h\\.example@|127\\.0\\.0\\.1:80@"];
    let host = prop_oneof![
        4 => "h\\.example|H\\.Example|h\\.example\\.|h%2eexample|x\\.h\\.example|bücher\\.example|xn--bcher-kva\\.example|h。example",
        2 => "127\\.0\\.0\\.1|127\\.1|0x7f\\.1|2130706433|\\[::ffff:127\\.0\\.0\\.1\\]|localhost",
        1 => "[a-zA-Z0-9.%_~!*@:;?#/\\\\-]{0,6}",
    ];
    let port = prop_oneof![8 => ":PORT", 1 => ":0PORT|:|:PORT\\\\|"];
    let path = prop_oneof![
        4 => "(/|/|\\\\|a|b|\\.|\\.\\.|%2e|;|@|:|\\?|#|é| |\\*|\\{|\\||'|\"|<|//|%41|%c3%a9){0,8}",
        1 => "(/|a|%2f|%5c|%00|%|%25|\\.\\.){0,6}",
    ];
    (scheme, user, host, port, path).prop_map(|(a, b, c, d, e)| [a, b, c, d, e].concat())
}

#[test]
fn what_is_decided_is_what_is_connected_to() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (server, asked) = runtime.block_on(async {
        let server = Server::answering(&[&answer("200 OK", "", "")]).await;
        (server, Arc::new(Asked::default()))
    });
    let port = server.address.port().to_string();
    let grants: Vec<String> = [
        "h.example",
        "*.example",
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
    ]
    .map(|host| {
        format!("{{ method: GET, url: \"http://{host}:{port}/*\", addresses: [\"127.0.0.1\"] }}")
    })
    .into();
    let grants = format!(
        "{{ limits: {{ requests-per-minute: 100000 }}, http: [ {} ] }}",
        grants.join(", ")
    );
    let resolver: Arc<dyn Resolve> = asked.clone();
    let egress = Arc::new(Egress::with_resolver(resolver));
    let sent = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(600));
    let held = runner.run(&url(), |url| {
        let url = url.replace("PORT", &port);
        let before = server.requests().len();
        asked.0.lock().unwrap().clear();
        let mut guest = guest_with(authority_with(&grants), &Outside::default(), egress.clone());
        let request = Request {
            method: "GET".to_owned(),
            url: Text::Plain(url.clone()),
            headers: Vec::new(),
            body: Vec::new(),
            body_secrets: Vec::new(),
            timeout_ms: None,
            once: None,
        };
        let answer = runtime.block_on(Host::send(&mut guest, request)).unwrap();
        let records = guest.gate.take_records();
        let seen = server.requests().split_off(before);
        prop_assert_eq!(records.len(), 1);
        let names = asked.0.lock().unwrap().clone();
        if answer.is_err() {
            prop_assert!(seen.is_empty(), "{}: {:?}", url, seen);
            return Ok(());
        }
        sent.set(sent.get() + 1);
        let [seen] = &seen[..] else {
            return Err(TestCaseError::fail(format!("{url}: {seen:?}")));
        };
        let mut lines = seen.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let target = line
            .strip_prefix("GET ")
            .and_then(|line| line.strip_suffix(" HTTP/1.1"));
        let host = lines.find_map(|line| line.strip_prefix("host: "));
        let (Some(target), Some(host)) = (target, host) else {
            return Err(TestCaseError::fail(format!("{url}: {seen}")));
        };
        // The trail has what was decided; the server, what was sent.
        prop_assert_eq!(
            &records[0].target,
            &format!("GET http://{host}{target}"),
            "{}",
            url
        );
        let (name, its_port) = host.rsplit_once(':').unwrap_or((host, "80"));
        prop_assert_eq!(its_port, &port, "{}", url);
        match name.parse::<std::net::Ipv4Addr>() {
            Ok(address) => prop_assert!(address.is_loopback() && names.is_empty(), "{}", url),
            Err(_) if name.starts_with('[') => prop_assert!(names.is_empty(), "{}", url),
            Err(_) => prop_assert_eq!(names, [name], "{}", url),
        }
        let path = target.split('?').next().unwrap_or_default();
        prop_assert!(
            !path.split('/').any(|segment| matches!(segment, "." | "..")),
            "{}",
            url
        );
        Ok(())
    });
    held.unwrap();
    assert!(sent.get() > 100, "{} of 600 were sent", sent.get());
}
