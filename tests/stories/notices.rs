//! Notices on a real mail server and a real receiver of webhooks: at least once, under one id, and nothing waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use berth_cluster::until;
use berth_crds::notice::{Channel, Occasion};
use berth_crds::{Agency, ConditionType, Notice, Onboarding, Reason, condition};
use berth_operator::notices::Settings;
use berth_tests::error::Result;
use berth_tests::fault::{Fault, Plan};
use berth_tests::install;
use berth_tests::mail::{Mail, Place, Server};
use berth_tests::receiver::{Call, Receiver};
use berth_tests::stack::Operator;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, send};
use crate::world::{PATIENCE, World, code, decision};

pub const KEY: &str = berth_tests::canary::WEBHOOK_KEY;
pub const LAN: &str = "lan@skhcn.tinh.gov.vn";
const ALICE: &str = "alice@skhcn.tinh.gov.vn";

/// Settings of an operator that sends to a mail server and a receiver.
pub fn settings(place: Option<&Place>, hook: Option<(&Receiver, &Path)>) -> Result<Settings> {
    let smtp = place.map(Place::settings);
    let hooks = hook.map(|(r, key)| json!({"name": "itsm", "url": r.url, "keyFile": key}));
    let file = json!({"since": "2020-01-01", "smtp": smtp, "webhooks": Vec::from_iter(hooks)});
    Ok(Settings::parse(&file.to_string(), &jiff::tz::TimeZone::UTC)?)
}

/// A world whose agency ag-62 has people: one reads Vietnamese, one English.
pub async fn peopled() -> Result<World> {
    let world = World::start().await?;
    let contact = |name: &str, email: &str, language: &str| json!({"duty": "Dossiers", "name": name, "email": email, "language": language});
    let contacts = json!({"spec": {"contacts": [contact("Lan", LAN, "Vi"), contact("Alice", ALICE, "En")]}});
    let agencies: Api<Agency> = Api::all(world.cluster.admin());
    agencies.patch("ag-62", &Default::default(), &Patch::Merge(contacts)).await?;
    Ok(world)
}

/// The notices about a paper, by occasion.
async fn notices(world: &World, paper: &Onboarding) -> Result<BTreeMap<Occasion, Notice>> {
    let all = world.within::<Notice>(&paper.namespace().unwrap_or_default()).await?;
    let about = all.into_iter().filter(|n| n.spec.about.name == paper.name_any());
    Ok(about.map(|n| (n.spec.occasion, n)).collect())
}

/// Waits until a notice about a paper has a reason in `Delivered`.
pub async fn reaches(world: &World, paper: &Onboarding, occasion: Occasion, reason: Reason) -> Result<Notice> {
    let what = format!("{occasion:?} of {} is {}", paper.name_any(), reason.as_str());
    Ok(until(&what, PATIENCE, async || {
        let all = notices(world, paper).await.map_err(|e| e.to_string())?;
        let Some(notice) = all.get(&occasion) else { return Err(format!("{:?}", all.keys())) };
        let conditions = notice.status.clone().unwrap_or_default().conditions;
        let told = condition::get(&conditions, ConditionType::Delivered).is_some_and(|c| c.reason == reason.as_str());
        if told { Ok(notice.clone()) } else { Err(format!("{:?}", notice.status)) }
    })
    .await?)
}

/// E-mails to somebody, in the order of their arrival.
pub async fn mails_to(server: &Server, address: &str) -> Result<Vec<Mail>> {
    let all = server.mails().await?;
    Ok(all.into_iter().filter(|m| m.to.iter().any(|to| to.address == address)).collect())
}

