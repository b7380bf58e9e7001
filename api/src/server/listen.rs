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

/// How long the parts of a connection's life last; tests give shorter ones.
#[derive(Clone, Copy, Debug)]
pub struct Spans {
    /// The TLS handshake.
    pub handshake: Duration,
    /// From there to what tells which protocol is spoken.
    pub opening: Duration,
    /// Until it is told to end.
    pub age: Duration,
    /// How long calls under way may go on after that.
    pub grace: Duration,
    /// Silence before a ping.
    pub ping: Duration,
    /// Wait for its answer.
    pub pong: Duration,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            handshake: limits::HANDSHAKE,
            opening: limits::OPENING,
            age: limits::CONNECTION_AGE,
            grace: limits::CONNECTION_GRACE,
            ping: limits::PING,
            pong: limits::PONG,
        }
    }
}

/// Serves on a listener until `shutdown` ends. Connections use the acceptor of their moment; `None`: plain text.
///
/// tonic is told the age of a connection and not its grace: with both it ends a connection after age and grace together
/// without a GOAWAY before (0.14.9). The end is the connection's own.
pub async fn serve(
    routes: Routes,
    listener: TcpListener,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    limits: &Adjustable,
    spans: Spans,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let crowd = Crowd::new(limits.max_connections, limits.max_connections_per_peer);
    Server::builder()
        .accept_http1(true)
        .concurrency_limit_per_connection(limits::CALLS_PER_CONNECTION)
        .max_concurrent_streams(limits::STREAMS)
        .max_connection_age(spans.age)
        .http2_keepalive_interval(Some(spans.ping))
        .http2_keepalive_timeout(Some(spans.pong))
        .http2_max_header_list_size(limits::HEADERS_TRANSPORT)
        .http2_max_local_error_reset_streams(Some(limits::RESETS))
        .http2_max_pending_accept_reset_streams(Some(limits::TAKEN_BACK))
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections(listener, tls, crowd, spans), shutdown)
        .await?;
    Ok(())
}

/// Connections after their handshakes, which run side by side and not for long.
fn connections(
    listener: TcpListener,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    crowd: Crowd<IpAddr>,
    spans: Spans,
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
                if let Some(connection) = shaken(stream, acceptor, peer, place, spans).await {
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
    spans: Spans,
) -> Option<Connection> {
    let Some(acceptor) = acceptor else {
        return Some(Connection::new(Either::Left(stream), Arrival { peer, certificate: None }, place, spans));
    };
    match tokio::time::timeout(spans.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let certificate = shown.and_then(|der| Certificate::read(der)).map(Arc::new);
            Some(Connection::new(Either::Right(Box::new(stream)), Arrival { peer, certificate }, place, spans))
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
