//! Connections and handshakes that lead to nothing: so many of a peer, so many in all, and none of them for long.

use std::net::SocketAddr;

use berth_api::limits::Adjustable;
use berth_api::server::TlsFiles;
use berth_cluster::until;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::wire::Wire;
use super::{Honest, connect_from, scale, watched};
use crate::world::{PATIENCE, shared};

/// Connections of the door, and of one peer: few, so that a test's own files suffice.
const ALL: usize = 40;
const OF_A_PEER: usize = 16;
/// Addresses that attack, and connections that each opens.
const PEERS: [u8; 3] = [2, 3, 4];
const EACH: usize = 60;

fn limits() -> Adjustable {
    Adjustable { max_connections: ALL, max_connections_per_peer: OF_A_PEER, ..Adjustable::default() }
}

/// Whether the other end has not hung up. What it said is read and forgotten.
fn is_open(stream: &TcpStream) -> bool {
    let mut said = [0; 256];
    loop {
        match stream.try_read(&mut said) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

/// Opens connections of every attacking peer that begin with these bytes; those that are still open at the end.
async fn crowd(door: SocketAddr, begun: &[u8]) -> Result<Vec<TcpStream>> {
    let mut crowd = Vec::new();
    for n in 0..EACH * scale() {
        for peer in PEERS {
            let mut stream = connect_from(peer, door).await?;
            // One that was refused may be gone by now.
            if stream.write_all(begun).await.is_ok() {
                crowd.push(stream);
            }
        }
        // Files are few: what was closed is let go.
        if n % 10 == 9 {
            crowd.retain(is_open);
        }
    }
    Ok(crowd)
}

/// Waits until no more connections are open than may be.
async fn at_most(what: &str, crowd: &mut Vec<TcpStream>, most: usize) -> Result<usize> {
    // `until` wants to ask again and again without changing anything.
    let open = || crowd.iter().filter(|stream| is_open(stream)).count();
    let left = until(what, PATIENCE, || {
        let open = open();
        async move { if open <= most { Ok(open) } else { Err(format!("{open} are open")) } }
    })
    .await?;
    crowd.retain(is_open);
    Ok(left)
}

/// Attacks with connections that begin so; the honest one goes on, and in the end there is room again.
async fn attack(door: &Door, honest: &Honest, what: &str, begun: &[u8]) -> Result<()> {
    let attack = async {
        let mut crowd = crowd(door.address, begun).await?;
        // The honest one has a place.
        let kept = at_most("what is too much is closed", &mut crowd, ALL - 1).await?;
        let gone = at_most("who says nothing is closed", &mut crowd, 0).await?;
        Ok::<_, berth_tests::error::Error>((kept, gone))
    };
    let (kept, gone) = honest.beside(what, attack).await?;
    println!("{what}: {} tried, {kept} of at most {} open at a time, {gone} in the end", 3 * EACH * scale(), ALL - 1);
    Ok(())
}

#[test]
fn idle_connections_are_few_for_a_peer_and_none_after_a_while() -> Result<()> {
    watched("idle", async {
        let world = shared().await?;
        let door = Door::start_with(&world.cluster, limits()).await?;
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        attack(&door, &honest, "idle connections", b"").await?;
        attack(&door, &honest, "half a greeting", b"PRI * HTTP/2.0\r\n").await?;
        // A peer that is within its number is served: its place was given back.
        for peer in PEERS {
            Wire::greet(connect_from(peer, door.address).await?).await?;
        }
        door.stop().await
    })
}

#[test]
fn one_peer_does_not_take_the_places_of_others() -> Result<()> {
    watched("peers", async {
        let world = shared().await?;
        let door = Door::start_with(&world.cluster, limits()).await?;
        // Held open as an honest client would: they greet.
        let mut held = Vec::new();
        for _ in 0..OF_A_PEER {
            held.push(Wire::greet(connect_from(PEERS[0], door.address).await?).await?);
        }
        for _ in 0..EACH * scale() {
            let refused = match connect_from(PEERS[0], door.address).await {
                Ok(stream) => Wire::greet(stream).await.is_err(),
                Err(_) => true,
            };
            assert!(refused, "a peer has {OF_A_PEER} connections");
        }
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        honest.beside("a peer that takes all it may", async {}).await;
        held.pop();
        until("the place is free again", PATIENCE, || async {
            let stream = connect_from(PEERS[0], door.address).await.map_err(|e| e.to_string())?;
            Wire::greet(stream).await.map(drop).map_err(|e| e.to_string())
        })
        .await?;
        door.stop().await
    })
}

#[test]
fn half_handshakes_are_few_for_a_peer_and_none_after_a_while() -> Result<()> {
    watched("handshakes", async {
        let world = shared().await?;
        let folder = tempfile::tempdir()?;
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let pem = made.cert.pem();
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        std::fs::write(&certificate, &pem)?;
        std::fs::write(&key, made.signing_key.serialize_pem())?;
        let files = TlsFiles { certificate, key, client_ca: None };
        let door = Door::start_secured(&world.cluster, limits(), files).await?;
        let honest = Honest::enter(world, &door, "lead-66", Some(pem.into_bytes())).await?;
        // The head of a ClientHello of 512 bytes, of which none comes.
        attack(&door, &honest, "half handshakes", b"\x16\x03\x01\x02\x00").await?;
        door.stop().await
    })
}
