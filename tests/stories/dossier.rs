//! The dossier on the real control plane: states and who holds them, return and resubmission, correction, checks before
//! anything is sent.

use berth_api::proto::v1::{
    ApproveOnboardingRequest, CheckOnboardingRequest, CorrectOnboardingRequest, CreateOnboardingRequest, Document,
    GetOnboardingRequest, Grant, ListDecisionsRequest, Onboarding, Resources, ReturnOnboardingRequest, check,
    onboarding,
};
use berth_cluster::until;
use berth_crds::onboarding::State;
use berth_crds::{ConditionType, OnboardingSpec as Paper};
use berth_tests::error::Result;
use kube::ResourceExt;
use serde_json::{Value, json};
use tonic::Code;

use crate::way::Way;
use crate::world::{PATIENCE, code, decision, message, request, shared};

/// The API's message of a request in Kubernetes' form.
fn asked(agency: &str, name: &str, change: impl FnOnce(&mut Value)) -> CreateOnboardingRequest {
    let mut body = request(agency, name);
    body["spec"]["requester"] = json!({"username": "stamped"});
    change(&mut body["spec"]);
    let paper: Paper = serde_json::from_value(body["spec"].take()).unwrap();
    let spec = berth_api::convert::onboarding::spec(&paper, &format!("agency-{agency}"));
    CreateOnboardingRequest {
        parent: format!("agencies/{agency}"),
        onboarding: Some(Onboarding { spec: Some(spec), ..Default::default() }),
        request_id: format!("id-{name}"),
        validate_only: false,
    }
}

fn letter(number: &str) -> Value {
    json!({"issuer": "Sở Khoa học và Công nghệ", "number": number, "date": "2026-11-20", "signer": "Trần Thị Bình"})
}

