//! A week of a province in one story: everything that operator and door do in normal operation. Their rights are counted
//! from it, so whoever adds a call of the API server adds what leads to it here.

use berth_api::client::Client as DoorClient;
use berth_api::proto::v1 as proto;
use berth_cluster::until;
use berth_crds::connection::ConnectionState;
use berth_crds::environment::Stage;
use berth_crds::{Agency, ConditionType, Environment, PrefixClaim, Tenant, names};
use berth_tests::error::Result;
use berth_tests::people;
use berth_tests::stack::Door;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::adoption;
use crate::attack::{MERGE, send};
use crate::life;
use crate::world::{PATIENCE, World, addition};

/// Everything that happens in a province in a week: requests of every kind, hands in what the operator made, people who
/// come and go, the door with every method.
pub async fn a_week(world: &World) -> Result<()> {
    let admin = world.cluster.admin();
    let environment = world.onboard("ag-62", "week-1", |_| {}).await?;
    world.onboard("ag-62", "week-3", |spec| spec["system"]["level"] = json!(3)).await?;
    let name = environment.name_any();
    let change = world
        .ask("lead-62", "ag-62", "week-change", |spec| {
            spec["action"] = json!("Change");
            spec["environmentRef"] = json!({"name": name, "uid": environment.uid()});
            spec["revision"] = json!(1);
            spec["environment"]["quota"] = json!({"cpu": "1", "memory": "1Gi", "storage": "1Gi"});
            spec.as_object_mut().unwrap().remove("system");
        })
        .await?;
    world.decide("approver", &change, "Approve").await?;
    world.until(&change, ConditionType::Ready).await?;
    let other = automatic(world).await?;
    opening(world, &environment, &other).await?;
    let policies: Api<NetworkPolicy> = Api::namespaced(admin.clone(), &name);
    let opened = Patch::Merge(json!({"spec": {"ingress": [{}]}, "metadata": {"annotations": {"a": "b"}}}));
    policies.patch("berth-default-deny", &Default::default(), &opened).await?;
    let base = format!("/api/v1/namespaces/{name}");
    let more = json!({"spec": {"hard": {"count/pods": "5"}}});
    let quota = send(&admin, "PATCH", &format!("{base}/resourcequotas/berth-quota"), MERGE, &more).await;
    assert!(quota.accepted(), "{quota:?}");
    let mut extra = policies.get("berth-default-deny").await?;
    extra.metadata =
        kube::api::ObjectMeta { name: Some("opening".into()), labels: extra.metadata.labels, ..Default::default() };
    policies.create(&Default::default(), &extra).await?;
    let access = json!({"spec": {
        "access": [
            {"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Edit"},
            {"subject": {"kind": "Group", "name": "berth:auditor"}, "role": "View"}
        ],
        "deployAccount": "PerNamespace",
        "basis": {"type": "Direct", "reason": "Đổi quyền truy cập.", "revision": 3}
    }});
    let path = format!("/apis/berth.dev/v1alpha1/environments/{name}");
    let edited = send(&world.client("platform"), "PATCH", &path, MERGE, &access).await;
    assert!(edited.accepted(), "{edited:?}");
    deploy_account(&admin, &name, true).await?;
    let basis = json!({"type": "Direct", "reason": "Không dùng nữa.", "revision": 4});
    let none = json!({"spec": {"deployAccount": "None", "basis": basis}});
    let edited = send(&world.client("platform"), "PATCH", &path, MERGE, &none).await;
    assert!(edited.accepted(), "{edited:?}");
    deploy_account(&admin, &name, false).await?;
    let agencies: Api<Agency> = Api::all(admin.clone());
    let members = json!({"spec": {"members": [
        {"subject": {"kind": "ServiceAccount", "name": "so-y-te", "namespace": "pipelines"}, "role": "Requester"},
        {"subject": {"kind": "Group", "name": "berth:ag-66:reader"}, "role": "Reader"},
        {"subject": {"kind": "Group", "name": "berth:ag-66:governing-body"}, "role": "GoverningBody"}
    ]}});
    agencies.patch("ag-66", &Default::default(), &Patch::Merge(members)).await?;
    leaving(world).await?;
    adoption::comes_and_goes(world).await?;
    let passed = crate::transfer::pass_on(world, "week-pass", "ag-61").await?;
    assert_eq!(passed.status.and_then(|s| s.agency).as_deref(), Some("ag-61"));
    through_the_door(world).await?;
    // One more environment after all that: what was begun before it is done by then.
    world.onboard("ag-61", "week-last", |_| {}).await?;
    Ok(())
}

