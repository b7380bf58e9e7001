//! InterveneEnvironment: an act that waits for no paper. It is made as the caller, so that admission decides who may do what
//! and for how long, as for kubectl.

use berth_crds::agency::Subject;
use berth_crds::common::UidRef;
use berth_crds::environment::{Access, AccessRole};
use berth_crds::intervention::{Intervene, InterventionSpec};
use berth_crds::{Environment, Intervention, Reason, labels, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt as _};

use crate::{
    convert::{Twin, create_time, identity},
    door::Door,
    identity::Caller,
    name,
    problem::{As, Problem, Result, Thing, correlation_id, from_kube},
    proto::v1 as pb,
    read::{self, Findings, optional},
};

/// Acts, or finds the act of the same request id.
pub async fn intervene(
    door: &Door,
    caller: &Caller,
    environment: &Environment,
    request: pb::InterveneEnvironmentRequest,
) -> Result<pb::Intervention> {
    if !caller.answers_for_devices() {
        return Err(Problem::NotAllowed {
            reason: Reason::PermissionDenied,
            message: "this is done by a platform operator, or the network unit for isolation: ask one of them".into(),
        });
    }
    let request_id = optional(&request.request_id).unwrap_or_else(|| correlation_id() + &correlation_id());
    let spec = read(environment, &request, &request_id)?;
    let id = names::intervention(&caller.username, &request_id);
    let client = door.as_caller(caller)?;
    if !request.request_id.is_empty()
        && let Some(found) = first(&client, &id, &spec).await?
    {
        return Ok(message(&found));
    }
    Ok(message(&create(client, &id, &spec, request.validate_only).await?))
}

fn read(
    environment: &Environment,
    request: &pb::InterveneEnvironmentRequest,
    request_id: &str,
) -> Result<InterventionSpec> {
    let mut findings = Findings::default();
    read::request_id(&mut findings, &request.request_id);
    let act = Intervene::of(request.act);
    if act.is_none() {
        findings.missing("act", "say what is to be done");
    }
    let reason = request.reason.trim();
    match reason.chars().count() {
        0 => findings.missing("reason", "say why, for whoever reads it in the morning"),
        1..=1000 => {}
        _ => findings.bad("reason", reason, "is longer than 1000 characters"),
    }
    let ends = matches!(act, Some(Intervene::Hold | Intervene::Grant));
    let until = request.until.as_ref().and_then(|t| jiff::Timestamp::new(t.seconds, t.nanos).ok()).map(Time);
    if act.is_some() && ends != until.is_some() {
        findings.bad("until", &format!("{:?}", request.until), "belongs to HOLD and GRANT, and is required there");
    }
    let access = (act == Some(Intervene::Grant)).then(|| access(&mut findings, request.access.as_ref()));
    let uid = environment.uid().unwrap_or_default();
    findings.or(InterventionSpec {
        environment_ref: UidRef { name: environment.name_any(), uid },
        act: act.unwrap_or_default(),
        reason: reason.to_owned(),
        until,
        access,
        request_id: Some(request_id.to_owned()),
        ..InterventionSpec::default()
    })
}

fn access(findings: &mut Findings, from: Option<&pb::EmergencyAccess>) -> Access {
    let from = from.cloned().unwrap_or_default();
    if from.subject.is_empty() {
        findings.missing("access.subject", "say who is to get in");
    }
    let role = AccessRole::of(from.role);
    if role.is_none() {
        findings.missing("access.role", "say as what: VIEW, EDIT or ADMIN");
    }
    let kind = berth_crds::agency::SubjectKind::of(from.subject_kind);
    if kind.is_none() {
        findings.missing("access.subject_kind", "say USER or GROUP");
    }
    // What lets in ends with the act; contractors may be let in that way too.
    Access {
        subject: Subject { kind: kind.unwrap_or_default(), name: from.subject, namespace: None },
        role: role.unwrap_or_default(),
        expires: optional(&from.expires),
    }
}

async fn first(client: &Client, id: &str, spec: &InterventionSpec) -> Result<Option<Intervention>> {
    let thing = thing(id);
    let found = Api::<Intervention>::all(client.clone()).get_opt(id).await;
    let found = found.map_err(|e| from_kube(e, As::Caller, "read", thing.clone()))?;
    let same = |found: &Intervention| {
        let of = |s: &InterventionSpec| (s.environment_ref.clone(), s.act, s.reason.clone(), s.access.clone());
        of(&found.spec) == of(spec)
    };
    match found {
        Some(found) if !same(&found) => Err(Problem::Exists {
            reason: Reason::RequestIdReused,
            message: "request_id was used for another act: choose a new request_id".into(),
            thing,
        }),
        found => Ok(found),
    }
}

/// `by` is left out, admission stamps it.
async fn create(client: Client, id: &str, spec: &InterventionSpec, dry: bool) -> Result<Intervention> {
    let kind = ApiResource::erase::<Intervention>(&());
    let mut value = serde_json::to_value(spec).map_err(|e| Problem::bug("encoding an act", &e))?;
    if let Some(members) = value.as_object_mut() {
        members.remove("by");
    }
    let object = DynamicObject::new(id, &kind).data(serde_json::json!({ "spec": value }));
    let params = PostParams { dry_run: dry, field_manager: Some(labels::DOOR.into()) };
    let created = Api::<DynamicObject>::all_with(client, &kind).create(&params, &object).await;
    let created = created.map_err(|e| from_kube(e, As::Caller, "create", thing(id)))?;
    tracing::warn!(act = created.name_any(), "somebody acted on an environment without a paper");
    let value = serde_json::to_value(created).map_err(|e| Problem::bug("encoding what was created", &e))?;
    serde_json::from_value(value).map_err(|e| Problem::bug("reading what was created", &e))
}

fn thing(id: &str) -> Thing {
    Thing::new("Intervention", format!("interventions/{id}"))
}

fn message(from: &Intervention) -> pb::Intervention {
    let until = from
        .spec
        .until
        .as_ref()
        .map(|t| prost_types::Timestamp { seconds: t.0.as_second(), nanos: t.0.subsec_nanosecond() });
    pb::Intervention {
        name: format!("interventions/{}", from.name_any()),
        uid: from.uid().unwrap_or_default(),
        create_time: create_time(&from.metadata),
        environment: name::environment(&from.spec.environment_ref.name),
        act: from.spec.act.proto() as i32,
        reason: from.spec.reason.clone(),
        until,
        access: from.spec.access.as_ref().map(|access| pb::EmergencyAccess {
            subject_kind: access.subject.kind.proto() as i32,
            subject: access.subject.name.clone(),
            role: access.role.proto() as i32,
            expires: access.expires.clone().unwrap_or_default(),
        }),
        by: Some(identity(&from.spec.by)),
    }
}
