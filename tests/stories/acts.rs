//! The separate acts: the level of a system, the permission to operate, and who signs for whom. What is granted is not yet
//! allowed to operate, and what is decided about a level changes nothing that runs.

use std::time::Duration;

use berth_api::client::Client;
use berth_api::proto::v1::{
    GetSecurityReportRequest, SecurityEntry,
    level_request::Measures,
    security_entry::{Approval, Assessment},
};
use berth_cluster::until;
use berth_crds::connection::ConnectionState;
use berth_crds::decision::Effect;
use berth_crds::onboarding::{OutcomeResult, State};
use berth_crds::tenant::LevelStatus;
use berth_crds::{ConditionType, Connection, Environment, Onboarding, Reason, Tenant, condition};
use berth_plan::report::security::data_year;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::connection::{act as opening, ask, reaches, standing as standing_of};
use crate::world::{PATIENCE, World, changed, code, decision, request, shared};

/// Submits a paper about a whole system.
pub async fn about(world: &World, who: &str, agency: &str, name: &str, with: Value) -> Result<Onboarding> {
    let mut body = request(agency, name);
    let spec = body["spec"].as_object_mut().ok_or("no spec")?;
    spec.remove("system");
    spec.remove("environment");
    spec.extend(with.as_object().ok_or("no object")?.clone());
    world.create(who, body).await?;
    Ok(world.onboarding(agency, name).await?)
}

fn level(tenant: &str, level: i64) -> Value {
    json!({
        "action": "RecordLevel", "tenantRef": {"name": tenant},
        "level": {"level": level, "regulation": "12/QC-SYT ngày 05/01/2026", "measures": "Some",
            "measuresBy": "2029-06-30", "reviewOn": "2030-01-01"}
    })
}

fn go_live(tenant: &str) -> Value {
    json!({"action": "GoLive", "tenantRef": {"name": tenant}})
}

/// A Decision with the document that was signed.
fn signed(paper: &Onboarding, role: &str, number: &str) -> Value {
    let mut body = decision(paper, role, 1, "Approve");
    let today = berth_api::clock::Clock::system().today().to_string();
    body["spec"]["document"] =
        json!({"issuer": "UBND tỉnh", "number": number, "date": today, "signer": "Nguyễn Văn A"});
    body
}

async fn state(world: &World, paper: &Onboarding, state: State) -> Result<Onboarding> {
    let (namespace, name) = (paper.namespace().unwrap_or_default(), paper.name_any());
    let api: Api<Onboarding> = Api::namespaced(world.cluster.admin(), &namespace);
    Ok(until(&format!("{name} is {state:?}"), PATIENCE, async || {
        let found = api.get(&name).await.map_err(|e| e.to_string())?;
        let is = found.status.as_ref().and_then(|s| s.summary.as_ref()).is_some_and(|s| s.state == state);
        if is { Ok(found) } else { Err(format!("{:?}", found.status)) }
    })
    .await?)
}

async fn tenant(world: &World, name: &str) -> Result<Tenant> {
    Ok(Api::all(world.cluster.admin()).get(name).await?)
}

/// A connection from outside to the zone that may be exposed.
fn from_outside(environment: &Environment, name: &str, outside: Value) -> Value {
    let expires = (jiff::Timestamp::now() + Duration::from_secs(30 * 24 * 3600)).to_string();
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Connection",
        "metadata": {"name": name, "namespace": "agency-ag-62"},
        "spec": {
            "source": {"outside": outside},
            "destination": {"environment": {"environmentRef": {"name": environment.name_any()}, "zone": "dmz"}},
            "direction": "Inbound", "ports": [{"protocol": "TCP", "port": 443}], "purpose": "Dịch vụ công.",
            "expiresAt": expires, "legalBasis": "NĐ 224/2026/NĐ-CP [L]"
        }
    })
}

async fn approved(world: &World, body: Value) -> Result<Connection> {
    let asked = ask(world, "lead-62", body).await?;
    world.sign("network", opening(&asked, "network", 1, "Approve")).await?;
    Ok(asked)
}

