//! Flags of `berth conn`.

use clap::{Args, Subcommand, ValueEnum};

use super::{
    act::{Act, Signed},
    onboard::Letter,
};

/// Openings: ask, follow, decide, close.
#[derive(Clone, Debug, Subcommand)]
pub enum Conn {
    /// List openings.
    List {
        /// Only this agency: id or alias.
        #[arg(long)]
        agency: Option<String>,
    },
    /// Show one opening.
    Get {
        /// Full name, or the last part of it.
        name: String,
    },
    /// Ask for an opening.
    Request(Box<Request>),
    /// As the other owner, say yes to your copy of it.
    Consent(Decide),
    /// As the network unit, say yes.
    Approve(Decide),
    /// As the network unit, say no.
    Reject {
        /// Which, and the flags of every act.
        #[command(flatten)]
        decide: Decide,
        /// Legal basis.
        #[arg(long)]
        legal_basis: String,
    },
    /// End it, as an owner or as the network unit.
    Close {
        /// Which, and the flags of every act.
        #[command(flatten)]
        decide: Decide,
        /// Role in which you sign: `owner` or `network`.
        #[arg(long, default_value = "owner")]
        role: String,
    },
}

/// Which opening, and the flags of every act.
#[derive(Args, Clone, Debug)]
pub struct Decide {
    /// Full name, or the last part of it.
    pub name: String,
    /// Reason; mandatory to reject and to close.
    #[arg(long)]
    pub reason: Option<String>,
    /// The document that was really signed.
    #[command(flatten)]
    pub document: Signed,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// Ask for an opening. An end is a tenant's namespace, or with `--outside` the one that is outside the cluster.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// Who connects: `<plate>-<kind>` or `<plate>-<kind>-<zone>`; left out when that end is outside.
    #[arg(long, required_unless_present = "to")]
    pub from: Option<String>,
    /// To whom, named as `--from`; left out when that end is outside.
    #[arg(long)]
    pub to: Option<String>,
    /// The end outside: its name.
    #[arg(long)]
    pub outside: Option<String>,
    /// What the end outside is.
    #[arg(long, value_enum, default_value = "named", requires = "outside")]
    pub kind: Kind,
    /// Who runs the end outside.
    #[arg(long, requires = "outside")]
    pub run_by: Option<String>,
    /// IPv4 prefixes of the end outside, each with its own flag.
    #[arg(long, requires = "outside")]
    pub ipv4: Vec<String>,
    /// Why the end outside has no IPv4.
    #[arg(long, requires = "outside", conflicts_with = "ipv4")]
    pub no_ipv4: Option<String>,
    /// IPv6 prefixes of the end outside, each with its own flag.
    #[arg(long, requires = "outside")]
    pub ipv6: Vec<String>,
    /// Why the end outside has no IPv6.
    #[arg(long, requires = "outside", conflicts_with = "ipv6")]
    pub no_ipv6: Option<String>,
    /// Port of the destination, such as `443`, `53/udp` or `5000-5010/tcp`; each with its own flag.
    #[arg(long = "port", required = true)]
    pub ports: Vec<String>,
    /// Host name under which an exposure is reached, such as `dichvucong.tinh.example`; each with its own flag.
    #[arg(long = "host", requires = "outside")]
    pub hosts: Vec<String>,
    /// What it is for.
    #[arg(long)]
    pub purpose: String,
    /// Last day, YYYY-MM-DD, or the instant of its end, RFC 3339.
    #[arg(long)]
    pub until: String,
    /// Legal basis of the exchange of data.
    #[arg(long)]
    pub legal_basis: String,
    /// Agency that asks: id or alias.
    #[arg(long)]
    pub agency: String,
    /// The letter.
    #[command(flatten)]
    pub letter: Letter,
    /// Flags of every act.
    #[command(flatten)]
    pub act: Act,
}

/// What an end outside is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A named system.
    Named,
    /// Everybody on the Internet.
    Internet,
    /// The state's specialised data network.
    Tslcd,
}
