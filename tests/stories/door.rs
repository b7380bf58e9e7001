//! Through the door: gRPC as a caller, one rule with kubectl, and clear answers to bad input.

use berth_api::client::Client;
use berth_api::proto::v1::{
    ApproveOnboardingRequest, CreateOnboardingRequest, GetEnvironmentRequest, GetKubeconfigRequest,
    ListEnvironmentsRequest, ListOnboardingsRequest, Onboarding, OnboardingSpec, WithdrawOnboardingRequest,
    onboarding_spec::Action,
};
use berth_crds::{ConditionType, OnboardingSpec as Paper};
use berth_tests::error::Result;
use kube::ResourceExt;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt;

use crate::way::Way;
use crate::world::request;

impl Way {
    async fn ask(&self, who: &str, message: CreateOnboardingRequest) -> std::result::Result<Onboarding, tonic::Status> {
        let mut client = self.client(who).await.map_err(|e| tonic::Status::internal(e.to_string()))?;
        client.onboardings.create_onboarding(message).await.map(tonic::Response::into_inner)
    }
}

/// A request as the API's message; `change` edits the Kubernetes form first.
pub fn message(agency: &str, code: &str, change: impl FnOnce(&mut Value)) -> CreateOnboardingRequest {
    let mut body = request("ag-62", code);
    body["spec"]["requester"] = json!({"username": "stamped"});
    change(&mut body["spec"]);
    let paper: Paper = serde_json::from_value(body["spec"].take()).unwrap();
    let spec = berth_api::convert::onboarding::spec(&paper, "agency-ag-62");
    CreateOnboardingRequest {
        parent: format!("agencies/{agency}"),
        onboarding: Some(Onboarding { spec: Some(spec), ..Default::default() }),
        request_id: format!("id-{code}"),
        validate_only: false,
    }
}

fn approval(onboarding: &Onboarding) -> ApproveOnboardingRequest {
    ApproveOnboardingRequest { name: onboarding.name.clone(), uid: onboarding.uid.clone(), ..Default::default() }
}

