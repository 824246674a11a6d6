//! The task in which a runner lives: started, told things, stopped; and started anew where the host itself panicked.

use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use watchbox_model::{AuditRecord, dead_letter::DeadLetter};
use watchbox_sandbox::Instance;

use crate::{
    EngineError, Phase,
    conduct::PANICS,
    oversight::Finding,
    runner::{Command, Plan, Redrive, Runner},
};

/// A runner at work.
#[derive(Debug)]
pub(crate) struct Task {
    commands: mpsc::UnboundedSender<Command>,
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

impl Task {
    /// Starts `runner` on the threads of `runtime`.
    pub(crate) fn start(runtime: &Handle, runner: Runner) -> Self {
        let (commands, receiver) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let handle = runtime.spawn(supervise(runner, receiver, stop.clone()));
        Self {
            commands,
            stop,
            handle,
        }
    }

    /// Goes over to `plan` after the turn that is under way.
    pub(crate) fn swap(&self, plan: Plan, instance: Option<Instance>) {
        // A runner that has ended has nothing to swap.
        let _ = self.commands.send(Command::Swap(plan, instance));
    }

    /// Has a dead letter given again. What is received is what came of it; nothing, if the runner was stopped before.
    pub(crate) fn redrive(
        &self,
        letter: DeadLetter,
        audit: AuditRecord,
    ) -> oneshot::Receiver<Result<(), EngineError>> {
        let (reply, answer) = oneshot::channel();
        let redrive = Redrive {
            letter,
            audit,
            reply,
        };
        let _ = self.commands.send(Command::Redrive(Box::new(redrive)));
        answer
    }

    /// Asks the runner to stop after the try that is under way.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Stops the runner: the try that is under way gets `grace`, then it is discarded.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stop.cancel();
        if tokio::time::timeout(grace, &mut self.handle).await.is_err() {
            self.handle.abort();
            // Ends as soon as the guest next gives way.
            let _ = self.handle.await;
        }
    }
}

async fn supervise(
    mut runner: Runner,
    mut commands: mpsc::UnboundedReceiver<Command>,
    stop: CancellationToken,
) {
    let mut panics = 0;
    loop {
        let run = AssertUnwindSafe(runner.run(&mut commands, &stop));
        let Err(panic) = run.catch_unwind().await else {
            return;
        };
        panics += 1;
        let text = text_of(panic.as_ref());
        let post = &runner.post;
        tracing::error!(installation = %post.name, panic = text, "the host panicked in a runner; it is started anew");
        post.metrics.panicked();
        post.progress
            .failed(Phase::Broken, format!("the host itself failed: {text}"));
        if runner.plan.loaded.conduct.panicked() {
            let reason = format!("the host itself failed {PANICS} times in a row: {text}");
            post.tell(&runner.plan.loaded, Finding::KeepsFailing(reason));
        }
        let pause = post.backoff.pause(panics);
        runner.reset();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}
