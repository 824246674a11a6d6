//! What a client certificate says of who bears it: for which clients they may send events.
//!
//! | in the certificate | it is for |
//! | --- | --- |
//! | a URI `urn:watchbox:client:ID` among the subject's alternative names | the client ID; with several, several clients |
//! | a URI `urn:watchbox:client:*` | every client |
//! | no such URI, and one common name, `C.…` | the client of that id |
//!
//! Anything else that begins with `urn:watchbox:` makes it nobody's: a bound that is not understood must not be passed over.

use rustls::pki_types::CertificateDer;
use watchbox_model::{ClientId, Time};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use crate::{
    api::types::Role,
    auth::{Access, Bearer},
};

/// What the URIs that are meant for the server begin with.
const OURS: &str = "urn:watchbox:";

/// What those go on with that name a client.
const CLIENT: &str = "client:";

/// Who bears the certificate, or why that is nobody.
pub(super) fn bearer(certificate: &CertificateDer<'_>) -> Result<Bearer, String> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|error| format!("it can't be read: {error}"))?;
    let names = uris(&parsed)?;
    let access = match names.is_empty() {
        true => of_common_name(&parsed)?,
        false => of_uris(&names)?,
    };
    let id = match access.clients.as_slice() {
        [] => "*".to_owned(),
        [only] => only.to_string(),
        [first, others @ ..] => format!("{first}+{}", others.len()),
    };
    Ok(Bearer::of_certificate(&id, access, end(&parsed)))
}

/// When a certificate ends, where it can be read.
pub(super) fn end_of(certificate: &CertificateDer<'_>) -> Option<Time> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(end(&parsed))
}

fn end(certificate: &X509Certificate<'_>) -> Time {
    let seconds = certificate.validity().not_after.timestamp();
    Time::from_micros(seconds.saturating_mul(1_000_000))
}

/// The URIs among the subject's alternative names that are meant for the server.
fn uris(certificate: &X509Certificate<'_>) -> Result<Vec<String>, String> {
    let found = certificate
        .subject_alternative_name()
        .map_err(|error| format!("its alternative names can't be read: {error}"))?;
    let names = found.map(|found| found.value.general_names.as_slice());
    let ours = names
        .unwrap_or_default()
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) if uri.to_ascii_lowercase().starts_with(OURS) => {
                Some((*uri).to_owned())
            }
            _ => None,
        });
    Ok(ours.collect())
}

fn of_uris(names: &[String]) -> Result<Access, String> {
    let mut access = Access::of(Role::Ingest);
    let mut is_any = false;
    for name in names {
        let id = name
            .strip_prefix(OURS)
            .and_then(|rest| rest.strip_prefix(CLIENT));
        match id.map(|id| (id, id.parse::<ClientId>())) {
            Some(("*", _)) => is_any = true,
            Some((_, Ok(id))) => access.clients.push(id),
            _ => {
                let shown: String = name.chars().take(80).flat_map(char::escape_debug).collect();
                return Err(format!(
                    "its alternative name `{shown}` is not understood; `{OURS}{CLIENT}ID` is wanted"
                ));
            }
        }
    }
    if is_any {
        access.clients.clear();
    }
    Ok(access)
}

fn of_common_name(certificate: &X509Certificate<'_>) -> Result<Access, String> {
    let mut names = certificate.subject().iter_common_name();
    let name = names.next().filter(|_| names.next().is_none());
    let id = name
        .and_then(|name| name.as_str().ok())
        // `server` is an id too, and what many a certificate is called.
        .filter(|name| name.starts_with("C."))
        .and_then(|name| name.parse::<ClientId>().ok());
    let id = id.ok_or_else(|| {
        format!("it has neither an alternative name `{OURS}{CLIENT}ID` nor a client's id as its common name")
    })?;
    Ok(Access {
        clients: vec![id],
        ..Access::of(Role::Ingest)
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(common_name: &[&str], uris: &[&str]) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        // rcgen keeps one of each kind; by its number the common name is another kind.
        let kinds = [DnType::CommonName, DnType::CustomDnType(vec![2, 5, 4, 3])];
        for (kind, name) in kinds.into_iter().zip(common_name) {
            params.distinguished_name.push(kind, *name);
        }
        let uris = uris
            .iter()
            .map(|uri| SanType::URI((*uri).try_into().unwrap()));
        params.subject_alt_names = uris.collect();
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn told(common_name: &str, uris: &[&str]) -> String {
        match bearer(&certificate(&[common_name], uris)) {
            Ok(bearer) => format!("{}: {}", bearer.actor(), bearer.access()),
            Err(reason) => reason,
        }
    }

    #[test]
    fn a_certificate_is_for_the_clients_that_it_names() {
        for (common_name, uris, wanted) in [
            ("C.1", &[][..], "certificate:C.1: ingest client:C.1"),
            (
                "host.example",
                &["urn:watchbox:client:C.7"],
                "certificate:C.7: ingest client:C.7",
            ),
            // What is said in full goes before the common name.
            (
                "C.1",
                &["urn:watchbox:client:C.2"],
                "certificate:C.2: ingest client:C.2",
            ),
            (
                "x",
                &[
                    "urn:watchbox:client:C.2",
                    "https://host.example/",
                    "urn:watchbox:client:C.3",
                ],
                "certificate:C.2+1: ingest client:C.2 client:C.3",
            ),
            (
                "forwarder",
                &["urn:watchbox:client:*"],
                "certificate:*: ingest",
            ),
            (
                "C.1",
                &["https://host.example/"],
                "certificate:C.1: ingest client:C.1",
            ),
        ] {
            assert_eq!(told(common_name, uris), wanted);
        }
    }

    #[test]
    fn one_that_names_none_or_what_is_not_understood_is_nobodys() {
        for (common_name, uris, wanted) in [
            ("host.example", &[][..], "it has neither"),
            ("server", &[], "it has neither"),
            ("c.1", &[], "it has neither"),
            ("C.1 ", &[], "it has neither"),
            ("C.1", &["urn:watchbox:client:x y"], "is not understood"),
            ("C.1", &["urn:watchbox:role:admin"], "is not understood"),
            ("C.1", &["URN:watchbox:client:C.1"], "is not understood"),
            (
                "C.1",
                &["urn:watchbox:client:C.1", "urn:watchbox:client:"],
                "is not understood",
            ),
        ] {
            let told = told(common_name, uris);
            assert!(told.contains(wanted), "{common_name} {uris:?}: {told}");
        }
        let two = bearer(&certificate(&["C.1", "C.2"], &[])).map(|bearer| bearer.actor());
        assert!(two.is_err(), "{two:?}");
        assert!(bearer(&CertificateDer::from(vec![0x30, 0x80])).is_err());
    }
}
