//! The ledger: canonical form, chain, acts, and what survives a crash (design §7; reference/reliability.md S14).

pub mod chain;
mod history;
mod keeping;
mod restored;

use std::sync::Arc;

use berth_crds::audit::{Act, AuditEntry, AuditObject};
use berth_plan::ledger::acts::{self, World};
use berth_plan::ledger::{Head, Memory, canonical};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

pub fn instant(clock: &str) -> Timestamp {
    format!("2026-11-24T{clock}:00Z").parse().unwrap()
}

/// A request from submission to handover, with everything that came of it.
pub fn world() -> World {
    let paper = onboarding(json!({
        "spec": {"requestId": "r-1"},
        "status": {
            "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "-",
                "lastTransitionTime": "2026-11-24T09:05:00Z"}],
            "outcome": {"result": "Approved", "decisionUIDs": ["uid-approver.1"], "decidedAt": "2026-11-24T09:00:00Z",
                "recordedAt": "2026-11-24T09:00:01.000000Z", "priority": 5},
            "tenantRef": {"name": "aaaaaa"}, "environmentRef": {"name": "aaaaaa-prod"}
        }
    }));
    let signed = json!({
        "spec": {"reason": "Phù hợp quy hoạch", "document": {"issuer": "Sở KHCN", "number": "9/QĐ", "date": "2026-11-20",
            "signer": "Trần B"}},
        "status": {"effect": "Effective", "reason": "Approved"}
    });
    let register = register();
    World {
        onboardings: vec![Arc::new(paper)],
        decisions: vec![decision("approver.1", "Approve", "minh", "09:00", signed)],
        agencies: vec![Arc::new(agency("ag-62", json!({})))],
        tenants: vec![register.tenants["aaaaaa"].clone()],
        environments: register.environments.values().cloned().collect(),
        namespaces: vec![Arc::new(of(json!({
            "metadata": {"name": "aaaaaa-prod", "uid": "uid-ns", "creationTimestamp": "2026-11-24T09:01:00Z",
                "labels": {"berth.dev/agency": "ag-62", "berth.dev/environment": "aaaaaa-prod"}}
        })))],
        blocks: vec![Arc::new(kind(
            "PrefixBlock",
            "3fff-a10-1180-8000---56",
            json!({"cidr": "3fff:a10:1180:8000::/56", "parent": "3fff:a10:1180::/48", "parentUID": "p", "level": "System",
                "claimRef": {"name": "tenant-aaaaaa", "uid": "c"},
                "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "uid-aaaaaa"}, "state": "Confirmed"}),
        ))],
        ..World::default()
    }
}

pub fn all() -> Vec<AuditEntry> {
    acts::new(&world(), &Memory::default(), instant("10:00"))
}

fn find(act: Act) -> AuditEntry {
    all().into_iter().find(|entry| entry.act == act).unwrap()
}

/// The system's block in a state, under a claim.
pub fn block(state: &str, claim: &str, generation: i64, written: &str) -> World {
    let mut block = world().blocks[0].as_ref().clone();
    block.spec.state = of(json!(state));
    block.spec.claim_ref.uid = claim.into();
    block.metadata.generation = Some(generation);
    block.metadata.managed_fields =
        Some(of(json!([{"manager": "berth-operator", "operation": "Update", "time": format!("{written}:00Z")}])));
    World { blocks: vec![Arc::new(block)], ..World::default() }
}

#[test]
fn the_checksums_of_an_exit_are_recorded_with_the_word_that_everything_is_saved() {
    let [minutes, statistics, backup] = ["0", "1", "2"].map(|digit| digit.repeat(64));
    let with = json!({"spec": {
        "saved": {"statisticsSha256": statistics, "backupSha256": backup},
        "document": {"issuer": "Sở Y tế", "number": "07/BB-SYT", "date": "2026-11-20", "signer": "Trần Thị Bình",
            "sha256": minutes}
    }});
    let world = World { decisions: vec![decision("owner.1", "Reconcile", "binh", "10:00", with)], ..World::default() };
    let entries = acts::new(&world, &Memory::default(), instant("12:00"));
    let told: Vec<serde_json::Value> = entries
        .iter()
        .filter(|entry| entry.act == Act::Decided)
        .map(|entry| serde_json::from_str(entry.after.as_deref().unwrap()).unwrap())
        .collect();
    let saved = json!({"statisticsSha256": statistics, "backupSha256": backup});
    let expected = json!({"verdict": "Reconcile", "granted": null, "onboardingUID": "uid-onb-a", "saved": saved,
        "minutesSha256": minutes});
    assert_eq!(told, [expected]);
}

#[test]
fn a_prefix_that_comes_back_from_quarantine_is_given_again_and_an_adoption_is_the_same_giving() {
    let mut memory = Memory::default();
    let states = [
        block("Confirmed", "c", 2, "2026-11-24T09:00"),
        block("Confirmed", "c", 2, "2026-11-24T09:01"),
        block("Releasing", "c", 3, "2026-11-25T09:00"),
        block("Quarantined", "c", 4, "2026-11-25T09:01"),
        block("Pending", "d", 5, "2026-11-26T09:00"),
        block("Confirmed", "d", 6, "2026-11-26T09:01"),
        block("Quarantined", "d", 8, "2026-11-27T09:01"),
    ];
    let mut told = Vec::new();
    for state in &states {
        let mut entries = acts::new(state, &memory, instant("10:00"));
        told.extend(entries.iter().map(|e| e.act));
        if !entries.is_empty() {
            memory.absorb(&canonical::seal(&memory.head, &mut entries));
        }
    }
    assert_eq!(told, [Act::PrefixGiven, Act::PrefixReleased, Act::PrefixGiven, Act::PrefixReleased]);
}

#[test]
fn a_namespace_that_was_there_before_is_adopted_and_given_back_and_never_created_or_gone() {
    let mut namespace = world().namespaces[0].as_ref().clone();
    let meta = json!({"berth.dev/adopt": "aaaaaa-prod", "berth.dev/environment-uid": "uid-aaaaaa-prod"});
    namespace.metadata.annotations = Some(of(meta));
    namespace.metadata.managed_fields =
        Some(of(json!([{"manager": "berth-operator", "operation": "Update", "time": "2026-11-24T09:30:00Z"}])));
    let with = World { namespaces: vec![Arc::new(namespace)], ..World::default() };
    let mut memory = Memory::default();
    let mut adopted = acts::new(&with, &memory, instant("10:00"));
    let told: Vec<_> = adopted.iter().map(|e| (e.act, e.effective_at.as_str())).collect();
    assert_eq!(told, [(Act::NamespaceAdopted, "2026-11-24T09:30:00Z")], "from when it was ours, not since it is there");
    memory.absorb(&canonical::seal(&memory.head, &mut adopted));
    assert_eq!(acts::new(&with, &memory, instant("10:01")), Vec::<AuditEntry>::new());
    let known = acts::missing(&World::default(), &memory);
    assert_eq!(known.len(), 1);
    let mut released = vec![acts::released(known[0], instant("11:00"))];
    assert_eq!((released[0].act, released[0].who.as_str()), (Act::NamespaceReleased, acts::operator().as_str()));
    memory.absorb(&canonical::seal(&memory.head, &mut released));
    assert_eq!(acts::missing(&World::default(), &memory), Vec::<&_>::new());
}

#[test]
fn a_connection_is_recorded_from_its_request_to_its_end_and_its_copy_is_not() {
    let scene = {
        let mut scene = crate::connection::Scene::of(json!({})).agreed();
        scene.act("asking", "owner.1", "Close", "lan", "11:00");
        scene.pass();
        scene
    };
    let open = {
        let mut open = crate::connection::Scene::of(json!({})).agreed().connection;
        open.metadata.uid = scene.connection.metadata.uid.clone();
        open
    };
    let mut copy = scene.copy().unwrap();
    copy.spec.counterpart_of = Some(of(json!({"namespace": "agency-ag-62", "name": "conn-a", "uid": "uid-conn-a"})));
    let mut memory = Memory::default();
    let mut told = Vec::new();
    for state in [vec![Arc::new(open)], vec![Arc::new(scene.connection.clone()), Arc::new(copy)]] {
        let world = World { connections: state, ..World::default() };
        let mut entries = acts::new(&world, &memory, instant("12:00"));
        told.extend(entries.iter().map(|e| (e.act, e.who.clone(), e.reason.clone())));
        memory.absorb(&canonical::seal(&memory.head, &mut entries));
    }
    let operator = acts::operator();
    let expected = [
        (Act::Submitted, "lan".to_owned(), None),
        (Act::Concluded, operator.clone(), None),
        (Act::Opened, operator.clone(), None),
        (Act::Closed, operator, Some("Closed".to_owned())),
    ];
    assert_eq!(told, expected);
}

#[test]
fn canonical_text_is_what_rfc_8785_says_of_strings_integers_and_order() {
    // The string of RFC 8785 §3.2.2 with its escapes, and members out of order.
    let value =
        json!({"string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/", "literals": [1, 0, -9007199254740991_i64], "a": {}, "Z": []});
    let text = r#"{"Z":[],"a":{},"literals":[1,0,-9007199254740991],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(canonical::text(&value), text);
}

#[test]
fn the_hash_of_a_known_segment_never_changes() {
    let entry = AuditEntry {
        id: "0".repeat(32),
        object: AuditObject {
            kind: "Onboarding".into(), name: "đề nghị".into(), uid: "u".into(), namespace: None
        },
        who: "lan".into(),
        effective_at: "2026-11-24".into(),
        recorded_at: "2026-11-24T10:00:00Z".into(),
        ..AuditEntry::default()
    };
    let segment = canonical::seal(&Head::default(), &mut vec![entry]);
    let zeros = |n| "0".repeat(n);
    let line = format!(
        r#"{{"entries":[{{"act":"Submitted","effectiveAt":"2026-11-24","id":"{}","object":{{"kind":"Onboarding","name":"đề nghị","uid":"u"}},"recordedAt":"2026-11-24T10:00:00Z","who":"lan"}}],"hash":"HASH","number":1,"previous":"{}"}}"#,
        zeros(32),
        zeros(64)
    );
    let hashed = line.replace(r#""hash":"HASH","#, "");
    assert_eq!(segment.hash, canonical::sha256(&hashed), "the hash is over the line without the hash");
    assert_eq!(canonical::line(&segment), line.replace("HASH", &segment.hash));
    assert_eq!(canonical::read(&canonical::line(&segment)), Ok(segment));
}

#[test]
fn a_request_leaves_every_act_in_the_order_in_which_it_happened() {
    let told: Vec<String> = all()
        .iter()
        .map(|e| format!("{:?} {} by {}", e.act, e.object.name, e.who.rsplit(':').next().unwrap()))
        .collect();
    let expected = [
        "Registered ag-62 by (not recorded in any object)",
        "Registered aaaaaa by berth-operator",
        "Registered aaaaaa-prod by berth-operator",
        "PrefixGiven 3fff-a10-1180-8000---56 by berth-operator",
        "Submitted onb-a by lan",
        "Decided onb-a.approver.1 by minh",
        "TookEffect onb-a.approver.1 by berth-operator",
        "Concluded onb-a by berth-operator",
        "NamespaceCreated aaaaaa-prod by berth-operator",
        "HandedOver onb-a by berth-operator",
    ];
    let (mut told_, mut expected_) = (told.clone(), expected.map(str::to_owned).to_vec());
    // The register's objects of this world have no creation time: their order among each other follows their ids.
    told_[..4].sort();
    expected_[..4].sort();
    assert_eq!(told_, expected_);
}

#[test]
fn an_entry_says_who_as_what_for_whom_on_what_ground_and_from_when() {
    let decided = find(Act::Decided);
    assert_eq!(
        serde_json::to_value(&decided).unwrap(),
        json!({
            "id": acts::id("uid-approver.1", "Decided"), "act": "Decided", "agency": "ag-62", "who": "minh",
            "object": {"kind": "Decision", "namespace": "agency-ag-62", "name": "onb-a.approver.1", "uid": "uid-approver.1"},
            "role": "approver", "reason": "Phù hợp quy hoạch", "legalBasis": "Sở KHCN 9/QĐ (2026-11-20)",
            "after": r#"{"granted":null,"onboardingUID":"uid-onb-a","verdict":"Approve"}"#,
            // Decided by a document of the 20th, taken down on the 24th.
            "effectiveAt": "2026-11-20", "recordedAt": "2026-11-24T10:00:00Z"
        })
    );
    let submitted = find(Act::Submitted);
    assert_eq!(
        (submitted.role.as_deref(), submitted.on_behalf_of.as_deref(), submitted.request_id.as_deref()),
        (Some("requester"), Some("ag-62"), Some("r-1"))
    );
    assert_eq!(find(Act::PrefixGiven).agency.as_deref(), Some("ag-62"), "the holder of a system's prefix is its owner");
}

#[test]
fn a_register_changed_by_hand_names_who_and_before_and_after() {
    let mut memory = Memory::default();
    let mut world = World::default();
    let written = |generation: i64, cpu: &str| {
        let mut site = site(json!({"capacity": {"cpu": cpu}}));
        site.metadata.generation = Some(generation);
        site.metadata.annotations = Some([("berth.dev/changed-by".to_owned(), "hoa".to_owned())].into());
        vec![Arc::new(site)]
    };
    world.sites = written(1, "672");
    let mut first = acts::new(&world, &memory, instant("10:00"));
    memory.absorb(&canonical::seal(&memory.head, &mut first));
    assert_eq!(acts::new(&world, &memory, instant("10:01")), [], "nothing changed");
    world.sites = written(3, "700");
    let [change] = &acts::new(&world, &memory, instant("10:02"))[..] else { panic!("one change") };
    let cpu = |text: &Option<String>| {
        serde_json::from_str::<Value>(text.as_ref().unwrap()).unwrap()["capacity"]["cpu"].clone()
    };
    assert_eq!((change.who.as_str(), cpu(&change.before), cpu(&change.after)), ("hoa", json!("672"), json!("700")));
}

#[test]
fn a_large_state_gives_way_to_its_hash_and_stays_comparable() {
    let state = json!({"big": "x".repeat(5000), "small": 1});
    let text = acts::bounded(state.clone());
    let hash = canonical::sha256(canonical::text(&state["big"]));
    assert_eq!(text, format!(r#"{{"big":{{"sha256":"{hash}"}},"small":1}}"#));
    let many: serde_json::Map<String, Value> = (0..200).map(|n| (format!("k{n}"), json!("y".repeat(50)))).collect();
    assert!(acts::bounded(Value::Object(many)).len() <= 2048);
}

#[test]
fn what_was_recorded_and_is_gone_is_missing_until_its_removal_is_recorded() {
    let (mut memory, mut world) = (Memory::default(), world());
    let mut entries = acts::new(&world, &memory, instant("10:00"));
    memory.absorb(&canonical::seal(&Head::default(), &mut entries));
    assert_eq!(acts::missing(&world, &memory), Vec::<&_>::new());
    world.namespaces.clear();
    let [gone] = acts::missing(&world, &memory)[..] else { panic!("one namespace is gone") };
    let removal = acts::removed(gone, instant("11:00"));
    assert_eq!((removal.act, removal.object.name.as_str()), (Act::Removed, "aaaaaa-prod"));
    memory.absorb(&canonical::seal(&memory.head, &mut vec![removal]));
    assert_eq!(acts::missing(&world, &memory), Vec::<&_>::new());
}

proptest! {
    /// The leader dies at any instant: whatever segments were created, the next one starts from them alone.
    #[test]
    fn no_act_is_lost_or_doubled_however_often_the_writer_starts_anew(
        sizes in prop::collection::vec(1usize..4, 1..12), shown in prop::collection::vec(0usize..6, 12)
    ) {
        let (whole, mut segments) = (world(), Vec::new());
        for (n, size) in sizes.iter().chain(std::iter::repeat_n(&3, 12)).enumerate() {
            // A fresh writer, which sees a part of the objects only.
            let mut memory = Memory::default();
            segments.iter().for_each(|s| memory.absorb(s));
            let mut seen = whole.clone();
            match shown.get(n) {
                Some(0) => seen.onboardings.clear(),
                Some(1) => seen.decisions.clear(),
                Some(2) => seen.tenants.clear(),
                Some(3) => seen.namespaces.clear(),
                _ => {}
            }
            let mut entries = acts::new(&seen, &memory, instant("10:00"));
            entries.truncate(*size);
            if !entries.is_empty() {
                segments.push(canonical::seal(&memory.head, &mut entries));
            }
        }
        let mut recorded: Vec<_> = segments.iter().flat_map(|s| s.entries.iter().map(|e| e.id.clone())).collect();
        let mut expected: Vec<_> = all().into_iter().map(|e| e.id).collect();
        recorded.sort();
        expected.sort();
        prop_assert_eq!(recorded, expected);
    }
}

#[test]
fn a_segment_holds_a_hundred_entries_at_most_and_leaves_the_rest() {
    let mut entries: Vec<_> =
        (0..150).map(|n| AuditEntry { id: acts::id(&n.to_string(), "x"), ..AuditEntry::default() }).collect();
    let segment = canonical::seal(&Head::default(), &mut entries);
    assert_eq!((segment.entries.len(), entries.len()), (100, 50));
    let large = "z".repeat(2000);
    let mut entries =
        vec![AuditEntry { before: Some(large.clone()), after: Some(large), ..AuditEntry::default() }; 100];
    entries.iter_mut().for_each(|entry| entry.reason = Some("ế".repeat(1000)));
    let segment = canonical::seal(&Head::default(), &mut entries);
    assert!(segment.entries.len() + entries.len() == 100 && canonical::line(&segment).len() < 600_000);
}
