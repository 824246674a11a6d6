//! What the host holds of one instance, and how each call of a guest comes in: counted, decided at the gate, written down.

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::{UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};
use watchbox_model::{
    Capability, Client, ClientId, Grants, LabelChange, Limits,
    grants::{Denied, Use},
    limits::Limit,
};

use crate::{
    Authority, Turn, TurnFailure,
    capabilities::{effects::Effects, http::UnderWay, state::Written},
    egress::Egress,
    engine::{TICK, Ticker},
    gate::{Allowed, Call, Gate, Ruling},
    host::{Host, Unavailable, View},
    limiter::MemoryLimiter,
    lines::Lines,
    wasi::{Now, Wasi},
};

/// The data of one instance's store.
pub(crate) struct Guest {
    pub(crate) gate: Gate,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) memory: MemoryLimiter,
    pub(crate) lines: Lines,
    pub(crate) work: Work,
    now: Now,
    ticker: Arc<Ticker>,
    wasi: Option<Box<Wasi>>,
}

/// What one try of a turn has come to so far. Dropped whole when it fails.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) limits: Limits,
    /// When the turn must be over.
    pub(crate) deadline: Option<Instant>,
    pub(crate) calls: u32,
    /// Label changes, in order.
    pub(crate) labels: Vec<LabelChange>,
    /// The clients whose labels were changed, as they are with the changes.
    pub(crate) changed: BTreeMap<ClientId, Client>,
    pub(crate) state: Written,
    pub(crate) effects: Effects,
    /// The requests that are not over.
    pub(crate) under_way: UnderWay,
    view: Option<Arc<dyn View>>,
    /// Ticks of computing.
    spent: u32,
    /// The tick in which the last call came in.
    entered: u64,
    /// Whether a tick fell while the host was at work for the guest: that one is not the guest's own.
    forgiven: bool,
}

/// Ends a turn from within a call: the guest is stopped as by a trap.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Ended(pub(crate) TurnFailure);

impl From<Unavailable> for Ended {
    fn from(why: Unavailable) -> Self {
        Self(TurnFailure::Host(why.to_string()))
    }
}

impl Guest {
    pub(crate) fn new(
        authority: Arc<Authority>,
        host: Arc<dyn Host>,
        egress: Arc<Egress>,
        ticker: Arc<Ticker>,
    ) -> Self {
        let memory = MemoryLimiter::new(authority.grants().limits.memory);
        let lines = match egress.withholds() {
            // Its lines are not kept: they take nothing from what the installation may write.
            Some(_) => Lines::default(),
            None => Lines::counted(authority.lines.clone()),
        };
        Self {
            gate: Gate::new(authority, egress),
            host,
            memory,
            lines,
            work: Work::default(),
            now: Now::default(),
            ticker,
            wasi: None,
        }
    }

    /// Something new begins: the instance's making (no turn), or a turn. Messages and records that are not yet reported stay.
    pub(crate) fn begin(&mut self, turn: Option<Turn>, limits: Limits, now: Instant) {
        self.memory.begin(limits.memory);
        self.lines.begin(&limits);
        if let Some(turn) = &turn {
            self.now.set(turn.now);
        }
        self.gate.begin(turn);
        self.work = Work {
            deadline: now.checked_add(limits.turn),
            limits,
            ..Work::default()
        };
    }

    /// A call comes in, about `target`. Past the turn's limit of calls it ends the turn.
    pub(crate) fn enter(
        &mut self,
        capability: Capability,
        operation: &'static str,
        target: impl Into<String>,
    ) -> Result<Call, Ended> {
        self.count(1)?;
        self.work.entered = self.ticker.ticks();
        Ok(Call::new(capability, operation, target))
    }

    /// Counts `calls` more. Past the turn's limit it ends the turn.
    pub(crate) fn count(&mut self, calls: usize) -> Result<(), Ended> {
        let allowed = self.work.limits.calls;
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        self.work.calls = self.work.calls.saturating_add(calls);
        if self.work.calls <= allowed {
            return Ok(());
        }
        self.work.calls = allowed;
        Err(Ended(TurnFailure::Limit {
            limit: Limit::Calls,
            detail: format!(
                "a turn may make {allowed} calls to the host; `limits.calls` in its grants raises that"
            ),
        }))
    }

    /// Decides a call by the grants as they are now. The text of a refusal is for the guest.
    pub(crate) fn decide(
        &mut self,
        call: Call,
        verdict: impl FnOnce(&Grants) -> Ruling,
    ) -> Result<Allowed, String> {
        let decided = self.gate.decide(call, verdict);
        if decided.is_err() {
            self.leave();
        }
        decided
    }

    /// Tells a run whose effects are withheld what was used.
    pub(crate) fn saw(&self, one: impl FnOnce() -> Use) {
        self.gate.saw(one);
    }

    /// Writes down that a call is refused. Gives the text for the guest.
    pub(crate) fn deny(&mut self, call: Call, why: Denied) -> String {
        self.leave();
        self.gate.deny(call, why)
    }

    /// Writes down what came of a call.
    pub(crate) fn done(&mut self, allowed: Allowed, outcome: &str, bytes: u64) {
        self.leave();
        self.gate.done(allowed, outcome, bytes);
    }

    /// Writes down a call that went well and is of a kind that comes often.
    pub(crate) fn done_often(&mut self, allowed: Allowed, bytes: u64) {
        self.leave();
        self.gate.done_often(allowed, bytes);
    }

    /// The call that came in last is over.
    pub(crate) fn leave(&mut self) {
        self.work.forgiven |= self.ticker.ticks() != self.work.entered;
    }

    /// What the turn reads, taken at its first read.
    pub(crate) async fn view(&mut self) -> Result<Arc<dyn View>, Unavailable> {
        if let Some(view) = &self.work.view {
            return Ok(view.clone());
        }
        let view = self.host.view().await?;
        Ok(self.work.view.insert(view).clone())
    }

    /// A tick fell while the guest ran: it gives way, and is stopped if it has computed for too long.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if !mem::take(&mut self.work.forgiven) {
            self.work.spent += 1;
        }
        let compute = self.work.limits.compute;
        if TICK * self.work.spent > compute {
            return Err(Ended(TurnFailure::Limit {
                limit: Limit::Compute,
                detail: format!(
                    "a turn may compute for {compute:?}; `limits.compute` in its grants raises that"
                ),
            })
            .into());
        }
        // Of tokio, so that whatever else waits on this thread comes first.
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    }

    /// How long the turn may still take.
    pub(crate) fn remaining(&self) -> Duration {
        let deadline = self.work.deadline;
        deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        })
    }

    /// The table of streams and pollables.
    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        &mut self.wasi().table
    }

    /// Its WASI, made at the first call of it.
    pub(crate) fn wasi(&mut self) -> &mut Wasi {
        self.wasi.get_or_insert_with(|| {
            Box::new(Wasi::new(&self.gate.authority, &self.lines, &self.now))
        })
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut wasi.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView {
            hooks: &mut wasi.http.no_way_out,
            table: &mut wasi.table,
            ctx: &mut wasi.http.context,
        }
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest")
            .field("installation", &self.gate.authority.installation)
            .finish_non_exhaustive()
    }
}
