//! The limits of the door.

use std::{fmt::Write as _, time::Duration};

use crate::limits::*;

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes / 1024)
}

pub(super) fn page() -> String {
    let set = Adjustable::default();
    let rows = [
        ("request message, REST body", kib(MESSAGE), "INVALID_ARGUMENT, 400"),
        ("answer", kib(ANSWER), "lists have pages"),
        ("entries of a page", format!("{PAGE}, at most {PAGE_MOST}"), "more are cut to the most"),
        ("address and header fields of a request", kib(HEADERS), "INVALID_ARGUMENT, 400"),
        ("the same, in the transport", kib(HEADERS_TRANSPORT as usize), "the stream ends (HTTP/2)"),
        ("token", kib(TOKEN), "UNAUTHENTICATED, 401"),
        ("id in a resource name", format!("{ID} characters"), "INVALID_ARGUMENT, 400"),
        ("a call, or the first message of a watch", seconds(CALL), "DEADLINE_EXCEEDED, 504"),
        ("calls at a time, all callers", CALLS.to_string(), "RESOURCE_EXHAUSTED, 429"),
        ("calls at a time, one caller, watches among them", CALLS_PER_SUBJECT.to_string(), "RESOURCE_EXHAUSTED, 429"),
        ("reading calls of one caller, a second / at once", set.rate_reads.to_string(), "RESOURCE_EXHAUSTED, 429"),
        ("writing calls of one caller, a second / at once", set.rate_writes.to_string(), "RESOURCE_EXHAUSTED, 429"),
        ("failed sign-ins from one peer, a second / at once", set.rate_failures.to_string(), "RESOURCE_EXHAUSTED, 429"),
        ("callers and peers remembered for the rates", REMEMBERED.to_string(), "further ones share one rate"),
        ("connections", set.max_connections.to_string(), "closed at once"),
        ("connections of one peer", set.max_connections_per_peer.to_string(), "closed at once"),
        ("TLS handshake", seconds(HANDSHAKE), "closed"),
        ("from there to the first bytes of a request", seconds(OPENING), "closed"),
        (
            "between two questions to the OIDC issuer for a key that is not known",
            seconds(ISSUER_PAUSE),
            "UNAUTHENTICATED, 401",
        ),
        ("streams of a connection", STREAMS.to_string(), "wait in the client"),
        ("calls of a connection that are worked on", CALLS_PER_CONNECTION.to_string(), "wait"),
        ("resets by the transport on a connection", RESETS.to_string(), "GOAWAY, closed"),
        ("streams that a client took back before they were looked at", TAKEN_BACK.to_string(), "GOAWAY, closed"),
        ("life of a connection", seconds(CONNECTION_AGE), "GOAWAY, clients connect again"),
        ("calls under way after that", seconds(CONNECTION_GRACE), "closed"),
        ("silence before a ping, and wait for its answer", format!("{}, {}", seconds(PING), seconds(PONG)), "closed"),
    ];
    let mut text = String::from(INTRODUCTION);
    for (what, value, answer) in rows {
        writeln!(text, "| {what} | {value} | {answer} |").expect("a String takes everything");
    }
    text + SETTINGS
}

const INTRODUCTION: &str = "# Limits of the door

The same for gRPC, gRPC-Web and REST. A *peer* is an IPv4 address or an IPv6 /64; a *caller* is who the token or certificate names.
`RESOURCE_EXHAUSTED` carries a `RetryInfo`, and status 429 the header `Retry-After`: wait that long and try again.

| what | limit | beyond it |
| --- | --- | --- |
";

const SETTINGS: &str = "
A client's own deadline (`grpc-timeout`) is kept where it is shorter: a call ends when nine tenths of it are over, so that the answer
is there in time. Reading a request's body begins when its caller is known. A token that the door knows already is not held up by
failed sign-ins of others at the same address.

Flags, environment and values of the chart (`api.limits`):

| flag | environment | value |
| --- | --- | --- |
| `--max-connections` | `BERTH_MAX_CONNECTIONS` | `connections` |
| `--max-connections-per-peer` | `BERTH_MAX_CONNECTIONS_PER_PEER` | `connectionsPerPeer` |
| `--rate-reads` | `BERTH_RATE_READS` | `reads` |
| `--rate-writes` | `BERTH_RATE_WRITES` | `writes` |
| `--rate-failures` | `BERTH_RATE_FAILURES` | `failures` |

Each replica counts for itself. Behind a proxy or a Service that hides addresses everybody is one peer: set
`connectionsPerPeer` as high as `connections` there.
";