fn event(call: &Call) -> Value {
    serde_json::from_str(&call.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_brings_the_receipt_in_both_languages_and_ready_brings_the_minutes() -> Result<()> {
    let (world, place) = (peopled().await?, Place::new()?);
    let (server, receiver) = (place.start().await?, Receiver::start(0).await?);
    let key = tempfile::NamedTempFile::new()?;
    std::fs::write(key.path(), KEY)?;
    let operator =
        Operator::start_telling(&world.cluster, settings(Some(&place), Some((&receiver, key.path())))?, None).await?;
    install::agencies_ready(&world.cluster).await?;
    let paper = world.ask("lead-62", "ag-62", "notice-1", |_| {}).await?;
    reaches(&world, &paper, Occasion::Receipt, Reason::NoticeDelivered).await?;
    let paper = world.checked(&paper).await?;
    let due = paper.status.as_ref().and_then(|s| s.summary.as_ref()?.due.clone()).ok_or("no time limit")?;
    let receipts = [mails_to(&server, LAN).await?, mails_to(&server, ALICE).await?].map(|mails| mails[0].clone());
    assert_eq!(
        receipts.each_ref().map(|m| m.subject.as_str()),
        ["Giấy tiếp nhận hồ sơ và hẹn trả kết quả: notice-1", "Receipt with the promised date: notice-1"]
    );
    let promised = [format!("Ngày hẹn trả kết quả: {due}"), format!("Answer promised by: {due}")];
    for (mail, promised) in receipts.iter().zip(promised) {
        assert!(mail.text.contains(&promised), "{promised} is not in {}", mail.text);
    }
    world.decide("approver", &paper, "Approve").await?;
    let paper = world.until(&paper, ConditionType::Ready).await?;
    let over = reaches(&world, &paper, Occasion::HandedOver, Reason::NoticeDelivered).await?;
    assert!(over.status.as_ref().is_some_and(|s| s.delivered_at.is_some()), "{:?}", over.status);
    minutes(&world, &server, &paper).await?;
    events(&receiver, &over);
    evidence(&world, &over).await?;
    operator.stop().await
}

/// The minutes of a paper hold what its environment really has.
async fn minutes(world: &World, server: &Server, paper: &Onboarding) -> Result<()> {
    let mails = mails_to(server, LAN).await?;
    let mail = mails.iter().find(|m| m.subject.starts_with("Biên bản bàn giao")).ok_or("no minutes")?;
    let part = mail.attachments.first().ok_or("nothing is attached")?;
    assert_eq!(part.file_name, "bien-ban-ban-giao-notice-1.html");
    let page = server.attachment(mail, part).await?;
    let name = paper.status.as_ref().and_then(|s| s.environment_ref.clone()).ok_or("no environment")?.name;
    let environment: berth_crds::Environment = Api::all(world.cluster.admin()).get(&name).await?;
    let status = environment.status.ok_or("no status")?;
    let granted = status.granted.ok_or("nothing granted")?;
    for part in [
        "BIÊN BẢN BÀN GIAO".to_owned(),
        name,
        status.prefix.ok_or("no prefix")?,
        format!("{} vCPU, RAM {}", granted.cpu, granted.memory),
        "berth:ag-62:requester".to_owned(),
    ] {
        assert!(page.contains(&part), "{part} is not in\n{page}");
    }
    Ok(())
}

/// What the receiver got is signed, and a byte more or another key is told apart as the book says.
fn events(receiver: &Receiver, over: &Notice) {
    let calls = receiver.calls();
    let types: Vec<String> = calls.iter().map(|c| event(c)["type"].as_str().unwrap_or_default().to_owned()).collect();
    let expected = ["receipt", "approved", "handed-over"].map(|key| format!("dev.berth.notice.{key}.v1"));
    assert_eq!(BTreeSet::from_iter(types), BTreeSet::from(expected));
    let call = calls.iter().find(|c| c.id == over.spec.id).expect("the handover is among them");
    assert_eq!(
        (event(call)["id"].as_str(), event(call)["specversion"].as_str()),
        (Some(call.id.as_str()), Some("1.0"))
    );
    assert!(call.content_type.starts_with("application/cloudevents+json"), "{call:?}");
    assert!(call.is_signed_by(KEY) && !call.is_signed_by("another-key"));
    let changed = |change: fn(&mut Call)| {
        let mut changed = call.clone();
        change(&mut changed);
        changed.is_signed_by(KEY)
    };
    assert!(!changed(|c| c.body.push(' ')) && !changed(|c| c.id.push('0')) && !changed(|c| c.timestamp.push('0')));
}

/// The agency reads its notices, others do not, and nobody writes them.
async fn evidence(world: &World, notice: &Notice) -> Result<()> {
    let api = |who: &str| Api::<Notice>::namespaced(world.client(who), "agency-ag-62");
    assert_eq!(api("lead-62").get(&notice.name_any()).await?.spec, notice.spec);
    assert_eq!(code(api("lead-61").list(&Default::default()).await), 403);
    let path = "/apis/berth.dev/v1alpha1/namespaces/agency-ag-62/notices";
    let own = format!("{path}/{}", notice.name_any());
    let admin = world.cluster.admin();
    let mut forged = serde_json::to_value(notice)?;
    forged["metadata"] = json!({"name": notice.name_any().replace("notice-1", "notice-9")});
    forged["spec"]["about"]["name"] = json!("notice-9");
    let forged = send(&admin, "POST", path, JSON, &forged).await;
    assert!(!forged.accepted() && forged.message.contains("written by the operator only"), "{forged:?}");
    let marked = json!({"metadata": {"labels": {"a": "b"}}});
    let marked = send(&admin, "PATCH", &own, MERGE, &marked).await;
    assert!(!marked.accepted() && marked.message.contains("written by the operator only"), "{marked:?}");
    let arrived = json!({"status": {"deliveredAt": "2026-01-01T00:00:00Z"}});
    let arrived = send(&admin, "PATCH", &format!("{own}/status"), MERGE, &arrived).await;
    assert!(!arrived.accepted() && arrived.message.contains("written by the operator only"), "{arrived:?}");
    let deleted = send(&admin, "DELETE", &own, JSON, &json!({})).await;
    assert!(!deleted.accepted() && deleted.message.contains("never deleted"), "{deleted:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_and_an_operator_that_is_killed_lose_no_notice_hold_up_nothing_and_begin_no_limit()
-> Result<()> {
    let (world, place) = (peopled().await?, Place::new()?);
    let told = settings(Some(&place), None)?;
    let operator = Operator::start_telling(&world.cluster, told.clone(), None).await?;
    install::agencies_ready(&world.cluster).await?;
    let paper = world.ask("lead-62", "ag-62", "notice-1", |_| {}).await?;
    let down = reaches(&world, &paper, Occasion::Receipt, Reason::NoticeRefused).await?;
    assert_eq!(down.status.as_ref().and_then(|s| s.delivered_at.clone()), None);
    // Nobody has the receipt yet, and the request goes on all the same.
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    until("the minutes are due", PATIENCE, async || {
        let all = notices(&world, &paper).await.map_err(|e| e.to_string())?;
        if all.contains_key(&Occasion::HandedOver) { Ok(()) } else { Err(format!("{:?}", all.keys())) }
    })
    .await?;
    operator.crash();
    let server = place.start().await?;
    // Three notices are there and sent nowhere: the first write is that of a delivery. Killed before it, the operator has
    // sent and does not know. The others have a receipt of their own to make and to send.
    let mut papers = Vec::new();
    for (n, (fault, at)) in
        [(Fault::CrashBefore, 1), (Fault::CrashBefore, 2), (Fault::Crash, 1), (Fault::LostAnswer, 2)]
            .into_iter()
            .enumerate()
    {
        if n > 0 {
            papers.push(world.ask("lead-62", "ag-62", &format!("notice-{}", n + 1), |_| {}).await?);
        }
        let plan = Plan::of_notices(fault, at);
        let broken = Operator::start_telling(&world.cluster, told.clone(), Some(&plan)).await?;
        let struck = tokio::time::timeout(PATIENCE, plan.struck()).await;
        struck.map_err(|_| format!("write {at} never came; there were {}", plan.writes()))?;
        broken.crash();
    }
    let operator = Operator::start_telling(&world.cluster, told, None).await?;
    let mut expected = BTreeSet::new();
    let all = [Occasion::Receipt, Occasion::Approved, Occasion::HandedOver].map(|occasion| (&paper, occasion));
    for (paper, occasion) in all.into_iter().chain(papers.iter().map(|paper| (paper, Occasion::Receipt))) {
        let notice = reaches(&world, paper, occasion, Reason::NoticeDelivered).await?;
        expected.extend((0..notice.spec.recipients.len()).map(|n| format!("{}.{n}@tinh.gov.vn", notice.spec.id)));
    }
    let mails = server.mails().await?;
    println!("{} e-mails, {} different ones", mails.len(), expected.len());
    let arrived: BTreeSet<String> = mails.iter().map(|m| m.message_id.clone()).collect();
    assert_eq!(arrived, expected, "every notice to everybody, and none under another id");
    assert!(mails.len() > expected.len(), "the one that was sent before the crash was sent again: {}", mails.len());
    operator.stop().await?;
    a_limit_begins_when_the_notice_arrives(&world).await
}

/// The limit of a returned request, which a server that is down does not begin.
async fn a_limit_begins_when_the_notice_arrives(world: &World) -> Result<()> {
    let place = Place::new()?;
    let operator = Operator::start_telling(&world.cluster, settings(Some(&place), None)?, None).await?;
    let paper = world.ask("lead-62", "ag-62", "notice-back", |_| {}).await?;
    let mut back = decision(&paper, "approver", 1, "Return");
    back["spec"]["reason"] = json!("Hồ sơ chưa đủ.");
    back["spec"]["defects"] = json!(["Thiếu phương án sao lưu."]);
    world.sign("approver", back).await?;
    // Nobody has it while the server is down: no limit runs.
    reaches(world, &paper, Occasion::Returned, Reason::NoticeRefused).await?;
    let due = |paper: &Onboarding| paper.status.as_ref().and_then(|s| s.summary.as_ref()?.due.clone());
    let papers: Api<Onboarding> = Api::namespaced(world.client("lead-62"), "agency-ag-62");
    assert_eq!(due(&papers.get("notice-back").await?), None);
    let _server = place.start().await?;
    let arrived = reaches(world, &paper, Occasion::Returned, Reason::NoticeDelivered).await?;
    let begun = arrived.status.and_then(|s| s.due).ok_or("the notice starts no limit")?;
    until("the paper says until when", PATIENCE, async || {
        let paper = papers.get("notice-back").await.map_err(|e| e.to_string())?;
        if due(&paper).as_ref() == Some(&begun) { Ok(()) } else { Err(format!("{:?} is not {begun}", due(&paper))) }
    })
    .await?;
    operator.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_refuses_is_called_again_with_the_same_event() -> Result<()> {
    let (world, receiver) = (World::start().await?, Receiver::start(3).await?);
    let key = tempfile::NamedTempFile::new()?;
    std::fs::write(key.path(), format!("{KEY}\nthe-next-key\n"))?;
    let operator =
        Operator::start_telling(&world.cluster, settings(None, Some((&receiver, key.path())))?, None).await?;
    install::agencies_ready(&world.cluster).await?;
    let paper = world.ask("lead-62", "ag-62", "notice-1", |_| {}).await?;
    let receipt = reaches(&world, &paper, Occasion::Receipt, Reason::NoticeDelivered).await?;
    let calls = receiver.calls();
    let (taken, refused): (Vec<&Call>, Vec<&Call>) = calls.iter().partition(|c| c.taken);
    assert_eq!((taken.len(), refused.len()), (1, 3));
    assert!(calls.iter().all(|c| c.id == receipt.spec.id && c.body == calls[0].body));
    // While a key is replaced both are good; a receiver that has neither takes nothing.
    assert!(calls.iter().all(|c| c.is_signed_by(KEY) && c.is_signed_by("the-next-key") && !c.is_signed_by("x")));
    let to: Vec<_> = receipt.spec.recipients.iter().map(|r| (r.channel, r.to.as_str())).collect();
    assert_eq!(to, [(Channel::Webhook, "itsm")]);
    operator.stop().await
}
