//! What a decision of the grants costs: each is timed by itself, and its allocations are counted. Prints one JSON object for
//! `cargo xtask bench grants`.

use std::{hint::black_box, io::Write as _, time::Instant};

use allocation_counter::measure;
use anyhow::{Context as _, Result};
use serde_json::json;
use url::Url;
use watchbox_model::{Grants, Label, SearchTerm, label::LabelOp};

/// How many rules there are of each kind that has any: the most that the figure is promised for.
const RULES: usize = 64;

/// How often each decision is made.
const ROUNDS: usize = 2_000;

/// What is asked, by kind: one question for each rule, which that rule alone answers, so that all those before it are looked at too.
struct Questions {
    requests: Vec<Url>,
    labels: Vec<Label>,
    terms: Vec<SearchTerm>,
}

fn main() -> Result<()> {
    let grants = grants()?;
    let questions = Questions::make()?;
    let send = |url: &Url| grants.send("POST", black_box(url), &["token_url"]).is_ok();
    let label = |label: &Label| {
        grants
            .change_label(LabelOp::Remove, black_box(label))
            .is_ok()
    };
    let search = |term: &SearchTerm| grants.search(black_box(term)).is_ok();
    let figures = json!({
        "rules": RULES,
        "rounds": ROUNDS * RULES,
        "http.send": figure(&questions.requests, send)?,
        "labels.remove": figure(&questions.labels, label)?,
        "clients.search": figure(&questions.terms, search)?,
    });
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

/// Rules that look alike, as those of one webhook service do.
fn grants() -> Result<Grants> {
    let rules = |rule: fn(usize) -> serde_json::Value| (0..RULES).map(rule).collect::<Vec<_>>();
    let document = json!({
        "clients": rules(|n| json!(format!("host:{n:02}-web-*"))),
        "labels": { "add": [], "remove": rules(|n| json!(format!("Slack {n:02}"))) },
        "http": rules(|n| json!({
            "method": "POST", "url": format!("https://hooks.example.com/services/T{n:02}/*"), "secrets": ["token_url"],
        })),
    });
    Ok(Grants::parse("grants", &document.to_string())?)
}

impl Questions {
    fn make() -> Result<Self> {
        let requests = (0..RULES).map(|n| {
            let url = format!(
                "https://hooks.example.com/services/T{n:02}/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX?x=1"
            );
            Ok(url.parse()?)
        });
        let labels = (0..RULES).map(|n| Ok(format!("slack {n:02}").parse()?));
        let terms = (0..RULES).map(|n| Ok(format!("host:{n:02}-WEB-frontend-1").parse()?));
        Ok(Self {
            requests: requests.collect::<Result<_>>()?,
            labels: labels.collect::<Result<_>>()?,
            terms: terms.collect::<Result<_>>()?,
        })
    }
}

/// Asks every question many times over. Each must be allowed.
fn figure<Q>(questions: &[Q], ask: impl Fn(&Q) -> bool) -> Result<serde_json::Value> {
    let mut nanoseconds: Vec<u64> = Vec::with_capacity(ROUNDS * questions.len());
    let mut allowed = 0;
    let counted = measure(|| {
        for question in questions {
            allowed += usize::from(ask(question));
        }
    });
    anyhow::ensure!(allowed == questions.len(), "{allowed} are allowed");
    for _ in 0..ROUNDS {
        for question in questions {
            let began = Instant::now();
            black_box(ask(question));
            nanoseconds.push(began.elapsed().as_nanos() as u64);
        }
    }
    nanoseconds.sort_unstable();
    let at = |part: f64| {
        let index = (nanoseconds.len() as f64 * part) as usize;
        nanoseconds.get(index).copied().context("no figures")
    };
    Ok(json!({
        "p50": at(0.5)?, "p95": at(0.95)?, "p99": at(0.99)?,
        "allocations": counted.count_total,
    }))
}
