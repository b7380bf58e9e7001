//! Notices: who is told what, when and in which words (design §3, domain §4.3, peers §2.3).

mod life;
mod rules;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use berth_crds::notice::{Capacity, Channel, Delivery, Language, Minutes, NoticeArgument, Occasion, Recipient, Text};
use berth_crds::onboarding::OutcomeResult::{self, Approved, Rejected, Returned};
use berth_crds::{ConditionType, Connection, Decision, Notice, Onboarding, Reason, condition};
use berth_plan::checks;
use berth_plan::notice::{
    Address, Draft, Hook, Office, Rules, World, clock, delivered_at, due, event, fill, letter, minutes, pending,
};
use berth_plan::register::Register;
use berth_plan::status::notice::{Attempt, record};
use jiff::Timestamp;
use serde_json::{Value, json};
use unicode_normalization::is_nfc;

use crate::world::*;

fn address(name: &str, language: Language) -> Address {
    Address { name: name.into(), email: format!("{name}@tinh.gov.vn"), language }
}

fn rules() -> Rules {
    let office = |name: &str| Office {
        contacts: vec![address(name, Language::Vi)],
        superiors: vec![address(&format!("above-{name}"), Language::Vi)],
    };
    Rules {
        since: Timestamp::UNIX_EPOCH,
        mail: true,
        webhooks: vec![Hook { name: "itsm".into(), ..Hook::default() }],
        offices: BTreeMap::from([
            ("approver".to_owned(), office("approver")),
            ("platform-operator".to_owned(), office("platform")),
        ]),
    }
}

fn contact(duty: &str, name: &str, language: &str) -> Value {
    json!({"duty": duty, "name": name, "email": format!("{name}@so.tinh.gov.vn"), "language": language})
}

/// ag-62 has people: one reads Vietnamese, one English, one is above them.
fn peopled() -> Register {
    register_with(|register| {
        let contacts = json!([
            contact("Dossiers", "lan", "Vi"),
            contact("Dossiers", "alice", "En"),
            contact("Superior", "head", "Vi")
        ]);
        register.agencies.insert("ag-62".into(), Arc::new(agency("ag-62", json!({"contacts": contacts}))));
    })
}

fn said(type_: &str, is: &str, reason: &str) -> Value {
    json!({"type": type_, "status": is, "reason": reason, "message": "Not enough cpu is left.",
        "lastTransitionTime": "2026-11-24T10:00:00Z"})
}

fn check() -> Value {
    json!({"id": "complete", "result": "Passed", "reason": "Done", "message": "Complete."})
}

/// A request in a state, checked under the rule set.
fn checked(with: Value) -> Onboarding {
    let summary = json!({"state": "AwaitingApproval", "holder": "approver", "since": "x", "due": "2026-12-10"});
    let base = json!({"checks": [check()], "profileRef": {"name": "vn-2026"}, "signers": ["approver"],
        "summary": summary, "tenantRef": {"name": "aaaaaa"}, "environmentRef": {"name": "aaaaaa-prod"}});
    onboarding(json!({"status": merge(base, with)}))
}

fn outcome(result: OutcomeResult, by: &[&str]) -> Value {
    json!({"outcome": {"result": result, "decisionUIDs": by, "decidedAt": "2026-11-24T09:00:00Z",
        "recordedAt": "2026-11-24T09:00:01.000000Z", "granted": {"classRef": {"name": "xs"},
        "quota": {"cpu": "1", "memory": "4Gi", "storage": "50Gi"}}}})
}

fn opening(with: Value) -> Connection {
    let end = |outside: Value| json!({"outside": outside});
    let base = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Connection",
        "metadata": {"name": "conn-a", "namespace": "agency-ag-62", "uid": "uid-conn-a"},
        "spec": {"source": end(json!({"kind": "Internet", "name": "Internet", "runBy": "x"})),
            "destination": {"environment": {"environmentRef": {"name": "aaaaaa-prod"}}}, "direction": "Inbound",
            "ports": [{"protocol": "TCP", "port": 443}], "purpose": "x", "expiresAt": "2026-12-01T00:00:00Z",
            "legalBasis": "x", "requester": {"username": "lan"}},
        "status": {"from": "Internet", "to": "aaaaaa-prod", "ports": "TCP/443",
            "environments": [{"name": "aaaaaa-prod", "uid": "u"}], "conditions": [said("Expiring", "True", "ExpiresSoon")]}
    });
    of(merge(base, with))
}

