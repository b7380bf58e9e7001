//! What the demo and the stories share: the chart's files installed on a real control plane, the operator and the
//! door under the chart's own accounts, the province and its people.

pub mod canary;
pub mod checker;
pub mod error;
pub mod fault;
pub mod files;
pub mod go;
pub mod helm;
pub mod install;
pub mod issuer;
pub mod mail;
pub mod outage;
pub mod people;
pub mod poison;
pub mod receiver;
pub mod stack;
pub mod demo;