pub fn reason(status: &tonic::Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_id_twice_is_one_request_and_other_content_is_refused() -> Result<()> {
    let way = Way::open().await?;
    let first = way.ask("lead-62", message("ag-62", "door-twice", |_| {})).await?;
    let again = way.ask("lead-62", message("ag-62", "door-twice", |_| {})).await?;
    assert_eq!((&first.name, &first.uid), (&again.name, &again.uid));
    let mut other = message("ag-62", "door-twice-other", |_| {});
    other.request_id = "id-door-twice".into();
    let refusal = way.ask("lead-62", other).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_asks_an_approver_decides_and_the_environment_can_be_used() -> Result<()> {
    let way = Way::open().await?;
    let asked = way.ask("lead-62", message("so-kh-cn", "door-way", |_| {})).await?;
    assert!(asked.name.starts_with("agencies/ag-62/onboardings/onb-"), "{}", asked.name);
    let own = way.client("lead-62").await?.onboardings.approve_onboarding(approval(&asked)).await.unwrap_err();
    assert_eq!(own.code(), Code::PermissionDenied);
    let mut approver = way.client("approver").await?;
    approver.onboardings.approve_onboarding(approval(&asked)).await?;
    let id = asked.name.rsplit('/').next().unwrap_or_default();
    let paper = way.world.until(&way.world.onboarding("ag-62", id).await?, ConditionType::Ready).await?;
    let twice = approver.onboardings.approve_onboarding(approval(&asked)).await.unwrap_err();
    assert_eq!((twice.code(), reason(&twice).as_str()), (Code::FailedPrecondition, "ALREADY_DECIDED"));
    let name = format!("environments/{}", paper.status.and_then(|s| s.environment_ref).ok_or("no environment")?.name);
    let mut lead = way.client("lead-62").await?;
    let environment =
        lead.environments.get_environment(GetEnvironmentRequest { name: name.clone() }).await?.into_inner();
    assert_eq!((environment.agency.as_str(), environment.namespaces.len()), ("agencies/ag-62", 1));
    let kubeconfig = lead
        .environments
        .get_kubeconfig(GetKubeconfigRequest { name: name.clone(), token_file: "token".into() })
        .await?
        .into_inner();
    let person = way.world.people.iter().find(|p| p.name == "lead-62").ok_or("lead-62")?;
    assert!(!format!("{kubeconfig:?}").contains(&person.token), "a kubeconfig holds no secret");
    let foreign =
        way.client("lead-66").await?.environments.get_environment(GetEnvironmentRequest { name }).await.unwrap_err();
    assert!(matches!(foreign.code(), Code::NotFound | Code::PermissionDenied), "{foreign}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_the_own_request_through_the_door_either() -> Result<()> {
    let way = Way::open().await?;
    let asked = way.ask("both", message("ag-62", "door-own", |_| {})).await?;
    let refusal = way.client("both").await?.onboardings.approve_onboarding(approval(&asked)).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "SELF_APPROVAL"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_request_is_not_decided() -> Result<()> {
    let way = Way::open().await?;
    let asked = way.ask("lead-62", message("ag-62", "door-withdrawn", |_| {})).await?;
    let withdraw = WithdrawOnboardingRequest { name: asked.name.clone(), uid: asked.uid.clone(), ..Default::default() };
    way.client("lead-62").await?.onboardings.withdraw_onboarding(withdraw).await?;
    let id = asked.name.rsplit('/').next().unwrap_or_default();
    way.world.until(&way.world.onboarding("ag-62", id).await?, ConditionType::Withdrawn).await?;
    let refusal = way.client("approver").await?.onboardings.approve_onboarding(approval(&asked)).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "ALREADY_DECIDED"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_agency_lists_its_own_and_an_approver_lists_all() -> Result<()> {
    let way = Way::open().await?;
    let asked = way.ask("lead-62", message("ag-62", "door-list", |_| {})).await?;
    let list = |parent: &str| ListOnboardingsRequest { parent: parent.into(), page_size: 1000, ..Default::default() };
    for (who, sees) in [("lead-62", true), ("lead-66", false), ("approver", true)] {
        let all = way.client(who).await?.onboardings.list_onboardings(list("agencies/-")).await?.into_inner();
        assert_eq!(all.onboardings.iter().any(|o| o.name == asked.name), sees, "{who}");
    }
    let foreign = way.client("lead-66").await?.onboardings.list_onboardings(list("agencies/ag-62")).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let nobody = way.client("nobody").await?.environments.list_environments(ListEnvironmentsRequest::default()).await;
    assert!(nobody.map_or(true, |e| e.into_inner().environments.is_empty()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_does_not_get_in() -> Result<()> {
    let way = Way::open().await?;
    let list = ListEnvironmentsRequest::default();
    for token in ["nobody-has-this-token", "x"] {
        let mut client = Client::connect(&way.door.url, token).await?;
        let refusal = client.environments.list_environments(list.clone()).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unauthenticated, "UNAUTHENTICATED"));
    }
    let cluster = &way.world.cluster;
    let foreign = cluster.service_account_token("berth-system", "berth-operator", &["https://somebody.else"]).await?;
    let refusal =
        Client::connect(&way.door.url, &foreign).await?.environments.list_environments(list.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::Unauthenticated);
    let mut nothing =
        berth_api::proto::v1::environment_service_client::EnvironmentServiceClient::connect(way.door.url.clone())
            .await?;
    let refusal = nothing.list_environments(list).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unauthenticated, "UNAUTHENTICATED"));
    Ok(())
}

/// What is wrong, how the request is changed, and the field that the answer must name.
type Bad = (&'static str, fn(&mut Value), &'static str);

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_an_answer_that_names_the_field_and_leaves_nothing_behind() -> Result<()> {
    let way = Way::open().await?;
    let cases: [Bad; 15] = [
        ("unknown class", |s| s["environment"]["classRef"]["name"] = json!("zz"), "class"),
        ("level 0", |s| s["system"]["level"] = json!(0), "level"),
        ("level 6", |s| s["system"]["level"] = json!(6), "level"),
        (
            "size of nothing",
            |s| s["environment"]["quota"] = json!({"cpu": "0", "memory": "1Gi", "storage": "1Gi"}),
            "cpu",
        ),
        (
            "negative size",
            |s| s["environment"]["quota"] = json!({"cpu": "-1", "memory": "1Gi", "storage": "1Gi"}),
            "cpu",
        ),
        (
            "not a quantity",
            |s| s["environment"]["quota"] = json!({"cpu": "1", "memory": "viel", "storage": "1Gi"}),
            "memory",
        ),
        (
            "above the class",
            |s| s["environment"]["quota"] = json!({"cpu": "3", "memory": "1Gi", "storage": "1Gi"}),
            "cpu",
        ),
        ("end in the past", |s| s["environment"]["endDate"] = json!("2020-01-01"), "end_date"),
        ("30 February", |s| s["environment"]["endDate"] = json!("2030-02-30"), "end_date"),
        ("not NFC", |s| s["system"]["displayName"] = json!("So\u{031b}\u{0309} Y tế"), "display_name"),
        ("control character", |s| s["system"]["displayName"] = json!("a\u{7}b"), "display_name"),
        ("too long", |s| s["justification"] = json!("x".repeat(5000)), "justification"),
        ("IPv4 wish", |s| s["environment"]["requestedPrefix"] = json!("10.0.0.0/8"), "requested_prefix"),
        ("unmasked wish", |s| s["environment"]["requestedPrefix"] = json!("3fff:a10:1100::1/56"), "requested_prefix"),
        ("upper-case wish", |s| s["environment"]["requestedPrefix"] = json!("3FFF:a10:1100::/56"), "requested_prefix"),
    ];
    let before = way.world.all::<berth_crds::Onboarding>().await?.len();
    for (n, (what, change, field)) in cases.into_iter().enumerate() {
        let refusal = way.ask("lead-62", message("ag-62", &format!("door-bad-{n}"), change)).await.expect_err(what);
        assert_eq!(refusal.code(), Code::InvalidArgument, "{what}: {refusal}");
        let violations = refusal.get_details_bad_request().map(|b| b.field_violations).unwrap_or_default();
        assert!(violations.iter().any(|v| v.field.contains(field)), "{what}: {violations:?}");
        assert!(violations.iter().all(|v| !v.description.is_empty()), "{what}: {violations:?}");
    }
    let unknown = way.ask("lead-62", message("ag-9999", "door-bad-agency", |_| {})).await.unwrap_err();
    assert!(matches!(unknown.code(), Code::InvalidArgument | Code::NotFound), "{unknown}");
    assert!(unknown.message().contains("ag-9999"), "{unknown}");
    let foreign = way.ask("lead-66", message("ag-62", "door-bad-foreign", |_| {})).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let large = way
        .ask("lead-62", message("ag-62", "door-bad-large", |s| s["justification"] = json!("x".repeat(5 << 20))))
        .await;
    assert!(matches!(large.unwrap_err().code(), Code::OutOfRange | Code::ResourceExhausted | Code::InvalidArgument));
    let mut bare = message("ag-62", "door-bad-action", |_| {});
    bare.onboarding.as_mut().unwrap().spec = Some(OnboardingSpec {
        action: Action::Transfer as i32,
        justification: "Chuyển giao.".into(),
        ..Default::default()
    });
    let bare = way.ask("lead-62", bare).await.unwrap_err();
    assert_eq!(bare.code(), Code::InvalidArgument);
    assert!(bare.message().contains("transfer"), "{bare}");
    let mine = way.world.all::<berth_crds::Onboarding>().await?;
    let left: Vec<String> = mine
        .iter()
        .filter(|o| o.spec.system.as_ref().is_some_and(|s| s.code.starts_with("door-bad")))
        .map(ResourceExt::name_any)
        .collect();
    assert!(left.is_empty() && mine.len() >= before, "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_only_answers_like_the_real_thing_and_writes_nothing() -> Result<()> {
    let way = Way::open().await?;
    let mut try_it = message("ag-62", "door-dry", |_| {});
    try_it.validate_only = true;
    way.ask("lead-62", try_it).await?;
    let papers = way.world.all::<berth_crds::Onboarding>().await?;
    assert!(papers.iter().all(|o| o.spec.system.as_ref().is_none_or(|s| s.code != "door-dry")));
    Ok(())
}
