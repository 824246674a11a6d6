//! `Server.Elastic.Upload`, against a real node of OpenSearch: each row is a document, once, whatever happens on the way.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Api, Asked, Home, OpenSearch, Server, Service, Told, eventually};

const NAME: &str = "Server.Elastic.Upload";
const FOLDER: &str = "server-elastic-upload";
/// What the folder's grants say of where the cluster is.
const PLACE: &str = "https://elastic.example.org:9200";
const SOON: Duration = Duration::from_secs(120);

/// A server that uploads to a cluster.
struct Upload {
    home: Home,
    server: Server,
    cluster: Arc<OpenSearch>,
    /// The log that is uploaded, which is the test's own, as its index is.
    log: String,
}

impl Upload {
    /// The cluster is at `url`, or where it is.
    fn start(log: &str, url: Option<&str>, index: &str) -> Result<Self> {
        let home = Home::new()?;
        let upload = Self {
            server: home.server()?,
            home,
            cluster: OpenSearch::shared()?,
            log: log.to_owned(),
        };
        upload.install(url, index, &[])?;
        Ok(upload)
    }

    fn install(&self, url: Option<&str>, index: &str, more: &[&str]) -> Result<()> {
        let url = url.unwrap_or(self.cluster.url());
        let grants = self.home.build().root().join("plugins").join(FOLDER);
        let grants = fs::read_to_string(grants.join("grants.yaml"))?.replace(PLACE, url);
        let grants = self.home.file("elastic-grants.yaml", grants)?;
        let key = format!("credentials=@{}", self.home.file("key", "made-up")?);
        let component = self.home.artifact(FOLDER)?;
        let mut arguments = vec![
            "install", &component, "--grants", &grants, "--secret", &key, "--param",
        ];
        let (log, url) = (format!("Log={}", self.log), format!("Url={url}"));
        let index = format!("Index={index}");
        arguments.extend([log.as_str(), "--param", &url, "--param", &index]);
        arguments.extend(more);
        self.server.run_ok(&arguments).map(drop)
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    /// Has a client report rows with these in their column Value.
    fn report(&self, values: impl IntoIterator<Item = Value>) -> Result<()> {
        let mut lines = String::new();
        for value in values {
            lines += &json!({"ClientId": "C.1", "Value": value}).to_string();
            lines += "\n";
        }
        self.api()
            .accept_events(&self.log, lines.as_bytes())
            .map(drop)
    }

    /// Waits until this many rows were dealt with, and gives the rows that tell so.
    fn wait(&self, count: u64) -> Result<Uploaded> {
        eventually(SOON, || {
            let told = Uploaded(self.api().rows(NAME)?);
            let sent = told.sum("Sent");
            Ok(if sent >= count {
                Ok(told)
            } else {
                Err(format!("{sent} of {count} rows were dealt with"))
            })
        })
    }

    /// The documents in the test's own indices.
    fn documents(&self) -> Result<Vec<Value>> {
        let index = format!("watchbox-{}-*", self.log.to_ascii_lowercase());
        self.cluster.documents(&index)
    }
}

/// The rows that the artifact emitted.
#[derive(Debug)]
struct Uploaded(Vec<Value>);

impl Uploaded {
    fn sum(&self, column: &str) -> u64 {
        self.0.iter().filter_map(|row| row[column].as_u64()).sum()
    }

