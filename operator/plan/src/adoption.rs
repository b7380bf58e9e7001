//! A running namespace that an environment takes over, and gives back as it is: whether it may be, and which of its keys
//! are written. Everything that runs in it is somebody else's and is not touched here.

mod need;
mod quantity;
mod report;
mod seen;

use std::collections::BTreeMap;

use berth_crds::environment::{AdoptedNamespace, EnvironmentKind, Zone};
use berth_crds::names::PLATE_LENGTH;
use berth_crds::{Environment, Reason, labels, names};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use crate::desired::Blocked;

pub use report::{Finding, When, report};
pub use seen::Seen;

/// Projects that own namespaces by keys on them, and undo what we write, or are undone by it. A key belongs to one when its
/// prefix is the domain or ends with it.
const OTHER_OWNERS: &[(&str, &str)] = &[
    ("capsule.clastix.io", "Capsule"),
    ("hnc.x-k8s.io", "the Hierarchical Namespace Controller"),
    ("accurate.cybozu.com", "Accurate"),
    ("field.cattle.io", "Rancher"),
    ("kubesphere.io", "KubeSphere"),
    ("project.gardener.cloud", "Gardener"),
    ("vcluster.loft.sh", "vCluster"),
    ("argocd.argoproj.io", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io", "Flux"),
    ("helm.toolkit.fluxcd.io", "Flux"),
    ("meta.helm.sh", "Helm"),
];

/// Namespaces of the system, by name and by what their names begin with.
const SYSTEM: [&str; 2] = ["default", labels::SYSTEM_NAMESPACE];
const SYSTEM_PREFIXES: [&str; 2] = ["kube-", "agency-"];

/// Why an environment waits for a person: what it is to take over is named, but not by UID.
pub fn pending(environment: &Environment) -> Option<Blocked> {
    let unnamed = environment.spec.adopt.iter().find(|adopted| adopted.uid.is_none())?;
    let message = format!(
        "{} Namespace {:?}: `berth admin adopt {} --environment {}` says first what would be violated.",
        Reason::AdoptionPending.en(),
        unnamed.name,
        unnamed.name,
        environment.name_any()
    );
    Some(Blocked { reason: Reason::AdoptionPending, message })
}

/// What an environment says of a namespace that it takes over; `None` for one of its own.
pub fn adopted<'a>(environment: &'a Environment, namespace: &str) -> Option<&'a AdoptedNamespace> {
    environment.spec.adopt.iter().find(|adopted| adopted.name == namespace)
}

/// Whether a namespace was there before its environment: such a one is given back and never deleted.
pub fn was_adopted(namespace: &Namespace) -> bool {
    namespace.annotations().contains_key(labels::ADOPT)
}

/// Whether a namespace is the environment's already: it carries the environment's UID, which only the operator writes.
pub fn is_ours(environment: &Environment, namespace: &Namespace) -> bool {
    environment.metadata.uid.is_some()
        && namespace.annotations().get(labels::ENVIRONMENT_UID) == environment.metadata.uid.as_ref()
}

/// Why a namespace that stands there cannot be taken over, whoever wants it; all of it at once.
pub fn obstacles(environment: &Environment, wish: &AdoptedNamespace, found: &Namespace) -> Vec<String> {
    let mut all = Vec::new();
    let name = found.name_any();
    if let Some(why) = bad_name(environment, &name) {
        all.push(why);
    }
    let uid = found.uid().unwrap_or_default();
    match &wish.uid {
        Some(named) if *named == uid => {}
        Some(named) => {
            all.push(format!("Its UID is {uid}, not {named} as named: it is another namespace of the name."))
        }
        None => all.push("Nobody has named its UID.".into()),
    }
    if found.metadata.deletion_timestamp.is_some() {
        all.push("It is being deleted.".into());
    }
    if !found.owner_references().is_empty() {
        all.push("It has `ownerReferences`: with its owner the garbage collector would take everything in it.".into());
    }
    if let Some(manager) = found.labels().get(labels::MANAGED_BY) {
        all.push(format!(
            "Label `{}` says that {manager:?} manages it: take it out of there first.",
            labels::MANAGED_BY
        ));
    }
    all.extend(claimed(found));
    all
}

