//! Looking clients up, as they were at the turn's first look, with the turn's own label changes.

use watchbox_model::{
    Capability, Client, ClientId, SearchTerm,
    grants::{Denied, Use},
};

use crate::{
    bindings::watchbox::artifact::clients::{Client as GuestClient, Error, Host},
    gate::Call,
    guest::{Ended, Guest},
    host::Unavailable,
    printable,
};

/// The most clients of one search.
const MOST: u32 = 1_000;

impl Guest {
    async fn matching(
        &mut self,
        term: &SearchTerm,
        limit: usize,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable> {
        let view = self.view().await?;
        let changed = &self.work.changed;
        let page = u32::try_from(limit).unwrap_or(MOST);
        let mut found = Vec::new();
        let mut after_stored = after.cloned();
        // Clients that the turn changed are judged as it left them, so the stored ones among them are passed over.
        let exhausted = loop {
            let stored = view.search(term, page, after_stored.as_ref()).await?;
            let last = stored.last().map(|client| client.id.clone());
            let full = stored.len() >= limit;
            found.extend(
                stored
                    .into_iter()
                    .filter(|client| !changed.contains_key(&client.id)),
            );
            match last {
                Some(last) if full && found.len() < limit => after_stored = Some(last),
                _ => break !full,
            }
        };
        let end = found.last().map(|client| client.id.clone());
        let own = changed.values().filter(|client| {
            after.is_none_or(|after| client.id > *after)
                && (exhausted || end.as_ref().is_some_and(|end| client.id < *end))
                && term.matches(client)
        });
        found.extend(own.cloned());
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.truncate(limit);
        Ok(found)
    }

    /// Refuses a call whose arguments mean nothing.
    fn invalid(&mut self, call: Call, wrong: String) -> Error {
        self.deny(call, Denied(format!("invalid: {wrong}")));
        Error::InvalidQuery(wrong)
    }
}

fn shown(client: Client) -> GuestClient {
    GuestClient {
        id: client.id.into(),
        hostname: client.hostname,
        os: client.os,
        labels: client.labels.into_iter().map(String::from).collect(),
        first_seen: client.first_seen.seconds(),
        last_seen: client.last_seen.seconds(),
    }
}

impl Host for Guest {
    async fn search(
        &mut self,
        query: String,
        limit: u32,
        after: Option<String>,
    ) -> wasmtime::Result<Result<Vec<GuestClient>, Error>> {
        let call = self.enter(Capability::Clients, "search", &query)?;
        let term: SearchTerm = match query.parse() {
            Ok(term) => term,
            Err(wrong) => return Ok(Err(self.invalid(call, format!("{wrong}")))),
        };
        let after = match after.map(|after| after.parse::<ClientId>()).transpose() {
            Ok(after) => after,
            Err(wrong) => return Ok(Err(self.invalid(call, format!("`after`: {wrong}")))),
        };
        let allowed = match self.decide(call, |grants| grants.search(&term).map(String::from)) {
            Ok(allowed) => allowed,
            Err(why) => return Ok(Err(Error::Denied(why))),
        };
        self.saw(|| Use::Search(term.clone()));
        let limit = if limit == 0 { MOST } else { limit.min(MOST) };
        match self.matching(&term, limit as usize, after.as_ref()).await {
            Ok(found) => {
                self.done_often(allowed, 0);
                Ok(Ok(found.into_iter().map(shown).collect()))
            }
            Err(Unavailable(why)) => {
                self.done(allowed, "unavailable", 0);
                Ok(Err(Error::Unavailable(why)))
            }
        }
    }

    async fn get(&mut self, id: String) -> wasmtime::Result<Result<Option<GuestClient>, Error>> {
        let call = self.enter(Capability::Clients, "get", &id)?;
        let id: ClientId = match id.parse() {
            Ok(id) => id,
            Err(_) => {
                let wrong = format!("`{}` is no client id", printable::line(&id, 100));
                return Ok(Err(self.invalid(call, wrong)));
            }
        };
        let grants = self.gate.authority.grants();
        let term = SearchTerm::Client(id.clone());
        // A grant of this very search, or of all: whether there is such a client may be known.
        let by_id = grants.search(&term).map(String::from);
        if by_id.is_err() && (grants.clients.is_empty() || self.gate.turn.is_none()) {
            let denied = self.decide(call, |_| by_id);
            return Ok(denied.map(|_| None).map_err(Error::Denied));
        }
        let client = match self.client(&id).await {
            Ok(client) => client,
            Err(Ended(why)) => {
                let why = why.to_string();
                self.deny(call, Denied(format!("undecided: {why}")));
                return Ok(Err(Error::Unavailable(why)));
            }
        };
        // Otherwise what no granted term matches is as good as none: the two can't be told apart.
        let verdict = by_id.or_else(|why| match &client {
            Some(client) => grants.read_client(client).map(String::from),
            None => Err(why),
        });
        match self.decide(call, |_| verdict) {
            Ok(allowed) => {
                self.saw(|| client.clone().map_or(Use::Search(term), Use::Client));
                self.done_often(allowed, 0);
                Ok(Ok(client.map(shown)))
            }
            Err(_) => Ok(Ok(None)),
        }
    }
}