/// Everything that is due in a world of these papers.
fn drafts(register: &Register, papers: &[Onboarding], decisions: &[Arc<Decision>], rules: &Rules) -> Vec<Draft> {
    with_world(register, papers, decisions, |world| due(world, rules, &BTreeSet::new()))
}

fn with_world<T>(
    register: &Register,
    papers: &[Onboarding],
    decisions: &[Arc<Decision>],
    ask: impl FnOnce(&World) -> T,
) -> T {
    let papers: Vec<Arc<Onboarding>> = papers.iter().cloned().map(Arc::new).collect();
    ask(&World { register, onboardings: &papers, connections: &[], decisions, day_of: &utc })
}

fn occasions(paper: Onboarding) -> Vec<Occasion> {
    let mut found: Vec<_> = drafts(&peopled(), &[paper], &[], &rules()).iter().map(|d| d.spec.occasion).collect();
    found.sort();
    found
}

fn told(draft: &Draft) -> Vec<(Channel, &str, Capacity, Language)> {
    draft.spec.recipients.iter().map(|r| (r.channel, r.to.as_str(), r.capacity, r.language)).collect()
}

#[test]
fn every_occasion_reads_well_in_both_languages_and_uses_the_same_values_in_both() {
    let mut keys = BTreeSet::new();
    let names = |text: &str| -> BTreeSet<String> {
        text.split('{').skip(1).map(|rest| rest.split_once('}').expect("a closed brace").0.to_owned()).collect()
    };
    for occasion in Occasion::ALL {
        let row = occasion.row();
        assert!(keys.insert(row.key) && row.when.ends_with('.'), "{occasion:?}");
        assert!(row.key.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{occasion:?}");
        let (vi, en) = (row.text(Language::Vi), row.text(Language::En));
        for text in [vi.subject, vi.body] {
            assert!(!text.is_ascii() && is_nfc(text), "{occasion:?}: {text}");
        }
        assert!(en.subject.is_ascii() && en.body.is_ascii(), "{occasion:?}");
        assert!(!vi.subject.contains('\n') && !en.subject.contains('\n'), "{occasion:?}");
        let known: BTreeSet<String> = row.values().map(str::to_owned).collect();
        let used = |text: Text| &names(text.subject) | &names(text.body);
        assert_eq!(used(vi), used(en), "{occasion:?}: a value is missing in one language");
        assert!(used(vi).is_subset(&known), "{occasion:?} uses {:?}", used(vi).difference(&known));
        // What no text uses is there for the minutes.
        let idle = row.arguments.iter().any(|name| !used(vi).contains(*name));
        assert!(row.minutes == Minutes::Attached || !idle, "{occasion:?}: a value that no text uses");
        assert!(!row.to.is_empty(), "{occasion:?}");
    }
    assert_eq!(
        Occasion::Receipt.row().text(Language::Vi).subject,
        "Giấy tiếp nhận hồ sơ và hẹn trả kết quả: {dossier}"
    );
    assert!(Occasion::Returned.row().text(Language::Vi).subject.starts_with("Yêu cầu bổ sung, hoàn thiện hồ sơ"));
    assert!(Occasion::HandedOver.row().text(Language::Vi).subject.starts_with("Biên bản bàn giao"));
}

/// A request that the law refuses (A2), as its checks say it.
fn by_rule() -> Onboarding {
    let secret = json!({"spec": {"system": {"dataKinds": ["StateSecret"]}}});
    let (asked, rules, register) = (onboarding(secret), profile(json!({})), register());
    let results = checks::all(&subject(&asked, "ag-62", &rules, &register, &[]));
    let mut paper = checked(outcome(Rejected, &[]));
    paper.status.as_mut().unwrap().checks = results;
    paper
}

/// Each occasion with a paper that shows it.
fn shown() -> Vec<(Occasion, Onboarding, Vec<Arc<Decision>>)> {
    let reject = decision(
        "approver.1",
        "Reject",
        "minh",
        "09:00",
        json!({"spec": {"reason": "Chưa cần.",
        "legalBasis": "NĐ 331/2026 [D]"}}),
    );
    let back = decision(
        "approver.1",
        "Return",
        "minh",
        "09:00",
        json!({"spec": {"reason": "Chưa đủ.",
        "defects": ["Thiếu phương án sao lưu.", "Thiếu quy chế."]}}),
    );
    let yes = decision("approver.1", "Approve", "minh", "09:00", json!({}));
    let uid = ["uid-approver.1"];
    let and = |result, condition: Value| merge(outcome(result, &uid), json!({"conditions": [condition]}));
    vec![
        (Occasion::Receipt, checked(json!({})), vec![]),
        (Occasion::Returned, checked(outcome(Returned, &uid)), vec![back]),
        (Occasion::Approved, checked(outcome(Approved, &uid)), vec![yes.clone()]),
        (Occasion::Refused, checked(outcome(Rejected, &uid)), vec![reject]),
        (Occasion::Refused, by_rule(), vec![]),
        (Occasion::Waiting, checked(and(Approved, said("Booked", "False", "NoHeadroom"))), vec![yes.clone()]),
        (Occasion::Overdue, checked(json!({"conditions": [said("Overdue", "True", "Overdue")]})), vec![]),
        (Occasion::HandedOver, checked(and(Approved, said("Ready", "True", "Ready"))), vec![yes]),
    ]
}

/// A notice of every occasion, of some in more than one way.
fn every() -> Vec<Draft> {
    let mut seen = BTreeSet::from([Occasion::Expiring]);
    let register = peopled();
    let mut specs = Vec::new();
    for (occasion, paper, decisions) in shown() {
        let all = drafts(&register, &[paper], &decisions, &rules());
        let draft = all.into_iter().find(|d| d.spec.occasion == occasion);
        specs.push(draft.unwrap_or_else(|| panic!("{occasion:?} is not due")));
        seen.insert(occasion);
    }
    let connections = [Arc::new(opening(json!({})))];
    let world =
        World { register: &register, onboardings: &[], connections: &connections, decisions: &[], day_of: &utc };
    specs.extend(due(&world, &rules(), &BTreeSet::new()));
    for (occasion, draft) in life::shown() {
        seen.insert(occasion);
        specs.push(draft);
    }
    assert_eq!(seen.len(), Occasion::ALL.len(), "an occasion without a paper that shows it");
    specs
}

#[test]
fn every_occasion_is_filled_in_without_a_gap_in_both_languages() {
    for draft in every() {
        let spec = &draft.spec;
        let names: Vec<&str> = spec.arguments.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, spec.occasion.row().values().collect::<Vec<_>>(), "{:?}", spec.occasion);
        for argument in &spec.arguments {
            assert!(!argument.vi.is_empty(), "{:?}: {} is empty", spec.occasion, argument.name);
        }
        for language in [Language::Vi, Language::En] {
            let text = letter(spec, language).unwrap();
            assert!(!text.subject.contains(['{', '}', '\n']) && !text.body.contains('{'), "{text:?}");
        }
        assert!(event(&draft.namespace, spec).is_ok());
    }
}

