//! The wasmtime engine, each of its settings explained, and the clock that interrupts guests.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::{SandboxConfig, SandboxError};

/// How often guests are interrupted to give way to others and to be counted against `compute`.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The guest's stack. Deep enough for CPython's recursion, small enough for the fiber it lives on.
pub(crate) const STACK: usize = 1 << 20;

/// Elements of one table: function pointers. CPython has some 10,000.
pub(crate) const TABLE_ELEMENTS: usize = 100_000;

/// The most core instances that a component is made of.
pub(crate) const CORE_INSTANCES: u32 = 100;

/// The most tables of all of them.
pub(crate) const TABLES: u32 = 20;

/// The most memories of all of them.
pub(crate) const MEMORIES: u32 = 4;

/// An engine for `config`. Where the address space for the pool can't be had, instances are allocated one by one: slower to make, otherwise the same.
pub(crate) fn engine(config: &SandboxConfig) -> Result<Engine, SandboxError> {
    let pooled = Engine::new(
        settings().allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config))),
    );
    match pooled {
        Ok(engine) => Ok(engine),
        Err(why) => {
            tracing::warn!(
                reason = %format!("{why:#}"),
                instances = config.instances,
                memory = config.memory,
                "no room for the pool of instances: they are allocated one by one"
            );
            Engine::new(&settings()).map_err(|why| SandboxError(format!("{why:#}")))
        }
    }
}

fn settings() -> Config {
    let mut config = Config::new();
    config
        // Artifacts are components. What lets several of their calls run at once is left out: a turn is one call,
        // and entering a guest is four times faster without it.
        .wasm_component_model(true)
        .concurrency_support(false)
        // A guest must give way every tick, whatever it does; epochs cost less than half of what fuel costs.
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        // The rest of the fiber is the host's, whose calls run on it too.
        .async_stack_size(STACK + (1 << 20))
        // Memory of a guest that is gone must not be seen by the next one, not even through a bug.
        .async_stack_zeroing(true)
        // So that last words can be looked for: a trap then names the memories that there were. Nothing is copied.
        .coredump_on_trap(true)
        // A trap tells where it happened by the names of functions: enough for an author.
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(8))
        // Offsets into the guest's code help nobody here, and their table is as large as the code.
        .generate_address_map(false)
        // Several memories stay allowed: a component that holds another one, as QuickJS's does, is joined to it by code that sees both.
        // No toolchain that artifacts are built with needs the following; what is not there can't be attacked.
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .wasm_exceptions(false)
        .gc_support(false);
    config
}

fn pool(config: &SandboxConfig) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let memory = usize::try_from(config.memory).unwrap_or(usize::MAX);
    pool.total_component_instances(config.instances)
        // A component of CPython is made of some fifty modules, one of Rust of three or four. Each is a bookkeeping entry and reserves nothing.
        .total_core_instances(config.instances.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_tables(config.instances.saturating_mul(4))
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ELEMENTS)
        // One memory an instance is what toolchains make; a second one takes the place of another instance.
        .total_memories(config.instances)
        .max_memories_per_component(MEMORIES)
        // A reservation of addresses, not of memory; what is granted is checked at each growth.
        .max_memory_size(memory)
        .total_stacks(config.instances)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        // A slot that was used keeps nothing: memory goes back to the machine, zeroed.
        .linear_memory_keep_resident(0)
        .table_keep_resident(0)
        .max_unused_warm_slots(64);
    pool
}

/// Advances the engine's epoch every [`TICK`] until it is dropped. Without it nothing stops a guest that computes for ever, so every instance
/// holds on to it.
pub(crate) struct Ticker {
    ticks: Arc<AtomicU64>,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Ticker {
    /// Starts the one thread that does so.
    pub(crate) fn start(engine: &Engine) -> Result<Self, SandboxError> {
        let (stop, stopped) = mpsc::channel();
        let ticks = Arc::new(AtomicU64::new(0));
        let (engine, counter) = (engine.clone(), ticks.clone());
        let thread = thread::Builder::new()
            .name("watchbox-epoch".to_owned())
            .spawn(move || {
                while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                    counter.fetch_add(1, Ordering::Relaxed);
                    engine.increment_epoch();
                }
            })
            .map_err(|why| SandboxError(format!("no thread for the epoch clock: {why}")))?;
        Ok(Self {
            ticks,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The ticks so far.
    pub(crate) fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It can't have panicked, and there would be nothing to do about it here.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticker_advances_and_ends_when_dropped() {
        let engine = engine(&SandboxConfig::default()).unwrap();
        let ticker = Ticker::start(&engine).unwrap();
        while ticker.ticks() < 2 {
            thread::yield_now();
        }
        // Joins the thread: a test that hangs here has found one that does not end.
        drop(ticker);
    }

    #[test]
    fn a_pool_that_can_not_be_reserved_is_done_without() {
        let config = SandboxConfig {
            instances: u32::MAX,
            memory: 1 << 32,
            ..SandboxConfig::default()
        };
        assert!(engine(&config).is_ok());
    }
}
