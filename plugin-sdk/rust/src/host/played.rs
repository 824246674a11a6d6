//! The capabilities as [`crate::testing::World`] plays them. Outside of one, everything is denied.

use crate::{
    clients, clock, http, labels,
    log::Level,
    mail, state,
    testing::{Line, World, playing},
};

/// Does `with` where the capability is granted, else makes an error of why it is not.
fn granted<T, E>(
    capability: &str,
    denied: impl FnOnce(String) -> E,
    with: impl FnOnce(&mut World) -> Result<T, E>,
) -> Result<T, E> {
    let outcome = playing(|world| match world.denial(capability) {
        Some(why) => Err(why),
        None => Ok(with(world)),
    });
    match outcome {
        Some(Ok(outcome)) => outcome,
        Some(Err(why)) => Err(denied(why)),
        None => Err(denied("there is no testing::World around this call".into())),
    }
}

pub(crate) fn search_clients(
    query: &str,
    limit: u32,
    after: Option<&str>,
) -> Result<Vec<clients::Client>, clients::Error> {
    granted("clients", clients::Error::Denied, |world| {
        if query.is_empty() {
            return Err(clients::Error::InvalidQuery("it is empty".into()));
        }
        let found = world.clients.values();
        Ok(found
            .filter(|client| after.is_none_or(|after| client.id.as_str() > after))
            .filter(|client| matches(query, client))
            .take(limit as usize)
            .cloned()
            .collect())
    })
}

fn matches(query: &str, client: &clients::Client) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase();
    match query.split_once(':') {
        Some(("label", label)) => client
            .labels
            .iter()
            .any(|own| own.eq_ignore_ascii_case(label)),
        Some(("host", pattern)) => fits(
            lower(pattern).as_bytes(),
            lower(&client.hostname).as_bytes(),
        ),
        Some(("client", id)) => client.id == id,
        _ if query == "all" => true,
        _ => [&client.id, &client.hostname]
            .into_iter()
            .chain(&client.labels)
            .any(|text| lower(text).contains(&lower(query))),
    }
}

/// Whether `text` is what `pattern` means, in which `*` stands for any characters.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
        Some((byte, rest)) => text.first() == Some(byte) && fits(rest, &text[1..]),
    }
}

pub(crate) fn client(id: &str) -> Result<Option<clients::Client>, clients::Error> {
    granted("clients", clients::Error::Denied, |world| {
        Ok(world.clients.get(id).cloned())
    })
}

pub(crate) fn add_labels(client_id: &str, labels: &[&str]) -> Result<(), labels::Error> {
    change_labels(client_id, labels, |own, label| {
        if !own.iter().any(|own| own.eq_ignore_ascii_case(label)) {
            own.push(label.to_owned());
            own.sort();
        }
    })
}

pub(crate) fn remove_labels(client_id: &str, labels: &[&str]) -> Result<(), labels::Error> {
    change_labels(client_id, labels, |own, label| {
        own.retain(|own| !own.eq_ignore_ascii_case(label));
    })
}

fn change_labels(
    client_id: &str,
    labels: &[&str],
    change: impl Fn(&mut Vec<String>, &str),
) -> Result<(), labels::Error> {
    granted("labels", labels::Error::Denied, |world| {
        let wrong = |label: &&&str| {
            !(1..=64).contains(&label.chars().count())
                || label.trim() != **label
                || label.chars().any(|c| c.is_control() || c == ',')
        };
        if let Some(label) = labels.iter().find(wrong) {
            return Err(labels::Error::InvalidLabel((*label).to_owned()));
        }
        let Some(client) = world.clients.get_mut(client_id) else {
            return Err(labels::Error::UnknownClient(client_id.to_owned()));
        };
        labels
            .iter()
            .for_each(|label| change(&mut client.labels, label));
        Ok(())
    })
}

pub(crate) fn send(request: http::Request) -> Result<http::Response, http::Error> {
    granted("http", http::Error::Denied, |world| world.send(request))
}

pub(crate) fn forget(once: &str) {
    playing(|world| {
        if world.denial("http").is_none() {
            world.forget(once);
        }
    });
}

pub(crate) fn mail(message: mail::Message) -> Result<String, mail::Error> {
    granted("mail", mail::Error::Denied, |world| world.mail(message))
}

pub(crate) fn get_state(key: &str) -> Result<Option<Vec<u8>>, state::Error> {
    with_key(key, |world| world.state.get(key).cloned())
}

pub(crate) fn set_state(key: &str, value: &[u8]) -> Result<(), state::Error> {
    with_key(key, |world| {
        world.state.insert(key.to_owned(), value.to_owned());
    })
}

pub(crate) fn remove_state(key: &str) -> Result<(), state::Error> {
    with_key(key, |world| {
        world.state.remove(key);
    })
}

fn with_key<T>(key: &str, with: impl FnOnce(&mut World) -> T) -> Result<T, state::Error> {
    granted("state", state::Error::Denied, |world| {
        if !(1..=256).contains(&key.len()) || key.chars().any(char::is_control) {
            return Err(state::Error::InvalidKey(key.to_owned()));
        }
        Ok(with(world))
    })
}

pub(crate) fn state_keys(prefix: &str) -> Result<Vec<String>, state::Error> {
    granted("state", state::Error::Denied, |world| {
        let keys = world.state.keys();
        Ok(keys
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect())
    })
}

pub(crate) fn log(level: Level, message: &str) {
    playing(|world| {
        if world.denial("log").is_none() {
            world.lines.push(Line {
                level,
                text: message.to_owned(),
            });
        }
    });
}

pub(crate) fn now() -> Result<f64, clock::Denied> {
    granted("clock", clock::Denied, |world| Ok(world.now))
}
