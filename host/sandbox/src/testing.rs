//! What the tests stand on: an outside in memory, guests written in WebAssembly text, and the turns they are given.

pub(crate) mod relay;
pub(crate) mod server;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use watchbox_model::{
    AuditRecord, Client, ClientId, Digest, Grants, Label, SearchTerm, Secret, Time, TurnId,
    audit::Decision, manifest::SECTION, turn::Trigger,
};
use wit_component::{ComponentEncoder, StringEncoding};

use crate::{
    Authority, Component, Instance, LoadError, Sandbox, SandboxConfig, Turn, Unchecked,
    egress::{Egress, Resolve},
    engine::Ticker,
    guest::Guest,
    host::{Effect, Host, Recalled, Unavailable, View},
};

/// An authority without a grant.
pub(crate) fn authority() -> Authority {
    authority_with("{}")
}

/// An authority with these grants, and the secrets `hook` (a URL) and `token`.
pub(crate) fn authority_with(grants: &str) -> Authority {
    let secret = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    Authority {
        installation: "Server.Test".parse().unwrap(),
        digest: Digest::of(b"component"),
        lines: Arc::default(),
        // An empty map.
        parameters: vec![0x80],
        secrets: [
            secret("hook", "https://hooks.example.com/services/T0P53CR3T"),
            secret("token", "sesame-open-up"),
        ]
        .into(),
        grants: Arc::new(RwLock::new(Arc::new(grants_of(grants)))),
    }
}

/// Grants from YAML.
pub(crate) fn grants_of(yaml: &str) -> Grants {
    Grants::parse("grants.yaml", yaml).unwrap()
}

/// The turn that all tests are about.
pub(crate) fn turn() -> Turn {
    let trigger = Trigger::Tick {
        due: Time::from_micros(1_000_000),
    };
    Turn {
        id: TurnId::of(&trigger),
        trigger,
        now: Time::from_seconds(1_700_000_000.25),
        attempt: 1,
    }
}

/// A client.
pub(crate) fn client(id: &str, labels: &[&str]) -> Client {
    Client {
        id: id.parse().unwrap(),
        hostname: format!("host-{id}"),
        os: "linux".to_owned(),
        labels: labels
            .iter()
            .map(|label| label.parse::<Label>().unwrap())
            .collect(),
        first_seen: Time::from_seconds(1.0),
        last_seen: Time::from_seconds(2.5),
    }
}

/// The outside, in memory.
#[derive(Clone, Default)]
pub(crate) struct Outside(pub(crate) Arc<Kept>);

/// What it keeps.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) clients: Mutex<BTreeMap<ClientId, Client>>,
    pub(crate) state: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) journal: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) views: AtomicU32,
    pub(crate) broken: Mutex<bool>,
}

impl Outside {
    /// One that knows these clients.
    pub(crate) fn with_clients(clients: impl IntoIterator<Item = Client>) -> Self {
        let outside = Self::default();
        let clients = clients
            .into_iter()
            .map(|client| (client.id.clone(), client));
        *outside.0.clients.lock().unwrap() = clients.collect();
        outside
    }

    fn check(&self) -> Result<(), Unavailable> {
        if *self.0.broken.lock().unwrap() {
            return Err(Unavailable("the store is away".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Host for Outside {
    async fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        self.check()?;
        self.0.views.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(self.clone()))
    }

    async fn recall(&self, turn: &Turn, effect: &Effect) -> Result<Recalled, Unavailable> {
        self.check()?;
        let key = format!("{} {effect:?}", turn.id);
        let outcome = self.0.journal.lock().unwrap().get(&key).cloned();
        Ok(Recalled { key, outcome })
    }

    async fn journal(
        &self,
        turn: &Turn,
        effect: &Effect,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable> {
        self.check()?;
        let key = format!("{} {effect:?}", turn.id);
        self.0.journal.lock().unwrap().insert(key, outcome);
        Ok(())
    }

    async fn forget(&self, turn: &Turn, effect: &Effect) -> Result<(), Unavailable> {
        self.check()?;
        let key = format!("{} {effect:?}", turn.id);
        self.0.journal.lock().unwrap().remove(&key);
        Ok(())
    }
}

#[async_trait]
impl View for Outside {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        self.check()?;
        Ok(self.0.clients.lock().unwrap().get(id).cloned())
    }

    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable> {
        self.check()?;
        let clients = self.0.clients.lock().unwrap();
        let matching = clients
            .values()
            .filter(|client| after.is_none_or(|after| client.id > *after) && term.matches(client));
        Ok(matching.take(limit as usize).cloned().collect())
    }

    async fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        self.check()?;
        Ok(self.0.state.lock().unwrap().get(key).cloned())
    }

    async fn state_keys(&self, prefix: &str) -> Result<Vec<(String, u64)>, Unavailable> {
        self.check()?;
        let state = self.0.state.lock().unwrap();
        let found = state.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found
            .map(|(key, value)| (key.clone(), value.len() as u64))
            .collect())
    }
}

/// A guest's side of the host in the midst of a turn, for calling capabilities without a component.
pub(crate) fn guest(grants: &str, outside: &Outside) -> Guest {
    guest_with(authority_with(grants), outside, Egress::new())
}

/// As [`guest`], with this authority and this way out.
pub(crate) fn guest_with(
    authority: Authority,
    outside: &Outside,
    egress: impl Into<Arc<Egress>>,
) -> Guest {
    let limits = authority.grants().limits.clone();
    let ticker = Arc::new(Ticker::start(&wasmtime::Engine::default()).unwrap());
    let host = Arc::new(outside.clone());
    let mut guest = Guest::new(Arc::new(authority), host, egress.into(), ticker);
    guest.begin(Some(turn()), limits, Instant::now());
    guest
}

/// What the trail says so far, a line a record.
pub(crate) fn trail(guest: &mut Guest) -> String {
    let records = guest.gate.take_records();
    records.iter().map(told).collect::<Vec<_>>().join("\n")
}

/// One audit record on a line.
pub(crate) fn told(record: &AuditRecord) -> String {
    let decision = match record.decision {
        Decision::Allowed => "allowed",
        Decision::Denied => "DENIED",
    };
    format!(
        "{} {} [{}] {decision}: {} -> {}",
        record.capability, record.operation, record.target, record.reason, record.outcome
    )
}

/// A resolver that gives out what it was told to, in turn.
pub(crate) struct Names<T>(pub(crate) Mutex<Vec<Vec<T>>>);

#[async_trait]
impl<T: AsRef<str> + Clone + Send> Resolve for Names<T> {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        };
        Ok(answer
            .iter()
            .map(|text| text.as_ref().parse().unwrap())
            .collect())
    }
}

