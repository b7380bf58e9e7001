mod transport;
mod wire;

use std::net::SocketAddr;

use axum::{Extension, Router, routing::get};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A server that answers with the peer that it sees.
async fn server(limits: Adjustable) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = async |Extension(arrival): Extension<Arrival>| arrival.peer.to_string();
    let routes = Routes::from(Router::new().route("/", get(seen)));
    tokio::spawn(async move { serve(routes, listener, None, &limits, Spans::default(), std::future::pending()).await });
    address
}

/// Asks once; `None` when the server hung up without an answer.
async fn ask(stream: &mut TcpStream) -> Option<String> {
    // A connection that is refused may be reset before or after the question.
    stream.write_all(b"GET / HTTP/1.1\r\nhost: door\r\n\r\n").await.ok()?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"127.0.0.1") {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_peer_has_so_many_connections_and_a_closed_one_makes_room() {
    let address = server(Adjustable { max_connections_per_peer: 2, ..Adjustable::default() }).await;
    let connect = || TcpStream::connect(address);
    let (mut first, mut second) = (connect().await.unwrap(), connect().await.unwrap());
    let answered = Some("HTTP/1.1 200 OK".to_owned());
    assert_eq!((ask(&mut first).await, ask(&mut second).await), (answered.clone(), answered.clone()));
    assert_eq!(ask(&mut connect().await.unwrap()).await, None);
    drop(first);
    // The server sees the end in its own time.
    while ask(&mut connect().await.unwrap()).await != answered {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&mut second).await, answered);
}

#[tokio::test]
async fn all_peers_together_have_so_many_connections() {
    let address = server(Adjustable { max_connections: 2, ..Adjustable::default() }).await;
    let connect = || TcpStream::connect(address);
    let (mut first, mut second) = (connect().await.unwrap(), connect().await.unwrap());
    let answered = Some("HTTP/1.1 200 OK".to_owned());
    assert_eq!((ask(&mut first).await, ask(&mut second).await), (answered.clone(), answered.clone()));
    assert_eq!(ask(&mut connect().await.unwrap()).await, None);
    assert_eq!(ask(&mut second).await, answered);
}
