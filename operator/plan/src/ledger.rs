//! The ledger (design §7): which acts are recorded, how segments are written down and chained, and how the chain is
//! verified. What it proves and what it does not is in docs/src/explanation/the-ledger.md.

pub mod canonical; // one text for one segment, and its hash
pub mod acts; // objects → acts with ids that a repeat cannot double
pub mod memory; // what is recorded already
pub mod keeping; // which segments are exported, and which may leave the cluster
pub mod prefixes; // whose prefixes the ledger says are, and which of them a cluster has lost
pub mod verify; // cluster + export → in order, or the first fault
pub mod history; // by object, person, agency, period; as of a day, as known at an instant

pub use canonical::Head;
pub use memory::Memory;
pub use prefixes::Prefixes;
