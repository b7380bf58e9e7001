//! Acceptance scenarios that no other story tells (`data/acceptance_scenarios.csv`), each under its number.

use std::collections::BTreeSet;

use berth_api::client::Client as DoorClient;
use berth_api::proto::v1::demand_request::Standing;
use berth_api::proto::v1::{CheckOnboardingRequest, CreateOnboardingRequest, DemandRequest, check};
use berth_cluster::{CILIUM, until};
use berth_crds::agency::AgencyType;
use berth_crds::notice::Occasion;
use berth_crds::{ConditionType, Environment, Onboarding, Reason, Site, Tenant, condition};
use berth_tests::error::Result;
use berth_tests::install;
use berth_tests::mail::Place;
use berth_tests::people::{self, Account};
use berth_tests::stack::{Door, Operator};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::json;
use tonic::Code;

use crate::addresses::{enter, plan_anew};
use crate::networks::{self, cilium, kind};
use crate::notices::{self, LAN};
use crate::world::{PATIENCE, World, changed, decision, request, shared};
use crate::{dates, report};

/// The days on which A1 plays: check and decision have twelve working days, to 24 September.
const ASKED: &str = "2025-09-08T02:00:00Z";
const SIGNED: &str = "2025-09-09T03:00:00Z";
const SEEN: &str = "2025-09-09T03:01:00Z";
/// Longest time from the decision to a ready environment (domain §4.5 [A]).
const TARGET: SignedDuration = SignedDuration::from_mins(30);

/// The request of A1, submitted on one day, signed on the next, and ready before an operator that tells.
async fn ask_and_decide(world: &World, place: &Place) -> Result<(Onboarding, Operator)> {
    let mut body = request("ag-62", "a1");
    body["spec"]["system"]["level"] = json!(2);
    body["spec"]["environment"]["classRef"]["name"] = json!("m");
    let paper = dates::submitted(world, "lead-62", body, ASKED).await?;
    dates::on(world, ASKED, &paper, "is checked", |status| !status.checks.is_empty()).await?;
    dates::signed(world, "approver", decision(&paper, "approver", 1, "Approve"), SIGNED).await?;
    let settings = notices::settings(Some(place), None)?;
    let operator = Operator::start_at(&world.cluster, SEEN, Some(settings)).await?;
    Ok((world.until(&paper, ConditionType::Ready).await?, operator))
}

