//! `berth onboard`: commands and flags.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};

use super::act::{Approve, Correct, Reconcile, Reject, Return, Withdraw};

/// Requests.
#[derive(Clone, Debug, Subcommand)]
pub enum Onboard {
    /// Submit a request, from a file or from flags.
    Create(Box<Create>),
    /// List requests.
    List(List),
    /// Show one request.
    Get(Which),
    /// Show a request whenever it changes.
    Watch(Which),
    /// Wait until a request is decided, approved or ready.
    Wait(Wait),
    /// Decide yes, as asked or with changes.
    Approve(Approve),
    /// Decide no.
    Reject(Reject),
    /// Send a request back with all its defects.
    Return(Return),
    /// Replace data of an own request's letter.
    Correct(Correct),
    /// Print the fields of the official form, and which an action asks. Needs no server.
    Schema(Schema),
    /// Print a draft as a file, with what is known already.
    Draft(Box<Create>),
    /// Print the official form of a draft in Vietnamese, as HTML or DOCX, with the hash of its content.
    Print(Print),
    /// Make every check of a request, submit nothing.
    Check(Box<Create>),
    /// Take back an own request.
    Withdraw(Withdraw),
    /// Say by signed minutes that what a decommission removes is saved and reconciled.
    Reconcile(Reconcile),
}

/// A request.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// `agencies/ag-62/onboardings/onb-x`, or `onb-x`, which is then looked for.
    pub name: String,
    /// Agency of a short name.
    #[arg(long)]
    pub agency: Option<String>,
}

/// A list.
#[derive(Args, Clone, Debug)]
pub struct List {
    /// Only this agency: id or alias.
    #[arg(long)]
    pub agency: Option<String>,
}

/// What is asked.
#[derive(Args, Clone, Debug, Default)]
pub struct Create {
    /// A YAML document of kind Onboarding; `-` is standard input.
    #[arg(long, short, conflicts_with_all = ["code", "tenant", "environment", "action"])]
    pub file: Option<PathBuf>,
    /// Agency that asks: id or alias. With a file: instead of its namespace.
    #[arg(long)]
    pub agency: Option<String>,
    /// Tells a repeat from a second request; random without it.
    #[arg(long)]
    pub request_id: Option<String>,
    /// Check everything, submit nothing.
    #[arg(long)]
    pub validate_only: bool,
    /// What is asked: new, add-environment, change, extend, suspend, resume, decommission, transfer, record-level, go-live; without it, what the flags say.
    #[arg(long)]
    pub action: Option<String>,
    /// Day from which a suspension or decommission counts, YYYY-MM-DD; without it the first that the notice allows.
    #[arg(long)]
    pub effective_date: Option<String>,
    /// Why the notice is shorter than it should be.
    #[arg(long)]
    pub force_majeure: Option<String>,
    /// Code of a new system, for example IS-01.
    #[arg(long, conflicts_with_all = ["tenant", "environment"])]
    pub code: Option<String>,
    /// Name of a new system.
    #[arg(long)]
    pub display_name: Option<String>,
    /// Agency that gives the system away, with `--action transfer`.
    #[arg(long)]
    pub from_agency: Option<String>,
    /// Agency that takes it over.
    #[arg(long)]
    pub to_agency: Option<String>,
    /// Number and date of the security regulation (quy chế), with `--action record-level`.
    #[arg(long)]
    pub regulation: Option<String>,
    /// How far the measures of the protection plan are in place: none, some, full.
    #[arg(long)]
    pub measures: Option<String>,
    /// Day by which all of them are to be in place, YYYY-MM-DD; where they are not yet.
    #[arg(long)]
    pub measures_date: Option<String>,
    /// Day on which the level is reviewed, YYYY-MM-DD.
    #[arg(long)]
    pub review_date: Option<String>,
    /// Security level, 1 to 5: of a new system, or with `--action record-level`.
    #[arg(long)]
    pub level: Option<i32>,
    /// Kinds of data: public, private, personal-basic, personal-sensitive, state-secret.
    #[arg(long, value_delimiter = ',')]
    pub data: Vec<String>,
    /// Governing body (chủ quản): agency id or alias.
    #[arg(long)]
    pub governing_body: Option<String>,
    /// Unit that operates the system: agency id or alias.
    #[arg(long)]
    pub operator: Option<String>,
    /// Tenant that gets another environment, or that `--action` is about.
    #[arg(long, conflicts_with = "environment")]
    pub tenant: Option<String>,
    /// Environment that it is about: whose size changes, or which `--action` names; it is read first.
    #[arg(long)]
    pub environment: Option<String>,
    /// Kind of the environment: prod, staging, acceptance, dev, training, recovery.
    #[arg(long)]
    pub kind: Option<String>,
    /// Class of the catalogue.
    #[arg(long)]
    pub class: Option<String>,
    /// Processors, where less than the class's are enough.
    #[arg(long, requires_all = ["memory", "storage"])]
    pub cpu: Option<String>,
    /// Memory, where less is enough.
    #[arg(long, requires_all = ["cpu", "storage"])]
    pub memory: Option<String>,
    /// Block storage, where less is enough.
    #[arg(long, requires_all = ["cpu", "memory"])]
    pub storage: Option<String>,
    /// Last day of another size, YYYY-MM-DD: from the day after, what was granted before is granted again.
    #[arg(long, requires = "environment")]
    pub until: Option<String>,
    /// From where it is to be reached: internet, tslcd.
    #[arg(long, value_delimiter = ',')]
    pub exposure: Vec<String>,
    /// Last day of an exception by which what is exposed is reached over IPv4 only, YYYY-MM-DD.
    #[arg(long, requires = "ipv4_only_reason")]
    pub ipv4_only_until: Option<String>,
    /// What keeps it from being reached over IPv6 too.
    #[arg(long, requires = "ipv4_only_until")]
    pub ipv4_only_reason: Option<String>,
    /// Last day, YYYY-MM-DD.
    #[arg(long)]
    pub end_date: Option<String>,
    /// A wished IPv6 /56.
    #[arg(long)]
    pub requested_prefix: Option<String>,
    /// An account for deployments in each namespace.
    #[arg(long)]
    pub deploy_account: bool,
    /// A running namespace that it is to take over as it is; of a zoned environment `<zone>=<namespace>`, once for each zone.
    #[arg(long, value_name = "NAMESPACE")]
    pub adopt: Vec<String>,
    /// Why it is needed.
    #[arg(long)]
    pub justification: Option<String>,
    /// Returned request that this one supersedes; it is read first.
    #[arg(long)]
    pub supersedes: Option<String>,
    /// The signed letter. With a file: instead of its own.
    #[command(flatten)]
    pub letter: Letter,
}

