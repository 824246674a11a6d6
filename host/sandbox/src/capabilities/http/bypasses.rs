//! Every attempt of `bypasses.yaml` is refused, by either way to ask for a request, before a byte leaves for where it wants to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use serde::Deserialize;
use tokio::net::TcpListener;

use super::{wasi::tests::is_refused, *};
use crate::{
    bindings::watchbox::artifact::http::{Header, Text},
    egress::Egress,
    testing::{
        Names, Outside, authority_with, guest_with,
        server::{Server, answer},
    },
};

/// One attempt; what each field says stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    #[serde(rename = "try")]
    what: String,
    url: Option<String>,
    method: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    grant: Option<String>,
    addresses: Option<bool>,
    resolves: Option<Vec<Vec<String>>>,
    redirect: Option<String>,
}

/// What listens where nothing may come.
struct Canary {
    port: u16,
    heard: Arc<AtomicU32>,
}

impl Canary {
    async fn listen() -> Self {
        let heard = Arc::new(AtomicU32::new(0));
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        // Machines without IPv6 have one door less.
        let second = TcpListener::bind(("::1", port)).await.ok();
        for listener in [Some(first), second].into_iter().flatten() {
            let heard = heard.clone();
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    heard.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, heard }
    }

    /// How many came. What comes is heard before one who comes after it.
    async fn heard(&self) -> u32 {
        let before = self.heard.load(Ordering::SeqCst);
        drop(tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await);
        while self.heard.load(Ordering::SeqCst) == before {
            tokio::task::yield_now().await;
        }
        self.heard.fetch_sub(1, Ordering::SeqCst) - 1
    }
}

/// An attempt at work: its guest, and the server that redirects, where it has one.
struct Tried {
    guest: Guest,
    first: Option<Server>,
    url: String,
}

impl Attempt {
    async fn begin(&self, canary: &Canary) -> Tried {
        let first = match &self.redirect {
            Some(location) => {
                let location = location.replace("PORT", &canary.port.to_string());
                // The server puts in its own port.
                let location = location.replace("FIRST", "PORT");
                let away = answer("302 Found", &format!("location: {location}\r\n"), "");
                Some(Server::answering(&[&away]).await)
            }
            None => None,
        };
        let own = first.as_ref().map_or(0, |first| first.address.port());
        let filled = |text: &str| {
            text.replace("PORT", &canary.port.to_string())
                .replace("FIRST", &own.to_string())
        };
        let (grant, url) = match first {
            Some(_) => (
                "http://first.example:FIRST/ok/*",
                "http://first.example:FIRST/ok/x",
            ),
            None => (
                "http://named.example:PORT/a/*",
                "http://named.example:PORT/a/x",
            ),
        };
        let grant = filled(self.grant.as_deref().unwrap_or(grant));
        let url = filled(self.url.as_deref().unwrap_or(url));
        let addresses = match self.addresses {
            Some(false) => "",
            _ => "\"127.0.0.1\", \"::1\"",
        };
        let authority = authority_with(&format!(
            "http: [ {{ method: GET, url: \"{grant}\", redirects: 3, addresses: [{addresses}] }} ]"
        ));
        let here = vec![vec!["127.0.0.1".to_owned()]];
        let names = self.resolves.clone().unwrap_or(here);
        let egress = Egress::with_resolver(Arc::new(Names(Mutex::new(names))));
        Tried {
            guest: guest_with(authority, &Outside::default(), egress),
            first,
            url,
        }
    }

    fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("GET")
    }

    fn request(&self, url: &str) -> Request {
        let header = |(name, value): &(String, String)| Header {
            name: name.clone(),
            value: Text::Plain(value.clone()),
        };
        Request {
            method: self.method().to_owned(),
            url: Text::Plain(url.to_owned()),
            headers: self.headers.iter().map(header).collect(),
            body: Vec::new(),
            body_secrets: Vec::new(),
            timeout_ms: None,
            once: None,
        }
    }
}

/// Where the server that redirects was asked more than once, it was for what it led to.
fn is_followed(first: Option<&Server>) -> bool {
    first.is_some_and(|first| first.requests().len() > 1)
}

#[tokio::test]
async fn every_attempt_to_get_around_a_grant_is_refused() {
    let attempts: Vec<Attempt> = serde_saphyr::from_str(include_str!("bypasses.yaml")).unwrap();
    let canary = Canary::listen().await;
    // It does hear what may come.
    let granted = Attempt {
        what: "what is granted".to_owned(),
        url: None,
        method: None,
        headers: Vec::new(),
        grant: None,
        addresses: None,
        resolves: None,
        redirect: None,
    };
    let mut tried = granted.begin(&canary).await;
    let mut request = granted.request(&tried.url);
    request.timeout_ms = Some(50);
    let answer = Host::send(&mut tried.guest, request).await.unwrap();
    assert!(!matches!(answer, Err(Error::Denied(_))), "{answer:?}");
    assert_eq!(canary.heard().await, 1);
    canary.heard.store(0, Ordering::SeqCst);

    let mut through = Vec::new();
    let mut made = 0;
    for attempt in &attempts {
        let Tried {
            mut guest,
            first,
            url,
        } = attempt.begin(&canary).await;
        let answer = Host::send(&mut guest, attempt.request(&url)).await.unwrap();
        let refused = match &answer {
            // A redirect to what is no URL of http is not followed.
            Ok(response) => response.status == 302,
            Err(Error::Denied(_) | Error::InvalidRequest(_)) => guest.gate.denied() > 0,
            Err(_) => false,
        };
        made += 1;
        if !refused || is_followed(first.as_ref()) {
            through.push(format!("{}: {url}: {answer:?}", attempt.what));
        }

        let Tried {
            mut guest,
            first,
            url,
        } = attempt.begin(&canary).await;
        // There, a length is checked against the body, and then said anew by the host.
        let headers: Vec<(&str, &str)> = attempt
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        made += 1;
        if !is_refused(&mut guest, attempt.method(), &url, &headers).await
            || is_followed(first.as_ref())
        {
            through.push(format!("{}, by wasi:http: {url}", attempt.what));
        }
        let heard = canary.heard().await;
        if heard > 0 {
            through.push(format!("{}: the canary was reached", attempt.what));
            canary.heard.store(0, Ordering::SeqCst);
        }
    }
    #[allow(clippy::print_stdout)]
    {
        println!("bypasses: {} of {made}", through.len());
    }
    assert!(through.is_empty(), "{}", through.join("\n"));
    assert!(attempts.len() >= 200, "{} attempts", attempts.len());
}
