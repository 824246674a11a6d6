//! Secrets that can be told from everything else are planted wherever one may be given, the program is used in every way, and then all that it
//! has written, said and answered is searched for them, and so is the memory of a guest that they were filled in for.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result, ensure};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::{Value, json};
use watchbox_tests::{Answer, Echo, Home, Server, eventually};

use crate::numbers::LOG;

const PROBER: &str = "Test.Prober";
const FOLDER: &str = "Folder.Prober";
const SOON: Duration = Duration::from_secs(60);

/// What was planted.
struct Canary {
    name: &'static str,
    bytes: Vec<u8>,
}

/// The ways in which bytes are written without anybody's meaning to hide them.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let each = |write: &dyn Fn(u8) -> String| -> Vec<u8> {
        bytes
            .iter()
            .map(|byte| write(*byte))
            .collect::<String>()
            .into_bytes()
    };
    let mut forms = vec![
        bytes.to_vec(),
        bytes.to_ascii_lowercase(),
        bytes.to_ascii_uppercase(),
        bytes.iter().rev().copied().collect(),
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02X}")),
        each(&|byte| format!("%{byte:02x}")),
        each(&|byte| format!("%{byte:02X}")),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("&#{byte};")),
        bytes.iter().flat_map(|byte| [*byte, 0]).collect(),
        bytes.iter().flat_map(|byte| [0, *byte]).collect(),
    ];
    // Base64 of something that it begins in at any place; without the digits that what stands around it has a part in.
    for engine in [&STANDARD, &URL_SAFE] {
        for before in 0..3 {
            let whole = [&b"xxx"[..before], bytes].concat();
            let encoded = engine.encode(&whole[..whole.len() / 3 * 3]);
            let from = [0, 2, 3][before];
            forms.push(encoded.as_bytes()[from..].to_vec());
        }
    }
    forms
}

/// What was planted, and where it was looked for.
struct Search {
    canaries: Vec<Canary>,
    /// Finds all forms of all of them in one pass, and which canary each form is one of.
    forms: AhoCorasick,
    of_form: Vec<usize>,
    places: usize,
    found: Vec<String>,
}

impl Search {
    fn new() -> Result<Self> {
        Ok(Self {
            canaries: Vec::new(),
            forms: AhoCorasick::new([""; 0])?,
            of_form: Vec::new(),
            places: 0,
            found: Vec::new(),
        })
    }

    fn plant(&mut self, name: &'static str) -> Result<String> {
        let mut bytes = [0; 12];
        std::io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut bytes)?;
        let random: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("Canary.{name}.{random}");
        self.known(name, &text)?;
        Ok(text)
    }

    fn known(&mut self, name: &'static str, bytes: impl AsRef<[u8]>) -> Result<()> {
        let bytes = bytes.as_ref().to_vec();
        self.canaries.push(Canary { name, bytes });
        let (mut all, mut of_form) = (Vec::new(), Vec::new());
        for (at, canary) in self.canaries.iter().enumerate() {
            let forms = forms(&canary.bytes);
            of_form.extend(forms.iter().map(|_| at));
            all.extend(forms);
        }
        self.forms = AhoCorasick::new(all)?;
        self.of_form = of_form;
        Ok(())
    }

    /// The names of those that are in `bytes`.
    fn names_in(&self, bytes: &[u8]) -> BTreeSet<&'static str> {
        let found = self.forms.find_overlapping_iter(bytes);
        found
            .map(|found| self.canaries[self.of_form[found.pattern().as_usize()]].name)
            .collect()
    }

    fn look(&mut self, place: &str, bytes: &[u8]) {
        self.look_but_for("", place, bytes);
    }

    /// Looks for all but the one that is there by right.
    fn look_but_for(&mut self, own: &str, place: &str, bytes: &[u8]) {
        self.places += 1;
        for name in self.names_in(bytes) {
            if name != own {
                self.found.push(format!("{name} in {place}"));
            }
        }
    }

    fn look_at_answer(&mut self, place: &str, answer: &Answer) {
        self.look(
            &format!("headers of {place}"),
            format!("{:?}", answer.headers).as_bytes(),
        );
        self.look(place, &answer.body);
    }

    /// Runs a command, as people do and as scripts do, and looks at what it prints. Gives what scripts get.
    fn run(&mut self, server: &Server, words: &[&str]) -> Result<String> {
        let mut printed = String::new();
        for json in [false, true] {
            let mut words = words.to_vec();
            if json {
                words.push("--json");
            }
            printed = self.run_once(server, &words)?;
        }
        Ok(printed)
    }

    /// Runs a command that can't be run twice.
    fn run_once(&mut self, server: &Server, words: &[&str]) -> Result<String> {
        let finished = server.run(words)?;
        let command = words[..words.len().min(3)].join(" ");
        self.look(&format!("stdout of {command}"), finished.stdout.as_bytes());
        self.look(&format!("stderr of {command}"), finished.stderr.as_bytes());
        Ok(finished.stdout)
    }

    /// Looks at every file below `folder`.
    fn look_at_files(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.look_at_files(&path)?;
                continue;
            }
            let own = match path.file_name().and_then(OsStr::to_str) {
                Some("admin.token") => "admin-token",
                Some("secrets.key") => "sealing-key",
                Some("audit.key") => "audit-key",
                _ => "",
            };
            self.look_but_for(own, &path.display().to_string(), &fs::read(&path)?);
        }
        Ok(())
    }
}

