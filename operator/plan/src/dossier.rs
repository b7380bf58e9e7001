//! The dossier: what its papers say about state, holder, time and letter. Everything is computed from papers and can
//! be computed again; nothing here is stored as truth.

pub mod chain; // the submissions of one dossier, and the requester's time
pub mod clock; // time limits over the whole chain
pub mod supplement; // the requester's own limit, from the arrival of the return
pub mod later; // rule sets that come after the submission
pub mod state; // the states of practice
pub mod holder; // who holds it
pub mod letter; // the letter in force, corrections included
pub mod difference; // asked against decided
pub mod form; // the official form's fields
pub mod contact; // the person to ask, as the register names them
pub mod print; // the form as a page and as a document