/// Ready within the target after the decision, and so by the day that the receipt promised.
async fn in_time(world: &World, paper: &Onboarding) -> Result<()> {
    let status = paper.status.clone().unwrap_or_default();
    let decided = status.outcome.ok_or("no outcome")?.decided_at.0;
    let ready = condition::get(&status.conditions, ConditionType::Ready).ok_or("not ready")?.last_transition_time.0;
    let took = ready.duration_since(decided);
    assert_eq!(decided.to_string(), SIGNED);
    assert!((SignedDuration::ZERO..=TARGET).contains(&took), "{took:?}");
    let door = Door::start(&world.cluster).await?;
    let counted = report::demand(world, &door, "auditor", "").await.map_err(|code| code.to_string())?;
    let expected = DemandRequest {
        onboarding: "agencies/ag-62/onboardings/a1".into(),
        standing: Standing::GrantedInTime as i32,
        submit_date: "2025-09-08".into(),
        due_date: "2025-09-24".into(),
        grant_date: "2025-09-09".into(),
    };
    assert_eq!(counted.requests, [expected]);
    door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_a_level_2_system_of_class_m_is_ready_in_time_with_both_families_its_grant_as_quota_and_the_minutes()
-> Result<()> {
    let (world, place) = (notices::peopled().await?, Place::new()?);
    let server = place.start().await?;
    // A network of both families: Cilium's kinds, its shared IPv4 pool, and a node that takes from pools.
    networks::install(&world.cluster, CILIUM).await?;
    let admin = world.cluster.admin();
    let own = |version, name| kind(admin.clone(), version, name, None);
    networks::put(&own("cilium.io/v2alpha1", "CiliumPodIPPool"), cilium::shared_pool()).await?;
    networks::put(&own("cilium.io/v2", "CiliumNode"), cilium::node(json!([]))).await?;
    let (paper, operator) = ask_and_decide(&world, &place).await?;
    in_time(&world, &paper).await?;
    let named = paper.status.as_ref().and_then(|status| status.environment_ref.as_ref()).ok_or("no environment")?;
    let environment: Environment = Api::all(admin.clone()).get(&named.name).await?;
    let (name, status) = (environment.name_any(), environment.status.unwrap_or_default());
    // No zones below level 3: one namespace, one /64 for its pods, and IPv4 beside it.
    let leaves: Vec<_> = status.namespaces.iter().map(|n| (n.zone, n.prefix.clone().unwrap_or_default())).collect();
    let [(None, leaf)] = leaves.as_slice() else { return Err(format!("{leaves:?}").into()) };
    let net = |text: &str| berth_plan::address::parse(text).unwrap();
    assert_eq!(net(leaf).prefix_len(), 64);
    assert!(net(&status.prefix.unwrap_or_default()).contains(&net(leaf)));
    let mut keys = Api::<Namespace>::all(admin.clone()).get(&name).await?.annotations().clone();
    keys.remove("berth.dev/environment-uid");
    let pool = format!("p6-{}", leaf.replace([':', '/'], "-"));
    let both = json!({"ipam.cilium.io/ipv6-pool": pool, "ipam.cilium.io/ipv4-pool": "shared4",
        "ipam.cilium.io/require-pool-match": "true"});
    assert_eq!(json!(keys), both);
    // The quota is the grant, and the grant is the class.
    let granted = status.granted.ok_or("nothing is granted")?;
    assert_eq!((granted.cpu.as_str(), granted.memory.as_str(), granted.storage.as_str()), ("8", "32Gi", "500Gi"));
    let quota = world.within::<ResourceQuota>(&name).await?.remove(0);
    let hard = quota.status.and_then(|s| s.hard).unwrap_or_default();
    let in_force = ["limits.cpu", "limits.memory", "requests.storage"].map(|key| hard[key].0.as_str());
    assert_eq!(in_force, [&granted.cpu, &granted.memory, &granted.storage].map(String::as_str));
    // The minutes come filled in.
    notices::reaches(&world, &paper, Occasion::HandedOver, Reason::NoticeDelivered).await?;
    let mails = notices::mails_to(&server, LAN).await?;
    let minutes = mails.iter().find(|mail| mail.subject.starts_with("Biên bản bàn giao")).ok_or("no minutes")?;
    let page = server.attachment(minutes, minutes.attachments.first().ok_or("nothing is attached")?).await?;
    for part in [name.as_str(), "8 vCPU, RAM 32Gi"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    operator.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a3_level_5_is_refused_everywhere_and_level_4_where_the_site_does_not_reach_it() -> Result<()> {
    let world = changed().await?;
    let ask = async |name: &str, level: i64| {
        let change = |spec: &mut serde_json::Value| {
            spec["system"]["level"] = json!(level);
            spec["environment"]["classRef"]["name"] = json!("m");
        };
        world.ask("lead-62", "ag-62", name, change).await
    };
    let refused = async |name: &str, level: i64| -> Result<(String, String)> {
        let paper = world.until(&ask(name, level).await?, ConditionType::Rejected).await?;
        let conditions = paper.status.unwrap_or_default().conditions;
        let told = condition::get(&conditions, ConditionType::Rejected).ok_or("not told")?;
        Ok((told.reason.clone(), told.message.clone()))
    };
    let (reason, message) = refused("a3-five", 5).await?;
    assert_eq!(reason, "RefusedByLaw");
    assert!(message.contains("NĐ 331/2026 Đ30.9"), "{message}");
    let (_, message) = refused("a3-four", 4).await?;
    assert!(message.starts_with("Level 4 is above 3, the highest level of the site"), "{message}");
    // The same on a site that declares it: accepted, zoned, and level 5 is refused as before.
    let sites: Api<Site> = Api::all(world.cluster.admin());
    let capable = Patch::Merge(json!({"spec": {"highestLevel": 4}}));
    sites.patch("binh-duong-dc1", &Default::default(), &capable).await?;
    let accepted = until("a level-4 system is accepted", PATIENCE, async || {
        // The operator's view of the site is a moment behind, and a refused request is over: each try is a new one.
        let name = format!("a3-four-{}", world.cluster.etcd_revision().await.map_err(|e| e.to_string())?);
        let paper = ask(&name, 4).await.map_err(|e| e.to_string())?;
        let paper = world.checked(&paper).await.map_err(|e| e.to_string())?;
        let status = paper.status.clone().unwrap_or_default();
        if status.outcome.is_none() { Ok(paper) } else { Err(format!("{:?}", status.conditions)) }
    })
    .await?;
    world.decide("approver", &accepted, "Approve").await?;
    let ready = world.until(&accepted, ConditionType::Ready).await?;
    let name = ready.status.and_then(|s| s.environment_ref).ok_or("no environment")?.name;
    let environment: Environment = Api::all(world.cluster.admin()).get(&name).await?;
    assert_eq!(environment.status.unwrap_or_default().namespaces.len(), 4);
    assert_eq!(refused("a3-five-again", 5).await?.0, "RefusedByLaw");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_a_pipeline_that_lowers_the_log_retention_of_a_level_3_system_is_refused_with_the_rule() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-67", "a18", |spec| spec["system"]["level"] = json!(3)).await?;
    let door = Door::start(&world.cluster).await?;
    // The pipeline is a member of its agency in the province's register.
    let account = Account { namespace: "pipelines".into(), name: "so-y-te".into() };
    let token = people::pipeline(&world.cluster, &account).await?;
    let mut pipeline = DoorClient::connect(&door.url, &token).await?;
    let keeps = |days: i64| {
        crate::door::message("ag-67", &format!("a18-{days}"), |spec| {
            spec["action"] = json!("Change");
            spec["environmentRef"] = json!({"name": environment.name_any(), "uid": environment.uid()});
            spec["revision"] = json!(environment.spec.basis.revision);
            spec["form"] = json!({"growthPercent": 10, "undertaking": "Given",
                "logs": {"kinds": "syslog", "keepDays": days}});
            spec.as_object_mut().unwrap().remove("system");
        })
    };
    let rule = "`spec.form.logs.keepDays` is 30; level 3 keeps logs at least 90 days: ";
    for days in [90, 30] {
        let CreateOnboardingRequest { parent, onboarding, .. } = keeps(days);
        let told = pipeline.onboardings.check_onboarding(CheckOnboardingRequest { parent, onboarding }).await?;
        let checks = told.into_inner().checks;
        let bad: Vec<_> =
            checks.iter().filter(|c| matches!(c.result(), check::Result::Failed | check::Result::Refused)).collect();
        match bad.as_slice() {
            [] if days == 90 => {}
            [form] if days == 30 && form.id == "form" => assert!(form.message.starts_with(rule), "{form:?}"),
            other => return Err(format!("{days}: {other:?}").into()),
        }
    }
    let created = pipeline.onboardings.create_onboarding(keeps(30)).await?.into_inner();
    let id = created.name.rsplit('/').next().unwrap_or_default();
    let paper = world.until(&world.onboarding("ag-67", id).await?, ConditionType::Rejected).await?;
    assert_eq!(paper.spec.requester.username, "system:serviceaccount:pipelines:so-y-te");
    let conditions = paper.status.unwrap_or_default().conditions;
    let told = condition::get(&conditions, ConditionType::Rejected).ok_or("not told")?;
    assert!(told.message.starts_with(rule), "{told:?}");
    let kept: Environment = Api::all(world.cluster.admin()).get(&environment.name_any()).await?;
    assert_eq!(kept.spec, environment.spec);
    door.stop().await
}

/// A pipeline that acts for an agency, through the door.
async fn pipeline(world: &World, door: &Door, agency: &str) -> Result<DoorClient> {
    let account = Account { namespace: "pipelines".into(), name: format!("of-{agency}") };
    let token = people::pipeline(&world.cluster, &account).await?;
    let agencies: Api<berth_crds::Agency> = Api::all(world.cluster.admin());
    let member = json!({"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace});
    let mut members = serde_json::to_value(agencies.get(agency).await?.spec.members)?;
    members.as_array_mut().ok_or("no list")?.push(json!({"subject": member, "role": "Requester"}));
    agencies.patch(agency, &Default::default(), &Patch::Merge(json!({"spec": {"members": members}}))).await?;
    Ok(DoorClient::connect(&door.url, &token).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_a19_two_pipelines_race_for_the_last_block_one_waits_with_the_reason_and_none_asks_for_the_other()
-> Result<()> {
    let world = World::start().await?;
    // A system's /56 lies in its own agency's block: what two agencies can both want is the last block, and the /56 in it.
    // Blocks of /44: the one pool holds sixteen agencies.
    plan_anew(&world, 44).await?;
    let _operator = world.operator().await?;
    install::agencies_ready(&world.cluster).await?;
    // Fifteen bodies take fifteen of the pool's sixteen blocks; communes are numbered elsewhere.
    let others: Vec<String> = world
        .all::<berth_crds::Agency>()
        .await?
        .into_iter()
        .filter(|a| a.spec.type_ != AgencyType::Commune && a.spec.in_force.to.is_none())
        .map(|a| a.name_any())
        .filter(|name| name != "ag-61" && name != "ag-66")
        .take(15)
        .collect();
    assert_eq!(others.len(), 15, "{others:?}");
    for (n, agency) in others.iter().enumerate() {
        let plate = format!("takes{}", char::from(b'a' + n as u8));
        enter(&world, &plate, agency, &plate).await?;
    }
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    until("fifteen systems are numbered", PATIENCE, async || {
        let all = tenants.list(&Default::default()).await.map_err(|e| e.to_string())?.items;
        let numbered = all.iter().filter(|t| t.status.as_ref().is_some_and(|s| s.prefix.is_some())).count();
        if numbered == 15 { Ok(()) } else { Err(numbered.to_string()) }
    })
    .await?;
    let door = Door::start(&world.cluster).await?;
    let mut first = pipeline(&world, &door, "ag-61").await?;
    let mut second = pipeline(&world, &door, "ag-66").await?;
    let asked = |agency: &str| crate::door::message(agency, &format!("a15-{agency}"), |_| {});
    // A19: what acts for one agency asks for nothing in another's name; a control that it asks for its own.
    until("the pipelines are known", PATIENCE, async || {
        let made = first.clone().onboardings.create_onboarding(asked("ag-61")).await.map_err(|e| e.to_string())?;
        second.clone().onboardings.create_onboarding(asked("ag-66")).await.map_err(|e| e.to_string())?;
        Ok::<_, String>(made)
    })
    .await?;
    let foreign = crate::door::message("ag-66", "a19", |_| {});
    let denied = first.onboardings.create_onboarding(foreign.clone()).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied, "{denied}");
    assert!(denied.message().contains("ag-66"), "{denied}");
    second.onboardings.create_onboarding(foreign).await?;
    // A15: both are approved at once.
    let mut papers = Vec::new();
    for paper in world.all::<Onboarding>().await? {
        if paper.spec.system.as_ref().is_some_and(|s| s.code.starts_with("a15-")) {
            papers.push(world.checked(&paper).await?);
        }
    }
    assert_eq!(papers.len(), 2);
    let decisions = papers.iter().map(|paper| world.decide("approver", paper, "Approve"));
    for decided in futures::future::join_all(decisions).await {
        decided?;
    }
    let (won, waiting) = until("one is numbered and the other waits", PATIENCE, async || {
        let all = tenants.list(&Default::default()).await.map_err(|e| e.to_string())?.items;
        let racing = all.into_iter().filter(|t| t.spec.code.starts_with("a15-"));
        let (numbered, waiting): (Vec<_>, Vec<_>) =
            racing.partition(|t| t.status.as_ref().is_some_and(|s| s.prefix.is_some()));
        let told = |t: &Tenant| {
            let conditions = t.status.clone().unwrap_or_default().conditions;
            condition::get(&conditions, ConditionType::Addressed)
                .filter(|c| c.status == "False")
                .map(|c| (c.reason.clone(), c.message.clone()))
        };
        match (numbered.as_slice(), waiting.as_slice()) {
            ([one], [other]) if told(other).is_some() => {
                Ok((one.status.clone().and_then(|s| s.prefix), told(other).unwrap_or_default()))
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    assert_eq!(waiting.0, "PoolExhausted", "{won:?} won; {waiting:?}");
    let won = won.as_deref().and_then(berth_plan::address::parse).ok_or("no prefix")?;
    assert_eq!(won.prefix_len(), 56);
    let blocks = world.all::<berth_crds::PrefixBlock>().await?;
    let nets: Vec<_> = blocks.iter().filter_map(|b| berth_plan::address::parse(&b.spec.cidr)).collect();
    // Of one length, other names are no overlap.
    let of = |length: u8| nets.iter().filter(|n| n.prefix_len() == length).collect::<BTreeSet<_>>();
    assert_eq!((of(44).len(), of(56).len()), (16, 16));
    door.stop().await
}
