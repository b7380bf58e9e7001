//! Flags of the acts on a request: decide, send back, correct, take back.

use clap::Args;

use super::onboard::{Letter, Which};

/// Decide yes.
#[derive(Args, Clone, Debug)]
pub struct Approve {
    /// Which request.
    #[command(flatten)]
    pub which: Which,
    /// Role in which you sign.
    #[arg(long, default_value = "approver")]
    pub role: String,
    /// Granted class, where it differs from what was asked.
    #[arg(long)]
    pub class: Option<String>,
    /// Granted processors, where they differ from what was asked.
    #[arg(long)]
    pub cpu: Option<String>,
    /// Granted memory.
    #[arg(long)]
    pub memory: Option<String>,
    /// Granted block storage.
    #[arg(long)]
    pub storage: Option<String>,
    /// Granted object storage.
    #[arg(long)]
    pub object_storage: Option<String>,
    /// Reason.
    #[arg(long)]
    pub reason: Option<String>,
    /// Legal basis.
    #[arg(long)]
    pub legal_basis: Option<String>,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Decide no.
#[derive(Args, Clone, Debug)]
pub struct Reject {
    /// Which request.
    #[command(flatten)]
    pub which: Which,
    /// Role in which you sign.
    #[arg(long, default_value = "approver")]
    pub role: String,
    /// Reason.
    #[arg(long)]
    pub reason: String,
    /// Legal basis.
    #[arg(long)]
    pub legal_basis: String,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Send back.
#[derive(Args, Clone, Debug)]
pub struct Return {
    /// Which request.
    #[command(flatten)]
    pub which: Which,
    /// Role in which you sign.
    #[arg(long, default_value = "approver")]
    pub role: String,
    /// Reason.
    #[arg(long)]
    pub reason: String,
    /// What must be supplemented; give it once for each defect, all of them.
    #[arg(long = "defect", required = true)]
    pub defects: Vec<String>,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Correct the letter.
#[derive(Args, Clone, Debug)]
pub struct Correct {
    /// Which request.
    #[command(flatten)]
    pub which: Which,
    /// Reason.
    #[arg(long)]
    pub reason: String,
    /// The letter's data as they should be.
    #[command(flatten)]
    pub letter: Letter,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Take back.
#[derive(Args, Clone, Debug)]
pub struct Withdraw {
    /// Which request.
    #[command(flatten)]
    pub which: Which,
    /// Reason.
    #[arg(long)]
    pub reason: Option<String>,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Flags of every act.
#[derive(Args, Clone, Debug)]
pub struct Act {
    /// Tells a repeat from a second act; random without it.
    #[arg(long)]
    pub request_id: Option<String>,
    /// Check everything, decide nothing.
    #[arg(long)]
    pub validate_only: bool,
}
