//! The operator's command line.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Provisions what was decided and keeps it so.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "berth-operator", version)]
pub struct Args {
    /// Kubeconfig of the operator's account; the pod's own account when absent.
    #[arg(long, env = "BERTH_OPERATOR_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// Address of the health endpoints `/live` and `/ready`.
    #[arg(long, env = "BERTH_OPERATOR_HEALTH", default_value = "[::]:8081")]
    pub health: SocketAddr,
    /// Time zone in which days begin and end (IANA name).
    #[arg(long, env = "BERTH_TIME_ZONE", default_value = "Asia/Ho_Chi_Minh")]
    pub time_zone: String,
    /// Environments that are provisioned at the same time.
    #[arg(long, env = "BERTH_OPERATOR_CONCURRENCY", default_value_t = 6)]
    pub concurrency: u16,
    /// Most environments whose removal may be due at one time: when more are, none is removed until a person has looked.
    #[arg(long, env = "BERTH_OPERATOR_REMOVALS", default_value_t = 5)]
    pub removals: u16,
    /// Folder for the export of the ledger, reached by every replica. Without it nothing is exported and nothing pruned.
    #[arg(long, env = "BERTH_LEDGER_EXPORT")]
    pub ledger_export: Option<PathBuf>,
    /// Segments of the ledger that stay in the cluster after their export. Without it none are pruned.
    #[arg(long, env = "BERTH_LEDGER_KEEP", value_parser = clap::value_parser!(u32).range(1..))]
    pub ledger_keep: Option<u32>,
    /// File that says how notices are sent. Without it none are.
    #[arg(long, env = "BERTH_NOTICES")]
    pub notices: Option<PathBuf>,
    /// Name of this replica in the lease; the host's name when absent.
    #[arg(long, env = "HOSTNAME")]
    pub identity: Option<String>,
    /// Log lines as JSON.
    #[arg(long, env = "BERTH_LOG_JSON")]
    pub log_json: bool,
    /// What to do instead of reconciling.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the operator's account is needed for besides reconciling.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Bring back prefixes that the cluster has lost, by a restore from an older snapshot, from the exported ledger.
    ImportRegister {
        /// Only say what is lost.
        #[arg(long)]
        dry_run: bool,
    },
}
