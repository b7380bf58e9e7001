//! Whose every system is, at every instant: each of its versions, as a watch sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use berth_crds::Tenant;
use futures::{StreamExt, TryStreamExt};
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, ResourceExt};

use crate::world::World;

/// What a watch of all systems saw.
#[derive(Default)]
pub struct Watched {
    /// Versions without exactly one owner on every day, and whatever kept the watch from seeing every version.
    pub wrong: Vec<String>,
    /// Owners that each system was seen with.
    pub owners: BTreeMap<String, BTreeSet<String>>,
}

/// Sees every version of every system from one of the register on, until it is aborted.
pub fn watch(world: &World, from: &str) -> (Arc<Mutex<Watched>>, tokio::task::JoinHandle<()>) {
    let (watched, api) = (Arc::new(Mutex::new(Watched::default())), Api::<Tenant>::all(world.cluster.admin()));
    let (seen, mut version) = (watched.clone(), from.to_owned());
    let task = tokio::spawn(async move {
        // The API server ends a watch after its time: it goes on where it ended. Anything else would leave a gap.
        let why = loop {
            if let Err(why) = see(&api, &mut version, &seen).await {
                break why;
            }
        };
        seen.lock().unwrap().wrong.push(format!("the watch ended: {why}"));
    });
    (watched, task)
}

async fn see(api: &Api<Tenant>, version: &mut String, seen: &Mutex<Watched>) -> std::result::Result<(), String> {
    let events = api.watch(&WatchParams::default().timeout(290), version).await;
    let mut events = events.map_err(|e| e.to_string())?.boxed();
    while let Some(event) = events.try_next().await.map_err(|e| e.to_string())? {
        let (tenant, wrong) = match event {
            WatchEvent::Added(tenant) | WatchEvent::Modified(tenant) => {
                let wrong = wrongly_owned(&tenant);
                (tenant, wrong)
            }
            WatchEvent::Deleted(tenant) => (tenant, Some("it is gone, and has no owner".to_owned())),
            WatchEvent::Bookmark(mark) => {
                *version = mark.metadata.resource_version;
                continue;
            }
            WatchEvent::Error(error) => return Err(format!("{error:?}")),
        };
        let (name, owner) = (tenant.name_any(), tenant.spec.agency_ref.name.clone());
        *version = tenant.resource_version().unwrap_or_default();
        let mut seen = seen.lock().unwrap();
        seen.wrong.extend(wrong.map(|what| format!("{name}: {what}")));
        seen.owners.entry(name).or_default().insert(owner);
    }
    Ok(())
}

fn wrongly_owned(tenant: &Tenant) -> Option<String> {
    let owners = &tenant.spec.owners;
    let Some(last) = owners.last() else { return Some("no owner".into()) };
    let one = last.to.is_none() && last.agency_ref == tenant.spec.agency_ref;
    let joined = owners.windows(2).all(|pair| {
        let next = pair[0].to.as_deref().and_then(berth_plan::day::parse).and_then(|d| d.tomorrow().ok());
        next == berth_plan::day::parse(&pair[1].from)
    });
    (!one || !joined).then(|| format!("{owners:?}"))
}
