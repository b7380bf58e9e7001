//! Defaults for containers that say nothing; without them the quota would refuse every such pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::Place;
use crate::amounts::{format_bytes, format_cpu, parse_bytes, parse_cpu};

/// Name of the limit range in every tenant namespace.
const NAME: &str = "berth-limits";

pub(super) fn build(place: &Place) -> LimitRange {
    let (largest, class) = (place.part, &place.class.spec.container);
    // A default above the zone's own part would refuse every pod of a small zone.
    let cpu = parse_cpu(&class.default_cpu).unwrap_or(largest.cpu_milli).min(largest.cpu_milli);
    let memory = parse_bytes(&class.default_memory).unwrap_or(largest.memory).min(largest.memory);
    let pair = |cpu: i64, memory: i64| -> Option<BTreeMap<String, Quantity>> {
        let cpu = ("cpu".to_owned(), Quantity(format_cpu(cpu)));
        Some([cpu, ("memory".to_owned(), Quantity(format_bytes(memory)))].into())
    };
    LimitRange {
        metadata: place.child(NAME),
        spec: Some(LimitRangeSpec {
            limits: vec![LimitRangeItem {
                type_: "Container".into(),
                default: pair(cpu, memory),
                default_request: pair(cpu, memory),
                max: pair(largest.cpu_milli, largest.memory),
                ..Default::default()
            }],
        }),
    }
}
