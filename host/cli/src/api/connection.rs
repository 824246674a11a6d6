//! Finds the server and the token that were meant.

use std::{env, fs, path::Path};

use anyhow::Context;
use reqwest::{Certificate, Url, redirect};
use watchbox_model::Secret;

use super::{Api, CONNECT};
use crate::{args::Connection, data_folder, exit::Usage};

/// A token in the environment itself.
const TOKEN: &str = "WATCHBOX_TOKEN";

impl Api {
    /// Takes up what the command line and the environment say of the server. Nothing is sent yet.
    pub fn new(connection: &Connection) -> anyhow::Result<Self> {
        let base = base(&connection.server)?;
        let local = is_local(&base);
        let token = match &connection.token_file {
            Some(file) => Some(read(file)?),
            None => match env::var(TOKEN) {
                Ok(token) => Some(tidy(&token).with_context(|| format!("{TOKEN} holds no token"))?),
                // The token of this machine's server is nobody else's business.
                Err(_) if local => own()?,
                Err(_) => None,
            },
        };
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .user_agent(concat!("watchbox/", env!("CARGO_PKG_VERSION")))
            // A redirect could lead the token elsewhere; the API has none.
            .redirect(redirect::Policy::none());
        if local {
            http = http.no_proxy();
        }
        if let Some(file) = &connection.ca {
            http = http.tls_certs_only(certificates(file)?);
        }
        let http = http.build().context("no HTTP client can be made")?;
        Ok(Self { http, base, token })
    }
}

fn base(text: &str) -> anyhow::Result<Url> {
    let wrong = |reason: &str| {
        Usage(format!(
            "--server (or WATCHBOX_SERVER): {reason}; http://HOST:PORT or https://HOST:PORT is wanted"
        ))
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong(&format!("`{}:` is no web address", url.scheme())).into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        let reason = "a user name or a password in it is of no use: give a token with --token-file";
        return Err(wrong(reason).into());
    }
    Ok(url)
}

/// Whether the server is on this machine.
fn is_local(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

fn read(file: &Path) -> anyhow::Result<Secret> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("the token file {} can't be read", file.display()))?;
    tidy(&text).with_context(|| format!("{} holds no token", file.display()))
}

/// The certificates in a file of `--ca`.
fn certificates(file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let name = file.display();
    let bytes =
        fs::read(file).with_context(|| format!("the CA's certificate {name} can't be read"))?;
    let certificates = Certificate::from_pem_bundle(&bytes)
        .with_context(|| format!("{name} holds no certificate in PEM"))?;
    if certificates.is_empty() {
        anyhow::bail!("{name} holds no certificate in PEM");
    }
    Ok(certificates)
}

/// A token in the text of a file: what is left without the white space around it.
fn tidy(text: &str) -> anyhow::Result<Secret> {
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        anyhow::bail!("one line of letters, digits and punctuation is wanted");
    }
    Ok(Secret::new(token))
}

/// The first token of the server whose data folder is the default one, where that can be read.
fn own() -> anyhow::Result<Option<Secret>> {
    let Ok(folder) = data_folder::default() else {
        return Ok(None);
    };
    let file = data_folder::admin_token(&folder);
    match fs::exists(&file) {
        Ok(true) => read(&file).map(Some),
        // Another user's, or none: the server will say that a token is wanted.
        Ok(false) | Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_gets_its_own_token() {
        let local = |text| is_local(&Url::parse(text).unwrap());
        assert!(local("http://127.0.0.1:8421"));
        assert!(local("http://localhost:8421"));
        assert!(local("http://[::1]:8421"));
        assert!(!local("http://127.0.0.1.example.net"));
        assert!(!local("http://10.0.0.1:8421"));
    }

    #[test]
    fn an_address_with_a_password_is_refused_without_showing_it() {
        let error = base("http://admin:hunter2@localhost")
            .unwrap_err()
            .to_string();
        assert!(error.contains("--token-file"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(base("ftp://localhost").is_err());
        assert!(base("localhost:8421").is_err());
    }

    #[test]
    fn a_token_is_one_word() {
        assert_eq!(tidy(" wbx_1\n").unwrap().reveal(), "wbx_1");
        assert!(tidy("two words").is_err());
        assert!(tidy("\n").is_err());
    }
}
