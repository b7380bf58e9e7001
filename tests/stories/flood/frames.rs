//! Frames: who sends them is sent away, as often as they come again.

use berth_api::limits::{STREAMS, TAKEN_BACK};
use berth_tests::error::Result;
use berth_tests::stack::Door;

use super::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Frame, HEADERS, Wire, block, bomb, bytes,
};
use super::{Honest, connect_from, scale, token, watched};
use crate::world::shared;

/// Connections of each kind.
const CONNECTIONS: usize = 20;
/// Batches of calls that are given up on one connection.
const BATCHES: usize = 30;
/// An address that the honest one does not have.
const PEER: u8 = 2;

/// The beginning of a call, whose body the door reads because it knows the caller.
fn call(token: &str) -> Vec<(&'static str, String)> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/berth.v1.CatalogService/ListClasses"),
        (":authority", "door"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let bearer = ("authorization", format!("Bearer {token}"));
    fields.into_iter().map(|(name, value)| (name, value.to_owned())).chain([bearer]).collect()
}

/// Frames as bytes, and how many they are.
type Piece = (Vec<u8>, usize);

fn piece(frames: &[Frame]) -> Piece {
    (bytes(frames), frames.len())
}

/// What one connection sends, piece by piece.
fn floods(token: &str) -> Vec<(&'static str, Vec<Piece>)> {
    let fields = call(token);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let begun = |stream| Frame::request(stream, &fields, true);
    let pair = |stream| [begun(stream), Frame::reset(stream)];
    let pairs = |n: u32| (0..100).flat_map(|i| pair(200 * n + 2 * i + 1)).collect::<Vec<_>>();
    let opening = Frame::new(HEADERS, 0, 1, block(&fields));
    let continued = piece(&vec![Frame::new(CONTINUATION, 0, 1, b""); 100]);
    let empty = piece(&vec![Frame::new(DATA, 0, 1, b""); 1000]);
    let grown = Frame::new(HEADERS, END_HEADERS | END_STREAM, 1, bomb(&fields, 8000));
    vec![
        ("streams that are taken back", (0..10).map(|n| piece(&pairs(n))).collect()),
        ("headers without an end", [vec![piece(&[opening])], vec![continued; 10]].concat()),
        ("data without anything in it", [vec![piece(&[begun(1)])], vec![empty; 10]].concat()),
        ("headers that grow when they are read", vec![piece(&[grown])]),
    ]
}

#[test]
fn no_flood_of_frames_costs_the_door_more_than_the_connection_on_which_it_comes() -> Result<()> {
    watched("frames", async {
        let world = shared().await?;
        let door = Door::start(&world.cluster).await?;
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        for (what, pieces) in floods(&token(world, "lead-61")?) {
            let attack = async {
                let mut sent = 0;
                for _ in 0..CONNECTIONS * scale() {
                    let wire = Wire::greet(connect_from(PEER, door.address).await?).await?;
                    let (taken, ending) = wire.flood(pieces.iter().map(|(bytes, _)| bytes.clone())).await;
                    sent += pieces[..taken].iter().map(|(_, frames)| frames).sum::<usize>();
                    let code = ending.goaway.as_ref().map(|(code, _)| *code);
                    assert_eq!(code, Some(ENHANCE_YOUR_CALM), "{what}: {ending:?}");
                    assert!(ending.answered <= usize::try_from(STREAMS)?, "{what}: {ending:?}");
                }
                Ok::<_, berth_tests::error::Error>(sent)
            };
            let sent = honest.beside(what, attack).await?;
            println!("{what}: {} connections, {sent} frames sent, every one sent away", CONNECTIONS * scale());
        }
        door.stop().await
    })
}

#[test]
fn calls_that_are_given_up_one_by_one_are_dropped_and_cost_others_nothing() -> Result<()> {
    watched("given-up", async {
        let world = shared().await?;
        let door = Door::start(&world.cluster).await?;
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        let token = token(world, "lead-61")?;
        let fields = call(&token);
        let attack = async {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mut given_up = 0;
            for _ in 0..scale() {
                let mut wire = Wire::greet(connect_from(PEER, door.address).await?).await?;
                let mut streams = (1..).step_by(2);
                for _ in 0..BATCHES {
                    // Never so many at once that they count as a flood; between them the door may begin to work on them.
                    let some = streams.by_ref().take(TAKEN_BACK / 2);
                    let some: Vec<Frame> =
                        some.flat_map(|stream| [Frame::request(stream, &fields, true), Frame::reset(stream)]).collect();
                    if wire.send(&some).await.is_err() {
                        break;
                    }
                    given_up += TAKEN_BACK / 2;
                    tokio::task::yield_now().await;
                }
            }
            Ok::<_, berth_tests::error::Error>(given_up)
        };
        let given_up = honest.beside("calls that are given up", attack).await?;
        println!("{given_up} calls given up on {} connections", scale());
        // Their caller is left with what a caller has, and others with all of it.
        Honest::enter(world, &door, "lead-62", None).await?;
        door.stop().await
    })
}
