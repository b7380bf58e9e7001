//! Which acts objects show. Only what stands in an object counts, so a writer that starts anew finds the same acts, and
//! an act's id follows from the object's UID and the transition, so none is recorded twice.

mod papers;
mod registers;
mod places;

use std::sync::Arc;

use berth_crds::audit::{Act, AuditEntry, AuditObject};
use berth_crds::{
    AddressPlan, Agency, Decision, Environment, EnvironmentClass, Onboarding, PolicyProfile, PrefixBlock, Site, Tenant,
    WorkingCalendar, labels,
};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::canonical;
use super::memory::{Known, Memory};

/// Most bytes of `before` and `after`.
const MAX_STATE: usize = 2048;
/// Most characters of a reason or a legal basis.
const MAX_TEXT: usize = 1000;
/// Who is recorded where no object says it; the API server's own audit log knows.
pub const UNKNOWN: &str = "(not recorded in any object)";

/// The objects that acts are read from.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Requests.
    pub onboardings: Vec<Arc<Onboarding>>,
    /// Decisions.
    pub decisions: Vec<Arc<Decision>>,
    /// Bodies.
    pub agencies: Vec<Arc<Agency>>,
    /// Data centres.
    pub sites: Vec<Arc<Site>>,
    /// Catalogue.
    pub classes: Vec<Arc<EnvironmentClass>>,
    /// Rule sets.
    pub profiles: Vec<Arc<PolicyProfile>>,
    /// Working calendars.
    pub calendars: Vec<Arc<WorkingCalendar>>,
    /// Address plan.
    pub plans: Vec<Arc<AddressPlan>>,
    /// Systems.
    pub tenants: Vec<Arc<Tenant>>,
    /// Environments.
    pub environments: Vec<Arc<Environment>>,
    /// Namespaces with our label.
    pub namespaces: Vec<Arc<Namespace>>,
    /// Prefixes.
    pub blocks: Vec<Arc<PrefixBlock>>,
}

impl World {
    /// The owner of a tenant today.
    fn owner(&self, tenant: &str) -> Option<String> {
        let tenant = self.tenants.iter().find(|t| t.name_any() == tenant)?;
        Some(tenant.spec.agency_ref.name.clone())
    }
}

/// An act with the instant that orders it within a batch.
struct Draft {
    at: Timestamp,
    entry: AuditEntry,
}

/// Acts that the objects show and the ledger does not have yet, oldest first.
pub fn new(world: &World, memory: &Memory, now: Timestamp) -> Vec<AuditEntry> {
    let drafts = papers::all(world, memory).chain(registers::all(world, memory)).chain(places::all(world));
    let mut drafts: Vec<Draft> = drafts.filter(|draft| !memory.has(&draft.entry.id)).collect();
    drafts.sort_by(|a, b| (a.at, a.entry.act, &a.entry.id).cmp(&(b.at, b.entry.act, &b.entry.id)));
    let stamp = |draft: Draft| AuditEntry { recorded_at: now.to_string(), ..draft.entry };
    drafts.into_iter().map(stamp).collect()
}

/// Recorded objects that are not among the objects: the caller must look whether they are really gone.
pub fn missing<'a>(world: &World, memory: &'a Memory) -> Vec<&'a Known> {
    let mut uids = std::collections::HashSet::new();
    macro_rules! note {
        ($($field:ident)*) => { $(uids.extend(world.$field.iter().filter_map(|o| o.uid()));)* };
    }
    note!(onboardings decisions agencies sites classes profiles calendars plans tenants environments namespaces blocks);
    memory.known().values().filter(|known| !uids.contains(&known.object.uid)).collect()
}

/// The act that a recorded object is gone, seen now.
pub fn removed(known: &Known, now: Timestamp) -> AuditEntry {
    AuditEntry {
        id: id(&known.object.uid, "Removed"),
        act: Act::Removed,
        object: known.object.clone(),
        agency: known.agency.clone(),
        who: UNKNOWN.to_owned(),
        before: known.registered.clone(),
        effective_at: now.to_string(),
        recorded_at: now.to_string(),
        ..AuditEntry::default()
    }
}

/// The id of an act: the same whoever derives it, whenever.
pub fn id(uid: &str, transition: &str) -> String {
    // A UID holds no space, so two pairs never read alike.
    canonical::sha256(format!("{uid} {transition}"))[..32].to_owned()
}

/// The username of the operator's account.
pub fn operator() -> String {
    format!("system:serviceaccount:{}:{}", labels::SYSTEM_NAMESPACE, labels::OPERATOR_ACCOUNT)
}

/// What every act of an object has; the operator is who acts unless the act says otherwise.
fn entry<K: Resource<DynamicType = ()>>(object: &K, act: Act, transition: &str, effective: Timestamp) -> AuditEntry {
    let uid = object.uid().unwrap_or_default();
    AuditEntry {
        id: id(&uid, transition),
        act,
        object: AuditObject {
            kind: K::kind(&()).into_owned(),
            namespace: object.namespace(),
            name: object.name_any(),
            uid,
        },
        who: operator(),
        effective_at: effective.to_string(),
        ..AuditEntry::default()
    }
}

fn created(meta: &ObjectMeta) -> Timestamp {
    meta.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

/// When the object itself, not its status, was last written.
fn written(meta: &ObjectMeta) -> Timestamp {
    let fields = meta.managed_fields.iter().flatten().filter(|f| f.subresource.as_deref().unwrap_or("").is_empty());
    fields.filter_map(|f| f.time.as_ref()).map(|time| time.0).max().unwrap_or_else(|| created(meta))
}

/// JSON text of a state in at most [`MAX_STATE`] bytes: the largest members give way to their hashes first, so that
/// what is left out can still be compared with the object.
pub fn bounded(state: Value) -> String {
    let mut state = state;
    loop {
        let text = canonical::text(&state);
        if text.len() <= MAX_STATE {
            return text;
        }
        let size = |value: &Value| canonical::text(value).len();
        let largest = state
            .as_object()
            .and_then(|members| members.iter().filter(|(_, v)| v.get("sha256").is_none()).max_by_key(|(_, v)| size(v)));
        match largest.map(|(name, value)| (name.clone(), hashed(value))) {
            Some((name, hash)) => state[name] = hash,
            None => state = hashed(&state),
        }
    }
}

fn hashed(value: &Value) -> Value {
    json!({"sha256": canonical::sha256(canonical::text(value))})
}

/// A text in at most [`MAX_TEXT`] characters.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
