//! Connections: plain or TLS, counted, with limits and a graceful end.

use std::{future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::either::Either;
use tonic::{service::Routes, transport::Server};

use super::{Result, connection::Connection};
use crate::{
    arrival::{Arrival, peer},
    crowd::{Crowd, Place},
    identity::Certificate,
    limits::{self, Adjustable},
};

/// Handshaken connections that wait to be served.
const WAITING: usize = 64;
/// Pause after a connection could not be accepted.
const BREATH: Duration = Duration::from_millis(50);

/// Serves on a listener until `shutdown` ends. Connections use the acceptor of their moment; `None`: plain text.
pub async fn serve(
    routes: Routes,
    listener: TcpListener,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    limits: &Adjustable,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let crowd = Crowd::new(limits.max_connections, limits.max_connections_per_peer);
    Server::builder()
        .accept_http1(true)
        .concurrency_limit_per_connection(limits::CALLS_PER_CONNECTION)
        .max_concurrent_streams(limits::STREAMS)
        .max_connection_age(limits::CONNECTION_AGE)
        .max_connection_age_grace(limits::CONNECTION_GRACE)
        .http2_keepalive_interval(Some(limits::PING))
        .http2_keepalive_timeout(Some(limits::PONG))
        .http2_max_header_list_size(limits::HEADERS_TRANSPORT)
        .http2_max_local_error_reset_streams(Some(limits::RESETS))
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections(listener, tls, crowd), shutdown)
        .await?;
    Ok(())
}

/// Connections after their handshakes, which run side by side and not for long.
fn connections(
    listener: TcpListener,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    crowd: Crowd<IpAddr>,
) -> ReceiverStream<io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            let Ok((stream, from)) = accepted else {
                // Out of file descriptors, most likely: others may end soon.
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let peer = peer(from.ip());
            let place = match crowd.enter(peer) {
                Ok(place) => place,
                Err(full) => {
                    tracing::warn!(%peer, ?full, "too many connections: one is closed");
                    continue;
                }
            };
            let (acceptor, sender) = (tls.as_ref().map(|tls| tls.borrow().clone()), sender.clone());
            tokio::spawn(async move {
                // Small answers need not wait for larger ones; a socket that cannot do it still works.
                stream.set_nodelay(true).ok();
                if let Some(connection) = shaken(stream, acceptor, peer, place).await {
                    // A server that is gone needs no connection.
                    sender.send(Ok(connection)).await.ok();
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}

async fn shaken(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    peer: IpAddr,
    place: Place<IpAddr>,
) -> Option<Connection> {
    let Some(acceptor) = acceptor else {
        return Some(Connection::new(Either::Left(stream), Arrival { peer, certificate: None }, place));
    };
    match tokio::time::timeout(limits::HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let certificate = shown.and_then(|der| Certificate::read(der)).map(Arc::new);
            Some(Connection::new(Either::Right(Box::new(stream)), Arrival { peer, certificate }, place))
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "no TLS handshake");
            None
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

#[cfg(test)]
mod tests;
