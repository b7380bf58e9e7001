//! The services of `berth.v1`. Each method is: read input, ask the API server, convert the answer.

mod acts;
mod audit;
mod catalog;
mod check;
mod create;
mod decide;
mod environment;
mod kubeconfig;
mod list;
mod onboarding;
mod papers;
mod tenant;
mod watch;

pub use audit::Audits;
pub use catalog::Catalog;
pub use environment::Environments;
pub use onboarding::Onboardings;
pub use tenant::Tenants;
