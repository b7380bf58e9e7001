//! Agency → its namespace of papers, the bindings of those who act for it, and its budget's booking.

use std::sync::Arc;

use berth_crds::agency::{Delegation, MemberRole, Subject, SubjectKind};
use berth_crds::common::Booking;
use berth_crds::condition::{self, Is};
use berth_crds::decision::SignerRole;
use berth_crds::{Agency, ConditionType, Reason, labels, names};
use berth_plan::amounts::Amounts;
use berth_plan::desired::rbac_subject;
use berth_plan::system::delegation;
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::booking;
use crate::context::Context;
use crate::error::Result;
use crate::{apply, observe, record};

/// What came of an agency.
struct Outcome {
    namespace_uid: Option<String>,
    reason: Reason,
    message: String,
}

/// Brings an agency's namespace and bindings in line with its members.
pub async fn reconcile(agency: Arc<Agency>, ctx: Arc<Context>) -> Result<Action> {
    let agency = ctx.caches.agencies.get(&agency.name_any(), None).unwrap_or(agency);
    let outcome = provide(&agency, &ctx).await?;
    // A booking writes the status too: go on from the newest.
    let agency = ctx.caches.agencies.get(&agency.name_any(), None).unwrap_or(agency);
    record(&agency, &outcome, &ctx).await?;
    // A deputy is bound on the first day and loses the binding after the last.
    let dated = !agency.spec.delegations.is_empty();
    Ok(if dated { Action::requeue(ctx.until_midnight()) } else { Action::await_change() })
}

async fn provide(agency: &Agency, ctx: &Context) -> Result<Outcome> {
    let name = names::agency_namespace(&agency.name_any());
    let desired = bindings(agency, &name, ctx);
    // First of all: whoever left the list has left the namespace, whatever else is wrong.
    prune(&desired, &name, ctx).await?;
    if agency.spec.members.is_empty() {
        return Ok(Outcome { namespace_uid: None, reason: Reason::NoMembers, message: Reason::NoMembers.en().into() });
    }
    if let Some(lacking) = budget(agency, ctx).await? {
        return Ok(Outcome { namespace_uid: None, reason: Reason::NoHeadroom, message: lacking });
    }
    let uid = match namespace(agency, &name, ctx).await? {
        Ok(uid) => uid,
        Err(outcome) => return Ok(outcome),
    };
    apply::child(ctx, &ctx.caches.quotas, &no_pods(agency, &name)).await?;
    for binding in &desired {
        apply::child(ctx, &ctx.caches.bindings, binding).await?;
    }
    Ok(Outcome { namespace_uid: Some(uid), reason: Reason::Ready, message: Reason::Ready.en().into() })
}

/// Removes the bindings of the namespace that are not planned.
async fn prune(desired: &[RoleBinding], namespace: &str, ctx: &Context) -> Result<()> {
    for binding in ctx.caches.bindings.all() {
        let here = binding.namespace().as_deref() == Some(namespace);
        if here && !desired.iter().any(|d| d.name_any() == binding.name_any()) {
            apply::delete(&ctx.api_in::<RoleBinding>(namespace), binding.as_ref()).await?;
        }
    }
    Ok(())
}

/// The budget is an entry of its site's bookings; what lacks, if the site cannot promise it.
async fn budget(agency: &Agency, ctx: &Context) -> Result<Option<String>> {
    let name = agency.name_any();
    let register = observe::register(ctx);
    let budget = match agency.spec.budget.as_ref().map(Amounts::parse) {
        Some(Err(bad)) => return Ok(Some(format!("`spec.budget` cannot be booked: {bad}."))),
        Some(Ok(amounts)) => Some(amounts),
        None => None,
    };
    let Some(site) = register.site_of(&name) else {
        let message = "`spec.budget` cannot be booked: no site hosts the agency; set `spec.siteRef`.";
        return Ok(budget.map(|_| message.into()));
    };
    let namespace = names::agency_namespace(&name);
    let tenant =
        |booking: &Booking| register.tenants.get(&register.environments.get(&booking.name)?.spec.tenant_ref.name);
    let belongs = |booking: &Booking| {
        let asked = booking.onboarding_ref.as_ref().is_some_and(|r| r.namespace == namespace);
        tenant(booking).map_or(asked, |tenant| tenant.spec.agency_ref.name == name)
    };
    // A system that passed to another agency is booked there first, then given up here.
    let moved = |booking: &Booking| {
        let tenant = tenant(booking).filter(|tenant| tenant.spec.agency_ref.name != name);
        let place = tenant.and_then(|t| booking::place(ctx, &t.spec.agency_ref.name, &t.spec.site_ref.name));
        place.is_some_and(|place| place.ledger().find(booking.kind, &booking.name).is_some())
    };
    let lacking = booking::settle(ctx, &name, &site.name_any(), budget, belongs, moved).await?;
    Ok(lacking.map(|resource| format!("`spec.budget` needs more {resource} than the site has left.")))
}

