//! `berth ip`.

use clap::{Args, Subcommand, ValueEnum};

/// Addresses.
#[derive(Clone, Debug, Subcommand)]
pub enum Ip {
    /// Show the plan as a tree with use, headroom and quarantine; `-o svg` draws one root.
    Plan(PlanOf),
    /// Say whose an address or prefix is, or was.
    Whois(Whois),
    /// Print the lines of routers, firewalls and DNS, or what changed of them.
    Export(Export),
    /// Record that devices were set to what is exported now; for the network unit and platform operators.
    Ack(Acknowledge),
    /// Print the numbers and the text for a request for a larger grant, in both languages.
    Justify {
        /// Growth that the grant must carry, times of today.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(1..=1000))]
        growth: i32,
    },
}

/// Which plan.
#[derive(Args, Clone, Debug)]
pub struct PlanOf {
    /// The end of this day, YYYY-MM-DD, or an instant, 2026-11-24T09:00:00Z.
    #[arg(long)]
    pub at: Option<String>,
    /// Root to draw with `-o svg`; the only one without it.
    #[arg(long)]
    pub root: Option<String>,
}

/// Whose.
#[derive(Args, Clone, Debug)]
pub struct Whois {
    /// Address or prefix of either family, in its one spelling: 3fff:a10::1, 198.51.100.0/24.
    pub address: String,
    /// The end of this day, YYYY-MM-DD, or an instant, 2026-11-24T09:00:00Z.
    #[arg(long)]
    pub at: Option<String>,
}

/// Which lines.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// How to write; `-o json` and `-o yaml` print the API's answer instead.
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Written,
    /// The end of this day, YYYY-MM-DD, or an instant, 2026-11-24T09:00:00Z.
    #[arg(long)]
    pub at: Option<String>,
    /// Only what changed since the beginning of this day, or since an instant.
    #[arg(long)]
    pub since: Option<String>,
    /// Only this agency: id or alias.
    #[arg(long)]
    pub agency: Option<String>,
    /// Name environments' addresses under this domain, for PTR records.
    #[arg(long, value_name = "DOMAIN")]
    pub ptr: Option<String>,
}

/// What was changed.
#[derive(Args, Clone, Debug)]
pub struct Acknowledge {
    /// Ticket or document of the change.
    #[arg(long = "ref", value_name = "TEXT")]
    pub reference: String,
    /// State that `berth ip export` printed: refused when the state is another one now.
    #[arg(long)]
    pub state: Option<String>,
    /// Only these environments; without one all that are not acknowledged as they are.
    #[arg(long = "environment", value_name = "NAME")]
    pub environments: Vec<String>,
    /// Makes a repeat the same act.
    #[arg(long)]
    pub request_id: Option<String>,
    /// Only check.
    #[arg(long)]
    pub validate_only: bool,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// Comma-separated values with a head (RFC 4180).
    Csv,
    /// The API's proto3 JSON.
    Json,
}
