//! The figures, as they are printed.

use std::time::Duration;

use super::{
    Work,
    file::Job,
    latency::{Latency, RATE},
    through::{REQUEST, SENDERS, Through},
    usage::Took,
};

pub(crate) fn print(work: &Work, file: &[Job], through: &Through, latency: &Latency) {
    println!(
        "\n{} events over a file, 1 % encoded; read, filter, decode, write rows",
        thousands(work.events as f64)
    );
    println!(
        "{:<42}{:>12}{:>20}{:>10}",
        "", "events/s", "events per CPU s", "ratio"
    );
    let first = file.first().map(|job| per(work.events, job.took.cpu));
    for job in file {
        let (rate, per_cpu) = (
            per(work.events, job.took.elapsed),
            per(work.events, job.took.cpu),
        );
        let ratio = first.map_or(1.0, |first| first / per_cpu);
        println!(
            "{:<42}{:>12}{:>20}{ratio:>10.2}",
            job.name,
            thousands(rate),
            thousands(per_cpu)
        );
    }
    if let [run, native, ..] = file {
        println!(
            "sandbox cost, whole job (CPU of the first by CPU of the second): {:.2}",
            cost(run.took, native.took)
        );
    }

    println!(
        "\n{} events through the server, {REQUEST} a request, {SENDERS} connections, on disk before the answer",
        thousands(through.events as f64)
    );
    println!("{:<42}{:>12}{:>20}", "", "events/s", "events per CPU s");
    println!(
        "{:<42}{:>12}{:>20}",
        "first event sent to last row stored",
        thousands(per(through.events, through.took.elapsed)),
        thousands(per(through.events, through.took.cpu)),
    );
    println!(
        "{:<42}{:>12}{:>20}",
        "of that, the server's CPU",
        "",
        thousands(per(through.events, through.server))
    );

    println!("\nEvent to row, one event a request, {RATE} a second");
    println!("{:<42}{:>12}{:>20}", "", "p50", "p99");
    for (what, (half, most)) in [
        ("sent to row seen on the live stream", latency.sent),
        ("accepted to row seen on the live stream", latency.accepted),
    ] {
        println!("{what:<42}{:>12}{:>20}", millis(half), millis(most));
    }
}

fn per(events: usize, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}

fn cost(run: Took, native: Took) -> f64 {
    run.cpu.as_secs_f64() / native.cpu.as_secs_f64()
}

fn thousands(number: f64) -> String {
    indicatif::HumanCount(number as u64).to_string()
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}
