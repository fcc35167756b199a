//! TLS by name: whom we believe, and how that is read from files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::destination::Host;
use super::failure::Failure;

/// The largest file of roots that is read, in bytes.
const MAX_ROOTS: u64 = 4 * 1024 * 1024;

/// Whom we believe: the web's certificate authorities, and for some places others.
pub(in crate::handle) struct Trust {
    web: Arc<ClientConfig>,
    others: Mutex<HashMap<PathBuf, Others>>,
}

/// What a file of others roots said when it was last read.
struct Others {
    content: Vec<u8>,
    config: Arc<ClientConfig>,
}

impl Trust {
    /// Those of the web alone.
    ///
    /// # Errors
    /// Where the TLS library does not know its own ciphers.
    pub(in crate::handle) fn new() -> Result<Self, rustls::Error> {
        Ok(Self {
            web: Arc::new(config(web_roots())?),
            others: Mutex::default(),
        })
    }

    /// How to connect to a place whose grant names `roots`, a PEM file, or none.
    ///
    /// # Errors
    /// [`Failure::Roots`] where the file cannot be read, or holds no certificate, or anything that is
    /// none.
    pub(in crate::handle) async fn config(
        &self,
        roots: Option<&Path>,
    ) -> Result<Arc<ClientConfig>, Failure> {
        let Some(path) = roots else {
            return Ok(Arc::clone(&self.web));
        };
        let file = path.to_owned();
        // Read anew for each connection: an authority that was taken out is believed no longer.
        let content = tokio::task::spawn_blocking(move || read(&file))
            .await
            .map_err(|_| Failure::Roots)??;
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = others.get(path)
            && known.content == content
        {
            return Ok(Arc::clone(&known.config));
        }
        // In place of the web's: whoever names a root means that one.
        let mut roots = RootCertStore::empty();
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(&content) {
            let certificate = certificate.map_err(|_| Failure::Roots)?;
            roots.add(certificate).map_err(|_| Failure::Roots)?;
            found = true;
        }
        if !found {
            return Err(Failure::Roots);
        }
        let config = Arc::new(config(roots).map_err(|_| Failure::Roots)?);
        let known = Others {
            content,
            config: Arc::clone(&config),
        };
        others.insert(path.to_owned(), known);
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|_| Failure::Roots)?;
    let mut content = Vec::new();
    let read = file.take(MAX_ROOTS).read_to_end(&mut content);
    match read {
        Ok(length) if (length as u64) < MAX_ROOTS => Ok(content),
        _ => Err(Failure::Roots),
    }
}

fn web_roots() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

fn config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The name that the server has to prove.
pub(super) fn server_name(host: &Host) -> Result<ServerName<'static>, Failure> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Failure::Tls),
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
    }
}
