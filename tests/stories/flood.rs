//! S11: what can be done to the door with nothing but connections. Frames that no client sends, connections and handshakes
//! that lead to nothing, bodies that do not come, messages that are too large or too deep; and beside each somebody whose
//! calls all succeed. Everything is counted and nothing is timed.
//!
//! `BERTH_FLOOD=50` does fifty times as much: the figures of the specification, 10⁵ resets and 10⁶ empty frames among them.

mod bodies;
mod connections;
mod frames;
mod messages;
#[path = "../../api/src/server/listen/tests/wire.rs"]
#[allow(dead_code, reason = "the door's own tests use the rest")]
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, Once, PoisonError};

use berth_api::client::{Client, Proof};
use berth_api::proto::v1::ListClassesRequest;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use tokio::net::{TcpSocket, TcpStream};

use crate::world::World;

/// Calls that somebody honest makes while an attack goes on.
const CALLS: usize = 20;

/// How many times as much as in a run that nobody made longer.
fn scale() -> usize {
    std::env::var("BERTH_FLOOD").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Panics of threads whose names begin with [`THREADS`].
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static WATCH: Once = Once::new();
const THREADS: &str = "flood-";

fn panics() -> Vec<String> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Runs a story in a runtime of its own: a panic in any of its tasks fails it, also in one that nobody waits for, as the
/// server of a connection is.
fn watched(name: &str, story: impl Future<Output = Result<()>>) -> Result<()> {
    WATCH.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            if thread.starts_with(THREADS) {
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{thread}: {info}"));
            }
            before(info);
        }));
    });
    let thread = format!("{THREADS}{name}");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name(&thread).enable_all().build()?;
    let before = memory();
    let outcome = runtime.block_on(story);
    println!("{name}: {before} MiB in this process before, {} after", memory());
    let ours = panics().into_iter().filter(|panic| panic.starts_with(&thread));
    assert_eq!(ours.collect::<Vec<_>>(), Vec::<String>::new());
    outcome
}

/// Resident memory of this process, in MiB: printed and not judged, because other stories run in it too.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Somebody who does nothing wrong, on a connection of before.
struct Honest(Client);

impl Honest {
    /// Comes in through a door; `ca_pem` checks its certificate.
    async fn enter(world: &World, door: &Door, who: &str, ca_pem: Option<Vec<u8>>) -> Result<Self> {
        let proof = Proof { token: Some(token(world, who)?), ca_pem, ..Proof::default() };
        let honest = Self(Client::connect_with(&door.url, &proof).await?);
        honest.call().await?;
        Ok(honest)
    }

    async fn call(&self) -> std::result::Result<(), tonic::Status> {
        let answer = self.0.clone().catalog.list_classes(ListClassesRequest::default()).await?.into_inner();
        assert!(!answer.classes.is_empty());
        Ok(())
    }

    /// Goes on calling beside an attack; every call succeeds.
    async fn beside<T>(&self, what: &str, attack: impl Future<Output = T>) -> T {
        let calls = async {
            let mut failed = Vec::new();
            for _ in 0..CALLS {
                failed.extend(self.call().await.err().map(|status| status.to_string()));
            }
            failed
        };
        let (failed, done) = tokio::join!(calls, attack);
        assert_eq!(failed, Vec::<String>::new(), "beside {what}");
        self.call().await.unwrap_or_else(|status| panic!("after {what}: {status}"));
        done
    }
}

/// A person's token.
fn token(world: &World, who: &str) -> Result<String> {
    let person = world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
    Ok(person.token.clone())
}

/// A connection from another address of this machine: the door counts peers, and the honest one comes from 127.0.0.1.
async fn connect_from(peer: u8, door: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, peer), 0).into())?;
    socket.connect(door).await
}
