//! The ledger's writer (design §7): what objects show and no segment has yet becomes the next segment. Then it is
//! exported, the checkpoint moves on, and old segments are pruned. At rest it writes nothing.
//!
//! The creation of segment n is the lock for n: a writer creates it only after it took in 1 … n−1, so two writers, or
//! one that died between any two calls, never record an act twice; what was not recorded is still shown by its object.

mod cluster;
mod export;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

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

/// Why the ledger does not go on.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// A call to the API server failed.
    #[error(transparent)]
    Api(#[from] crate::error::Error),
    /// The export cannot be read or written.
    #[error("cannot {doing} the export {path}: {source}", path = .path.display())]
    Export {
        /// The act.
        doing: &'static str,
        /// Folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the export holds something else than the segment.
    #[error("{} holds another segment than the cluster: run `berth audit verify`; nothing is exported or pruned", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Nobody can say what was recorded before.
    #[error("segments before {first} are pruned and the export has none of them: start with --ledger-export")]
    Forgotten {
        /// The first segment that is left.
        first: i64,
    },
}

type Result<T> = std::result::Result<T, Error>;

/// Keeps the ledger until told to stop. A failure is told and tried again; it never stops anything else.
pub async fn run(ctx: Arc<Context>, settings: Settings, stop: CancellationToken) {
    let keeping = async {
        let mut writer = Writer::new(ctx.clone(), settings);
        loop {
            match writer.pass().await {
                Ok(()) => {
                    ctx.changed.notified().await;
                    tokio::time::sleep(BATCH).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the ledger does not go on");
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