/// The manifest of a guest that declares everything.
pub(crate) const MANIFEST: &str = r#"
name: Server.Test
version: 1.0.0
type: SERVER_EVENT
description: A guest for tests
author: watchbox
schedule: { every: 60s }
capabilities:
  clients: { reason: test }
  labels: { reason: test }
  http: { reason: test, needs: [ { method: GET, url: "https://example.com/" } ] }
  mail: { reason: test }
  state: { reason: test }
  log: { reason: test }
  clock: { reason: test }
"#;

/// Words of memory, as a data segment of a module in text has them.
pub(crate) fn words(words: &[u32]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.map(|byte| format!("\\{byte:02x}")).collect()
}

/// A component of a core module in text, with `manifest` embedded.
pub(crate) fn component(module: &str, manifest: Option<&str>) -> Bytes {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve
        .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))
        .unwrap();
    let world = resolve.packages[package].worlds["artifact"];
    let mut module = wat::parse_str(module).unwrap();
    wit_component::embed_component_metadata(
        &mut module,
        &resolve,
        world,
        StringEncoding::UTF8,
        false,
    )
    .unwrap();
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode());
    embed(component.unwrap(), manifest)
}

/// `component` with `manifest` as its custom section.
pub(crate) fn embed(mut component: Vec<u8>, manifest: Option<&str>) -> Bytes {
    if let Some(manifest) = manifest {
        component.extend(section(SECTION, manifest.as_bytes()));
    }
    component.into()
}

/// A custom section, as it stands in a component.
pub(crate) fn section(name: &str, data: &[u8]) -> Vec<u8> {
    let mut body = leb128(name.len());
    body.extend(name.as_bytes());
    body.extend(data);
    let mut section = vec![0];
    section.extend(leb128(body.len()));
    section.extend(body);
    section
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A guest: `imports` and `body` are core text; `body` defines `$handle`, which is given the trigger's flattened parts and gives where its
/// result stands. `$configure` answers `ok`, and `cabi_realloc` hands out memory, unless `body` has one of its own.
///
/// The memory's first KiB is the guest's to lay its results out in; what the host hands over goes from 64 KiB on.
pub(crate) fn guest_text(imports: &str, body: &str) -> String {
    let configure = if body.contains("(func $configure") {
        ""
    } else {
        "(func $configure (param i32 i32) (result i32) (i32.const 512))"
    };
    let realloc = if body.contains("\"cabi_realloc\"") {
        ""
    } else {
        REALLOC
    };
    format!(
        r#"(module
  {imports}
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 65536))
  {realloc}
  {configure}
  {body}
  (export "watchbox:artifact/handler@0.1.0#configure" (func $configure))
  (export "watchbox:artifact/handler@0.1.0#handle" (func $handle))
)"#
    )
}

/// Hands out memory from 64 KiB on.
const REALLOC: &str = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    ;; Round up to what is wanted, and hand out what follows. Memory of earlier calls is never given back.
    (local.set $at (i32.and
      (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get 2))))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (block $room
      (loop $grow
        (br_if $room (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        (unreachable)))
    (local.get $at))"#;

/// A `$handle` that does `code` and then returns no rows.
pub(crate) fn handle(code: &str) -> String {
    format!(
        "(func $handle (param $kind i32) (param $a i64) (param i32 i32 i32) (result i32) {code}
         (i32.const 512))"
    )
}

/// A sandbox for tests, whose names resolve to `addresses` where some are given.
pub(crate) fn sandbox() -> Sandbox {
    let config = SandboxConfig {
        instances: 10,
        memory: 256 << 20,
        ..SandboxConfig::default()
    };
    Sandbox::new(config).unwrap()
}

/// Loads a guest of this text.
pub(crate) async fn load(text: &str) -> Result<Arc<Component>, LoadError> {
    let wanted = Unchecked::new(component(text, Some(MANIFEST)));
    sandbox().load(wanted).await
}

/// An instance of a guest of this text, with these grants.
pub(crate) async fn instance(text: &str, grants: &str) -> Instance {
    let component = load(text).await.unwrap();
    let authority = Arc::new(authority_with(grants));
    component
        .instantiate(authority, Arc::new(Outside::default()))
        .await
        .unwrap()
}
