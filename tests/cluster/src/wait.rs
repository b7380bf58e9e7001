//! Waiting for a condition instead of for a time.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use crate::{Error, Result};

/// How often a condition is looked at.
pub(crate) const INTERVAL: Duration = Duration::from_millis(25);

/// Polls `probe` until it is `Ok`; its error says what is seen instead.
///
/// `what` begins the sentence of the error, as in "the namespace is gone".
pub async fn until<T, E: Display, F: Future<Output = Result<T, E>>>(
    what: &str,
    within: Duration,
    // Not `AsyncFnMut`: of its future no caller could say that it is `Send`.
    mut probe: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let Some(left) = within.checked_sub(start.elapsed()) else {
            return Err(Error::Deadline { what: what.into(), within, last: "no answer".into() });
        };
        let last = match tokio::time::timeout(left, probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => seen.to_string(),
            Err(_) => "no answer".into(),
        };
        if start.elapsed() + INTERVAL > within {
            return Err(Error::Deadline { what: what.into(), within, last });
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