/// The namespace's UID, or why it is not ours.
async fn namespace(agency: &Agency, name: &str, ctx: &Context) -> Result<std::result::Result<String, Outcome>> {
    let ours = |ns: &Namespace| {
        ns.labels().get(labels::AGENCY) == Some(&agency.name_any())
            && ns.labels().get(labels::MANAGED_BY).is_some_and(|m| m == labels::OPERATOR)
    };
    let seen = ctx.caches.namespaces.get(name, None);
    let found = match seen {
        Some(ns) => ns.as_ref().clone(),
        None => match apply::create(&ctx.api(), &ctx.caches.namespaces, &desired_namespace(agency, name)).await? {
            Some(created) => created,
            None => match apply::live::<Namespace>(&ctx.api(), name).await? {
                Some(ns) => ns,
                None => return Err(crate::error::Error::Conflict { what: name.into() }),
            },
        },
    };
    let refuse =
        |reason: Reason| Outcome { namespace_uid: None, reason, message: format!("{name:?}: {}", reason.en()) };
    Ok(match found.metadata.deletion_timestamp {
        Some(_) => Err(refuse(Reason::NamespaceTerminating)),
        None if ours(&found) => Ok(found.uid().unwrap_or_default()),
        None => Err(refuse(Reason::NamespaceForeign)),
    })
}

fn our_labels(agency: &Agency) -> std::collections::BTreeMap<String, String> {
    [
        (labels::MANAGED_BY, labels::OPERATOR.into()),
        (labels::PART_OF, labels::BERTH.into()),
        (labels::AGENCY, agency.name_any()),
    ]
    .into_iter()
    .map(|(k, v): (&str, String)| (k.to_owned(), v))
    .collect()
}

fn desired_namespace(agency: &Agency, name: &str) -> Namespace {
    let metadata = ObjectMeta { name: Some(name.into()), labels: Some(our_labels(agency)), ..Default::default() };
    Namespace { metadata, ..Default::default() }
}

fn child(agency: &Agency, namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some(namespace.into()),
        labels: Some(our_labels(agency)),
        ..Default::default()
    }
}

/// A namespace of papers runs nothing.
fn no_pods(agency: &Agency, namespace: &str) -> ResourceQuota {
    let hard = [("pods".to_owned(), Quantity("0".into()))].into();
    ResourceQuota {
        metadata: child(agency, namespace, berth_plan::desired::QUOTA_NAME),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..Default::default() }),
        ..Default::default()
    }
}

/// Deputies of the agency's governing body who may sign now. Deputies in the province's roles are the chart's to bind.
fn deputies(agency: &Agency, ctx: &Context) -> Vec<Subject> {
    let acting = |d: &&Delegation| d.role == SignerRole::GoverningBody && delegation::acts(d, ctx.today(), &ctx.now());
    let person = |d: &Delegation| Subject { kind: SubjectKind::User, name: d.to.clone(), namespace: None };
    agency.spec.delegations.iter().filter(acting).map(person).collect()
}

fn bindings(agency: &Agency, namespace: &str, ctx: &Context) -> Vec<RoleBinding> {
    let roles = [
        (MemberRole::Requester, "berth-requester", labels::ROLE_REQUESTER.to_owned()),
        (MemberRole::Reader, "berth-reader", labels::ROLE_READER.to_owned()),
        (MemberRole::GoverningBody, "berth-governing-body", format!("{}governing-body", labels::ROLE_SIGNER_PREFIX)),
    ];
    roles
        .into_iter()
        .filter_map(|(role, name, cluster_role)| {
            let mut subjects: Vec<_> =
                agency.spec.members.iter().filter(|m| m.role == role).map(|m| m.subject.clone()).collect();
            if role == MemberRole::GoverningBody {
                subjects.extend(deputies(agency, ctx));
            }
            // The schema refuses such an entry; one may be older than its rule.
            subjects.retain(|subject| !subject.is_of_system());
            subjects.sort();
            subjects.dedup();
            (!subjects.is_empty()).then(|| RoleBinding {
                metadata: child(agency, namespace, name),
                role_ref: RoleRef {
                    api_group: Some(labels::RBAC_GROUP.into()),
                    kind: "ClusterRole".into(),
                    name: cluster_role,
                },
                subjects: Some(subjects.iter().map(rbac_subject).collect()),
            })
        })
        .collect()
}

async fn record(agency: &Agency, outcome: &Outcome, ctx: &Context) -> Result<()> {
    let now = ctx.now();
    let mut status = agency.status.clone().unwrap_or_default();
    let generation = agency.metadata.generation;
    status.observed_generation = generation;
    status.namespace_uid = outcome.namespace_uid.clone().or(status.namespace_uid);
    status.prefix =
        super::claim::prefix_of(ctx, &names::agency_claim(&agency.name_any()), agency.metadata.uid.as_deref())
            .map(|p| p.to_string())
            .or(status.prefix);
    let further =
        super::claim::further_prefixes(ctx, &names::agency_claim(&agency.name_any()), agency.metadata.uid.as_deref());
    // Prefixes once shown are never taken away by a cache that lags.
    if further.len() >= status.further_prefixes.len() {
        status.further_prefixes = further;
    }
    let done = outcome.reason == Reason::Ready;
    // A body that nobody acts for is complete as it is.
    let fine = done || outcome.reason == Reason::NoMembers;
    let mut set = |type_, is| {
        condition::set(&mut status.conditions, type_, is, outcome.reason, outcome.message.as_str(), generation, &now)
    };
    set(ConditionType::NamespaceReady, Is::from(done));
    set(ConditionType::Ready, Is::from(fine));
    set(ConditionType::Reconciling, Is::from(outcome.reason == Reason::NamespaceTerminating));
    set(ConditionType::Stalled, Is::from(!fine && outcome.reason != Reason::NamespaceTerminating));
    if agency.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let mut agency = agency.clone();
    agency.status = Some(status);
    record::status(&ctx.api(), &ctx.caches.agencies, &agency).await.map(drop)
}
