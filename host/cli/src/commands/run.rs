//! `watchbox run`: an artifact over a file of events, or over ticks, without a server.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    sync::{Arc, RwLock},
    time::Instant,
};

use anyhow::Context;
use watchbox_model::{
    Grants, Manifest, Name, Time, event::EventContext, manifest::ResolvedSubscription,
    parameter::Parameters,
};
use watchbox_sandbox::{Authority, Overlay, Sandbox, SandboxConfig, Unchecked, Withheld};

use crate::{
    args, data_folder,
    exit::{Exit, Usage},
    output::Output,
    run::{Batches, Feed, Progress, RowWriter, Session, read_clients},
    settings::Settings,
};

/// How many instances there are at once: the one at work, and the next while that one is being taken down.
const INSTANCES: u32 = 4;

/// Runs it. Rows go to stdout, all else to stderr.
pub async fn run(args: &args::Run, output: &Output) -> anyhow::Result<Exit> {
    let stdout = io::stdout().lock();
    perform(&args.job, &args.settings, None, stdout, output).await
}

/// Runs what `job` says. Rows go to `rows`, all else to stderr. Where its effects are `withheld`, everything is granted.
pub(super) async fn perform(
    job: &args::Job,
    written: &args::Settings,
    withheld: Option<Arc<Withheld>>,
    rows: impl Write,
    output: &Output,
) -> anyhow::Result<Exit> {
    let name = job.artifact.display();
    let wasm = super::component_file::read(&job.artifact)?;
    let wanted = Unchecked::new(wasm);
    let said = wanted.said();
    let said = said.with_context(|| format!("{name} can't be run"))?;
    let manifest = said.manifest.as_ref();
    let settings = Settings::read(written, manifest.map(|manifest| &*manifest.parameters))?;
    let grants = match &withheld {
        Some(_) => Grants::everything(settings.secrets.keys().cloned()),
        None => settings.grants.clone().unwrap_or_default(),
    };
    let clients = job.clients.as_deref().map(read_clients).transpose()?;
    let source = job.events.as_deref().map(Source::open).transpose()?;

    let progress = Progress::new(source.as_ref().and_then(|source| source.bytes), output);
    progress.say("compiling");
    let sandbox = Sandbox::new(SandboxConfig {
        relay: None,
        cache: data_folder::compiled(),
        instances: INSTANCES,
        memory: grants.limits.memory,
    })?;
    let component = sandbox
        .load(wanted)
        .await
        .with_context(|| format!("{name} can't be run"))?;
    let manifest = component.manifest();
    settings.complete(&manifest.parameters)?;
    let parameters = settings.resolved(manifest)?;
    let authority = Authority {
        installation: manifest.name.clone(),
        digest: component.digest(),
        parameters: parameters.encode(manifest.encoding),
        secrets: parameters.secrets.clone(),
        lines: Arc::default(),
        grants: Arc::new(RwLock::new(Arc::new(grants.clone()))),
    };
    let subscription = match &source {
        Some(_) => Some(subscription(job.log.as_ref(), manifest, &parameters)?),
        None => None,
    };
    let mut session = Session::new(
        Arc::clone(&component),
        authority,
        grants.limits.tries,
        Overlay::new(clients.unwrap_or_default()),
        withheld,
        progress.clone(),
    );
    let mut rows = RowWriter::new(rows);

    progress.say("");
    let started = Instant::now();
    let unit = match source.zip(subscription) {
        Some((source, subscription)) => {
            events(
                job,
                source,
                subscription,
                &mut session,
                &mut rows,
                &progress,
            )
            .await?;
            "event"
        }
        None => {
            ticks(job.tick.unwrap_or(1), manifest, &mut session, &mut rows).await?;
            "tick"
        }
    };
    rows.flush()?;
    session.summary.took(started.elapsed());
    progress.finish();
    report(&session, unit, output)?;
    Ok(if session.summary.failures > 0 {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Has the events of `source` handled, in batches of the manifest's size.
async fn events(
    job: &args::Job,
    source: Source,
    subscription: ResolvedSubscription,
    session: &mut Session,
    out: &mut RowWriter<impl Write>,
    progress: &Progress,
) -> anyhow::Result<()> {
    let now = Time::now();
    let log = subscription.log.clone();
    let size = usize::try_from(subscription.batch.rows)?;
    // Where the events come as they happen, they are not kept waiting for a batch to be full.
    let live = source.bytes.is_none();
    let context = EventContext {
        client: job.client_id.clone(),
        at: now,
    };
    let mut feed = Feed::start(source.input, subscription, context);
    let mut batches = Batches::new(size);
    while let Some(fed) = feed.next().await.context("the events can't be read")? {
        progress.advance(fed.bytes);
        session.summary.events += fed.events;
        session.summary.matched += fed.batch.rows.len() as u64;
        session
            .summary
            .refuse(fed.batch.refused_total, fed.batch.refused);
        let mut ready = batches.push(&fed.batch.rows);
        let waiting = live && feed.is_dry();
        if waiting {
            ready.extend(batches.rest());
        }
        for batch in ready {
            session
                .events(&log, batch, now, |rows| Ok(out.write(rows)?))
                .await?;
        }
        if waiting {
            out.flush()?;
        }
    }
    if let Some(batch) = batches.rest() {
        session
            .events(&log, batch, now, |rows| Ok(out.write(rows)?))
            .await?;
    }
    Ok(())
}

/// Has `count` ticks handled, the first as if it were due now.
async fn ticks(
    count: u32,
    manifest: &Manifest,
    session: &mut Session,
    out: &mut RowWriter<impl Write>,
) -> anyhow::Result<()> {
    let Some(schedule) = &manifest.schedule else {
        return Err(Usage(format!(
            "{} has no schedule: give it events with --events FILE",
            manifest.name
        ))
        .into());
    };
    let mut due = Some(Time::now());
    for _ in 0..count {
        let Some(now) = due else { break };
        session.tick(now, |rows| Ok(out.write(rows)?)).await?;
        due = schedule.next_after(now);
    }
    Ok(())
}

/// Where the events come from.
struct Source {
    input: Box<dyn Read + Send>,
    /// How many bytes there are; none where that is not known, since they are still to come.
    bytes: Option<u64>,
}

impl Source {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                input: Box::new(io::stdin()),
                bytes: None,
            });
        }
        let name = path.display();
        let file = File::open(path)
            .and_then(|file| Ok((file.metadata()?, file)))
            .with_context(|| format!("the events file {name} can't be read"))?;
        let (metadata, file) = file;
        if metadata.is_dir() {
            anyhow::bail!("the events file {name} is a folder");
        }
        Ok(Self {
            input: Box::new(file),
            bytes: metadata.is_file().then_some(metadata.len()),
        })
    }
}

/// Which of the artifact's subscriptions the events are for.
fn subscription(
    log: Option<&Name>,
    manifest: &Manifest,
    parameters: &Parameters,
) -> anyhow::Result<ResolvedSubscription> {
    let mut all = manifest.resolve(parameters)?;
    let name = &manifest.name;
    if all.is_empty() {
        return Err(Usage(format!("{name} watches no log: use --tick")).into());
    }
    let names: Vec<&str> = all.iter().map(|one| one.log.as_str()).collect();
    let names = names.join(", ");
    let at = match log {
        Some(log) => all
            .iter()
            .position(|one| one.log == *log)
            .ok_or_else(|| Usage(format!("{name} does not watch {log}: it watches {names}")))?,
        None if all.len() == 1 => 0,
        None => {
            let reason =
                format!("{name} watches {names}: say with --log which of them the events are of");
            return Err(Usage(reason).into());
        }
    };
    Ok(all.swap_remove(at))
}

/// Says what the run came to.
fn report(session: &Session, unit: &str, output: &Output) -> anyhow::Result<()> {
    if output.json() {
        output.remark(&serde_json::to_string(&session.summary)?);
    } else {
        output.remark(&session.summary.text(unit));
    }
    Ok(())
}
