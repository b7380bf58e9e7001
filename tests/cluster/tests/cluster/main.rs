//! The proof that a `Cluster` is a real control plane, is who it says, survives crashes and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod audit;
mod binary;
mod crash;
mod detached;
mod existing;
mod foreign;
mod kubectl;
mod leaves;
mod people;
mod separate;
mod snapshot;
mod start;

use std::{path::Path, time::Duration};

use berth_cluster::{Cluster, Error, Options, Person, until};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, api::PostParams};
use tokio::sync::OnceCell;

const SOON: Duration = Duration::from_secs(20);

/// One cluster for the tests that change nothing which others see. Never dropped: it ends with this process.
async fn shared() -> &'static Cluster {
    static SHARED: OnceCell<Cluster> = OnceCell::const_new();
    let start = || async { Cluster::throw_away(Options { people: vec![nam()], ..Options::default() }).await.unwrap() };
    SHARED.get_or_init(start).await
}

fn nam() -> Person {
    Person::new("nam@so-y-te", ["berth:ag-62:requester", "say \"hi\""]).with_token("a-token-of-nam")
}

async fn create_namespace(client: Client, name: &str) -> kube::Result<Namespace> {
    let namespace = Namespace {
        metadata: kube::core::ObjectMeta { name: Some(name.into()), ..Default::default() },
        ..Default::default()
    };
    Api::all(client).create(&PostParams::default(), &namespace).await
}

/// HTTP status of a refusal.
fn code<T>(answer: kube::Result<T>) -> u16 {
    match answer {
        Err(kube::Error::Api(status)) => status.code,
        Err(other) => panic!("not an answer of the API server: {other}"),
        Ok(_) => 200,
    }
}

/// Whether a process runs; one that ended and was not waited for has no command line.
fn runs(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

async fn all_end(pids: &[u32]) -> Result<(), Error> {
    until("the end of all processes", SOON, async || match pids.iter().find(|pid| runs(**pid)) {
        Some(pid) => Err(format!("process {pid} runs")),
        None => Ok(()),
    })
    .await
}

async fn goes(path: &Path) -> Result<(), Error> {
    until("the removal of the data folder", SOON, async || match path.exists() {
        true => Err(format!("{} is there", path.display())),
        false => Ok(()),
    })
    .await
}
