//! What the host holds of one instance, and how each call of a guest comes in: counted, decided, written down.

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::{UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtxView, WasiView};
use watchbox_model::{
    Capability, Client, ClientId, Grants, LabelChange, Limits,
    grants::{Denied, Use, Verdict},
    limits::Limit,
};

use crate::{
    Authority, Turn, TurnFailure,
    capabilities::{http::Effects as HttpEffects, state::Written},
    egress::Egress,
    engine::{TICK, Ticker},
    host::{Host, Unavailable, View},
    limiter::MemoryLimiter,
    lines::Lines,
    trail::{Trail, Use as Used},
    wasi::{Now, Wasi},
};

/// The data of one instance's store.
pub(crate) struct Guest {
    pub(crate) authority: Arc<Authority>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) egress: Arc<Egress>,
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
    /// The turn; none while the instance is made and configured.
    pub(crate) turn: Option<Turn>,
    pub(crate) limits: Limits,
    /// When the turn must be over.
    pub(crate) deadline: Option<Instant>,
    pub(crate) trail: Trail,
    pub(crate) calls: u32,
    pub(crate) denied: u32,
    /// Label changes, in order.
    pub(crate) labels: Vec<LabelChange>,
    /// The clients whose labels were changed, as they are with the changes.
    pub(crate) changed: BTreeMap<ClientId, Client>,
    pub(crate) state: Written,
    pub(crate) http: HttpEffects,
    view: Option<Arc<dyn View>>,
    /// Ticks of computing.
    spent: u32,
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

/// A call that came in.
#[derive(Debug)]
pub(crate) struct Call {
    capability: Capability,
    operation: &'static str,
    target: String,
    began: Instant,
    tick: u64,
}

impl Call {
    /// The call is about `target` (after all).
    pub(crate) fn about(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// What the trail says of it.
    pub(crate) fn used(&self) -> Used {
        Used {
            capability: self.capability,
            operation: self.operation,
            target: self.target.clone(),
            took: self.began.elapsed(),
        }
    }
}

/// A call that may go on.
#[derive(Debug)]
pub(crate) struct Allowed {
    pub(crate) call: Call,
    /// The grant that allows it.
    pub(crate) rule: String,
}

impl Guest {
    pub(crate) fn new(
        authority: Arc<Authority>,
        host: Arc<dyn Host>,
        egress: Arc<Egress>,
        ticker: Arc<Ticker>,
    ) -> Self {
        let memory = MemoryLimiter::new(authority.grants().limits.memory);
        Self {
            authority,
            host,
            egress,
            memory,
            lines: Lines::default(),
            work: Work::default(),
            now: Now::default(),
            ticker,
            wasi: None,
        }
    }

    /// Something new begins: the instance's making (no turn), or a turn. Messages and records that are not yet reported stay.
    pub(crate) fn begin(&mut self, turn: Option<Turn>, limits: Limits, now: Instant) {
        let trail = mem::take(&mut self.work.trail);
        self.memory.begin(limits.memory);
        self.lines.begin(&limits);
        if let Some(turn) = &turn {
            self.now.set(turn.now);
        }
        self.work = Work {
            turn,
            deadline: now.checked_add(limits.turn),
            limits,
            trail,
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
        if self.work.calls >= self.work.limits.calls {
            return Err(Ended(TurnFailure::Limit {
                limit: Limit::Calls,
                detail: format!(
                    "a turn may make {} calls to the host; `limits.calls` in its grants raises that",
                    self.work.limits.calls
                ),
            }));
        }
        self.work.calls += 1;
        Ok(self.also(capability, operation, target))
    }

    /// What the host does of itself in the course of a call, such as following a redirect: decided and written down, not counted.
    pub(crate) fn also(
        &self,
        capability: Capability,
        operation: &'static str,
        target: impl Into<String>,
    ) -> Call {
        Call {
            capability,
            operation,
            target: target.into(),
            began: Instant::now(),
            tick: self.ticker.ticks(),
        }
    }

    /// Decides a call by the grants as they are now. The text of a refusal is for the guest.
    pub(crate) fn decide(
        &mut self,
        call: Call,
        verdict: impl FnOnce(&Grants) -> Verdict,
    ) -> Result<Allowed, String> {
        let verdict = if self.work.turn.is_some() || call.capability == Capability::Log {
            verdict(&self.authority.grants())
        } else {
            Err(Denied(
                "capabilities can be used within a turn only, not while an instance is configured"
                    .to_owned(),
            ))
        };
        match verdict {
            Ok(rule) => {
                if let Some(withheld) = self.egress.withholds() {
                    withheld.saw_whole(call.capability);
                }
                Ok(Allowed { call, rule })
            }
            Err(why) => Err(self.deny(call, why)),
        }
    }

    /// Tells a run whose effects are withheld what was used.
    pub(crate) fn saw(&self, one: impl FnOnce() -> Use) {
        if let Some(withheld) = self.egress.withholds() {
            withheld.saw(one());
        }
    }

    /// Writes down that a call is refused. Gives the text for the guest.
    pub(crate) fn deny(&mut self, call: Call, why: Denied) -> String {
        self.work.denied = self.work.denied.saturating_add(1);
        self.leave(&call);
        self.work.trail.denied(
            &self.authority,
            self.work.turn.as_ref(),
            call.used(),
            &why.0,
        );
        why.0
    }

    /// Writes down what came of a call.
    pub(crate) fn done(&mut self, allowed: Allowed, outcome: &str, bytes: u64) {
        let Allowed { call, rule } = allowed;
        self.leave(&call);
        self.work.trail.allowed(
            &self.authority,
            self.work.turn.as_ref(),
            call.used(),
            rule,
            outcome,
            bytes,
        );
    }

    /// Writes down a call that went well and is of a kind that comes often.
    pub(crate) fn done_often(&mut self, allowed: Allowed, bytes: u64) {
        let Allowed { call, rule } = allowed;
        self.leave(&call);
        self.work.trail.rolled_up(
            &self.authority,
            self.work.turn.as_ref(),
            call.used(),
            rule,
            bytes,
        );
    }

    fn leave(&mut self, call: &Call) {
        self.work.forgiven |= self.ticker.ticks() != call.tick;
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

    fn wasi(&mut self) -> &mut Wasi {
        self.wasi
            .get_or_insert_with(|| Box::new(Wasi::new(&self.authority, &self.lines, &self.now)))
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

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest")
            .field("installation", &self.authority.installation)
            .finish_non_exhaustive()
    }
}

/// The verdict on a capability that is granted as a whole.
pub(crate) fn whole(granted: bool, capability: Capability) -> Verdict {
    if granted {
        Ok(format!("{capability}: true"))
    } else {
        Err(Denied(format!(
            "`{capability}` is not granted: `{capability}: true` in its grants would allow it"
        )))
    }
}
