//! `berth report`.

use clap::{Args, Subcommand};

/// Reports.
#[derive(Clone, Debug, Subcommand)]
pub enum Report {
    /// "Demand met" of a year: what was asked for in it, and what of it was granted, in time and at all. It counts the papers
    /// that you may read; `-o json` names each of them.
    Demand(Demand),
    /// The yearly security report, one row for each system in the twelve columns of form 08 (NĐ 331/2026 [D]), as of 14 December
    /// or of today before that. It names the systems that your agencies owned on that day, or all.
    Security(Security),
    /// Systems whose names say the same, two by two; for the province's roles.
    Reuse,
}

/// Which demand.
#[derive(Args, Clone, Debug)]
pub struct Demand {
    /// Year of the first submission.
    #[arg(long, value_parser = clap::value_parser!(u16).range(2000..=2999))]
    pub year: u16,
    /// Only this agency: id or alias.
    #[arg(long)]
    pub agency: Option<String>,
}

/// Which security report.
#[derive(Args, Clone, Debug)]
pub struct Security {
    /// Year of its last day, 14 December.
    #[arg(long, value_parser = clap::value_parser!(u16).range(2000..=2999))]
    pub year: u16,
    /// Only this agency: id or alias.
    #[arg(long)]
    pub agency: Option<String>,
    /// Print it for a spreadsheet (CSV, UTF-8), in the words of the form.
    #[arg(long)]
    pub csv: bool,
}
