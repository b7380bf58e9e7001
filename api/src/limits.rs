//! Every limit of the door in one place: what is configured stands in [`Adjustable`], the rest is constants; the book's page
//! is made of them. Where a number differs from usual advice, its comment says why.

use std::{fmt, future::Future, num::NonZeroU32, panic::AssertUnwindSafe, str::FromStr, time::Duration};

use futures::FutureExt as _;
use http::{HeaderMap, Uri};

use crate::problem::{Problem, Result};

/// Largest request message and REST body, in bytes: the largest form that the kind's schema accepts (about 400 KiB of
/// three-byte letters) fits.
pub const MESSAGE: usize = 512 << 10;
/// Largest answer, in bytes; lists have pages.
pub const ANSWER: usize = 16 << 20;
/// Entries of a page when the caller names no number.
pub const PAGE: i32 = 50;
/// Most entries of a page.
pub const PAGE_MOST: i32 = 500;
/// All header fields of a request and its address, in bytes, counted as HTTP/2 does (name, value and 32 each).
pub const HEADERS: usize = 8 << 10;
/// Where the transport hangs up; above [`HEADERS`], so that most callers get an answer that names the limit.
pub const HEADERS_TRANSPORT: u32 = 16 << 10;
/// Longest token, in bytes: room is left for the other headers.
pub const TOKEN: usize = 6 << 10;
/// Longest id in a resource name, in characters: a Kubernetes name.
pub const ID: usize = 253;
/// Longest call, in seconds to the whole answer or to the first message of a watch. Some calls read every register of a
/// province, so it is longer than the usual ten.
pub const CALL: Duration = Duration::from_secs(30);
/// Longest TLS handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(5);
/// From there to the bytes that tell HTTP/2 from HTTP/1. Nothing else bounds it: before, there is nobody to ping.
pub const OPENING: Duration = Duration::from_secs(10);
/// Between two questions to the OIDC issuer for a key that is not known: whoever invents keys makes the door ask no oftener.
pub const ISSUER_PAUSE: Duration = Duration::from_secs(10);
/// Longest life of a connection; clients connect again by themselves.
pub const CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
/// How long calls under way may go on after that.
pub const CONNECTION_GRACE: Duration = Duration::from_secs(30);
/// Between two pings of a connection that is silent.
pub const PING: Duration = Duration::from_secs(30);
/// Longest wait for the answer to one.
pub const PONG: Duration = Duration::from_secs(10);
/// Streams of one HTTP/2 connection at a time.
pub const STREAMS: u32 = 64;
/// Calls of one connection that are worked on at a time; further ones wait.
pub const CALLS_PER_CONNECTION: usize = 32;
/// Streams that the transport had to reset or refuse before it closes the connection.
pub const RESETS: usize = 256;
/// Streams that a client took back before the door looked at them, at a time, before it closes the connection (rapid reset).
pub const TAKEN_BACK: usize = 20;
/// Calls of all callers at a time, watches among them.
pub const CALLS: usize = 1024;
/// Calls of one caller at a time, watches among them.
pub const CALLS_PER_SUBJECT: usize = 64;
/// Callers and peers that are remembered for the rates.
pub const REMEMBERED: usize = 8192;

/// So many a second, and so many at once after a rest; written `100/400`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls a second in the long run.
    pub per_second: NonZeroU32,
    /// Calls at once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate of the door's own.
    const fn new(per_second: u32, burst: u32) -> Self {
        let per_second = NonZeroU32::new(per_second).expect("no rate of ours is nothing a second");
        Self { per_second, burst: NonZeroU32::new(burst).expect("no rate of ours is nothing at once") }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<NonZeroU32>().ok().filter(|n| n.get() <= 1_000_000);
        let pair = text.split_once('/').and_then(|(second, burst)| Some((number(second)?, number(burst)?)));
        let (per_second, burst) = pair.ok_or_else(|| {
            format!("{text:?} is no rate: give calls a second and calls at once, 1 to 1000000, for example 100/400")
        })?;
        Ok(Self { per_second, burst })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.per_second, self.burst)
    }
}

/// Limits that depend on how many people use the door and what stands before it.
#[derive(Clone, Debug, clap::Args)]
pub struct Adjustable {
    /// Connections at a time.
    #[arg(long, env = "BERTH_MAX_CONNECTIONS", default_value_t = Self::default().max_connections, value_parser = connections)]
    pub max_connections: usize,
    /// Connections of one address at a time (of one /64 for IPv6); as many as `--max-connections` behind a proxy.
    #[arg(long, env = "BERTH_MAX_CONNECTIONS_PER_PEER", default_value_t = Self::default().max_connections_per_peer, value_parser = connections)]
    pub max_connections_per_peer: usize,
    /// Reading calls of one caller: a second / at once.
    #[arg(long, env = "BERTH_RATE_READS", default_value_t = Self::default().rate_reads)]
    pub rate_reads: Rate,
    /// Writing calls of one caller: a second / at once.
    #[arg(long, env = "BERTH_RATE_WRITES", default_value_t = Self::default().rate_writes)]
    pub rate_writes: Rate,
    /// Failed sign-ins from one address (one /64 for IPv6): a second / at once.
    #[arg(long, env = "BERTH_RATE_FAILURES", default_value_t = Self::default().rate_failures)]
    pub rate_failures: Rate,
}

impl Default for Adjustable {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_connections_per_peer: 256,
            rate_reads: Rate::new(100, 400),
            rate_writes: Rate::new(20, 200),
            rate_failures: Rate::new(5, 100),
        }
    }
}

fn connections(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=100_000).contains(n));
    number.ok_or_else(|| format!("{text:?} is no number of connections: give 1 to 100000"))
}

/// Refuses headers that are too large; returns how long the call may take, which a caller shortens by `grpc-timeout`.
///
/// Of that a tenth is left for the answer: the caller's clock began earlier, and tonic keeps the header too, whose own answer has
/// no details and, to a caller of REST, status 200.
pub fn admit(headers: &HeaderMap, uri: &Uri) -> Result<Duration> {
    let address = uri.path_and_query().map_or(0, |text| text.as_str().len());
    let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if address + fields > HEADERS {
        return Err(Problem::TooLarge { what: "address and header of the request", most: HEADERS });
    }
    let wanted = headers.get("grpc-timeout").map(|value| {
        let read = value.to_str().ok().and_then(timeout);
        read.ok_or_else(|| {
            Problem::field("", "the header grpc-timeout is not 1 to 8 digits and one of H, M, S, m, u, n")
        })
    });
    Ok(wanted.transpose()?.map_or(CALL, |wanted| (wanted - wanted / 10).min(CALL)))
}

/// The value of a header `grpc-timeout`, as the gRPC protocol writes it.
fn timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().last().filter(char::is_ascii)?;
    let digits = &text[..text.len() - 1];
    let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    Some(match unit {
        'H' => Duration::from_secs(number * 3600),
        'M' => Duration::from_secs(number * 60),
        'S' => Duration::from_secs(number),
        'm' => Duration::from_millis(number),
        'u' => Duration::from_micros(number),
        'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Ends a call that takes longer; its work is dropped. A panic is the failure of one call: the others of its connection are
/// answered, and so is this one.
pub async fn within<T>(longest: Duration, call: impl Future<Output = T>) -> Result<T> {
    match AssertUnwindSafe(tokio::time::timeout(longest, call)).catch_unwind().await {
        Ok(ended) => ended.map_err(|_| Problem::TooLong(longest)),
        Err(panic) => Err(Problem::bug("answering a call, which panicked", &panic)),
    }
}

#[cfg(test)]
mod tests;