#[test]
fn the_receipt_names_the_promised_day_of_all_steps_and_the_dossier_whichever_submission_it_is() {
    let all = drafts(&peopled(), &[checked(json!({}))], &[], &rules());
    let [receipt] = &all[..] else { panic!("{all:?}") };
    // 24 November 2026 is a Tuesday; five and then seven working days end on Thursday, 10 December.
    let vi = letter(&receipt.spec, Language::Vi).unwrap();
    assert_eq!(vi.subject, "Giấy tiếp nhận hồ sơ và hẹn trả kết quả: onb-a");
    assert_eq!(
        vi.body,
        "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ\n\nKính gửi: Cơ quan ag-62\n\nHồ sơ: onb-a (lần gửi: onb-a)\nNội dung: \
         Cấp mới\nHệ thống thông tin: Cổng dịch vụ công (IS-01, aaaaaa)\nNgày tiếp nhận: 2026-11-24\nNgày hẹn trả kết \
         quả: 2026-12-10\nHồ sơ đang ở: cơ quan phê duyệt tài nguyên\n\n--\nThư gửi tự động; tình trạng hiện tại của hồ \
         sơ là tình trạng trên hệ thống.\n"
    );
    let en = letter(&receipt.spec, Language::En).unwrap();
    assert!(en.body.contains("Answer promised by: 2026-12-10\nHeld by: the resource approver"), "{}", en.body);
    assert_eq!(
        told(receipt),
        [
            (Channel::Mail, "lan@so.tinh.gov.vn", Capacity::Agency, Language::Vi),
            (Channel::Mail, "alice@so.tinh.gov.vn", Capacity::Agency, Language::En),
            (Channel::Webhook, "itsm", Capacity::System, Language::Vi),
        ]
    );
    let mut again = checked(json!({}));
    again.metadata.name = Some("onb-b".into());
    again.metadata.uid = Some("uid-onb-b".into());
    again.spec.supersedes = Some(of(json!({"name": "onb-a", "uid": "uid-onb-a"})));
    let all = drafts(&peopled(), &[checked(outcome(Returned, &[])), again], &[], &rules());
    let second = all.iter().find(|d| d.spec.about.name == "onb-b").unwrap();
    assert_eq!(letter(&second.spec, Language::En).unwrap().subject, "Receipt with the promised date: onb-a");
}