/// A system stops, resumes, is given back and comes again: everything that an end takes.
async fn leaving(world: &World) -> Result<()> {
    life::without_days(world).await?;
    let environment = world.onboard("ag-62", "week-leaver", |_| {}).await?;
    let name = environment.name_any();
    life::workloads(world, &name).await?;
    life::act(world, "Decommission", "week-out-1", &name, json!({})).await?;
    life::reaches(world, &name, Stage::Halted).await?;
    life::act(world, "Resume", "week-back", &name, json!({})).await?;
    life::leave(world, "week-out-2", &name).await?;
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    let claims: Api<PrefixClaim> = Api::all(world.cluster.admin());
    let plate = environment.spec.tenant_ref.name;
    until("the claim of the system that left is gone", PATIENCE, async || {
        let left = tenants.get(&plate).await.map_err(|e| e.to_string())?.status.unwrap_or_default().left;
        let claim = claims.get_opt(&names::tenant_claim(&plate)).await.map_err(|e| e.to_string())?;
        if left.is_some() && claim.is_none() { Ok(()) } else { Err(format!("{left:?} {claim:?}")) }
    })
    .await?;
    Ok(())
}

async fn automatic(world: &World) -> Result<Environment> {
    let environment = world.onboard("ag-67", "week-auto", |_| {}).await?;
    let small =
        json!({"kind": "Dev", "classRef": {"name": "xs"}, "quota": {"cpu": "500m", "memory": "1Gi", "storage": "5Gi"}});
    let body = addition("ag-67", "week-auto-2", &environment.spec.tenant_ref.name, small);
    world.create("lead-67", body).await?;
    let paper = world.onboarding("ag-67", "week-auto-2").await?;
    world.until(&paper, ConditionType::Ready).await?;
    Ok(environment)
}

/// One connection between two agencies, from the request to its end.
async fn opening(world: &World, from: &Environment, to: &Environment) -> Result<()> {
    use crate::connection::{act, ask, copy, paper, reaches};
    let asked = ask(world, "lead-62", paper("ag-62", "conn-week", from, to)).await?;
    let copy = copy(world, &asked).await?;
    world.sign("lead-67", act(&copy, "owner", 1, "Consent")).await?;
    world.sign("network", act(&asked, "network", 1, "Approve")).await?;
    reaches(world, &asked, ConnectionState::Open).await?;
    world.sign("lead-62", act(&asked, "owner", 1, "Close")).await?;
    reaches(world, &asked, ConnectionState::Closed).await?;
    Ok(())
}

