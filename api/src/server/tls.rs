//! The door's certificate, and the authority of its clients' certificates. Files that change are read again: a Secret that is
//! renewed needs no restart.

use std::{fmt::Display, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::WebPkiClientVerifier,
    },
};

use super::{Error, Result};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(10);

/// Where certificates are kept, PEM files.
#[derive(Clone, Debug)]
pub struct Files {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
    /// Authorities whose certificates make clients known; `None`: no client is known by one.
    pub client_ca: Option<PathBuf>,
}

/// What stands in the files.
#[derive(PartialEq, Eq)]
pub struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Files {
    async fn read(&self) -> Result<Pem> {
        let client_ca = match &self.client_ca {
            Some(path) => Some(read(path).await?),
            None => None,
        };
        Ok(Pem { certificate: read(&self.certificate).await?, key: read(&self.key).await?, client_ca })
    }
}

async fn read(path: &PathBuf) -> Result<Vec<u8>> {
    tokio::fs::read(path).await.map_err(|error| Error::File { path: path.clone(), error })
}

/// An acceptor of what stands in the files now, and of what will: whoever connects gets the newest that can be used. What
/// cannot be used now is an error; later it is told, and the last good one stays.
pub async fn follow(files: Files) -> Result<watch::Receiver<TlsAcceptor>> {
    follow_each(files, LOOK).await
}

async fn follow_each(files: Files, pause: Duration) -> Result<watch::Receiver<TlsAcceptor>> {
    let mut seen = files.read().await?;
    let (sender, receiver) = watch::channel(acceptor(&seen)?);
    tokio::spawn(async move {
        while tokio::time::timeout(pause, sender.closed()).await.is_err() {
            // Between a key and its certificate the files may not fit; the next look finds both.
            let renewed = match files.read().await {
                Ok(pem) if pem == seen => continue,
                Ok(pem) => {
                    seen = pem;
                    acceptor(&seen)
                }
                Err(error) => Err(error),
            };
            match renewed {
                Ok(acceptor) => {
                    tracing::info!("new connections use the certificates that were renewed");
                    sender.send_replace(acceptor);
                }
                Err(error) => tracing::warn!(%error, "the last good certificates stay in use"),
            }
        }
    });
    Ok(receiver)
}

/// HTTP/2 for gRPC, HTTP/1.1 for plain REST clients. A key that does not fit its certificate is an error. A client that shows
/// a certificate must show a good one; one that shows none is asked for a token later.
fn acceptor(pem: &Pem) -> Result<TlsAcceptor> {
    let wrong = |e: &dyn Display| Error::Tls(e.to_string());
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?;
    let builder = match &pem.client_ca {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities)? {
                roots.add(authority).map_err(|e| wrong(&e))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().map_err(|e| wrong(&e))?)
        }
    };
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|e| wrong(&e))?;
    let config = builder.with_single_cert(certificates(&pem.certificate)?, key);
    let mut config = config.map_err(|e| wrong(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|e| Error::Tls(e.to_string()))
}

#[cfg(test)]
mod tests;