#[test]
fn a_paper_shows_what_happened_to_it_and_nothing_else() {
    use Occasion::{Approved as Yes, HandedOver, Overdue, Receipt, Refused, Returned as Back, Waiting};
    assert_eq!(occasions(onboarding(json!({}))), [], "nothing is looked at yet");
    assert_eq!(occasions(checked(json!({}))), [Receipt]);
    assert_eq!(occasions(checked(outcome(Rejected, &[]))), [Refused], "refused by the checks: it was never received");
    assert_eq!(occasions(checked(outcome(Rejected, &["d"]))), [Receipt, Refused]);
    assert_eq!(occasions(checked(outcome(Returned, &["d"]))), [Receipt, Back]);
    let and = |result, c: Value| checked(merge(outcome(result, &["d"]), json!({"conditions": [c]})));
    assert_eq!(occasions(and(Approved, said("Booked", "False", "NoHeadroom"))), [Receipt, Yes, Waiting]);
    assert_eq!(occasions(and(Approved, said("Booked", "True", "Booked"))), [Receipt, Yes]);
    assert_eq!(occasions(and(Approved, said("Ready", "True", "Ready"))), [Receipt, Yes, HandedOver]);
    let late = json!({"conditions": [said("Overdue", "True", "Overdue")]});
    assert_eq!(occasions(checked(late)), [Receipt, Overdue]);
    let done = json!({"conditions": [said("Overdue", "False", "InTime")]});
    assert_eq!(occasions(checked(done)), [Receipt], "what was overdue has been done");
    let mut other = and(Approved, said("Ready", "True", "Ready"));
    other.spec.action = berth_crds::onboarding::Action::Extend;
    assert_eq!(occasions(other), [Receipt, Yes], "minutes are for what is handed over");
    let mut elsewhere = checked(json!({}));
    elsewhere.metadata.namespace = Some("default".into());
    assert_eq!(occasions(elsewhere), [], "not an agency's paper");
}

