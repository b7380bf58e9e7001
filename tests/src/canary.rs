//! Secrets that nothing may show. Operator and door run in the process of the stories, so what they and all their libraries log
//! passes here, at debug level; what is stored, sent and recorded is searched by the story `secrets`.
//!
//! What is caught fails one story and hides no other: see [`silent`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::mail;

mod ear;

use ear::Ear;

/// Key with which webhooks are signed.
pub const WEBHOOK_KEY: &str = "first-key-of-the-receiver";

/// Secrets that are known by a word.
const WORDS: [(&str, &str); 4] = [
    ("a person's token", berth_cluster::TOKEN_MARK),
    ("the mail server's password", mail::PASSWORD),
    ("the webhook's key", WEBHOOK_KEY),
    ("a private key", "PRIVATE KEY-----"),
];
/// What the token of an account is called.
const ACCOUNT: &str = "an account's token";
/// How one begins: `{"` in base64. Much else does that is no secret.
const BEGINS: &str = "eyJ";
/// How much of what stands before a secret is told, in bytes.
const BEFORE: usize = 80;

/// What a secret is, and what it looks like.
type Form = (&'static str, Vec<u8>);

/// All of them, by their first byte: most bytes of a text begin none, and those must cost little.
static FORMS: LazyLock<Vec<Vec<Form>>> = LazyLock::new(|| {
    let mut all = vec![Vec::new(); 256];
    let words = WORDS.into_iter().flat_map(|(what, word)| forms(word).into_iter().map(move |form| (what, form)));
    for (what, form) in words.chain([(ACCOUNT, BEGINS.to_owned())]) {
        all[usize::from(form.as_bytes()[0])].push((what, form.into_bytes()));
    }
    all
});

/// A word as it is, as `{:?}` prints its bytes, and in base64 wherever in the encoded text it stands.
fn forms(word: &str) -> Vec<String> {
    let bytes: Vec<String> = word.bytes().map(|byte| byte.to_string()).collect();
    let encoded = (0..3).map(|before| {
        let code = STANDARD_NO_PAD.encode([&[0; 2][..before], word.as_bytes()].concat());
        // The characters at both ends hold bits of what stands beside it.
        code[(before * 4).div_ceil(3)..(before + word.len()) * 4 / 3].to_owned()
    });
    [word.to_owned(), bytes.join(", ")].into_iter().chain(encoded).collect()
}

/// The first secret in a text: what it is, and what stands before it. The secret itself is not told.
pub fn found(text: &[u8]) -> Option<String> {
    let forms = &*FORMS;
    for (at, byte) in text.iter().enumerate() {
        let forms = &forms[usize::from(*byte)];
        if forms.is_empty() {
            continue;
        }
        let rest = &text[at..];
        let begins = |what: &str, form: &[u8]| rest.starts_with(form) && (what != ACCOUNT || is_token(rest));
        if let Some((what, _)) = forms.iter().find(|(what, form)| begins(what, form)) {
            let before = String::from_utf8_lossy(&text[at.saturating_sub(BEFORE)..at]);
            return Some(format!("{what} after {before:?}"));
        }
    }
    None
}

/// Whether a text begins with a JSON Web Token (RFC 7515 §3.1): three parts in base64url with dots between, of which the first is
/// JSON that names the algorithm of the third. The API server's `continue` and the door's page tokens with it inside are JSON in
/// base64 too, in one part; a token that was cut off before its third part opens nothing.
fn is_token(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(byte));
    let mut parts = text[..end.unwrap_or(text.len())].split(|byte| *byte == b'.');
    let (Some(header), Some(claims), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let header = URL_SAFE_NO_PAD.decode(header).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    !claims.is_empty() && header.is_some_and(|header| header.get("alg").is_some())
}

/// What was caught: by the place in the source that logged it, what it is and whether a story has failed for it.
type Caught = Mutex<BTreeMap<String, (String, bool)>>;

static CAUGHT: Caught = Mutex::new(BTreeMap::new());

/// Listens to everything that this process logs from now on.
///
/// # Panics
/// If somebody else listens: then nobody would know.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| Ear(&CAUGHT).try_init().expect("nothing else listens in the process of the stories"));
}

/// Fails the story that calls it for every place that has logged a secret and for which none has failed yet, whichever story
/// made it log. Every world asks at its end, and the shared one whenever a story begins; a secret is told on stderr at once.
///
/// # Panics
/// If there is such a place. Not in a story that fails already: the next one tells.
pub fn silent() {
    if !std::thread::panicking() {
        let untold = untold(&CAUGHT);
        assert!(untold.is_empty(), "secrets were logged, by this story or another one:\n{}", untold.join("\n"));
    }
}

fn untold(caught: &Caught) -> Vec<String> {
    let mut caught = caught.lock().unwrap_or_else(PoisonError::into_inner);
    let untold = caught.iter_mut().filter(|(_, (_, told))| !*told);
    untold
        .map(|(place, (what, told))| {
            *told = true;
            format!("{place}: {what}")
        })
        .collect()
}

fn catch(caught: &Caught, place: String, what: String) {
    let mut caught = caught.lock().unwrap_or_else(PoisonError::into_inner);
    if let Entry::Vacant(place) = caught.entry(place) {
        // Not by a macro: the harness keeps what those print until a test fails. If it cannot be written, a story tells.
        writeln!(std::io::stderr(), "a secret was logged: {}: {what}", place.key()).ok();
        place.insert((what, false));
    }
}

#[cfg(test)]
mod tests;
