//! Arguments of acts that wait for no paper.

use clap::{Args, Subcommand};

/// Acts on an environment that wait for no paper. Every one is recorded with who and why, and stays on record.
#[derive(Clone, Debug, Subcommand)]
pub enum Night {
    /// Stop repairing for a while (at most 24 hours); it goes on by itself.
    Hold {
        /// What is done to which environment, and why.
        #[command(flatten)]
        act: NightAct,
        /// Hours until it ends, 1 to 24.
        #[arg(long, default_value_t = 4)]
        hours: u16,
    },
    /// Let nothing in or out by the network, in both families, at once. Workloads and data stay; only `release` ends it.
    Isolate {
        /// What is done to which environment, and why.
        #[command(flatten)]
        act: NightAct,
    },
    /// End a hold, an isolation or every emergency access.
    Release {
        /// What is done to which environment, and why.
        #[command(flatten)]
        act: NightAct,
        /// What ends.
        #[arg(value_enum)]
        what: What,
    },
    /// Let somebody in for a while (at most 72 hours); a paper must follow.
    Grant {
        /// What is done to which environment, and why.
        #[command(flatten)]
        act: NightAct,
        /// Who, by username.
        #[arg(long, required_unless_present = "group")]
        user: Option<String>,
        /// Who, by group.
        #[arg(long, conflicts_with = "user")]
        group: Option<String>,
        /// As what: view, edit or admin.
        #[arg(long, default_value = "edit")]
        role: String,
        /// Hours until it ends, 1 to 72.
        #[arg(long, default_value_t = 8)]
        hours: u16,
    },
    /// Say that the access list was looked at and is right; the reason names the owner's letter.
    ConfirmAccess {
        /// What is done to which environment, and why.
        #[command(flatten)]
        act: NightAct,
    },
}

/// What every act says.
#[derive(Args, Clone, Debug)]
pub struct NightAct {
    /// `<plate>-<kind>`.
    pub name: String,
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// Only check whether it would be accepted.
    #[arg(long)]
    pub dry_run: bool,
    /// Repeating a command with the same id does nothing twice.
    #[arg(long)]
    pub request_id: Option<String>,
}

/// What `release` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// The hold.
    Hold,
    /// The isolation.
    Isolation,
    /// Every emergency access.
    Grants,
}