#[test]
fn a_notice_has_one_name_and_id_however_often_it_is_computed_and_overdue_has_one_for_each_holder_and_day() {
    let late = |holder: &str, due: &str| {
        let summary = json!({"state": "AwaitingApproval", "holder": holder, "since": "x", "due": due});
        checked(json!({"summary": summary, "conditions": [said("Overdue", "True", "Overdue")]}))
    };
    let overdue = |paper: Onboarding| {
        let all = drafts(&peopled(), &[paper], &[], &rules());
        let found = all.into_iter().find(|d| d.spec.occasion == Occasion::Overdue).unwrap();
        (found.name, found.spec.id)
    };
    let first = overdue(late("approver", "2026-12-10"));
    assert_eq!(first, overdue(late("approver", "2026-12-10")));
    assert!(first.0.starts_with("onb-a.overdue.") && first.0.ends_with(&first.1[..8]) && first.1.len() == 32);
    let others = [late("requester", "2026-12-10"), late("approver", "2026-12-24")].map(overdue);
    assert_eq!(BTreeSet::from([first, others[0].clone(), others[1].clone()]).len(), 3);
    let all = drafts(&peopled(), &[checked(json!({}))], &[], &rules());
    let recorded: BTreeSet<_> = all.iter().map(|d| (d.namespace.clone(), d.name.clone())).collect();
    let none = with_world(&peopled(), &[checked(json!({}))], &[], |world| due(world, &rules(), &recorded));
    assert_eq!(none, [], "what is recorded is not due");
}

#[test]
fn nothing_is_due_without_a_channel_nor_of_what_happened_before_notices_were_switched_on() {
    let papers = || vec![checked(outcome(Approved, &["d"]))];
    let silent = Rules { mail: false, webhooks: vec![], ..rules() };
    assert_eq!(drafts(&peopled(), &papers(), &[], &silent), []);
    let later = Rules { since: "2026-11-24T08:30:00Z".parse().unwrap(), ..rules() };
    let found: Vec<_> = drafts(&peopled(), &papers(), &[], &later).iter().map(|d| d.spec.occasion).collect();
    assert_eq!(found, [Occasion::Approved], "submitted at eight, decided at nine");
}

#[test]
fn overdue_is_told_to_who_holds_it_their_superior_and_the_agency() {
    let overdue = |holder: &str, register: &Register| {
        let summary = json!({"state": "AwaitingApproval", "holder": holder, "since": "x", "due": "2026-12-10"});
        let paper = checked(json!({"summary": summary, "conditions": [said("Overdue", "True", "Overdue")]}));
        let all = drafts(register, &[paper], &[], &Rules { webhooks: vec![], ..rules() });
        let draft = all.into_iter().find(|d| d.spec.occasion == Occasion::Overdue).unwrap();
        draft.spec.recipients.into_iter().map(|r| (r.to, r.capacity)).collect::<Vec<_>>()
    };
    let pair = |to: &str, capacity| (to.to_owned(), capacity);
    let people = [pair("lan@so.tinh.gov.vn", Capacity::Agency), pair("alice@so.tinh.gov.vn", Capacity::Agency)];
    let approver =
        [pair("approver@tinh.gov.vn", Capacity::Holder), pair("above-approver@tinh.gov.vn", Capacity::Superior)];
    assert_eq!(overdue("approver", &peopled()), [approver.as_slice(), &people].concat());
    let own = [
        pair("lan@so.tinh.gov.vn", Capacity::Holder),
        pair("alice@so.tinh.gov.vn", Capacity::Holder),
        pair("head@so.tinh.gov.vn", Capacity::Superior),
    ];
    assert_eq!(overdue("requester", &peopled()), own, "nobody twice");
    let mut register = peopled();
    let contacts = json!({"contacts": [contact("Dossiers", "tien", "Vi"), contact("Superior", "chief", "Vi")]});
    register.agencies.insert("ag-70".into(), Arc::new(agency("ag-70", contacts)));
    let body = [pair("tien@so.tinh.gov.vn", Capacity::Holder), pair("chief@so.tinh.gov.vn", Capacity::Superior)];
    assert_eq!(overdue("governing-body", &register), [body.as_slice(), &people].concat());
}