/// Whether a platform operator has given the namespace itself to the environment; else the sentence that asks for it.
pub fn not_given(environment: &Environment, found: &Namespace) -> Option<String> {
    let name = environment.name_any();
    match found.annotations().get(labels::ADOPT) {
        Some(given) if *given == name => None,
        Some(other) => Some(format!("Annotation `{}` gives it to {other:?}.", labels::ADOPT)),
        None => Some(format!("A platform operator gives it by annotation `{}: {name}`.", labels::ADOPT)),
    }
}

/// Keys by which somebody owns a namespace: ours of another environment, or another project's.
fn claimed(found: &Namespace) -> Vec<String> {
    let told = |key: &String| {
        let (of, _) = key.split_once('/')?;
        let belongs = |to: &str| of == to || of.strip_suffix(to).is_some_and(|left| left.ends_with('.'));
        if belongs(labels::GROUP) {
            return (key != labels::ADOPT).then(|| format!("Key `{key}` says that it is an environment's already."));
        }
        let owner = OTHER_OWNERS.iter().find(|(domain, _)| belongs(domain));
        owner.map(|(_, project)| format!("Key `{key}` says that {project} owns it: take it out of there first."))
    };
    found.labels().keys().chain(found.annotations().keys()).filter_map(told).collect()
}

/// Namespaces of the system are nobody's, and names of ours are kept for the environment that they follow from.
fn bad_name(environment: &Environment, name: &str) -> Option<String> {
    if is_system(name) {
        return Some("It is a namespace of the system, or of an agency's papers.".into());
    }
    let own = |zone: Option<Zone>| names::namespace(&environment.name_any(), zone.map(Zone::as_str)) == name;
    let mine = own(None) || Zone::ALL.iter().any(|zone| own(Some(*zone)));
    (is_derived(name) && !mine).then(|| "Its name is kept for another environment: `<plate>-<kind>`.".into())
}

/// Whether nobody may wish for a name: it is the system's, of an agency's papers, or one that Berth gives to its own.
pub fn is_kept(name: &str) -> bool {
    is_system(name) || is_derived(name)
}

/// Whether a name is of the system's or of an agency's papers.
fn is_system(name: &str) -> bool {
    SYSTEM.contains(&name) || SYSTEM_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a name is one that Berth would derive for some environment.
fn is_derived(name: &str) -> bool {
    let Some((plate, rest)) = name.split_once('-') else { return false };
    let base32 = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
    let (kind, zone) = rest.split_once('-').map_or((rest, None), |(kind, zone)| (kind, Some(zone)));
    plate.len() == PLATE_LENGTH
        && plate.starts_with(|c: char| c.is_ascii_lowercase())
        && plate.chars().all(base32)
        && EnvironmentKind::ALL.iter().any(|k| k.suffix() == kind)
        && zone.is_none_or(|zone| Zone::ALL.iter().any(|z| z.as_str() == zone))
}

/// The merge patch that takes a namespace over: our keys, onto exactly the object that was judged.
pub fn taken(environment: &Environment, wanted: &Namespace, found: &Namespace) -> Value {
    json!({"metadata": {
        "uid": found.uid(), "resourceVersion": found.resource_version(),
        "labels": wanted.labels(),
        "annotations": {(labels::ENVIRONMENT_UID): environment.metadata.uid},
    }})
}

/// The merge patch that gives a namespace back: our keys go. The level of Pod Security stays: it marks no owner, and what was
/// guarded is not opened by leaving.
pub fn given_back(found: &Namespace) -> Value {
    let ours = |key: &str, value: &str| {
        let of = key.split_once('/').map(|(domain, _)| domain);
        let mark = (key == labels::MANAGED_BY && value == labels::OPERATOR)
            || (key == labels::PART_OF && value == labels::BERTH);
        mark || of == Some(labels::GROUP)
    };
    let gone = |map: &BTreeMap<String, String>| -> Map<String, Value> {
        map.iter().filter(|(k, v)| ours(k, v)).map(|(k, _)| (k.clone(), Value::Null)).collect()
    };
    json!({"metadata": {
        "uid": found.uid(), "resourceVersion": found.resource_version(),
        "labels": gone(found.labels()), "annotations": gone(found.annotations()),
    }})
}
