//! What the grants allow, they allow without taking memory: a decision stands before every call of a guest.

use allocation_counter::measure;
use url::Url;
use watchbox_model::{Capability, Client, Grants, Label, SearchTerm, Time, label::LabelOp};

const GRANTS: &str = "{ clients: [\"label:Other\", \"host:web-*\", \"text\"], labels: { add: [A, \"*\"] }, state: true,
   http: [ { method: GET, url: \"http://10.0.0.1:81/*\" }, { method: \"*\", url: \"https://*.example/a/*\", secrets: [one, two] },
           { method: POST, url: \"https://h.example/a/b\", secrets: [two] } ] }";

#[test]
fn to_allow_takes_no_memory() {
    let grants = Grants::parse("grants", GRANTS).unwrap();
    let urls: Vec<Url> = [
        "https://h.example/a/b?x=1",
        "https://x.y.example./a/%C3%A4?x",
    ]
    .iter()
    .map(|url| url.parse().unwrap())
    .collect();
    let address: Url = "http://10.0.0.1:81/x".parse().unwrap();
    let label: Label = "B".parse().unwrap();
    let terms: Vec<SearchTerm> = ["host:WEB-1", "host:web-1*", "some text"]
        .iter()
        .map(|term| term.parse().unwrap())
        .collect();
    let client = Client {
        id: "C.1".parse().unwrap(),
        hostname: "web-2".to_owned(),
        os: String::new(),
        labels: vec![label.clone()],
        first_seen: Time::default(),
        last_seen: Time::default(),
    };
    let mut allowed = 0;
    let taken = measure(|| {
        for url in &urls {
            allowed += usize::from(grants.send("POST", url, &["one", "two"]).is_ok());
        }
        allowed += usize::from(grants.send("GET", &address, &[]).is_ok());
        allowed += usize::from(grants.change_label(LabelOp::Add, &label).is_ok());
        for term in &terms {
            allowed += usize::from(grants.search(term).is_ok());
        }
        allowed += usize::from(grants.read_client(&client).is_ok());
        allowed += usize::from(grants.whole(Capability::State).is_ok());
    });
    assert_eq!(allowed, 9);
    assert_eq!(taken.count_total, 0);
}
