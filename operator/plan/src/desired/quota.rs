//! The quota: exactly one per namespace (with two, a conflict retry can admit too much).

use std::collections::BTreeMap;

use berth_crds::environment::Stage;
use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::Place;
use crate::amounts::{Amounts, format_bytes, format_cpu};
use crate::life;

/// Name of the quota in every tenant namespace.
pub const NAME: &str = "berth-quota";

/// Object counts besides pods; generous, they only bound what one tenant can do to the API server.
const COUNTS: [(&str, &str); 7] = [
    ("configmaps", "200"),
    ("secrets", "200"),
    ("services", "100"),
    ("persistentvolumeclaims", "100"),
    ("count/deployments.apps", "200"),
    ("count/statefulsets.apps", "100"),
    ("count/jobs.batch", "500"),
];

pub(super) fn build(place: &Place) -> ResourceQuota {
    let mut hard: BTreeMap<String, Quantity> =
        COUNTS.iter().map(|(k, v)| ((*k).to_owned(), Quantity((*v).to_owned()))).collect();
    hard.extend(amounts(place.part));
    let further = [
        // Nothing starts in a halted environment, whatever asks for it.
        ("pods", if halted(place) { "0".into() } else { place.class.spec.pods.to_string() }),
        // No way around the granted addresses: exposure comes with a Connection.
        ("services.nodeports", "0".into()),
        ("services.loadbalancers", "0".into()),
    ];
    hard.extend(further.map(|(k, v)| (k.to_owned(), Quantity(v))));
    ResourceQuota {
        metadata: place.child(NAME),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..Default::default() }),
        ..Default::default()
    }
}

/// The amounts of a grant as a quota has them.
fn amounts(part: Amounts) -> [(String, Quantity); 6] {
    let (cpu, memory) = (format_cpu(part.cpu_milli), format_bytes(part.memory));
    let amounts = [
        ("requests.cpu", cpu.clone()),
        ("limits.cpu", cpu),
        ("requests.memory", memory.clone()),
        ("limits.memory", memory),
        ("requests.storage", format_bytes(part.storage)),
        ("requests.nvidia.com/gpu", part.gpus.to_string()),
    ];
    amounts.map(|(k, v)| (k.to_owned(), Quantity(v)))
}

/// The same quota with other amounts, and every count as it was.
pub fn with_amounts(quota: &ResourceQuota, part: Amounts) -> ResourceQuota {
    let mut quota = quota.clone();
    if let Some(hard) = quota.spec.as_mut().and_then(|spec| spec.hard.as_mut()) {
        hard.extend(amounts(part));
    }
    quota
}

fn halted(place: &Place) -> bool {
    life::now(place.environment, place.today) == Stage::Halted
}