/// Waits until the account for deployments is there, or gone.
async fn deploy_account(admin: &kube::Client, namespace: &str, there: bool) -> Result<()> {
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), namespace);
    until("the account for deployments comes or goes", PATIENCE, async || {
        let found = accounts.get_opt("berth-deploy").await.map_err(|e| e.to_string())?;
        if found.is_some() == there { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await?;
    Ok(())
}

async fn through_the_door(world: &World) -> Result<()> {
    let door = Door::start(&world.cluster).await?;
    let lead = world.people.iter().find(|p| p.name == "lead-62").ok_or("lead-62")?;
    let mut client = DoorClient::connect(&door.url, &lead.token).await?;
    client.catalog.list_agencies(proto::ListAgenciesRequest::default()).await?;
    client.catalog.get_agency(proto::GetAgencyRequest { name: "agencies/ag-62".into(), ..Default::default() }).await?;
    client.catalog.list_classes(proto::ListClassesRequest::default()).await?;
    client.catalog.get_class(proto::GetClassRequest { name: "classes/xs".into() }).await?;
    client.catalog.list_profiles(proto::ListProfilesRequest::default()).await?;
    client.tenants.list_tenants(proto::ListTenantsRequest::default()).await?;
    client.addresses.export_addresses(proto::ExportAddressesRequest::default()).await?;
    let demand = proto::GetDemandRequest { name: "demandReports/2026".into(), ..Default::default() };
    client.reports.get_demand(demand).await?;
    let environments = client.environments.list_environments(proto::ListEnvironmentsRequest::default()).await?;
    let name = environments.into_inner().environments.first().ok_or("no environment")?.name.clone();
    let watch = proto::WatchEnvironmentRequest { name: name.clone() };
    client.environments.watch_environment(watch).await?.into_inner().next().await.ok_or("no event")??;
    let network = world.people.iter().find(|p| p.name == "network").ok_or("network")?;
    let mut network = DoorClient::connect(&door.url, &network.token).await?;
    let ack =
        proto::AcknowledgeExportRequest { reference: "CR-1".into(), request_id: "week".into(), ..Default::default() };
    network.reports.list_similar_systems(proto::ListSimilarSystemsRequest::default()).await?;
    network.addresses.acknowledge_export(ack.clone()).await?;
    // A repeat finds the first.
    network.addresses.acknowledge_export(ack).await?;
    at_night(&mut network, &name).await?;
    papers(&mut client, "ag-62").await?;
    let account = people::read()?.into_iter().find_map(|p| p.service_account).ok_or("no pipeline")?;
    let token = people::pipeline(&world.cluster, &account).await?;
    papers(&mut DoorClient::connect(&door.url, &token).await?, "ag-66").await?;
    door.stop().await
}

/// An environment is isolated and let back; a repeat finds the first.
async fn at_night(client: &mut DoorClient, name: &str) -> Result<()> {
    use proto::intervention::Act;
    for (act, id) in [(Act::Isolate, "week-1"), (Act::Isolate, "week-1"), (Act::EndIsolation, "week-2")] {
        let request = proto::InterveneEnvironmentRequest {
            name: name.to_owned(),
            act: act as i32,
            reason: "Diễn tập.".into(),
            request_id: id.into(),
            ..Default::default()
        };
        client.environments.intervene_environment(request).await?;
    }
    Ok(())
}

/// One paper from its creation to its withdrawal, as whoever the client is.
async fn papers(client: &mut DoorClient, agency: &str) -> Result<()> {
    let made =
        client.onboardings.create_onboarding(crate::door::message(agency, &format!("week-{agency}"), |_| {})).await?;
    let (name, parent) = (made.into_inner().name, format!("agencies/{agency}"));
    let paper =
        client.onboardings.get_onboarding(proto::GetOnboardingRequest { name: name.clone() }).await?.into_inner();
    client.onboardings.list_onboardings(proto::ListOnboardingsRequest { parent, ..Default::default() }).await?;
    let watch = proto::WatchOnboardingRequest { name: name.clone() };
    client.onboardings.watch_onboarding(watch).await?.into_inner().next().await.ok_or("no event")??;
    let withdrawal = proto::WithdrawOnboardingRequest { name: name.clone(), uid: paper.uid, ..Default::default() };
    client.onboardings.withdraw_onboarding(withdrawal).await?;
    let list = proto::ListDecisionsRequest { parent: name, ..Default::default() };
    let decisions = client.onboardings.list_decisions(list).await?.into_inner().decisions;
    let name = decisions.first().ok_or("no decision")?.name.clone();
    client.onboardings.get_decision(proto::GetDecisionRequest { name }).await?;
    connections(client, agency).await
}

/// One connection, asked for, read and taken back, as whoever the client is.
async fn connections(client: &mut DoorClient, agency: &str) -> Result<()> {
    let end = |environment: &str| proto::ConnectionEnd { environment: environment.into(), ..Default::default() };
    let spec = proto::ConnectionSpec {
        source: Some(end("environments/aaaaaa-prod")),
        destination: Some(end("environments/bbbbbb-prod")),
        ports: vec![proto::ConnectionPort { protocol: 1, port: 443, end_port: 0 }],
        purpose: "Tra cứu.".into(),
        expires: "2030-01-01".into(),
        legal_basis: "NĐ 47/2020/NĐ-CP [K]".into(),
        letter: None,
        host_names: Vec::new(),
    };
    let parent = format!("agencies/{agency}");
    let connection = Some(proto::Connection { spec: Some(spec), ..Default::default() });
    let request = proto::CreateConnectionRequest { parent: parent.clone(), connection, ..Default::default() };
    let name = client.connections.create_connection(request).await?.into_inner().name;
    client.connections.get_connection(proto::GetConnectionRequest { name }).await?;
    client.connections.list_connections(proto::ListConnectionsRequest { parent, ..Default::default() }).await?;
    Ok(())
}
