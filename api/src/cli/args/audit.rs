//! `berth audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The ledger.
#[derive(Clone, Debug, Subcommand)]
pub enum Audit {
    /// List what was done: by object, person, agency, period.
    List(Entries),
    /// Print the cluster's segments as the lines of an export.
    Export,
    /// Check a ledger and name the first bad or missing segment.
    Verify(Verify),
    /// Say what the ledger says of an object as of a day, as it was known at an instant.
    AsOf(AsOf),
}

/// Which entries.
#[derive(Args, Clone, Debug)]
pub struct Entries {
    /// Only of this object: kind/name, a name or a UID; a request's name finds its decisions too.
    #[arg(long)]
    pub object: Option<String>,
    /// Only what this account did.
    #[arg(long)]
    pub person: Option<String>,
    /// Only of this agency: id or alias.
    #[arg(long)]
    pub agency: Option<String>,
    /// First day on which it was recorded, YYYY-MM-DD.
    #[arg(long)]
    pub from: Option<String>,
    /// Last day on which it was recorded, YYYY-MM-DD.
    #[arg(long)]
    pub to: Option<String>,
}

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// Export: its folder, or a file of its lines. Without it the cluster alone is checked.
    pub export: Option<PathBuf>,
    /// Check the export together with the cluster behind --server.
    #[arg(long)]
    pub cluster: bool,
    /// An end that an earlier check printed, NUMBER:HASH.
    #[arg(long, value_name = "NUMBER:HASH")]
    pub noted: Option<String>,
}

/// What is asked.
#[derive(Args, Clone, Debug)]
pub struct AsOf {
    /// kind/name, a name or a UID, for example Environment/a1b2c3-prod.
    pub object: String,
    /// The day, YYYY-MM-DD.
    #[arg(long)]
    pub on: String,
    /// As it was known at the end of this day, YYYY-MM-DD; without it as it is known now.
    #[arg(long)]
    pub known: Option<String>,
    /// Export: its folder, or a file of its lines. Without it the cluster is asked, which forgets what is pruned.
    #[arg(long)]
    pub export: Option<PathBuf>,
}
