//! Mail, handed to the relay that the operator set: decided before, written down after, and never sent twice where it was taken once.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use watchbox_model::{
    Capability, Digest, MailAddress,
    grants::{Denied, Use},
};

use crate::{
    TurnFailure,
    bindings::watchbox::artifact::mail::{Error, Host, Message},
    capabilities::effects::{MARGIN, check_name, decode, idempotency_key, keep},
    egress::{Mail, Untaken},
    gate::{Allowed, Call, Gate},
    guest::{Ended, Guest},
    host::Effect,
    printable,
};

/// The most recipients of a message.
const RECIPIENTS: usize = 50;
/// The longest subject, in bytes.
const SUBJECT: usize = 400;
/// What came of a message, as the journal keeps it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Outcome {
    Taken,
    Refused(String),
}

impl Outcome {
    fn told(self, id: String) -> Result<String, Error> {
        match self {
            Self::Taken => Ok(id),
            Self::Refused(why) => Err(Error::Refused(why)),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("taken"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl Guest {
    /// Hands over what `call` asks for, if it is allowed, unless that was done before.
    async fn mail(&mut self, call: Call, message: Message) -> Result<Result<String, Error>, Ended> {
        let to = match read(&message, self.gate.authority.grants().limits.request) {
            Ok(to) => to,
            Err(wrong) => {
                let call = call.about("an invalid message");
                self.deny(call, Denied(format!("invalid: {wrong}")));
                return Ok(Err(Error::InvalidMessage(wrong)));
            }
        };
        // Each recipient is decided, and written down, by itself: a list of them could be too long for a record.
        let mut allowed = Vec::with_capacity(to.len());
        for address in &to {
            let call = call.clone().about(address.as_str());
            let decided = self.decide(call, |grants| Ok(grants.mail_to(address)?.to_string()));
            match decided {
                Ok(one) => allowed.push(one),
                Err(why) => {
                    for one in allowed {
                        self.done(one, "not sent: another recipient is denied", 0);
                    }
                    return Ok(Err(Error::Denied(why)));
                }
            }
        }
        for address in &to {
            self.saw(|| Use::Mail(address.clone()));
        }
        self.hand_over(Allowances(allowed), to, message).await
    }

    async fn hand_over(
        &mut self,
        allowed: Allowances,
        to: Vec<MailAddress>,
        message: Message,
    ) -> Result<Result<String, Error>, Ended> {
        let gate = self.gate.clone();
        let (host, effects) = (self.host.clone(), self.work.effects.clone());
        // One at a time: which effect this is follows from what is settled before it.
        let mut settled = effects.settled().await;
        let once = message.once.as_deref();
        let effect = settled.asked(Capability::Mail, once, || digest(&message));
        let Some(recalled) = effects.recall(&gate, &*host, &effect).await? else {
            // Nothing is decided in its favour there.
            return Err(Ended(TurnFailure::Host(
                "mail outside of a turn".to_owned(),
            )));
        };
        let key = idempotency_key(&gate.authority.installation, &recalled.key);
        let id = gate.egress.message_id(&key);
        if let Some(outcome) = recalled.outcome {
            let outcome: Outcome = decode(&outcome)?;
            settled.settle(&effect);
            allowed.done(&gate, &format!("{outcome}, from the journal"), 0);
            return Ok(outcome.told(id));
        }
        let patience = self.remaining().saturating_sub(MARGIN);
        if patience.is_zero() {
            allowed.done(&gate, "unavailable: the turn has no time left for it", 0);
            let why = "the turn has no time left for it";
            return Ok(Err(Error::Unavailable(why.to_owned())));
        }
        let limits = gate.authority.grants().limits.clone();
        let who = &gate.authority.installation;
        if let Err(wait) = gate.egress.take_mail(who, limits.mails_per_hour) {
            allowed.done(&gate, LIMITED, 0);
            return Ok(Err(limited(wait)));
        }
        effects.leaves_machine();
        let mail = Mail {
            to,
            subject: printable::line(&message.subject, SUBJECT),
            text: printable::lines(&message.text.replace("\r\n", "\n"), usize::MAX),
            key,
            date: gate.turn.as_ref().map(|turn| turn.now).unwrap_or_default(),
            artifact: gate.authority.installation.to_string(),
            once: message.once,
        };
        let errand = Errand {
            gate: gate.clone(),
            host,
            effect: effect.clone(),
            allowed: allowed.clone(),
            mail,
        };
        // On a task of its own: what is handed over is seen through and written down, even if the turn is given up meanwhile.
        let under_way = tokio::spawn(errand.run());
        let answer = match tokio::time::timeout(patience, under_way).await {
            Ok(Ok(answer)) => answer?,
            Ok(Err(why)) => return Err(Ended(TurnFailure::Host(format!("mail failed: {why}")))),
            Err(_) => {
                let why = "no answer before the turn was over; it is seen through";
                allowed.done(&gate, &format!("unavailable: {why}"), 0);
                Err(Untaken::Unavailable(why.to_owned()))
            }
        };
        Ok(match answer {
            Ok(outcome) => {
                settled.settle(&effect);
                outcome.told(id)
            }
            Err(Untaken::Limited(wait)) => Err(limited(wait)),
            Err(Untaken::Refused(why) | Untaken::Unavailable(why)) => Err(Error::Unavailable(why)),
        })
    }
}

const LIMITED: &str = "limited: its mails of this hour are spent";

fn limited(wait: Duration) -> Error {
    let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    Error::Limited(wait.max(1))
}

/// What allows a message: one for each recipient.
#[derive(Clone)]
struct Allowances(Vec<Allowed>);

impl Allowances {
    fn done(self, gate: &Gate, outcome: &str, bytes: u64) {
        for one in self.0 {
            gate.done(one, outcome, bytes);
        }
    }
}

/// A message that may go, and all that it takes to see it through while the guest goes on.
struct Errand {
    gate: Gate,
    host: Arc<dyn crate::host::Host>,
    effect: Effect,
    allowed: Allowances,
    mail: Mail,
}

impl Errand {
    /// Hands the message over, and writes down what came of it: in the trail first, since that is what has happened.
    async fn run(self) -> Result<Result<Outcome, Untaken>, Ended> {
        let Self {
            gate,
            host,
            effect,
            allowed,
            mail,
        } = self;
        let bytes = mail.text.len() as u64;
        let id = gate.egress.message_id(&mail.key);
        let outcome = match gate.egress.mail(&mail).await {
            Ok(said) => {
                let told = match said.as_str() {
                    "" => format!("taken as {id}"),
                    said => format!("taken as {id}: {said}"),
                };
                allowed.done(&gate, &told, bytes);
                Outcome::Taken
            }
            Err(Untaken::Refused(why)) => {
                allowed.done(&gate, &format!("refused: {why}"), bytes);
                Outcome::Refused(why)
            }
            Err(Untaken::Limited(wait)) => {
                allowed.done(&gate, LIMITED, 0);
                return Ok(Err(Untaken::Limited(wait)));
            }
            Err(Untaken::Unavailable(why)) => {
                gate.egress.give_mail_back(&gate.authority.installation);
                allowed.done(&gate, &format!("unavailable: {why}"), bytes);
                return Ok(Err(Untaken::Unavailable(why)));
            }
        };
        keep(&gate, &host, &effect, &outcome).await?;
        Ok(Ok(outcome))
    }
}

/// Who a message is for, each once. The error says what is wrong with it.
fn read(message: &Message, limit: u64) -> Result<Vec<MailAddress>, String> {
    check_name(message.once.as_deref())?;
    if message.to.is_empty() || message.to.len() > RECIPIENTS {
        return Err(format!(
            "{} recipients; 1 to {RECIPIENTS} are allowed",
            message.to.len()
        ));
    }
    if message.text.len() as u64 > limit {
        return Err(format!(
            "its text has more than the {limit} bytes that are allowed; `limits.request` in its grants raises that"
        ));
    }
    let mut to: Vec<MailAddress> = Vec::with_capacity(message.to.len());
    for address in &message.to {
        let address = address
            .parse()
            .map_err(|wrong: watchbox_model::mail_address::MailAddressError| wrong.to_string())?;
        if !to.contains(&address) {
            to.push(address);
        }
    }
    Ok(to)
}

/// The message as the guest made it.
fn digest(message: &Message) -> Digest {
    let mut sha = Sha256::new();
    // Each part with its length, so that no two messages run into the same bytes; and none into those of a request.
    let mut part = |bytes: &[u8]| {
        sha.update((bytes.len() as u64).to_le_bytes());
        sha.update(bytes);
    };
    part(b"mail");
    part(message.subject.as_bytes());
    part(message.text.as_bytes());
    for address in &message.to {
        part(address.as_bytes());
    }
    Digest::of(&sha.finalize())
}

impl Host for Guest {
    async fn send(&mut self, message: Message) -> wasmtime::Result<Result<String, Error>> {
        let call = self.enter(Capability::Mail, "send", "")?;
        let answer = self.mail(call, message).await;
        self.leave();
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests;