#[test]
fn the_dossiers_own_contact_is_told_too_in_an_official_domain_only() {
    let with = |email: &str| {
        let mut paper = checked(json!({}));
        let contact = json!({"name": "Bà Hoa", "title": "Chuyên viên", "phone": "0274", "email": email});
        paper.spec.form = Some(of(json!({"contact": contact})));
        let all = drafts(&register(), &[paper], &[], &Rules { webhooks: vec![], ..rules() });
        all[0].spec.recipients.iter().map(|r| r.to.clone()).collect::<Vec<_>>()
    };
    assert_eq!(with("hoa@so.tinh.gov.vn"), ["hoa@so.tinh.gov.vn"]);
    assert_eq!(with("hoa@example.com"), Vec::<String>::new());
}

#[test]
fn a_webhook_is_told_of_the_agencies_and_occasions_that_it_asks_for() {
    let hook = |name: &str, agencies: &[&str], occasions: &[Occasion]| Hook {
        name: name.into(),
        agencies: agencies.iter().map(|a| (*a).to_owned()).collect(),
        occasions: occasions.to_vec(),
    };
    let webhooks = vec![
        hook("all", &[], &[]),
        hook("own", &["ag-62"], &[Occasion::Receipt]),
        hook("others", &["ag-61"], &[]),
        hook("later", &[], &[Occasion::Approved]),
    ];
    let all = drafts(&peopled(), &[checked(json!({}))], &[], &Rules { mail: false, webhooks, ..rules() });
    assert_eq!(all[0].spec.recipients.iter().map(|r| r.to.as_str()).collect::<Vec<_>>(), ["all", "own"]);
}