    /// Sent, created, already there, refused.
    fn counts(&self) -> [u64; 4] {
        ["Sent", "Created", "AlreadyThere", "Refused"].map(|column| self.sum(column))
    }
}

const DAILY: &str = "watchbox-{log}-{yyyy.MM.dd}";

#[test]
fn rows_become_documents_each_once() -> Result<()> {
    let upload = Upload::start("Test.Elastic.Once", None, DAILY)?;
    // Rows that are alike in every column, and come in at once, are rows of their own.
    upload.report((0..1_250).chain(0..1_250).map(Value::from))?;
    let told = upload.wait(2_500)?;
    assert_eq!(told.counts(), [2_500, 2_500, 0, 0]);
    let documents = upload.documents()?;
    assert_eq!(documents.len(), 2_500);
    let first = documents
        .iter()
        .find(|document| document["_source"]["Value"] == 0)
        .context("the first row")?;
    let source = &first["_source"];
    assert_eq!(source["ClientId"], "C.1");
    assert_eq!(source["watchbox"]["log"], "Test.Elastic.Once");
    let received = source["watchbox"]["received"].as_str().context("a time")?;
    assert_eq!(source["@timestamp"], received);
    let day = received[..10].replace('-', ".");
    assert_eq!(first["_index"], format!("watchbox-test.elastic.once-{day}"));

    // All of it again, from an installation that knows of nothing.
    upload.server.run_ok(&["remove", NAME])?;
    upload.install(None, DAILY, &["--from", "oldest"])?;
    let told = upload.wait(5_000)?;
    assert_eq!(told.counts(), [5_000, 2_500, 2_500, 0]);
    assert_eq!(upload.documents()?.len(), 2_500);
    Ok(())
}

#[test]
fn a_data_stream_takes_them_as_well() -> Result<()> {
    let cluster = OpenSearch::shared()?;
    let template = json!({ "index_patterns": ["logs-test-*"], "data_stream": {} });
    cluster
        .api()
        .send_json("PUT", "/_index_template/streams", &template)?;
    let upload = Upload::start("Test.Elastic.Stream", None, "logs-test-{log}")?;
    upload.report((0..10).map(Value::from))?;
    assert_eq!(upload.wait(10)?.counts(), [10, 10, 0, 0]);
    let documents = cluster.documents("logs-test-test.elastic.stream")?;
    assert_eq!(documents.len(), 10);
    let index = documents[0]["_index"].as_str().context("an index")?;
    assert!(
        index.starts_with(".ds-logs-test-test.elastic.stream-"),
        "{index}"
    );
    Ok(())
}

#[test]
fn what_does_not_fit_the_index_becomes_a_row() -> Result<()> {
    let upload = Upload::start("Test.Elastic.Mapping", None, DAILY)?;
    upload.report([json!(1)])?;
    upload.wait(1)?;
    upload.report([json!(2), json!("no number <script>"), json!(3)])?;
    let told = upload.wait(4)?;
    assert_eq!(told.counts(), [4, 3, 0, 1]);
    assert_eq!(upload.documents()?.len(), 3);
    let refused = told
        .0
        .iter()
        .find(|row| row["Status"] == 400)
        .context("no row tells of it")?;
    let reason = refused["Reason"].as_str().context("no reason")?;
    assert!(
        reason.contains("mapper_parsing_exception") && reason.contains("[Value]"),
        "{reason}"
    );
    assert_eq!(refused["ClientId"], "C.1");
    let document = refused["Document"].as_str().context("no document")?;
    assert!(document.contains("no number <script>"), "{document}");
    Ok(())
}

/// A way to `cluster` on which `fault` may say what becomes of a request: its number, from 0 on, and how it is answered without that.
fn way(
    cluster: &OpenSearch,
    fault: impl Fn(usize, Told) -> Told + Send + Sync + 'static,
) -> Result<Service> {
    let (cluster, count) = (cluster.api().clone(), AtomicUsize::new(0));
    Service::start(move |asked: &Asked| {
        let kind = ("Content-Type", asked.header("content-type"));
        let answer = cluster.send(&asked.method, &asked.path, &[kind], &asked.body)?;
        let told = Told::answer(answer.status, answer.body);
        Ok(fault(count.fetch_add(1, Ordering::Relaxed), told))
    })
}

#[test]
fn an_answer_that_is_lost_doubles_nothing() -> Result<()> {
    let cluster = OpenSearch::shared()?;
    let way = way(&cluster, |number, told| match number {
        0 => Told::Nothing,
        1 => Told::answer(429, "busy").with("Retry-After", "1"),
        2 => Told::answer(503, "<html>"),
        _ => told,
    })?;
    let upload = Upload::start("Test.Elastic.Lost", Some(&way.url()), DAILY)?;
    upload.report((0..100).map(Value::from))?;
    // They were there after the first request; the artifact could not know.
    assert_eq!(upload.wait(100)?.counts(), [100, 0, 100, 0]);
    assert_eq!(upload.documents()?.len(), 100);
    let asked = way.asked();
    assert_eq!(asked.len(), 4, "{}", asked.len());
    for request in &asked {
        assert_eq!(request.header("authorization"), "ApiKey made-up");
        assert_eq!(request.body, asked[0].body);
    }
    assert!(asked[2].at - asked[1].at >= Duration::from_secs(1));
    Ok(())
}

#[test]
fn what_there_is_no_room_for_waits_and_is_not_lost() -> Result<()> {
    let upload = Upload::start("Test.Elastic.Full", None, DAILY)?;
    upload.report([json!(0)])?;
    upload.wait(1)?;
    // As a cluster does by itself when its disk is full: such documents are answered 429, each for itself.
    let block = |on: bool| {
        let setting = json!({ "index.blocks.read_only_allow_delete": if on { json!(true) } else { Value::Null } });
        let api = upload.cluster.api();
        api.send_json("PUT", "/watchbox-test.elastic.full-*/_settings", &setting)
    };
    block(true)?;
    upload.report((1..50).map(Value::from))?;
    eventually(SOON, || {
        let line = upload.api().get_json(&format!("/api/v1/table/{NAME}"))?;
        let error = line["last_error"]["error"].as_str().unwrap_or_default();
        Ok(if error.contains("429 cluster_block_exception") {
            Ok(())
        } else {
            Err(format!("{line}"))
        })
    })?;
    assert_eq!(upload.documents()?.len(), 1);
    block(false)?;
    assert_eq!(upload.wait(50)?.counts(), [50, 50, 0, 0]);
    assert_eq!(upload.documents()?.len(), 50);
    Ok(())
}

#[test]
fn a_cluster_that_refuses_the_key_sets_the_batch_aside() -> Result<()> {
    let is_refused = Arc::new(AtomicBool::new(true));
    let refuses = is_refused.clone();
    let cluster = OpenSearch::shared()?;
    let way = way(&cluster, move |_, told| {
        if !refuses.load(Ordering::Relaxed) {
            return told;
        }
        let refusal = r#"{"error":{"type":"security_exception","reason":"unable to authenticate"},"status":401}"#;
        Told::answer(401, refusal)
    })?;
    let upload = Upload::start("Test.Elastic.Refused", Some(&way.url()), DAILY)?;
    upload.report([json!(1)])?;
    let letter = eventually(SOON, || {
        let letters = upload.api().get_json("/api/v1/dead-letters")?;
        Ok(letters["items"][0]["error"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| letters.to_string()))
    })?;
    assert!(
        letter.contains("401 security_exception: unable to authenticate"),
        "{letter}"
    );
    assert_eq!(way.asked().len(), 1, "it is not hammered");
    // With what was wrong mended, the batch goes: what was refused is no answer any more.
    is_refused.store(false, Ordering::Relaxed);
    upload.server.run_ok(&["dead-letters", "redrive", "1"])?;
    let told = upload.wait(1)?.counts();
    assert_eq!((told[0], told[3], way.asked().len()), (1, 0, 2));
    assert_eq!(upload.documents()?.len(), 1);
    Ok(())
}
