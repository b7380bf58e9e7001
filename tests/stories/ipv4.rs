//! Exposure over IPv4 only: an exception that ends, granted by people, told when it is over, and counted.

use berth_api::cli::Exit;
use berth_api::proto::v1 as pb;
use berth_cluster::until;
use berth_crds::environment::Ipv4Exception;
use berth_crds::onboarding::Verdict;
use berth_crds::{ConditionType, Environment, condition};
use berth_tests::error::Result;
use jiff::Span;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, ResourceExt as _};
use pb::list_environments_request::Ipv4Only;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::attack::{MERGE, send};
use crate::way::Way;
use crate::world::{PATIENCE, World, code, message, request};

const REASON: &str = "Thiết bị đầu cuối cũ.";

fn asked(name: &str, until: Option<&str>) -> Value {
    let mut body = request("ag-62", name);
    body["spec"]["environment"]["exposure"] = json!(["Internet"]);
    body["spec"]["environment"]["ipv4Only"] = match until {
        Some(until) => json!({"reason": REASON, "until": until}),
        None => json!({"reason": REASON}),
    };
    body
}

/// Waits until the condition has a reason, and returns it.
async fn told(world: &World, name: &str, reason: &str) -> Result<Condition> {
    let api: Api<Environment> = Api::all(world.cluster.admin());
    Ok(until(&format!("{name} says {reason}"), PATIENCE, async || {
        let conditions = api.get(name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Ipv4Excepted) {
            Some(found) if found.reason == reason => Ok(found.clone()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?)
}

/// Names and counts that the door lists of one system.
async fn listed(way: &Way, tenant: &str, only: Ipv4Only) -> Result<(Vec<String>, i32, i32)> {
    let mut lead = way.client("lead-62").await?;
    let list = pb::ListEnvironmentsRequest {
        tenant: format!("tenants/{tenant}"),
        ipv4_only: only as i32,
        ..Default::default()
    };
    let answer = lead.environments.list_environments(list).await?.into_inner();
    let counted = answer.ipv4_exceptions.ok_or("not counted")?;
    Ok((answer.environments.into_iter().map(|e| e.name).collect(), counted.open, counted.over))
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_an_exception_for_ipv4_only_without_an_end_is_denied_and_one_with_an_end_is_accepted_and_counted()
-> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let today = berth_api::clock::Clock::system().today();
    let later = today.checked_add(Span::new().days(400))?.to_string();

    // Without an end: at once, by both ways, and the field is named.
    let refused = world.create("lead-62", asked("a21-none", None)).await;
    let refused = (message(refused), code(world.create("lead-62", asked("a21-none", None)).await));
    assert!(refused.0.contains("exposure over IPv4 only must end: give `until`") && refused.1 == 422, "{refused:?}");
    let mut body = asked("a21-door", Some(&later))["spec"].take();
    body["requester"] = json!({"username": "stamped"});
    let spec = berth_api::convert::onboarding::spec(&serde_json::from_value(body)?, "agency-ag-62");
    let mut create = pb::CreateOnboardingRequest {
        parent: "agencies/ag-62".into(),
        onboarding: Some(pb::Onboarding { spec: Some(spec), ..Default::default() }),
        request_id: "a21-door".into(),
        validate_only: false,
    };
    let mut endless = create.clone();
    let environment = endless.onboarding.as_mut().and_then(|o| o.spec.as_mut()?.environment.as_mut());
    environment.and_then(|e| e.ipv4_only.as_mut()).ok_or("no exception")?.until.clear();
    let mut lead = way.client("lead-62").await?;
    let refused = lead.onboardings.create_onboarding(endless).await.unwrap_err();
    let violations = refused.get_details_bad_request().map(|b| b.field_violations).unwrap_or_default();
    let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["onboarding.spec.environment.ipv4_only.until"]));

    // With an end that is over: the checks end it, and say what to give.
    world.create("lead-62", asked("a21-past", Some("2020-01-01"))).await?;
    let past = world.until(&world.onboarding("ag-62", "a21-past").await?, ConditionType::Rejected).await?;
    let checks = past.status.unwrap_or_default().checks;
    let check = checks.iter().find(|c| c.id == "ipv4").ok_or("no check")?;
    assert_eq!(check.result, Verdict::Failed);
    assert!(check.message.starts_with("`spec.environment.ipv4Only.until` is \"2020-01-01\""), "{}", check.message);

    // With an end to come: who approves sees it, and it stands in the environment.
    create.request_id = "a21-good".into();
    let created = lead.onboardings.create_onboarding(create).await?.into_inner();
    let id = created.name.rsplit('/').next().unwrap_or_default();
    let paper = world.checked(&world.onboarding("ag-62", id).await?).await?;
    let checks = paper.status.clone().unwrap_or_default().checks;
    let check = checks.iter().find(|c| c.id == "ipv4").ok_or("no check")?;
    assert_eq!((check.result, check.reason.as_str()), (Verdict::Warning, "Ipv4Excepted"));
    world.decide("approver", &paper, "Approve").await?;
    let paper = world.until(&paper, ConditionType::Ready).await?;
    let name = paper.status.and_then(|s| s.environment_ref).ok_or("no environment")?.name;
    let api: Api<Environment> = Api::all(world.cluster.admin());
    let environment = api.get(&name).await?;
    let exception = Ipv4Exception { reason: REASON.into(), until: Some(later.clone()) };
    assert_eq!(environment.spec.ipv4_only, Some(exception));
    assert_eq!(told(world, &name, "Ipv4Excepted").await?.status, "True");
    let get = pb::GetEnvironmentRequest { name: format!("environments/{name}") };
    let shown = lead.environments.get_environment(get).await?.into_inner().ipv4_only.ok_or("not shown")?;
    assert_eq!((shown.reason.as_str(), shown.until), (REASON, later));
    let (tenant, full) = (environment.spec.tenant_ref.name.clone(), format!("environments/{name}"));
    assert_eq!(listed(&way, &tenant, Ipv4Only::Open).await?, (vec![full.clone()], 1, 0));
    assert_eq!(listed(&way, &tenant, Ipv4Only::Over).await?, (vec![], 1, 0));

    // Its end passes: entered by hand, because nothing asks for a day that is over. Nothing breaks; it is told and counted.
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    let before = namespaces.get(&name).await?;
    let over = today.checked_sub(Span::new().days(2))?.to_string();
    let edit = json!({"spec": {"ipv4Only": {"until": over},
        "basis": {"type": "Direct", "reason": "Nhập ngày.", "onboardingRef": null, "decisionUIDs": null, "revision": 2}}});
    let path = format!("/apis/berth.dev/v1alpha1/environments/{name}");
    let edited = send(&world.client("platform"), "PATCH", &path, MERGE, &edit).await;
    assert!(edited.accepted(), "{edited:?}");
    let said = told(world, &name, "Ipv4ExceptionOver").await?;
    assert!(said.status == "False" && said.message.contains(&over), "{said:?}");
    assert_eq!(listed(&way, &tenant, Ipv4Only::Over).await?, (vec![full], 0, 1));
    let status = api.get(&name).await?.status.unwrap_or_default();
    assert!(condition::is_true(&status.conditions, ConditionType::Ready), "{status:?}");
    let after = namespaces.get(&name).await?;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));

    assert_eq!(way.berth("lead-62", &["env", "list", "--ipv4-only", "over"]).await?, Exit::Done);
    Ok(())
}
