//! Dead letters, as the operator asks for them.

use watchbox_model::dead_letter::DeadLetter;

use crate::{EngineError, audit::Admin, engine::Inner};

impl Inner {
    /// Dead letter `id`.
    pub(crate) async fn letter(&self, id: u64) -> Result<DeadLetter, EngineError> {
        let page = self
            .store
            .dead_letters(None, Some(id.saturating_add(1)), 1)
            .await?;
        page.items
            .into_iter()
            .find(|letter| letter.id == id)
            .ok_or(EngineError::NoLetter(id))
    }

    /// See [`crate::Engine::redrive`].
    pub(crate) async fn redrive(&self, id: u64, actor: &str) -> Result<(), EngineError> {
        self.check_running()?;
        let letter = self.letter(id).await?;
        let name = letter.installation.clone();
        let audit = Admin::new(actor, "redrive", &name).on(format!("dead letter {id}"));
        let answer = {
            let table = self.table();
            let entry = table
                .get(&name)
                .ok_or_else(|| EngineError::Missing(name.clone()))?;
            let task = entry
                .task
                .as_ref()
                .ok_or_else(|| EngineError::NotRunning(name.clone()))?;
            task.redrive(letter, audit.record())
        };
        answer.await.unwrap_or(Err(EngineError::NotRunning(name)))
    }
}
