//! A real Kubernetes control plane on this machine: etcd, kube-apiserver and kube-controller-manager of v1.37.2, on
//! random loopback ports with a throw-away data folder, ready in seconds.
//!
//! ```no_run
//! # async fn example() -> Result<(), berth_cluster::Error> {
//! use berth_cluster::{Cluster, Options, Person};
//!
//! let nam = Person::new("nam", ["berth:ag-62:requester"]);
//! let cluster = Cluster::start(Options { people: vec![nam.clone()], ..Options::default() }).await?;
//! let as_admin = cluster.admin();
//! let as_nam = cluster.client_for(&nam);
//! # Ok(())
//! # }
//! ```
//!
//! Everything is stopped and removed when the [`Cluster`] is dropped, and also when the process that started it ends in
//! any other way. Nothing here knows what Berth is: no CRDs, no chart, no policies.

mod access;
mod audit;
mod binary;
mod cluster;
mod component;
mod dated;
mod detached;
mod error;
mod flags;
mod folder;
mod foreign;
mod kubectl;
mod local;
mod options;
mod pki;
mod ports;
mod probe;
mod process;
mod snapshot;
mod store;
mod wait;

pub use access::Login;
pub use audit::{AuditEvent, AuditMark, AuditObject, AuditStatus, AuditUser};
pub use binary::{Binary, VERSION};
pub use cluster::Cluster;
pub use component::Component;
pub use error::{Error, Result};
pub use foreign::{CALICO, CILIUM, Foreign, GATEWAY_API, METALLB};
pub use options::{Options, Person, TOKEN_MARK};
pub use snapshot::Snapshot;
pub use wait::until;
