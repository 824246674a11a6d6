//! The job of `watchbox run` without the sandbox: the same reading and filtering, the same artifact, compiled natively and called directly.
//! What `watchbox run` takes longer is what the sandbox costs.
//!
//! `bench-native artifact.yaml events.ndjson` writes rows to stdout.

use std::{
    env,
    fs::{self, File},
    io::{self, Read as _},
};

use anyhow::{Context as _, Result, anyhow};
use server_powershell_encodedcommand::EncodedCommand;
use watchbox_model::{
    Manifest, Name, Rows, RowsBuilder, Time,
    event::{EventContext, Place, read_json_matching},
    parameter::Parameters,
    row::{JsonEncoding, write_json},
};
use watchbox_sdk::export::{Instance, Trigger};

/// As much as `watchbox run` reads at once.
const CHUNK: usize = 1 << 20;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (manifest, events) = arguments
        .next()
        .zip(arguments.next())
        .context("artifact.yaml and events.ndjson are wanted")?;
    let manifest = Manifest::parse(&manifest, &fs::read_to_string(&manifest)?)?;
    let subscription = manifest
        .resolve(&Parameters::default())?
        .pop()
        .context("it subscribes to nothing")?;
    let artifact = Instance::<EncodedCommand>::new();
    // An empty map in MessagePack: no parameters.
    artifact
        .configure(&[0x80])
        .map_err(|error| anyhow!(error))?;

    let context = EventContext {
        client: None,
        at: Time::now(),
    };
    let mut file = File::open(events)?;
    let mut out = io::stdout().lock();
    let (mut buffer, mut kept, mut place) = (vec![0; CHUNK], 0, Place::default());
    let mut pending = RowsBuilder::new();
    loop {
        let read = file.read(&mut buffer[kept..])?;
        let filled = kept + read;
        let whole = match buffer[..filled].iter().rposition(|byte| *byte == b'\n') {
            Some(end) if read > 0 => end + 1,
            _ => filled,
        };
        let (_, batch) = read_json_matching(
            &buffer[..whole],
            &context,
            &subscription.filter,
            &subscription.columns,
            &mut place,
        );
        batch.rows.iter().for_each(|row| pending.push(row));
        if read == 0 || pending.len() >= subscription.batch.rows as usize {
            let rows = std::mem::take(&mut pending).finish();
            handle(&artifact, &subscription.log, &rows, &mut out)?;
        }
        if read == 0 {
            return Ok(());
        }
        buffer.copy_within(whole..filled, 0);
        kept = filled - whole;
    }
}

/// Hands a batch to the artifact and writes what it emits.
fn handle(
    artifact: &Instance<EncodedCommand>,
    log: &Name,
    events: &Rows,
    out: &mut impl io::Write,
) -> Result<()> {
    let trigger = Trigger::Events(log.to_string(), events.to_array());
    let rows = artifact
        .handle(&trigger)
        .map_err(|failure| anyhow!("{failure}"))?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut text = Vec::with_capacity(rows.len());
    for row in Rows::from_array(rows.into())?.iter() {
        write_json(row, JsonEncoding::Api, &mut text);
        text.push(b'\n');
    }
    Ok(out.write_all(&text)?)
}
