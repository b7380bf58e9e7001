//! The namespace: created, never applied, so that nobody else's namespace is ever taken over.

use berth_crds::labels;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use super::Place;

/// Pod Security Admission modes, all set to the level's standard.
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

pub(super) fn build(place: &Place) -> Namespace {
    let mut labels = place.labels();
    for mode in MODES {
        let key = format!("pod-security.kubernetes.io/{mode}");
        labels.insert(key, place.rule.pod_security.as_str().into());
    }
    let uid = place.environment.uid().unwrap_or_default();
    Namespace {
        metadata: ObjectMeta {
            name: Some(place.name.clone()),
            labels: Some(labels),
            annotations: Some([(labels::ENVIRONMENT_UID.to_owned(), uid)].into()),
            ..Default::default()
        },
        ..Default::default()
    }
}