async fn held(world: &World, connection: &Connection) -> Result<()> {
    let api: Api<Connection> = Api::namespaced(world.cluster.admin(), "agency-ag-62");
    until("the exposure waits for the permission to operate", PATIENCE, async || {
        let found = api.get(&connection.name_any()).await.map_err(|e| e.to_string())?;
        let conditions = found.status.unwrap_or_default().conditions;
        let open = condition::get(&conditions, ConditionType::Open).cloned();
        match open {
            Some(open) if open.reason == "AwaitingGoLive" && open.status == "False" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}

/// What the yearly security report says of a system today.
async fn entry(world: &World, door: &Door, plate: &str) -> Result<SecurityEntry> {
    let auditor = world.people.iter().find(|person| person.name == "auditor").ok_or("nobody of that name")?;
    let year = data_year(berth_api::clock::Clock::system().today());
    let request = GetSecurityReportRequest { name: format!("securityReports/{year}"), ..Default::default() };
    let report =
        Client::connect(&door.url, &auditor.token).await?.reports.get_security_report(request).await?.into_inner();
    let of_it = |entry: &SecurityEntry| entry.tenant == format!("tenants/{plate}");
    Ok(report.entries.into_iter().find(of_it).ok_or("no entry")?)
}

/// How far its level is, by which decision, and whether it was checked.
async fn reported(world: &World, door: &Door, plate: &str) -> Result<(Approval, String, Assessment)> {
    let entry = entry(world, door, plate).await?;
    let decision = entry.decision.clone().map(|document| document.number).unwrap_or_default();
    Ok((entry.approval(), decision, entry.assessment()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_a5_a6_exposure_opens_with_the_permission_to_operate_and_not_before() -> Result<()> {
    let world = shared().await?;
    let environment = world
        .onboard("ag-62", "acts-live", |spec| {
            spec["system"]["level"] = json!(3);
            spec["environment"]["exposure"] = json!(["Internet"]);
        })
        .await?;
    let plate = environment.spec.tenant_ref.name.clone();
    let new = world.onboarding("ag-62", "acts-live").await?;
    state(world, &new, State::AwaitingGoLive).await?;

    // Until then only a named source, with its end.
    let public = approved(
        world,
        from_outside(
            &environment,
            "conn-acts-live",
            json!({
                "kind": "Internet", "name": "Internet", "runBy": "Công cộng"
            }),
        ),
    )
    .await?;
    let tester = approved(
        world,
        from_outside(
            &environment,
            "conn-acts-test",
            json!({
                "kind": "Named", "name": "Máy kiểm thử", "runBy": "Sở KH&CN",
                "ipv4": {"blocks": ["198.51.100.7/32"]}, "ipv6": {"none": "Máy kiểm thử chưa có IPv6."}
            }),
        ),
    )
    .await?;
    held(world, &public).await?;
    reaches(world, &tester, ConnectionState::Open).await?;
    assert_eq!(standing_of(world, &public).await?, Vec::<String>::new(), "nothing of it is programmed");
    assert_eq!(standing_of(world, &tester).await?.len(), 1);

    // Without an approved level there is no permission to ask for.
    let early = about(world, "lead-62", "ag-62", "acts-early", go_live(&plate)).await?;
    let early = state(world, &early, State::Refused).await?;
    let why = early.status.unwrap_or_default().checks.into_iter().find(|c| c.id == "current").ok_or("no check")?;
    assert!(why.message.contains("Level 3 is not approved"), "{why:?}");

    // The level: told in the yearly report at every step; appraised and approved, each by its role; whoever is of the operator's unit appraises nothing (A6).
    let door = Door::start(&world.cluster).await?;
    let step = |approval, decision: &str, assessment| (approval, decision.to_owned(), assessment);
    let none = Assessment::Unspecified;
    assert_eq!(reported(world, &door, &plate).await?, step(Approval::Drafting, "", none));
    let record = about(world, "lead-62", "ag-62", "acts-level", level(&plate, 3)).await?;
    assert_eq!(reported(world, &door, &plate).await?, step(Approval::Sent, "", none));
    let own = world.sign("appraiser-69", decision(&record, "appraiser", 1, "Approve")).await?;
    assert_eq!(world.effect(&own).await?, (Effect::Void, "VoidSameUnit".to_owned()));
    assert!(Reason::VoidSameUnit.vi().contains("NĐ 331/2026 Đ18.4"));
    assert_eq!(state(world, &record, State::UnderAppraisal).await?.status.unwrap_or_default().outcome, None);
    world.sign("appraiser", decision(&record, "appraiser", 2, "Approve")).await?;
    state(world, &record, State::AwaitingApproval).await?;
    assert_eq!(reported(world, &door, &plate).await?, step(Approval::Appraised, "", none));
    world.sign("governing-body", signed(&record, "governing-body", "77/QĐ-UBND")).await?;
    world.until(&record, ConditionType::Ready).await?;
    let recorded = tenant(world, &plate).await?.spec.levels.pop().ok_or("no record")?;
    assert_eq!((recorded.level, recorded.status), (3, LevelStatus::Approved));
    assert_eq!(recorded.decision.map(|d| d.number).as_deref(), Some("77/QĐ-UBND"));
    assert_eq!(recorded.onboarding_ref.map(|r| r.name).as_deref(), Some("acts-level"));
    assert_eq!(reported(world, &door, &plate).await?, step(Approval::Approved, "77/QĐ-UBND", none));
    // A level decision is not yet a permission.
    held(world, &public).await?;

    let live = about(world, "lead-62", "ag-62", "acts-go", go_live(&plate)).await?;
    world.sign("appraiser", signed(&live, "appraiser", "5/KQ-ATTT")).await?;
    world.sign("governing-body", signed(&live, "governing-body", "78/QĐ-UBND")).await?;
    let live = world.until(&live, ConditionType::Ready).await?;
    assert_eq!(live.status.unwrap_or_default().summary.map(|s| s.state), Some(State::Operating));
    let allowed = tenant(world, &plate).await?;
    let permission = allowed.spec.permissions.last().cloned().ok_or("no permission")?;
    assert_eq!(permission.readiness.map(|d| d.number).as_deref(), Some("5/KQ-ATTT"));
    assert!(condition::is_true(&allowed.status.unwrap_or_default().conditions, ConditionType::Operating));
    reaches(world, &public, ConnectionState::Open).await?;
    assert_eq!(standing_of(world, &public).await?.len(), 1);
    let checked = step(Approval::Approved, "77/QĐ-UBND", Assessment::BeforeUse);
    assert_eq!(reported(world, &door, &plate).await?, checked);
    let told = entry(world, &door, &plate).await?;
    let measures = (told.level, told.regulation.as_str(), told.measures(), told.measures_date.as_str());
    assert_eq!(measures, (3, "12/QC-SYT ngày 05/01/2026", Measures::Some, "2029-06-30"));
    door.stop().await?;
    // The paper that brought the system says so, too.
    state(world, &new, State::Operating).await?;
    Ok(())
}

/// What stands in a namespace: its own labels, and its policies.
async fn standing(world: &World, namespace: &str) -> Result<(Value, Vec<String>)> {
    let found = Api::<Namespace>::all(world.cluster.admin()).get(namespace).await?;
    let policies = world.within::<NetworkPolicy>(namespace).await?;
    Ok((json!([found.uid(), found.labels()]), policies.iter().map(|p| json!(p.spec).to_string()).collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_higher_level_changes_nothing_that_runs_and_says_what_must_change() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "acts-raise", |spec| spec["system"]["level"] = json!(2)).await?;
    let (plate, name) = (environment.spec.tenant_ref.name.clone(), environment.name_any());
    let before = standing(world, &name).await?;
    let record = about(world, "lead-62", "ag-62", "acts-raise-3", level(&plate, 3)).await?;
    let checked = world.checked(&record).await?;
    let told = checked.status.unwrap_or_default().checks.into_iter().find(|c| c.id == "consequences").ok_or("none")?;
    assert!(told.message.contains("zones dmz, app, db, mgmt"), "{told:?}");
    world.sign("appraiser", decision(&record, "appraiser", 1, "Approve")).await?;
    world.sign("governing-body", decision(&record, "governing-body", 1, "Approve")).await?;
    world.until(&record, ConditionType::Ready).await?;
    let raised = until("the system says what it lacks", PATIENCE, async || {
        let found = tenant(world, &plate).await.map_err(|e| e.to_string())?;
        let conditions = found.status.clone().unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::LevelEnforced).cloned() {
            Some(c) if c.status == "False" && c.message.contains(&name) => Ok(found),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    assert_eq!(raised.spec.level, 3);
    let kept: Environment = Api::all(world.cluster.admin()).get(&name).await?;
    assert_eq!(kept.spec.level, Some(2));
    assert_eq!(standing(world, &name).await?, before);
    Ok(())
}

/// The register entry of a delegation of ag-61.
fn delegation(role: &str, from: &str, until: &str) -> Value {
    json!({
        "absent": "chair", "to": "deputy", "role": role, "from": from, "until": until,
        "document": {"issuer": "UBND", "number": "3/UQ-UBND", "date": "2026-01-05", "signer": "Trần Thị B"}
    })
}

async fn delegate(world: &World, entries: Vec<Value>) -> Result<()> {
    let agencies: Api<berth_crds::Agency> = Api::all(world.cluster.admin());
    let body = Patch::Merge(json!({"spec": {"delegations": entries}}));
    agencies.patch("ag-61", &Default::default(), &body).await?;
    Ok(())
}

/// Signs as the deputy and waits for what it comes to.
async fn deputise(world: &World, paper: &Onboarding, n: u32, absent: Option<&str>) -> Result<(Effect, String)> {
    let mut body = decision(paper, "approver", n, "Approve");
    if let Some(absent) = absent {
        body["spec"]["onBehalfOf"] = json!(absent);
    }
    let made = world.sign("deputy", body).await?;
    world.effect(&made).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_signs_from_the_first_day_to_the_last_and_no_longer_once_it_is_taken_back() -> Result<()> {
    let world = changed().await?;
    let today = berth_api::clock::Clock::system().today();
    let (day, tomorrow, yesterday) = (today.to_string(), today.tomorrow()?.to_string(), today.yesterday()?.to_string());
    // The chart's `signers.approver`: who may be a deputy at all.
    let bound: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": {"name": "berth-signer-approver-deputies"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "berth-signer-approver"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "deputy"}]
    }))?;
    Api::<ClusterRoleBinding>::all(world.cluster.admin()).create(&Default::default(), &bound).await?;
    let paper = world.ask("lead-62", "ag-62", "acts-deputy", |_| {}).await?;
    world.checked(&paper).await?;

    let void = |reason: &str| (Effect::Void, reason.to_owned());
    assert_eq!(deputise(&world, &paper, 1, Some("chair")).await?, void("VoidNoDelegation"));
    delegate(&world, vec![delegation("approver", "2026-01-01", &yesterday)]).await?;
    assert_eq!(deputise(&world, &paper, 2, Some("chair")).await?, void("VoidDelegationExpired"));
    // Who leaves the claim out is a deputy all the same.
    assert_eq!(deputise(&world, &paper, 3, None).await?, void("VoidDelegationExpired"));
    let mut revoked = delegation("approver", &yesterday, &tomorrow);
    revoked["revokedAt"] = json!(jiff::Timestamp::now().to_string());
    delegate(&world, vec![revoked]).await?;
    assert_eq!(deputise(&world, &paper, 4, Some("chair")).await?, void("VoidDelegationRevoked"));
    delegate(&world, vec![delegation("approver", &yesterday, &tomorrow)]).await?;
    assert_eq!(deputise(&world, &paper, 5, Some("chair")).await?, (Effect::Effective, "Effective".to_owned()));
    let decided = world.until(&paper, ConditionType::Ready).await?.status.unwrap_or_default();
    assert_eq!(decided.outcome.map(|o| o.result), Some(OutcomeResult::Approved));

    // A governing body's deputy is bound by the operator, from its register alone, and in its agency alone.
    let environment = world.onboard("ag-61", "acts-deputy-61", |_| {}).await?;
    let plate = environment.spec.tenant_ref.name.clone();
    let record = about(&world, "lead-61", "ag-61", "acts-deputy-level", level(&plate, 1)).await?;
    let yes = || decision(&record, "governing-body", 1, "Approve");
    assert_eq!(code(world.create("deputy", yes()).await), 403);
    delegate(&world, vec![delegation("governing-body", &day, &tomorrow)]).await?;
    let made =
        until("the deputy is bound", PATIENCE, async || world.create("deputy", yes()).await.map_err(|e| e.to_string()))
            .await?;
    assert_eq!(world.effect(&serde_json::from_value(serde_json::to_value(made)?)?).await?.0, Effect::Effective);
    world.sign("appraiser", decision(&record, "appraiser", 1, "Approve")).await?;
    world.until(&record, ConditionType::Ready).await?;
    delegate(&world, vec![]).await?;
    let elsewhere = about(&world, "lead-61", "ag-61", "acts-deputy-late", level(&plate, 1)).await?;
    until("the deputy is bound no more", PATIENCE, async || {
        let mut body = decision(&elsewhere, "governing-body", 1, "Reject");
        body["metadata"]["name"] = json!("acts-deputy-late.governing-body.1");
        match world.create("deputy", body).await {
            Err(kube::Error::Api(status)) if status.code == 403 && !status.message.contains("no params") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}
