//! Waiting for a condition instead of for a time.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use crate::{Error, Result};

/// How often a condition is looked at, at first.
pub(crate) const INTERVAL: Duration = Duration::from_millis(25);
/// And when it has been waited for a while.
const LONGEST: Duration = Duration::from_millis(100);

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
    // What was seen last explains more than that the last look was cut short.
    let mut last = String::from("no answer");
    loop {
        match tokio::time::timeout(within.saturating_sub(start.elapsed()), probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last = seen.to_string(),
            Err(_) => {}
        }
        let pause = pause(start.elapsed());
        if start.elapsed() + pause > within {
            return Err(Error::Deadline { what: what.into(), within, last });
        }
        tokio::time::sleep(pause).await;
    }
}

/// Time until the next look. Each costs who asks and who answers some work, mostly while both are busy with something else:
/// what has taken long may be seen a little later.
fn pause(waited: Duration) -> Duration {
    (waited / 4).clamp(INTERVAL, LONGEST)
}
