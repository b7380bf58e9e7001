//! Bodies that do not come: they end with the deadline of their call, and of one caller there are not more than of calls.

use std::collections::BTreeMap;

use berth_api::limits::CALLS_PER_SUBJECT;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use futures::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Honest, connect_from, token, watched};
use crate::world::shared;

/// Calls beyond those that one caller has.
const FURTHER: usize = 6;
/// Deadline of the calls: all are begun long before.
const DEADLINE: &str = "8S";
/// Bytes that come of each body, one by one.
const BYTES: usize = 5;

/// Begins to send a request of a thousand bytes.
async fn begin(door: &Door, token: &str) -> Result<TcpStream> {
    let mut stream = connect_from(2, door.address).await?;
    let head = format!(
        "POST /v1/agencies/ag-61/onboardings HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\ngrpc-timeout: {DEADLINE}\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// Status of the answer.
async fn status(stream: &mut TcpStream) -> Result<u16> {
    let mut line = [0; 12];
    stream.read_exact(&mut line).await?;
    Ok(std::str::from_utf8(&line)?.rsplit(' ').next().unwrap_or_default().parse()?)
}

#[test]
fn bodies_that_come_byte_by_byte_end_with_their_deadline_and_take_nobody_elses_places() -> Result<()> {
    watched("bodies", async {
        let world = shared().await?;
        let door = Door::start(&world.cluster).await?;
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        let slow = Honest::enter(world, &door, "lead-61", None).await?;
        let token = token(world, "lead-61")?;
        let attack = async {
            let begun = (0..CALLS_PER_SUBJECT + FURTHER).map(|_| begin(&door, &token));
            let mut streams = try_join_all(begun).await?;
            for _ in 0..BYTES {
                for stream in &mut streams {
                    // Those beyond the number have their answer, and may be closed.
                    stream.write_all(b" ").await.ok();
                }
            }
            let mut statuses = BTreeMap::<u16, usize>::new();
            for answer in try_join_all(streams.iter_mut().map(status)).await? {
                *statuses.entry(answer).or_default() += 1;
            }
            Ok::<_, berth_tests::error::Error>(statuses)
        };
        let statuses = honest.beside("bodies that come byte by byte", attack).await?;
        println!("{} bodies that come byte by byte: {statuses:?}", CALLS_PER_SUBJECT + FURTHER);
        assert_eq!(statuses, BTreeMap::from([(429, FURTHER), (504, CALLS_PER_SUBJECT)]));
        // Their places are free again.
        slow.call().await?;
        door.stop().await
    })
}
