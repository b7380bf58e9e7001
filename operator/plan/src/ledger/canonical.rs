//! The canonical form of a segment and its hash.
//!
//! RFC 8785 (JSON Canonicalization Scheme), reduced to what a segment holds: objects, lists, strings and integers
//! within ±(2^53−1). No white space; members in order of their names (all ASCII, so code units and bytes agree);
//! strings escape `"`, `\` and control characters only, the rest is UTF-8 as it is; absent fields are left out. Text
//! is never normalised: what was recorded is hashed. The hash is SHA-256 over these bytes, in lower-case hexadecimal.

use berth_crds::AuditRecordSpec;
use berth_crds::audit::{AuditEntry, GENESIS, MAX_ENTRIES};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Most bytes of the entries of a segment: etcd refuses objects above 1.5 MiB.
const MAX_BYTES: usize = 512 * 1024;

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last segment; 0 before the first.
    pub number: i64,
    /// Its hash.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { number: 0, hash: GENESIS.to_owned() }
    }
}

impl Head {
    /// The end of a chain whose last segment this is.
    pub fn of(segment: &AuditRecordSpec) -> Self {
        Self { number: segment.number, hash: segment.hash.clone() }
    }
}

/// The canonical text of a JSON value.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            list(out, ['{', '}'], sorted, |(name, value), out| {
                out.push_str(&quoted(name));
                out.push(':');
                write(value, out);
            });
        }
        Value::Array(items) => list(out, ['[', ']'], items, write),
        Value::String(text) => out.push_str(&quoted(text)),
        other => out.push_str(&other.to_string()),
    }
}

fn list<T>(out: &mut String, ends: [char; 2], items: impl IntoIterator<Item = T>, each: impl Fn(T, &mut String)) {
    out.push(ends[0]);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(ends[1]);
}

/// serde_json escapes exactly what RFC 8785 §3.2.2.2 says, in the same spelling.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash that a segment must have: over everything but the hash itself.
pub fn hash(segment: &AuditRecordSpec) -> String {
    sha256(text(&json!({"entries": segment.entries, "number": segment.number, "previous": segment.previous})))
}

/// The line of a segment in an export, without its end.
pub fn line(segment: &AuditRecordSpec) -> String {
    let AuditRecordSpec { number, previous, hash, entries } = segment;
    text(&json!({"entries": entries, "hash": hash, "number": number, "previous": previous}))
}

/// Reads a line of an export. A line that is not the canonical text of a segment is refused: a changed space is a change.
pub fn read(given: &str) -> Result<AuditRecordSpec, String> {
    let segment: AuditRecordSpec = serde_json::from_str(given).map_err(|e| format!("is no segment: {e}"))?;
    if line(&segment) == given { Ok(segment) } else { Err("is not in canonical form".to_owned()) }
}

/// The next segment of a chain, with as many of the entries as fit; they are taken from the front.
pub fn seal(head: &Head, entries: &mut Vec<AuditEntry>) -> AuditRecordSpec {
    let mut bytes = 0;
    let fits = |entry: &AuditEntry| {
        bytes += text(&json!(entry)).len();
        bytes <= MAX_BYTES
    };
    // One entry is bounded far below the limit, so a segment is never empty.
    let n = entries.iter().take(MAX_ENTRIES).map(fits).take_while(|fits| *fits).count();
    let mut segment = AuditRecordSpec {
        number: head.number + 1,
        previous: head.hash.clone(),
        hash: String::new(),
        entries: entries.drain(..n).collect(),
    };
    segment.hash = hash(&segment);
    segment
}