/// `id result reason` of each check.
fn told(onboarding: &Onboarding) -> Vec<String> {
    onboarding.checks.iter().map(|c| format!("{} {:?} {}", c.id, c.result(), c.reason)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_dossier_names_all_its_defects_and_comes_back_as_one_that_supersedes_it() -> Result<()> {
    let world = shared().await?;
    let first = world.ask("lead-62", "ag-62", "story-return-1", |_| {}).await?;
    let mut back = decision(&first, "approver", 1, "Return");
    back["spec"]["reason"] = json!("Hồ sơ chưa đủ.");
    assert!(message(world.create("approver", back.clone()).await).contains("all `defects`"));
    back["spec"]["defects"] = json!(["Thiếu phương án sao lưu.", "Thiếu số công văn."]);
    world.sign("approver", back).await?;
    let first = world.until(&first, ConditionType::Stalled).await?;
    let status = first.status.clone().unwrap_or_default();
    let summary = status.summary.unwrap_or_default();
    assert_eq!((summary.state, summary.holder.as_str()), (State::Returned, "requester"));
    assert!(summary.due.is_some(), "the requester has a limit of its own");
    let stalled = status.conditions.iter().find(|c| c.type_ == "Stalled").ok_or("not told")?;
    assert!(stalled.message.contains("Thiếu phương án sao lưu. Thiếu số công văn."), "{}", stalled.message);
    let again = |name: &str| {
        let mut body = request("ag-62", name);
        body["spec"]["system"]["code"] = json!("story-return-1");
        body["spec"]["supersedes"] = json!({"name": first.name_any(), "uid": first.uid()});
        body
    };
    world.create("lead-62", again("story-return-2")).await?;
    let second = world.checked(&world.onboarding("ag-62", "story-return-2").await?).await?;
    let checks = second.status.clone().unwrap_or_default().checks;
    let chain = checks.iter().find(|c| c.id == "chain").ok_or("no check of the chain")?;
    let numbers: Vec<String> = chain.numbers.iter().map(|n| format!("{}={}", n.name, n.value)).collect();
    assert_eq!(numbers[0], "returns=1");
    world.create("lead-62", again("story-return-3")).await?;
    let third = world.until(&world.onboarding("ag-62", "story-return-3").await?, ConditionType::Rejected).await?;
    let rejected = third.status.unwrap_or_default().conditions;
    let why = &rejected.iter().find(|c| c.type_ == "Rejected").ok_or("not told")?.message;
    assert!(why.contains("\"story-return-2\" supersedes already"), "{why}");
    world.decide("approver", &second, "Approve").await?;
    world.until(&second, ConditionType::Ready).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_of_level_3_that_is_handed_over_waits_for_its_permission_to_operate() -> Result<()> {
    let world = shared().await?;
    let environment = world
        .onboard("ag-62", "story-a4", |spec| {
            spec["system"]["level"] = json!(3);
            spec["environment"]["classRef"]["name"] = json!("m");
        })
        .await?;
    let paper = world.onboarding("ag-62", "story-a4").await?;
    let status = paper.status.unwrap_or_default();
    let summary = status.summary.unwrap_or_default();
    assert_eq!((summary.state, summary.holder.as_str()), (State::AwaitingGoLive, "requester"));
    assert_eq!(status.agency_ref.map(|a| a.name).as_deref(), Some("ag-62"));
    assert!(environment.status.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_replaces_the_letters_data_restarts_nothing_and_is_the_requesters_alone() -> Result<()> {
    let way = Way::open().await?;
    let create = asked("ag-62", "door-correct", |s| s["letter"] = letter("1/SKHCN"));
    let mut lead = way.client("lead-62").await?;
    let paper = lead.onboardings.create_onboarding(create).await?.into_inner();
    let id = paper.name.rsplit('/').next().unwrap_or_default();
    let before = way.world.checked(&way.world.onboarding("ag-62", id).await?).await?;
    let correct = |number: &str| CorrectOnboardingRequest {
        name: paper.name.clone(),
        uid: paper.uid.clone(),
        letter: Some(Document {
            issuer: "Sở Khoa học và Công nghệ".into(),
            number: number.into(),
            date: "2026-11-21".into(),
            signer: "Trần Thị Bình".into(),
            ..Default::default()
        }),
        reason: "Ghi nhầm số.".into(),
        request_id: "correct-1".into(),
        ..Default::default()
    };
    lead.onboardings.correct_onboarding(correct("2/SKHCN")).await?;
    lead.onboardings.correct_onboarding(correct("2/SKHCN")).await?;
    let list = ListDecisionsRequest { parent: paper.name.clone(), ..Default::default() };
    let decisions = lead.onboardings.list_decisions(list).await?.into_inner().decisions;
    let numbers: Vec<String> = decisions.iter().filter_map(|d| Some(d.document.as_ref()?.number.clone())).collect();
    assert_eq!(numbers, ["2/SKHCN"], "a retry corrects once");
    let foreign = way.client("approver").await?.onboardings.correct_onboarding(correct("3/SKHCN")).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let mut nothing = correct("4/SKHCN");
    (nothing.letter, nothing.request_id) = (None, "correct-2".into());
    assert_eq!(lead.onboardings.correct_onboarding(nothing).await.unwrap_err().code(), Code::InvalidArgument);
    until("the letter is read as it was corrected", PATIENCE, async || {
        let get = GetOnboardingRequest { name: paper.name.clone() };
        let mut lead = way.client("lead-62").await.map_err(|e| e.to_string())?;
        let read = lead.onboardings.get_onboarding(get).await.map_err(|e| e.to_string())?.into_inner();
        let letter = read.spec.and_then(|spec| spec.letter).unwrap_or_default();
        if letter.number == "2/SKHCN" { Ok(()) } else { Err(format!("{letter:?}")) }
    })
    .await?;
    let after = way.world.onboarding("ag-62", id).await?;
    let (before, after) = (before.status.unwrap_or_default(), after.status.unwrap_or_default());
    assert_eq!((after.outcome, after.summary), (None, before.summary), "no clock restarts");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_approver_changed_is_shown_as_asked_and_decided_and_a_return_needs_its_defects() -> Result<()> {
    let way = Way::open().await?;
    let change = |s: &mut Value| s["environment"]["classRef"]["name"] = json!("s");
    let mut lead = way.client("lead-67").await?;
    let paper = lead.onboardings.create_onboarding(asked("ag-67", "door-changes", change)).await?.into_inner();
    let mut approver = way.client("approver").await?;
    let back =
        ReturnOnboardingRequest { name: paper.name.clone(), reason: "Chưa đủ.".into(), ..Default::default() };
    let refusal = approver.onboardings.return_onboarding(back).await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal}");
    let quota = Resources { cpu: "2".into(), memory: "4Gi".into(), storage: "50Gi".into(), ..Default::default() };
    let approve = ApproveOnboardingRequest {
        name: paper.name.clone(),
        uid: paper.uid.clone(),
        granted: Some(Grant { class: "classes/xs".into(), quota: Some(quota) }),
        reason: "Đủ dùng.".into(),
        ..Default::default()
    };
    approver.onboardings.approve_onboarding(approve).await?;
    let list = ListDecisionsRequest { parent: paper.name.clone(), ..Default::default() };
    let decisions = lead.onboardings.list_decisions(list).await?.into_inner().decisions;
    let changes: Vec<String> =
        decisions[0].changes.iter().map(|c| format!("{} {} → {}", c.field, c.asked, c.decided)).collect();
    assert_eq!(changes[0], "class s → xs");
    let id = paper.name.rsplit('/').next().unwrap_or_default();
    let ready = way.world.until(&way.world.onboarding("ag-67", id).await?, ConditionType::Ready).await?;
    let approved = ready.status.unwrap_or_default().conditions;
    let said = &approved.iter().find(|c| c.type_ == "Approved").ok_or("not told")?.message;
    assert!(said.contains("Changed: class s → xs"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_validate_only_answer_what_the_operator_will_say_and_write_nothing() -> Result<()> {
    let way = Way::open().await?;
    let mut lead = way.client("lead-62").await?;
    let asked = |validate_only| CreateOnboardingRequest {
        validate_only,
        ..asked("ag-62", "door-check", |s| {
            s["letter"] = letter("77/SKHCN");
            // A name that no other story has: which of many alike is named changes while others register.
            s["system"]["displayName"] = json!("Kho mẫu kiểm tra trước khi gửi");
        })
    };
    let create = asked(true);
    let check = CheckOnboardingRequest { parent: create.parent.clone(), onboarding: create.onboarding.clone() };
    let checked = lead.onboardings.check_onboarding(check.clone()).await?.into_inner();
    let tried = lead.onboardings.create_onboarding(create).await?.into_inner();
    // Others book meanwhile: how much is left is the one thing that may differ.
    let lasting = |o: &Onboarding| o.checks.iter().filter(|c| c.id != "headroom").cloned().collect::<Vec<_>>();
    assert_eq!((told(&checked), lasting(&checked)), (told(&tried), lasting(&tried)));
    assert_eq!((checked.state(), checked.holder.as_str()), (onboarding::State::AwaitingApproval, "approver"));
    assert!(!checked.due.is_empty() && checked.state_words == tried.state_words);
    assert_eq!(checked.state_words.clone().unwrap_or_default().vi, "Chờ phê duyệt");
    assert!(told(&checked).contains(&"automatic Passed NotAutomatic".to_owned()), "{:?}", told(&checked));
    let papers = way.world.all::<berth_crds::Onboarding>().await?;
    assert!(papers.iter().all(|o| o.spec.system.as_ref().is_none_or(|s| s.code != "door-check")));
    let real = lead.onboardings.create_onboarding(asked(false)).await?.into_inner();
    let id = real.name.rsplit('/').next().unwrap_or_default();
    let paper = way.world.checked(&way.world.onboarding("ag-62", id).await?).await?;
    let said: Vec<_> = paper.status.unwrap_or_default().checks;
    let said: Vec<String> = said.iter().map(|c| format!("{} {:?} {}", c.id, c.result, c.reason)).collect();
    assert_eq!(said, told(&checked), "the operator says the same");
    // The same letter again: a warning, before anything is sent.
    let mut again = check;
    again.onboarding.as_mut().and_then(|o| o.spec.as_mut()?.system.as_mut()).unwrap().code = "door-check-2".into();
    let warned = lead.onboardings.check_onboarding(again.clone()).await?.into_inner();
    let letter = warned.checks.iter().find(|c| c.id == "letter").ok_or("no check of the letter")?;
    assert_eq!((letter.result(), letter.reason.as_str()), (check::Result::Warning, "DuplicateLetter"));
    assert!(letter.advice.as_ref().is_some_and(|a| !a.vi.is_empty() && !a.en.is_empty()));
    let foreign = way.client("lead-66").await?.onboardings.check_onboarding(again).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resubmission_that_names_an_open_request_ends_and_a_correction_without_a_letter_is_refused() -> Result<()> {
    let world = shared().await?;
    let open = world.ask("lead-62", "ag-62", "story-open", |_| {}).await?;
    let mut body = request("ag-62", "story-open-2");
    body["spec"]["system"]["code"] = json!("story-open");
    body["spec"]["supersedes"] = json!({"name": open.name_any(), "uid": open.uid()});
    world.create("lead-62", body).await?;
    let second = world.until(&world.onboarding("ag-62", "story-open-2").await?, ConditionType::Rejected).await?;
    let conditions = second.status.unwrap_or_default().conditions;
    let why = &conditions.iter().find(|c| c.type_ == "Rejected").ok_or("not told")?.message;
    assert!(why.contains("which is not over"), "{why}");
    let mut correct = decision(&open, "requester", 1, "Correct");
    correct["spec"]["reason"] = json!("Ghi nhầm.");
    assert_eq!(code(world.create("lead-62", correct).await), 422);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_goes_from_the_form_to_a_corrected_and_returned_dossier() -> Result<()> {
    use berth_api::cli::Exit;

    let way = Way::open().await?;
    let folder = tempfile::tempdir()?;
    let (lead, approver) = ("lead-62", "approver");
    let berth = async |who: &str, words: &[&str]| way.berth(who, &[&["onboard"], words].concat()).await;
    let file = folder.path().join("draft.yaml");
    let mut body = request("ag-62", "cli-dossier");
    body["metadata"] = json!({"namespace": "agency-ag-62"});
    body["spec"]["requestId"] = json!("cli-dossier");
    body["spec"]["form"] = json!({"logs": {"kinds": "syslog", "keepDays": 1}});
    std::fs::write(&file, body.to_string())?;
    let path = file.display().to_string();
    assert_eq!(berth(lead, &["schema", "--action", "add-environment", "--kind", "staging"]).await?, Exit::Done);
    assert_eq!(berth(lead, &["check", "-f", &path]).await?, Exit::Refused, "the form has defects");
    body["spec"].as_object_mut().unwrap().remove("form");
    std::fs::write(&file, body.to_string())?;
    assert_eq!(berth(lead, &["check", "-f", &path]).await?, Exit::Done);
    assert_eq!(berth(lead, &["print", "-f", &path]).await?, Exit::Done);
    assert_eq!(berth(lead, &["draft", "-f", &path]).await?, Exit::Done);
    let of_letter = |number: &'static str| {
        let date = ["--letter-date", "2026-11-20", "--letter-signer", "Trần Thị Bình"];
        ["--letter-number", number, "--letter-issuer", "Sở KH&CN"].into_iter().chain(date).collect::<Vec<&str>>()
    };
    let submitted = [vec!["create", "-f", &path], of_letter("8/SKHCN")].concat();
    assert_eq!(berth(lead, &submitted).await?, Exit::Done);
    let id = berth_crds::names::onboarding("ag-62", "lead-62", "cli-dossier");
    let paper = way.world.checked(&way.world.onboarding("ag-62", &id).await?).await?;
    assert_eq!(paper.spec.letter.as_ref().map(|l| l.number.as_str()), Some("8/SKHCN"));
    let correct = [vec!["correct", &id, "--agency", "ag-62", "--reason", "Ghi nhầm."], of_letter("9/SKHCN")].concat();
    assert_eq!(berth(lead, &correct).await?, Exit::Done);
    let back = ["return", &id, "--agency", "ag-62", "--reason", "Chưa đủ.", "--defect", "Thiếu phương án sao lưu."];
    assert_eq!(berth(approver, &back).await?, Exit::Done);
    way.world.until(&paper, ConditionType::Stalled).await?;
    let again = ["create", "-f", &path, "--request-id", "cli-dossier-2", "--supersedes", &id];
    assert_eq!(berth(lead, &again).await?, Exit::Done);
    let second = berth_crds::names::onboarding("ag-62", "lead-62", "cli-dossier-2");
    let second = way.world.checked(&way.world.onboarding("ag-62", &second).await?).await?;
    assert_eq!(second.spec.supersedes.as_ref().map(|s| s.name.as_str()), Some(id.as_str()));
    let state = second.status.and_then(|s| s.summary).map(|s| s.state);
    assert_eq!(state, Some(State::AwaitingApproval));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_travels_unchanged_and_one_that_keeps_logs_too_short_or_is_none_is_refused() -> Result<()> {
    let way = Way::open().await?;
    let form = json!({"function": "Một cửa", "bandwidthMbps": 100, "undertaking": "Given",
        "logs": {"kinds": "syslog", "keepDays": 7}});
    let create = asked("ag-62", "door-form", |s| s["form"] = form.clone());
    let mut lead = way.client("lead-62").await?;
    let check = CheckOnboardingRequest { parent: create.parent.clone(), onboarding: create.onboarding.clone() };
    let checked = lead.onboardings.check_onboarding(check.clone()).await?.into_inner();
    let told = checked.checks.iter().find(|c| c.id == "form").ok_or("no check of the form")?;
    // Logs are kept as long as the level demands; and all that is missing is named with it.
    assert_eq!(told.result(), check::Result::Failed);
    assert!(told.message.contains("at least 30 days") && told.message.contains("Field 4"), "{}", told.message);
    let created = lead.onboardings.create_onboarding(create).await?.into_inner();
    let id = created.name.rsplit('/').next().unwrap_or_default();
    let paper = way.world.until(&way.world.onboarding("ag-62", id).await?, ConditionType::Rejected).await?;
    assert_eq!(serde_json::to_value(paper.spec.form)?, form);
    let mut wrong = check;
    let spec = wrong.onboarding.as_mut().and_then(|o| o.spec.as_mut()).unwrap();
    spec.form.as_mut().unwrap().fields.insert("bogus".into(), Default::default());
    let refusal = lead.onboardings.check_onboarding(wrong).await.unwrap_err();
    assert!(refusal.code() == Code::InvalidArgument && refusal.message().contains("bogus"), "{refusal}");
    Ok(())
}