#[test]
fn what_people_typed_is_no_template_no_header_and_no_markup() {
    let value = |vi: &str| NoticeArgument { name: "x".into(), vi: vi.into(), en: None };
    assert_eq!(fill("a {x} b", &[value("{y}")], Language::En).unwrap(), "a {y} b");
    assert_eq!(fill("{y}", &[value("1")], Language::Vi).unwrap_err().0, "y");
    let mut paper = checked(json!({}));
    paper.metadata.name = Some("onb-a".into());
    let mut register = peopled();
    let odd = json!({"displayName": {"vi": "<b>Cổng</b>\r\nBcc: x@y.vn"}});
    register.tenants.insert("aaaaaa".into(), Arc::new(tenant("aaaaaa", odd)));
    let ready = merge(outcome(Approved, &[]), json!({"conditions": [said("Ready", "True", "Ready")]}));
    let all = drafts(&register, &[checked(ready)], &[], &rules());
    let over = all.iter().find(|d| d.spec.occasion == Occasion::HandedOver).unwrap();
    let page = minutes(&over.spec);
    assert!(page.contains("&lt;b&gt;Cổng&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    let mut spec = over.spec.clone();
    spec.arguments.iter_mut().filter(|a| a.name == "environment").for_each(|a| a.vi = "a\r\nBcc: x@y.vn".into());
    assert_eq!(letter(&spec, Language::Vi).unwrap().subject, "Biên bản bàn giao: a  Bcc: x@y.vn");
}

#[test]
fn the_handover_minutes_are_filled_in_and_hold_no_secret() {
    let mut register = peopled();
    let status = json!({"prefix": "3fff:a10:1180::/60", "namespaces": [{"name": "aaaaaa-prod", "prefix": "3fff:a10:1180::/64"}]});
    let mut environment = environment("aaaaaa-prod", "Prod", json!({}));
    environment.status = Some(of(status));
    register.environments.insert("aaaaaa-prod".into(), Arc::new(environment));
    let ready = merge(outcome(Approved, &["uid-approver.1"]), json!({"conditions": [said("Ready", "True", "Ready")]}));
    let yes = decision(
        "approver.1",
        "Approve",
        "minh",
        "09:00",
        json!({"spec": {"document": {"issuer": "Sở KH&CN",
        "number": "12/QĐ-SKHCN", "date": "2026-11-24", "signer": "Bình"}}}),
    );
    let mut paper = checked(ready);
    paper.spec.form = Some(of(json!({"backup": {"rpoHours": 4, "rtoHours": 8, "keepDays": 30}})));
    let all = drafts(&register, &[paper], &[yes], &rules());
    let over = all.iter().find(|d| d.spec.occasion == Occasion::HandedOver).unwrap();
    let page = minutes(&over.spec);
    for part in [
        "<h1>BIÊN BẢN BÀN GIAO</h1>",
        "Bên giao: Cơ quan ag-69<br>Bên nhận: Cơ quan ag-62",
        "<td>Cổng dịch vụ công (IS-01, aaaaaa)</td>",
        "<td>xs: 1 vCPU, RAM 4Gi, dung lượng 50Gi</td>",
        "<td>3fff:a10:1180::/60</td>",
        "<td>- aaaaaa-prod, 3fff:a10:1180::/64</td>",
        "<td>- berth:ag-62:requester: Admin</td>",
        "<td>RPO 4 giờ, RTO 8 giờ, lưu 30 ngày</td>",
        "<td>lưu ít nhất 30 ngày</td>",
        "<td>onb-a, onb-a.approver.1, 12/QĐ-SKHCN 2026-11-24</td>",
        "<td>vn-2026</td>",
        "<td>2026-11-24</td>",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

fn notice() -> Notice {
    let back = checked(outcome(Returned, &["uid-approver.1"]));
    let decision =
        decision("approver.1", "Return", "minh", "09:00", json!({"spec": {"reason": "x", "defects": ["y"]}}));
    let all = drafts(&peopled(), &[back], &[decision], &rules());
    all.into_iter().find(|d| d.spec.occasion == Occasion::Returned).unwrap().object()
}

fn attempt(channel: Channel, to: &str, failure: Option<&str>) -> Attempt {
    Attempt { channel, to: to.into(), failure: failure.map(str::to_owned) }
}

fn after(notice: &Notice, attempts: &[Attempt], clock: &str) -> Option<Notice> {
    let status = record(notice, attempts, &at(clock), |_| Some(day("2026-12-24")))?;
    Some(Notice { status: Some(status), ..notice.clone() })
}

fn delivered(notice: &Notice) -> (String, String) {
    let status = notice.status.as_ref().unwrap();
    let found = condition::get(&status.conditions, ConditionType::Delivered).unwrap();
    (found.reason.clone(), found.message.clone())
}

#[test]
fn a_delivery_is_written_down_once_a_refusal_once_and_the_clock_starts_at_the_first_arrival() {
    let notice = notice();
    let (lan, alice) = ("lan@so.tinh.gov.vn", "alice@so.tinh.gov.vn");
    assert_eq!(pending(&notice).len(), 3);
    let refused = attempt(Channel::Mail, lan, Some("450 later"));
    let hook = attempt(Channel::Webhook, "itsm", None);
    let first = after(&notice, &[refused.clone(), hook.clone()], "10:00").unwrap();
    assert_eq!(delivered(&first), ("NoticeRefused".into(), format!("{lan}: 450 later")));
    let status = first.status.clone().unwrap();
    assert_eq!((status.delivered_at, status.due), (None, None), "a system is not whom it is addressed to");
    assert_eq!(after(&first, &[refused], "10:01"), None, "a server that refuses all night is written down once");
    let second = after(&first, &[attempt(Channel::Mail, lan, None)], "11:00").unwrap();
    let status = second.status.clone().unwrap();
    assert_eq!((status.delivered_at.clone(), status.due.as_deref()), (Some(at("11:00")), Some("2026-12-24")));
    assert_eq!(delivered(&second).0, "NoticePending");
    assert_eq!(pending(&second).iter().map(|r| r.to.as_str()).collect::<Vec<_>>(), [alice]);
    let third = after(&second, &[attempt(Channel::Mail, alice, None)], "12:00").unwrap();
    let status = third.status.clone().unwrap();
    assert_eq!(status.delivered_at, Some(at("11:00")), "the clock does not start anew");
    assert_eq!(delivered(&third), ("NoticeDelivered".into(), Reason::NoticeDelivered.en().into()));
    assert!(condition::is_true(&status.conditions, ConditionType::Ready) && pending(&third).is_empty());
    let copy = attempt(Channel::Mail, alice, None);
    assert_eq!(after(&third, &[copy], "13:00"), None, "a second copy changes nothing");
    let lines = |s: &[Delivery]| s.iter().map(|d| (d.to.clone(), d.at.clone())).collect::<Vec<_>>();
    let expected = [(lan, "11:00"), ("itsm", "10:00"), (alice, "12:00")];
    assert_eq!(lines(&status.deliveries), expected.map(|(to, clock)| (to.to_owned(), Some(at(clock)))));
}

#[test]
fn a_notice_to_nobody_says_so_and_waits_for_nothing() {
    let all = drafts(&register(), &[checked(json!({}))], &[], &Rules { webhooks: vec![], ..rules() });
    let told = after(&all[0].object(), &[], "10:00").unwrap();
    assert_eq!(delivered(&told).0, "NoRecipient");
    assert!(condition::is_true(&told.status.unwrap().conditions, ConditionType::Stalled));
}

#[test]
fn the_time_for_supplements_begins_when_the_notice_arrives() {
    let clocks = json!({"clocks": [{"step": "Supplement", "days": 30, "unit": "Calendar", "source": "[A]"}]});
    let mut register = peopled();
    register.profiles.insert("vn-2026".into(), Arc::new(profile(clocks)));
    let paper = checked(outcome(Returned, &["uid-approver.1"]));
    let spec = notice().spec;
    let ends =
        |arrived| with_world(&register, std::slice::from_ref(&paper), &[], |world| clock(world, &spec, &arrived));
    assert_eq!(ends(at("10:00")), Some(day("2026-12-24")));
    let arrived = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time("2026-11-30T01:00:00Z".parse().unwrap());
    assert_eq!(ends(arrived), Some(day("2026-12-30")), "six days later, when the server was down so long");
    let all = drafts(&register, &[paper], &[], &rules());
    let receipt = all.iter().find(|d| d.spec.occasion == Occasion::Receipt).unwrap();
    assert_eq!(with_world(&register, &[], &[], |world| clock(world, &receipt.spec, &at("10:00"))), None);
}

#[test]
fn where_nobody_is_told_by_e_mail_a_notice_arrives_with_the_first_system() {
    let mut spec = notice().spec;
    spec.recipients.retain(|r| r.channel == Channel::Webhook);
    let told = [Delivery { channel: Channel::Webhook, to: "itsm".into(), at: Some(at("10:00")), failure: None }];
    assert_eq!(delivered_at(&spec, &told), Some(at("10:00")));
    let mail = Recipient { channel: Channel::Mail, to: "a@tinh.gov.vn".into(), ..Recipient::default() };
    spec.recipients.push(mail);
    assert_eq!(delivered_at(&spec, &told), None);
}

#[test]
fn the_event_is_a_cloudevent_whose_id_is_the_notices() {
    let notice = notice();
    let event = event("agency-ag-62", &notice.spec).unwrap();
    let head = |name: &str| event[name].as_str().unwrap().to_owned();
    assert_eq!(
        ["specversion", "id", "source", "type", "subject", "time", "datacontenttype"].map(head),
        [
            "1.0",
            notice.spec.id.as_str(),
            "/agencies/ag-62",
            "dev.berth.notice.returned.v1",
            "onboardings/onb-a",
            "2026-11-24T09:00:00Z",
            "application/json",
        ]
    );
    assert_eq!(event["data"]["values"]["defects"], json!({"vi": "- y", "en": "- y"}));
    assert!(event["data"]["text"]["vi"]["body"].as_str().unwrap().contains("Nội dung cần bổ sung:\n- y"));
}
