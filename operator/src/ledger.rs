//! The ledger's writer (design §7): what objects show and no segment has yet becomes the next segment. Then it is
//! exported, the checkpoint moves on, and old segments are pruned. At rest it writes nothing.
//!
//! The creation of segment n is the lock for n: a writer creates it only after it took in 1 … n−1, so two writers, or
//! one that died between any two calls, never record an act twice; what was not recorded is still shown by its object.

pub(crate) mod cluster;
pub(crate) mod export;
mod gather;
mod writer;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::allocation::Allocation;
use crate::context::Context;
use writer::Writer;

/// Acts of this much time share a segment (design §7).
const BATCH: Duration = Duration::from_secs(1);
/// Pause after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// How the ledger is kept.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Folder of the export, reached by every replica; without it nothing is exported and nothing pruned.
    pub export: Option<PathBuf>,
    /// Segments that stay in the cluster after their export; none are pruned when absent.
    pub keep: Option<u32>,
}

/// The export cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} the export {path}: {source}", path = .path.display())]
pub struct Unreadable {
    /// The act.
    doing: &'static str,
    /// Folder or file.
    path: PathBuf,
    /// Why.
    source: std::io::Error,
}

/// Why the ledger does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A call to the API server failed.
    #[error(transparent)]
    Api(#[from] crate::error::Error),
    /// The export cannot be read or written.
    #[error(transparent)]
    Export(#[from] Unreadable),
    /// A file of the export holds something else than the segment.
    #[error("{} holds another segment than the cluster: run `berth audit verify`; nothing is exported or pruned", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Nobody can say what was recorded before.
    #[error(
        "segment {number} is neither in the cluster nor in the export: start with --ledger-export and the whole export"
    )]
    Forgotten {
        /// The first segment that is nowhere.
        number: i64,
    },
    /// A defect of our own.
    #[error("a defect stopped the ledger; the log has the place")]
    Panicked,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Keeps the ledger until told to stop. A failure is told and tried again; it never stops anything else, except that no
/// prefix is given before the export was compared with the cluster once.
pub async fn run(ctx: Arc<Context>, settings: Settings, stop: CancellationToken) {
    let keeping = async {
        let mut writer = Writer::new(ctx.clone(), settings);
        loop {
            match guarded(writer.pass()).await {
                Ok(()) => {
                    ctx.changed.notified().await;
                    tokio::time::sleep(BATCH).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the ledger does not go on");
                    if ctx.allocation.now() == Allocation::Unread {
                        ctx.allocation.set(Allocation::Frozen(format!("The exported ledger is not read: {error}.")));
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    };
    tokio::select! {
        () = keeping => {}
        () = stop.cancelled() => {}
    }
}

/// A panic is the failure of one pass, never the end of the ledger; the next pass gathers everything anew.
async fn guarded(pass: impl Future<Output = Result<()>>) -> Result<()> {
    AssertUnwindSafe(pass).catch_unwind().await.unwrap_or(Err(Error::Panicked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_failure_of_one_pass() {
        let panics = async { if true { panic!("a defect") } else { Ok(()) } };
        assert!(matches!(guarded(panics).await, Err(Error::Panicked)));
        assert!(guarded(async { Ok(()) }).await.is_ok());
    }
}
