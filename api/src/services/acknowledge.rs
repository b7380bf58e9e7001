//! AcknowledgeExport: a person says that devices outside the cluster are set to what is exported now. The record is made as
//! the caller, so that admission decides who may say so, as for kubectl.

use std::collections::BTreeSet;

use berth_crds::change::{MAX_ENVIRONMENTS, NetworkChangeSpec, Outside};
use berth_crds::condition::Is;
use berth_crds::{NetworkChange, Reason, labels, names};
use berth_plan::network::{Moment, View, World, export, outside};
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt as _};

use crate::{
    convert::address as convert,
    door::Door,
    identity::Caller,
    problem::{As, Problem, Result, Thing, correlation_id, from_kube},
    proto::v1 as pb,
    read::{self, Findings, optional, spec::reference},
};

/// What is asked for, read.
struct Asked {
    reference: String,
    etag: String,
    environments: BTreeSet<String>,
}

fn read(request: &pb::AcknowledgeExportRequest) -> Result<Asked> {
    let mut findings = Findings::default();
    read::request_id(&mut findings, &request.request_id);
    let reference_text = request.reference.trim();
    match reference_text.chars().count() {
        0 => findings.missing("reference", "say by which ticket or document the devices were changed"),
        1..=200 => {}
        _ => findings.bad("reference", reference_text, "is longer than 200 characters: name the ticket only"),
    }
    let ids = request.environments.iter().enumerate();
    let ids = ids.map(|(i, name)| reference(&mut findings, &format!("environments[{i}]"), name, "environments").name);
    let environments = ids.collect();
    findings.or(Asked {
        reference: reference_text.to_owned(),
        etag: request.etag.trim_matches('"').to_owned(),
        environments,
    })
}

/// Records it, or finds the record of the same request id.
pub async fn acknowledge(
    door: &Door,
    caller: &Caller,
    world: impl Future<Output = Result<World>> + Send,
    now: Moment,
    request: pb::AcknowledgeExportRequest,
) -> Result<pb::NetworkChange> {
    if !caller.answers_for_devices() {
        return Err(Problem::NotAllowed {
            reason: Reason::PermissionDenied,
            message: "that devices were changed is said by the network unit or a platform operator: ask one of them"
                .into(),
        });
    }
    let asked = read(&request)?;
    let request_id = optional(&request.request_id).unwrap_or_else(|| correlation_id() + &correlation_id());
    let id = names::network_change(&caller.username, &request_id);
    let client = door.as_caller(caller)?;
    if !request.request_id.is_empty()
        && let Some(found) = first(&client, &id, &asked).await?
    {
        return Ok(convert::change(&found));
    }
    let changes = door.registers().all::<NetworkChange>(None).await?;
    let environments = which(&world.await?, &changes, now, &asked)?;
    let spec = NetworkChangeSpec {
        reference: asked.reference,
        environments,
        request_id: Some(request_id),
        ..NetworkChangeSpec::default()
    };
    Ok(convert::change(&create(client, &id, &spec, request.validate_only).await?))
}

/// What the record is about: the named environments, or all whose newest record says something else than is now.
fn which(world: &World, changes: &[NetworkChange], now: Moment, asked: &Asked) -> Result<Vec<Outside>> {
    let refused = |reason: Reason, message: String| {
        Err(Problem::Refused { reason, thing: Thing::new("AddressExport", asked.etag.clone()), message })
    };
    if !asked.etag.is_empty() && asked.etag != export::fingerprint(&export::lines(&View::new(world, now), None)) {
        return refused(Reason::ExportStale, Reason::ExportStale.en().into());
    }
    if let Some(unknown) = asked.environments.iter().find(|name| !world.register.environments.contains_key(*name)) {
        return Err(Problem::NotFound(Thing::new("Environment", crate::name::environment(unknown))));
    }
    let all = world.register.environments.values().filter_map(|environment| {
        let tenant = world.register.tenants.get(&environment.spec.tenant_ref.name)?;
        outside::facts(environment, tenant, world.plan.as_deref(), now.day)
    });
    let wanted = |facts: &Outside| match asked.environments.is_empty() {
        true => outside::said(facts, changes).0 != Is::True,
        false => asked.environments.contains(&facts.environment_ref.name),
    };
    let found: Vec<Outside> = all.filter(wanted).collect();
    match found.len() {
        0 => refused(Reason::NothingToAcknowledge, Reason::NothingToAcknowledge.en().into()),
        1..=MAX_ENVIRONMENTS => Ok(found),
        many => {
            let most = MAX_ENVIRONMENTS;
            Err(Problem::field("environments", format!("would be {many}, at most {most} at once: name them in parts")))
        }
    }
}

async fn first(client: &Client, id: &str, asked: &Asked) -> Result<Option<NetworkChange>> {
    let thing = Thing::new("NetworkChange", format!("networkChanges/{id}"));
    let found = Api::<NetworkChange>::all(client.clone()).get_opt(id).await;
    let found = found.map_err(|e| from_kube(e, As::Caller, "read", thing.clone()))?;
    match found {
        Some(found) if found.spec.reference != asked.reference => Err(Problem::Exists {
            reason: Reason::RequestIdReused,
            message: format!("request_id was used for {:?}: choose a new request_id", found.spec.reference),
            thing,
        }),
        found => Ok(found),
    }
}

/// `by` is left out, admission stamps it.
async fn create(client: Client, id: &str, spec: &NetworkChangeSpec, dry: bool) -> Result<NetworkChange> {
    let kind = ApiResource::erase::<NetworkChange>(&());
    let mut value = serde_json::to_value(spec).map_err(|e| Problem::bug("encoding a record", &e))?;
    if let Some(members) = value.as_object_mut() {
        members.remove("by");
    }
    let object = DynamicObject::new(id, &kind).data(serde_json::json!({ "spec": value }));
    let params = PostParams { dry_run: dry, field_manager: Some(labels::DOOR.into()) };
    let thing = Thing::new("NetworkChange", format!("networkChanges/{id}"));
    let created = Api::<DynamicObject>::all_with(client, &kind).create(&params, &object).await;
    let created = created.map_err(|e| from_kube(e, As::Caller, "create", thing))?;
    tracing::info!(change = created.name_any(), "devices outside the cluster were changed");
    let value = serde_json::to_value(created).map_err(|e| Problem::bug("encoding what was created", &e))?;
    serde_json::from_value(value).map_err(|e| Problem::bug("reading what was created", &e))
}
