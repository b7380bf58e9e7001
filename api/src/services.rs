//! The services of `berth.v1`. Each method is: read input, ask the API server, convert the answer.

mod acknowledge;
mod acts;
mod address;
mod audit;
mod catalog;
mod check;
mod connection;
mod create;
mod decide;
mod environment;
mod intervene;
mod kubeconfig;
mod list;
mod onboarding;
mod papers;
mod reach;
mod report;
mod tenant;
mod watch;

pub use address::Addresses;
pub use audit::Audits;
pub use catalog::Catalog;
pub use connection::Connections;
pub use environment::Environments;
pub use onboarding::Onboardings;
pub use report::Reports;
pub use tenant::Tenants;
