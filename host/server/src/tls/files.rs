//! The files of TLS: read, checked, made into what rustls works with.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use sha2::{Digest as _, Sha256};
use watchbox_model::Time;

use super::{TlsError, identity};
use crate::config::TlsSection;

/// Whom the server trusts to say who a client is; nobody, where it does not ask.
pub(super) type Trust = Arc<dyn ClientCertVerifier>;

/// What the files hold.
pub(super) struct Files {
    digest: [u8; 32],
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_ca: Option<RootCertStore>,
    revoked: Vec<CertificateRevocationListDer<'static>>,
    section: TlsSection,
}

impl Files {
    /// Reads those that `section` names.
    pub(super) fn read(section: &TlsSection) -> Result<Self, TlsError> {
        let mut digest = Sha256::new();
        let mut read = |setting, path: &Path| {
            let bytes = fs::read(path).map_err(|error| TlsError::Unreadable {
                setting,
                path: path.to_owned(),
                error,
            })?;
            digest.update(Sha256::digest(&bytes));
            Ok::<_, TlsError>(bytes)
        };
        check_private(&section.key)?;
        let certificate = read("certificate", &section.certificate)?;
        let key = read("key", &section.key)?;
        let mut optional = |setting, path: &Option<_>| {
            let path: Option<&std::path::PathBuf> = path.as_ref();
            path.map(|path| read(setting, path)).transpose()
        };
        let client_ca = optional("client_ca", &section.client_ca)?;
        let revoked = optional("client_crl", &section.client_crl)?;
        let digest = digest.finalize().into();

        let chain = all("certificate", &section.certificate, &certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| {
            TlsError::wrong(
                "key",
                &section.key,
                format!("holds no private key in PEM: {error}"),
            )
        })?;
        let client_ca = match (&section.client_ca, client_ca) {
            (Some(path), Some(bytes)) => Some(roots(path, &bytes)?),
            _ => None,
        };
        let revoked = match (&section.client_crl, revoked) {
            (Some(path), Some(bytes)) => all("client_crl", path, &bytes)?,
            _ => Vec::new(),
        };
        if section.client_crl.is_some() && client_ca.is_none() {
            return Err(TlsError::Unusable(rustls::Error::General(
                "`client_crl` lists what certificates of `client_ca` are revoked, and there is no `client_ca`".to_owned(),
            )));
        }
        Ok(Self {
            digest,
            chain,
            key,
            client_ca,
            revoked,
            section: section.clone(),
        })
    }

    /// What tells whether they have changed.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// When the server's certificate ends, where it says so.
    pub(super) fn ends(&self) -> Option<Time> {
        identity::end_of(self.chain.first()?)
    }

    /// Whom they say is to be trusted. Those who connect without a certificate are let in: what they may is for their token to say.
    pub(super) fn trust(&self) -> Result<Trust, TlsError> {
        let Some(roots) = &self.client_ca else {
            return Ok(Arc::new(NoClientAuth));
        };
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), provider())
                .with_crls(self.revoked.iter().cloned())
                .allow_unauthenticated()
                .build();
        verifier.map(|verifier| verifier as Trust).map_err(|error| {
            let path = self.section.client_ca.as_deref();
            TlsError::wrong(
                "client_ca",
                path.unwrap_or(Path::new("")),
                format!("can't be used: {error}"),
            )
        })
    }

    /// What the server shows and asks for. The certificate and the key must go together.
    pub(super) fn config(&self, trust: Trust) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(trust)
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    let certificate = self.section.certificate.display();
                    let reason = format!("is not the key of the certificate in {certificate}");
                    TlsError::wrong("key", &self.section.key, reason)
                }
                error => error.into(),
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The suites and key exchanges of rustls: those that are held to be safe today, and no others.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Every item of one kind that a file holds; at least one.
fn all<T: PemObject>(setting: &'static str, path: &Path, bytes: &[u8]) -> Result<Vec<T>, TlsError> {
    let items: Vec<T> = T::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::wrong(setting, path, format!("is no PEM: {error}")))?;
    if items.is_empty() {
        let wanted = match setting {
            "client_crl" => "holds no list of revoked certificates in PEM",
            _ => "holds no certificate in PEM",
        };
        return Err(TlsError::wrong(setting, path, wanted));
    }
    Ok(items)
}

fn roots(path: &Path, bytes: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in all("client_ca", path, bytes)? {
        roots.add(certificate).map_err(|error| {
            TlsError::wrong(
                "client_ca",
                path,
                format!("holds a certificate that is no CA's: {error}"),
            )
        })?;
    }
    Ok(roots)
}

/// Refuses a key that everybody on the machine can read.
fn check_private(path: &Path) -> Result<(), TlsError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let others = fs::metadata(path).map_or(0, |found| found.permissions().mode() & 0o007);
        if others != 0 {
            let reason = "is open to everybody on this machine: `chmod o-rwx` it";
            return Err(TlsError::wrong("key", path, reason));
        }
    }
    Ok(())
}
