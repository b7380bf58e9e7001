//! Flags of the acts on a request: decide, send back, correct, take back.

use clap::Args;

use super::onboard::{Letter, Which};

/// Decide yes.
#[derive(Args, Clone, Debug)]
pub struct Approve {
    /// `agencies/ag-62/onboardings/onb-x`, or `onb-x`, which is then looked for; several where one document decides a list.
    #[arg(required = true)]
    pub names: Vec<String>,
    /// Agency of short names.
    #[arg(long)]
    pub agency: Option<String>,
    /// Role in which you sign.
    #[arg(long, default_value = "approver")]
    pub role: String,
    /// Username of the absent signer for whom you act as deputy.
    #[arg(long)]
    pub on_behalf_of: Option<String>,
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
    /// The document that was really signed.
    #[command(flatten)]
    pub document: Signed,
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
    /// Username of the absent signer for whom you act as deputy.
    #[arg(long)]
    pub on_behalf_of: Option<String>,
    /// Reason.
    #[arg(long)]
    pub reason: String,
    /// Legal basis.
    #[arg(long)]
    pub legal_basis: String,
    /// The document that was really signed.
    #[command(flatten)]
    pub document: Signed,
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
    /// Username of the absent signer for whom you act as deputy.
    #[arg(long)]
    pub on_behalf_of: Option<String>,
    /// Reason.
    #[arg(long)]
    pub reason: String,
    /// What must be supplemented; give it once for each defect, all of them.
    #[arg(long = "defect", required = true)]
    pub defects: Vec<String>,
    /// The document that was really signed.
    #[command(flatten)]
    pub document: Signed,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Say that what is given back is saved and reconciled.
#[derive(Args, Clone, Debug)]
pub struct Reconcile {
    /// Which request: the decommission.
    #[command(flatten)]
    pub which: Which,
    /// SHA-256 of the statistics of what there was (thống kê); of the list of checksums where they are several files.
    #[arg(long)]
    pub statistics_sha256: String,
    /// SHA-256 of the backup (sao lưu), in the same way.
    #[arg(long)]
    pub backup_sha256: String,
    /// What was saved where.
    #[arg(long)]
    pub reason: Option<String>,
    /// The signed minutes (biên bản), with their SHA-256.
    #[command(flatten)]
    pub document: Signed,
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

/// The document that was really signed: the rule set may want one (`signing: ByDocument`), and it says from when the
/// decision counts.
#[derive(Args, Clone, Debug, Default)]
pub struct Signed {
    /// Number and symbol of the signed document, for example 45/QĐ-STTTT.
    #[arg(long, requires_all = ["document_issuer", "document_date", "document_signer"])]
    pub document_number: Option<String>,
    /// Body that issued the document, as written on it.
    #[arg(long, requires = "document_number")]
    pub document_issuer: Option<String>,
    /// Date of the document, YYYY-MM-DD; not in the future.
    #[arg(long, requires = "document_number")]
    pub document_date: Option<String>,
    /// Person who signed the document.
    #[arg(long, requires = "document_number")]
    pub document_signer: Option<String>,
    /// Capacity in which they signed, for example "GIÁM ĐỐC".
    #[arg(long, requires = "document_number")]
    pub document_capacity: Option<String>,
    /// SHA-256 of the signed file, 64 hexadecimal digits.
    #[arg(long, requires = "document_number")]
    pub document_sha256: Option<String>,
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