/// What the form is for.
#[derive(Args, Clone, Debug)]
pub struct Schema {
    /// Action: new, add-environment, change, extend, suspend, resume, decommission, transfer, record-level, go-live.
    #[arg(long, default_value = "new")]
    pub action: String,
    /// Kind of the environment: prod, staging, acceptance, dev, training, recovery.
    #[arg(long)]
    pub kind: Option<String>,
}

/// A draft.
#[derive(Args, Clone, Debug)]
pub struct Print {
    /// A YAML document of kind Onboarding; `-` is standard input.
    #[arg(long, short)]
    pub file: PathBuf,
    /// As what to print: a page, or a document for a word processor. Both show the same.
    #[arg(long, value_enum, default_value = "html")]
    pub format: Paper,
    /// File to write, instead of standard output.
    #[arg(long)]
    pub to: Option<PathBuf>,
}

/// As what the form is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Paper {
    /// A page, HTML.
    Html,
    /// A document, DOCX: A4, Times New Roman.
    Docx,
}

/// Data of a letter.
#[derive(Args, Clone, Debug, Default)]
pub struct Letter {
    /// Number and symbol of the letter, for example 123/SYT-CNTT.
    #[arg(long, requires_all = ["letter_issuer", "letter_date", "letter_signer"])]
    pub letter_number: Option<String>,
    /// Body that issued the letter, as written on it.
    #[arg(long, requires = "letter_number")]
    pub letter_issuer: Option<String>,
    /// Date of the letter, YYYY-MM-DD.
    #[arg(long, requires = "letter_number")]
    pub letter_date: Option<String>,
    /// Person who signed the letter.
    #[arg(long, requires = "letter_number")]
    pub letter_signer: Option<String>,
    /// Capacity in which they signed, for example "KT. GIÁM ĐỐC".
    #[arg(long, requires = "letter_number")]
    pub letter_capacity: Option<String>,
    /// SHA-256 of the signed file, 64 hexadecimal digits.
    #[arg(long, requires = "letter_number")]
    pub letter_sha256: Option<String>,
}

/// What to wait for.
#[derive(Args, Clone, Debug)]
pub struct Wait {
    /// Which request.
    #[command(flatten)]
    pub which: Which,
    /// What to wait for.
    #[arg(long = "for", value_enum, default_value = "ready")]
    pub until: Until,
    /// How long, for example 90s, 10m, 1h.
    #[arg(long, value_parser = duration, default_value = "10m")]
    pub timeout: Duration,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// Decided, whatever the decision.
    Decided,
    /// Approved.
    Approved,
    /// Handed over.
    Ready,
}

/// A duration such as 90s, 10m or 1h.
fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("write for example 90s, 10m or 1h".into()),
    };
    let number: u64 = number.parse().map_err(|_| "write for example 90s, 10m or 1h".to_owned())?;
    number.checked_mul(factor).map(Duration::from_secs).ok_or_else(|| "is too long".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(["90", "90s", "10m", "1h"].map(|t| duration(t).unwrap().as_secs()), [90, 90, 600, 3600]);
        assert!(["", "m", "1d", "-1s", "99999999999999999999h"].iter().all(|t| duration(t).is_err()));
    }
}
