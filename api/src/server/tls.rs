//! The door's certificate.

use std::{fmt::Display, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use super::{Error, Pem, Result};

/// HTTP/2 for gRPC, HTTP/1.1 for plain REST clients. A key that does not fit its certificate is an error.
pub fn acceptor(pem: &Pem) -> Result<TlsAcceptor> {
    let wrong = |e: &dyn Display| Error::Tls(e.to_string());
    let chain =
        CertificateDer::pem_slice_iter(&pem.certificate).collect::<Result<Vec<_>, _>>().map_err(|e| wrong(&e))?;
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|e| wrong(&e))?;
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    let mut config = config.map_err(|e| wrong(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
