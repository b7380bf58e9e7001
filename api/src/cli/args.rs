//! The surface: commands and flags. No flag ever takes a token.

mod act;
mod admin;
mod audit;
mod conn;
mod ip;
mod night;
mod onboard;
mod report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use act::{Act, Approve, Correct, Reconcile, Reject, Return, Signed, Withdraw};
pub use admin::{Admin, Adopt, Import, Release};
pub use audit::{AsOf, Audit, Entries, Verify};
pub use conn::{Conn, Decide, Kind, Request as NewConnection};
pub use ip::{Acknowledge, Export, Ip, PlanOf, Whois, Written};
pub use night::{Night, NightAct, What};
pub use onboard::{Create, Letter, List, Onboard, Paper, Print, Schema, Until, Wait, Which};
pub use report::{Demand, Report, Security};

/// Ask for environments of the provincial cloud, follow and decide requests.
#[derive(Clone, Debug, Parser)]
#[command(name = "berth", version, propagate_version = true)]
pub struct Arguments {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The door: https://host:port, or http:// for an address of this machine.
    #[arg(long, env = "BERTH_SERVER", global = true, default_value = "http://127.0.0.1:8443")]
    pub server: String,
    /// File that holds the caller's token.
    #[arg(long, env = "BERTH_TOKEN_FILE", global = true)]
    pub token_file: Option<PathBuf>,
    /// File with a certificate that makes you known to the door without a token, PEM.
    #[arg(long, env = "BERTH_CLIENT_CERT", global = true)]
    pub client_cert: Option<PathBuf>,
    /// File with its key, PEM.
    #[arg(long, env = "BERTH_CLIENT_KEY", global = true)]
    pub client_key: Option<PathBuf>,
    /// Certificates that the server's certificate is checked with, a PEM file; the system's without it.
    #[arg(long, env = "BERTH_CA_FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// How to print; JSON is the API's proto3 JSON.
    #[arg(long, short, value_enum, global = true, default_value = "table")]
    pub output: Format,
    /// Language of the talk; JSON, reasons and exit codes are never translated.
    #[arg(long, value_enum, global = true)]
    pub lang: Option<Language>,
}

impl Global {
    /// The language that is asked for, or the one of the terminal.
    pub fn language(&self) -> Language {
        let terminal = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        self.lang.unwrap_or(match terminal {
            Some(lang) if lang.starts_with("vi") => Language::Vi,
            _ => Language::En,
        })
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    Table,
    /// proto3 JSON.
    Json,
    /// The same as YAML.
    Yaml,
    /// Resource names, one a line.
    Name,
    /// A drawing; of `berth ip plan` only.
    Svg,
}

/// Languages of the talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Vietnamese.
    Vi,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Requests: ask, follow, decide.
    #[command(subcommand)]
    Onboard(Box<Onboard>),
    /// Environments.
    #[command(subcommand)]
    Env(Env),
    /// Information systems.
    #[command(subcommand)]
    Tenant(Tenant),
    /// Bodies that may ask.
    #[command(subcommand)]
    Agency(Agency),
    /// What can be asked for, by whom, under which rules.
    #[command(subcommand)]
    Catalog(Catalog),
    /// The ledger: who did what, and whether the record is whole.
    #[command(subcommand)]
    Audit(Audit),
    /// Addresses: the plan, whose one is, lines for routers, firewalls and DNS.
    #[command(subcommand)]
    Ip(Ip),
    /// Reports: demand met, levels and measures of all systems, systems that sound alike.
    #[command(subcommand)]
    Report(Report),
    /// Openings: ask, follow, decide, close.
    #[command(subcommand)]
    Conn(Conn),
    /// Registers, by platform operators with a kubeconfig of their own: the door is not asked.
    #[command(subcommand)]
    Admin(Admin),
    /// Whose a namespace is, since when, by which decision; with a destination and a port, whether it reaches it and why.
    Why {
        /// Namespace, `<plate>-<kind>` or `<plate>-<kind>-<zone>`; with a destination also an address outside.
        namespace: String,
        /// Whom it connects to: a namespace, or an address outside.
        #[arg(requires = "port")]
        destination: Option<String>,
        /// Port of the destination, such as `443` or `53/udp`.
        port: Option<String>,
    },
}

/// Environments.
#[derive(Clone, Debug, Subcommand)]
pub enum Env {
    /// List environments.
    List {
        /// Only this agency: id or alias.
        #[arg(long)]
        agency: Option<String>,
        /// Only this tenant.
        #[arg(long)]
        tenant: Option<String>,
        /// Only those with an exception for IPv4 only that stands so; how many there are is told.
        #[arg(long, value_enum)]
        ipv4_only: Option<Ipv4Only>,
    },
    /// Show one environment.
    Get {
        /// `<plate>-<kind>`.
        name: String,
    },
    /// Show an environment whenever it changes.
    Watch {
        /// `<plate>-<kind>`.
        name: String,
    },
    /// Print a kubeconfig that refers to your token file.
    Kubeconfig {
        /// `<plate>-<kind>`.
        name: String,
    },
    /// Acts that wait for no paper.
    #[command(flatten)]
    Night(Night),
}

/// Where an exception for IPv4 only stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ipv4Only {
    /// Its last day is today or later.
    Open,
    /// Its last day is over.
    Over,
}

/// Information systems.
#[derive(Clone, Debug, Subcommand)]
pub enum Tenant {
    /// List tenants.
    List {
        /// Only this agency: id or alias.
        #[arg(long)]
        agency: Option<String>,
        /// Look for words of name, code or plate, with or without diacritics; in Vietnamese order.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Show one tenant.
    Get {
        /// The plate.
        name: String,
        /// Owner and level as of this day, YYYY-MM-DD.
        #[arg(long)]
        as_of: Option<String>,
    },
}

/// Bodies.
#[derive(Clone, Debug, Subcommand)]
pub enum Agency {
    /// List agencies; one of them is shown by `berth catalog agencies <NAME>`.
    List {
        /// Look for words of a name of any day, an alias, a code or the id, with or without diacritics; in Vietnamese order.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
}

/// The catalogue.
#[derive(Clone, Debug, Subcommand)]
pub enum Catalog {
    /// List agencies, or show one by id or alias.
    Agencies {
        /// Id or alias.
        name: Option<String>,
        /// Name, aliases and standing as of this day, YYYY-MM-DD; needs a name.
        #[arg(long, requires = "name")]
        as_of: Option<String>,
    },
    /// List classes, or show one.
    Classes {
        /// Class.
        name: Option<String>,
    },
    /// List rule sets, or show one.
    Profiles {
        /// Rule set.
        name: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_surface_is_consistent_and_takes_no_token() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_long_help().to_string();
        assert!(!help.contains("--token "), "{help}");
    }

    #[test]
    fn wrong_usage_is_exit_code_2() {
        for wrong in [
            &["berth", "onboard", "reject", "x"][..],
            &["berth", "onboard", "return", "x", "--reason", "y"],
            &["berth", "onboard", "correct", "x", "--reason", "y", "--letter-number", "1/SYT"],
            &["berth", "nonsense"],
            &["berth", "onboard", "create", "--cpu", "1"],
        ] {
            assert_eq!(Arguments::try_parse_from(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