/// Runs `secrets set` with the value on its stdin.
fn set_from_stdin(server: &Server, value: &str, words: &[&str]) -> Result<std::process::Output> {
    let mut child = server
        .command()
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("stdin")?
        .write_all(value.as_bytes())?;
    Ok(child.wait_with_output()?)
}

/// Sends an event that tells the guest what to do.
fn act(server: &Server, number: u64, act: &str) -> Result<()> {
    let event = json!({"ClientId": "C.1", "Number": number, "Act": act});
    server
        .api()
        .accept_events(LOG, event.to_string().as_bytes())
        .map(drop)
}

/// Every path that can be asked for, with its parameters filled in.
fn paths(document: &Value, digest: &str) -> Result<Vec<String>> {
    let paths = document["paths"].as_object().context("no paths")?;
    let asked = paths
        .iter()
        .filter(|(path, methods)| methods.get("get").is_some() && !path.ends_with("/live"));
    let filled = |path: &str| {
        path.replace("{artifact}", LOG)
            .replace("{name}", PROBER)
            .replace("{digest}", digest)
            .replace("{parameter}", "key")
            .replace("/clients/{id}", "/clients/C.1")
            .replace("{id}", "1")
    };
    Ok(asked.map(|(path, _)| filled(path)).collect())
}

