//! Connections: plain or TLS, limits, graceful end.

use std::{future::Future, time::Duration};

use futures::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{
    service::Routes,
    transport::{Server, server::Connected},
};

use super::{Error, Pem, Result};

/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Longest call (the first answer of a watch).
const CALL: Duration = Duration::from_secs(30);
/// Handshaken connections that wait to be served.
const WAITING: usize = 64;

/// Serves on a listener until `shutdown` ends.
pub async fn serve(
    routes: Routes,
    listener: TcpListener,
    tls: Option<Pem>,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    match tls {
        None => serve_on(routes, TcpListenerStream::new(listener).map(without_delay), shutdown).await,
        Some(pem) => serve_on(routes, handshaken(listener, acceptor(&pem)?), shutdown).await,
    }
}

async fn serve_on<I>(
    routes: Routes,
    connections: impl Stream<Item = std::io::Result<I>>,
    shutdown: impl Future<Output = ()>,
) -> Result<()>
where
    I: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    Server::builder()
        .accept_http1(true)
        .timeout(CALL)
        .concurrency_limit_per_connection(32)
        .max_concurrent_streams(64)
        .max_connection_age(Duration::from_secs(30 * 60))
        .max_connection_age_grace(Duration::from_secs(30))
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .http2_max_header_list_size(16 * 1024)
        .http2_max_local_error_reset_streams(Some(256))
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, shutdown)
        .await?;
    Ok(())
}

fn without_delay(connection: std::io::Result<TcpStream>) -> std::io::Result<TcpStream> {
    connection.inspect(|stream| {
        // Small answers need not wait for larger ones; a socket that cannot do it still works.
        stream.set_nodelay(true).ok();
    })
}

/// Connections after their handshakes, which run side by side and not for long.
fn handshaken(listener: TcpListener, acceptor: TlsAcceptor) -> ReceiverStream<std::io::Result<TlsStream<TcpStream>>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, most likely: others may end soon.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                stream.set_nodelay(true).ok();
                match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => drop(sender.send(Ok(stream)).await),
                    Ok(Err(error)) => tracing::debug!(%error, "no TLS handshake"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}

/// HTTP/2 for gRPC, HTTP/1.1 for plain REST clients.
fn acceptor(pem: &Pem) -> Result<TlsAcceptor> {
    let tls = |error: &dyn std::fmt::Display| Error::Tls(error.to_string());
    let chain = CertificateDer::pem_slice_iter(&pem.certificate).collect::<Result<Vec<_>, _>>().map_err(|e| tls(&e))?;
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|e| tls(&e))?;
    let provider = tokio_rustls::rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|e| tls(&e))?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    let mut config = config.map_err(|e| tls(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(std::sync::Arc::new(config)))
}