#[test]
#[allow(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
fn secrets_are_found_nowhere() -> Result<()> {
    let home = Home::new()?;
    let elsewhere = Echo::start("http://127.0.0.1:9")?;
    let site = Echo::start(&elsewhere.url())?;
    let mut search = Search::new()?;

    // Planted: in files, in the environment, on stdin, in the watched folder, in tokens, in keys, and where none belongs.
    let hook = format!("{}/hooks/{}", site.url(), search.plant("hook")?);
    let [key, later, last] = [
        search.plant("key")?,
        search.plant("key-set-later")?,
        search.plant("key-set-last")?,
    ];
    let [folder_hook, folder_key] = [search.plant("folder-hook")?, search.plant("folder-key")?];
    let environment = search.plant("environment-of-the-server")?;
    let password = search.plant("password-of-a-key")?;
    let misplaced = search.plant("misplaced")?;
    let relay = home.file("relay.password", search.plant("password-of-the-relay")?)?;
    fs::set_permissions(&relay, fs::Permissions::from_mode(0o600))?;
    let hook_file = home.file("hook", format!("{hook}\n"))?;
    let artifacts = home.path().join("artifacts");
    fs::create_dir(&artifacts)?;
    fs::set_permissions(&artifacts, fs::Permissions::from_mode(0o755))?;
    let config = home.file(
        "settings.yaml",
        // (Nobody listens there.)
        format!(
            "artifacts_folder: {}\nmail: {{ relay: \"127.0.0.1:9\", tls: none, from: a@example.org, user: u, password_file: {relay} }}\n",
            artifacts.display()
        ),
    )?;
    let start = || {
        let variables: [(&str, &OsStr); 2] = [
            ("WATCHBOX_LOG", OsStr::new("trace")),
            ("CANARY", OsStr::new(&environment)),
        ];
        Server::start_under(
            home.build(),
            &home.data(),
            &["--config", &config],
            &variables,
        )
    };
    let server = start()?;
    let admin = fs::read_to_string(server.data().join("admin.token"))?;
    search.known("admin-token", admin.trim())?;
    let audit_key = fs::read_to_string(server.data().join("audit.key"))?;
    search.known("audit-key", audit_key.lines().nth(1).context("no key")?)?;
    search.known(
        "sealing-key-before",
        fs::read(server.data().join("secrets.key"))?,
    )?;

    // A signed component, and the keys that it is signed with.
    let component = home.file("prober.wasm", fs::read(home.artifact("prober")?)?)?;
    let key_file = home.path().join("signing.key").display().to_string();
    let password_file = format!("@{}", home.file("password", &password)?);
    search.run_once(
        &server,
        &["keygen", "--out", &key_file, "--password", &password_file],
    )?;
    let secret_key = fs::read_to_string(&key_file)?;
    search.known("secret-key", secret_key.lines().nth(1).context("no key")?)?;
    search.run(
        &server,
        &[
            "sign",
            &component,
            "--key",
            &key_file,
            "--password",
            &password_file,
        ],
    )?;
    search.run(
        &server,
        &[
            "verify",
            &component,
            "--public-key",
            &format!("{key_file}.pub"),
        ],
    )?;
    search.run(&server, &["inspect", &component])?;

    // Installed, with a secret out of a file and one out of the environment.
    let grants = |key_may_go: bool| {
        let secrets = if key_may_go { "[key]" } else { "[]" };
        format!(
            "http:\n- {{ method: POST, url: \"{site}/hooks/*\", secrets: [hook, key] }}\n\
             - {{ method: GET, url: \"{site}/*\", secrets: {secrets}, redirects: 2 }}\n\
             - {{ method: GET, url: \"{elsewhere}/*\", redirects: 2 }}\n\
             state: true\nlog: true\nlimits: {{ tries: 1, rows-bytes: 64MiB, state: 16MiB }}\n",
            site = site.url(),
            elsewhere = elsewhere.url()
        )
    };
    let grants_file = home.file("grants.yaml", grants(true))?;
    let sites = [
        format!("--param=site={}", site.url()),
        format!("--param=elsewhere={}", elsewhere.url()),
    ];
    let hook_option = format!("hook=@{hook_file}");
    let install = [
        "install",
        &component,
        "--grants",
        &grants_file,
        &sites[0],
        &sites[1],
        "--secret",
        &hook_option,
        "--secret",
        "key=env:KEY",
    ];
    // In the open they are refused, and not shown.
    for wrong in ["--secret", "--param"] {
        let open = format!("key={misplaced}");
        let words = [&install[..8], &[wrong, &open]].concat();
        let refused = server.run(&words)?;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        search.look("a secret on the command line", refused.stderr.as_bytes());
    }
    let installed = server.command().args(install).env("KEY", &key).output()?;
    ensure!(installed.status.success(), "{installed:?}");
    search.look("stdout of install", &installed.stdout);
    search.look("stderr of install", &installed.stderr);
    let parameters = format!(
        "site: {}\nelsewhere: {}\nhook: {}/hooks/{folder_hook}\nkey: {folder_key}\n",
        site.url(),
        elsewhere.url(),
        site.url()
    );
    for (end, text) in [
        (".grants.yaml", grants(true).into_bytes()),
        (".parameters.yaml", parameters.into_bytes()),
        (".wasm", fs::read(&component)?),
    ] {
        let path = artifacts.join(format!("{FOLDER}{end}"));
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
    }
    eventually(SOON, || {
        let answer = server.api().get(&format!("/api/v1/table/{FOLDER}"))?;
        Ok(if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("{answer:?}"))
        })
    })?;

    // Turns of every kind: those that send, that are denied, that fail.
    let rows = server.api().live(&format!("rows/{PROBER}"), None)?;
    let mut number = 0;
    for what in [
        "hook",
        "body",
        "key",
        "once",
        "astray",
        "redirected",
        "unknown",
        "nonsense",
    ] {
        number += 1;
        act(&server, number, what)?;
        rows.next_within(SOON)?;
    }
    for what in ["fault", "reject", "trap"] {
        number += 1;
        act(&server, number, what)?;
    }
    eventually(SOON, || {
        let letters = server.api().get_json("/api/v1/dead-letters?limit=100")?;
        let count = letters["items"].as_array().map_or(0, Vec::len);
        Ok(if count >= 6 {
            Ok(())
        } else {
            Err(format!("{count} of 6 dead letters"))
        })
    })?;

    // Set anew while it runs, by each way; sealed anew; another version, a shadow, a replay, the way back.
    let set = set_from_stdin(&server, &later, &["secrets", "set", PROBER, "key"])?;
    ensure!(set.status.success(), "{set:?}");
    search.look("secrets set", &[set.stdout, set.stderr].concat());
    act(&server, 50, "hook")?;
    rows.next_within(SOON)?;
    search.run_once(&server, &["secrets", "rotate"])?;
    search.known("sealing-key", fs::read(server.data().join("secrets.key"))?)?;
    let set = server
        .command()
        .args(["secrets", "set", PROBER, "key", "--env", "KEY", "--json"])
        .env("KEY", &last)
        .output()?;
    ensure!(set.status.success(), "{set:?}");
    search.look("secrets set --env", &[set.stdout, set.stderr].concat());
    act(&server, 51, "hook")?;
    rows.next_within(SOON)?;
    search.run_once(&server, &["upgrade", PROBER, &component, "--shadow"])?;
    act(&server, 52, "key")?;
    rows.next_within(SOON)?;
    search.run(&server, &["shadow", "report", PROBER])?;
    search.run(&server, &["replay", PROBER, "--since", "1h"])?;
    search.run(&server, &["replay", PROBER, "--since", "1h", "--diff"])?;
    let narrower = home.file("narrower.yaml", grants(false))?;
    search.run_once(&server, &["upgrade", PROBER, "--grants", &narrower])?;
    act(&server, 53, "key")?;
    rows.next_within(SOON)?;
    search.run_once(&server, &["rollback", PROBER, "--to", "1"])?;
    act(&server, 54, "hook")?;
    rows.next_within(SOON)?;
    search.run_once(&server, &["dead-letters", "redrive", "1"])?;

    // The guest's memory, in which all of that happened.
    act(&server, 55, "memory")?;
    let mut memory = Vec::new();
    eventually(SOON, || {
        memory.clear();
        for row in server.api().rows(PROBER)? {
            if row["Act"] == "memory" {
                memory.extend(STANDARD.decode(row["Memory"].as_str().unwrap_or_default())?);
            }
        }
        Ok(if memory.len() > 1 << 20 {
            Ok(())
        } else {
            Err("no memory".to_owned())
        })
    })?;
    search.look("the guest's memory", &memory);

    // Commands that run a guest here.
    let events = home.file(
        "events.ndjson",
        format!(
            "{}\n",
            json!({"ClientId": "C.1", "Number": 1, "Act": "hook"})
        ),
    )?;
    let here: [&[&str]; 2] = [
        &["run", &component, "--grants", &grants_file],
        &["grants", "propose", &component],
    ];
    for words in here {
        let key_file = format!("key=@{}", home.file("key", &key)?);
        let more = [
            "--events",
            &events,
            &sites[0],
            &sites[1],
            "--secret",
            &hook_option,
            "--secret",
            &key_file,
        ];
        search.run(&server, &[words, &more].concat())?;
    }

    // What is asked wrongly, with a secret where none belongs.
    let stranger = server.api().with_token(Some(&misplaced));
    search.look_at_answer("a wrong token", &stranger.get("/api/v1/table")?);
    for (method, path, body) in [
        ("PUT", "/api/v1/table/X", json!({"digest": misplaced})),
        ("PUT", "/api/v1/table/X", json!({"secrets": misplaced})),
        (
            "PATCH",
            "/api/v1/table/Test.Prober",
            json!({"secrets": {"unknown": misplaced}, "parameters": {"key": [misplaced]}}),
        ),
        (
            "PATCH",
            "/api/v1/table/Test.Prober",
            json!({"secrets": {"key": {"value": misplaced}}}),
        ),
        (
            "PUT",
            "/api/v1/table/Test.Prober/secrets/key",
            json!({"valeu": misplaced}),
        ),
        (
            "PUT",
            "/api/v1/table/Test.Prober/secrets/site",
            json!({"value": misplaced}),
        ),
        (
            "PUT",
            "/api/v1/table/Test.Prober/secrets/key",
            json!(misplaced),
        ),
        (
            "POST",
            "/api/v1/tokens",
            json!({"name": misplaced.repeat(3), "role": "analyst"}),
        ),
    ] {
        let answer = server.api().send(
            method,
            path,
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )?;
        assert!(
            (400..500).contains(&answer.status) || path.ends_with("Prober"),
            "{path}: {answer:?}"
        );
        search.look_at_answer(&format!("{method} {path}"), &answer);
    }

    // Tokens: shown once, to whoever asks for that.
    let made = server.api().send_json(
        "POST",
        "/api/v1/tokens",
        &json!({"name": "made", "role": "admin"}),
    )?;
    search.known("token", made["token"].as_str().context("no token")?)?;
    let token_file = home.path().join("reader.token").display().to_string();
    search.run_once(
        &server,
        &[
            "token",
            "create",
            "reader",
            "--role",
            "analyst",
            "--out",
            &token_file,
        ],
    )?;
    search.known("token-in-a-file", fs::read_to_string(&token_file)?.trim())?;

    // Everything that can be read.
    let digest = server.api().get_json(&format!("/api/v1/table/{PROBER}"))?["digest"]
        .as_str()
        .context("no digest")?
        .to_owned();
    let document = server.api().get_json("/api/v1/openapi.json")?;
    for path in paths(&document, &digest)? {
        search.look_at_answer(&path, &server.api().get(&path)?);
    }
    for log in ["rows", "events", "messages"] {
        for name in [PROBER, FOLDER, LOG] {
            for format in ["ndjson", "json", "csv"] {
                let path = format!("/api/v1/{log}/{name}?limit=100000&format={format}");
                search.look_at_answer(&path, &server.api().get(&path)?);
            }
        }
    }
    search.look_at_answer("the trail", &server.api().get("/api/v1/audit?limit=1000")?);
    let commands: [&[&str]; 16] = [
        &["table"],
        &["table", PROBER],
        &["table", FOLDER],
        &["versions", PROBER],
        &["secrets", "list"],
        &["secrets", "list", PROBER],
        &["audit"],
        &["messages", PROBER],
        &["rows", PROBER, "--last", "3"],
        &["events", LOG],
        &["logs"],
        &["clients"],
        &["client", "show", "C.1"],
        &["dead-letters", "list"],
        &["dead-letters", "show", "2"],
        &["token", "list"],
    ];
    for words in commands {
        search.run(&server, words)?;
    }
    search.run_once(&server, &["backup"])?;

    // Killed, looked at, recovered, started again, stopped.
    server.kill()?;
    search.look_at_files(&home.data())?;
    let recovered = home.path().join("recovered");
    let watchbox = home.build().program("watchbox")?;
    for more in [
        vec![],
        vec!["--json".to_owned()],
        vec!["--recover".to_owned(), recovered.display().to_string()],
    ] {
        let output = std::process::Command::new(&watchbox)
            .args(["doctor", "--data"])
            .arg(home.data())
            .args(more)
            .output()?;
        search.look("stdout of doctor", &output.stdout);
        search.look("stderr of doctor", &output.stderr);
    }
    search.look_at_files(&recovered)?;
    let server = start()?;
    let rows = server.api().live(&format!("rows/{PROBER}"), None)?;
    act(&server, 60, "hook")?;
    rows.next_within(SOON)?;
    server.stop()?;
    search.look_at_files(&home.data())?;
    search.look("the server's log", &fs::read(log_of(&home))?);

    // That they are found where they are: else this would say nothing.
    let sent = search.names_in(&site.received());
    for name in [
        "hook",
        "key",
        "key-set-later",
        "key-set-last",
        "folder-hook",
        "folder-key",
    ] {
        assert!(sent.contains(name), "{name} was sent to where it may go");
    }
    for canary in &search.canaries {
        let encoded = STANDARD.encode([b"?", canary.bytes.as_slice(), b"?"].concat());
        let found = search.names_in(encoded.as_bytes());
        assert!(found.contains(canary.name), "{} in base64", canary.name);
    }
    search.look("what the other site was sent", &elsewhere.received());
    println!(
        "canaries found: {} of {} places",
        search.found.len(),
        search.places
    );
    assert_eq!(search.found, Vec::<String>::new());
    Ok(())
}

fn log_of(home: &Home) -> PathBuf {
    home.path().join("data.log")
}
