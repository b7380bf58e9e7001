//! S15: whatever comes from outside is a value or an error, never a panic; what was read is written and read back the same.
//!
//! `BERTH_FUZZ_SECONDS=600 cargo test --workspace --test spec decoding -- --nocapture` is the long run.

mod readable;

use berth_crds::{AuditRecordSpec, Connection, Environment, Onboarding, Tenant, names};
use berth_fuzz::Decoder;
use berth_plan::dossier::print::{Prefilled, content, docx, html};
use berth_plan::inventory::{Known, Verdict, plan, sheet};
use berth_plan::ledger::verify::{Evidence, verify};
use berth_plan::ledger::{Memory, canonical, history};
use berth_plan::network::text;
use berth_plan::{address, amounts, checks, day, search};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::connection::{Scene, connection};
use crate::desired::{plan_of, zones};
use crate::ledger::chain;
use crate::world::*;

/// Reads a value; what was read is written and read back the same. Only a year before the first, which no schema lets in, is
/// written as nobody reads it.
fn through<T: DeserializeOwned + Serialize>(value: &Value) -> Option<T> {
    let read: T = serde_json::from_value(value.clone()).ok()?;
    let written = serde_json::to_value(&read).unwrap();
    match serde_json::from_value::<T>(written.clone()) {
        Ok(again) => assert_eq!(serde_json::to_value(&again).unwrap(), written),
        Err(why) => assert!(written.to_string().contains("\"-"), "{why}: {written}"),
    }
    Some(read)
}

#[test]
fn prefixes_have_one_spelling() {
    let seeds = [
        "3fff:a10:1180:8000::/56",
        "198.51.100.0/24",
        "2001:db8::10",
        "192.0.2.7",
        "::/0",
        "0.0.0.0/0",
        "::ffff:192.0.2.0/120",
    ];
    Decoder::new("prefixes").texts(&seeds, |given| {
        if let Some(net) = address::parse(given) {
            assert_eq!((net.to_string(), address::parse_any(given)), (given.to_owned(), Some(net.into())));
            let digits = address::reverse_zone(net).map(|zone| zone.matches('.').count() - 1);
            assert!(digits.is_none_or(|digits| digits == usize::from(net.prefix_len() / 4)), "{given}");
        }
        if let Some(net) = address::parse_v4(given) {
            assert_eq!(net.to_string(), given);
        }
        if let Ok(net) = text::parse(given) {
            assert!(text::contains(net, net) && !text::reverse_zones(net).is_empty(), "{given}");
            let spelled = if given.contains('/') { net.to_string() } else { net.addr().to_string() };
            assert_eq!(spelled, given);
        }
    });
}

#[test]
fn names_are_taken_apart_as_they_were_joined() {
    let seeds = [
        "onb-a.approver.1",
        "berth-conn.ag-62.conn-a",
        "agency-ag-62",
        "agency-ag-62.2",
        "tenant-aaaaaa",
        "aaaaaa-prod-app",
    ];
    Decoder::new("names").texts(&seeds, |given| {
        if let Some((paper, role, n)) = names::parse_decision(given) {
            assert_eq!(names::decision(paper, role, n), given);
        }
        if let Some((agency, name)) = names::parse_connection_policy(given) {
            assert_eq!(names::connection_policy(agency, name), given);
        }
        if let Some(agency) = names::agency_of_namespace(given) {
            assert_eq!(names::agency_namespace(agency), given);
        }
        if let Some(tenant) = names::tenant_of_claim(given) {
            assert_eq!(names::tenant_claim(tenant), given);
        }
        assert!(given.starts_with(names::first_claim(given)) && given.starts_with(names::tenant_of_environment(given)));
        // Whatever a register calls a system and whoever asks: what is derived is a DNS label.
        let derived = [names::inventory_plate(given, 0).unwrap(), names::onboarding(given, given, given)];
        let is_label = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(derived.iter().all(is_label), "{derived:?}");
        let _ = (names::notice(given, given, given), names::counterpart(given), names::agency_of_claim(given));
    });
}

#[test]
fn amounts_days_and_words_are_read_and_written_back() {
    Decoder::new("amounts").texts(&["8", "500m", "32Gi", "999999999999999Pi", "0"], |given| {
        if let Some(bytes) = amounts::parse_bytes(given) {
            assert_eq!(amounts::parse_bytes(&amounts::format_bytes(bytes)), Some(bytes));
        }
        if let Some(cpu) = amounts::parse_cpu(given) {
            assert_eq!(amounts::parse_cpu(&amounts::format_cpu(cpu)), Some(cpu));
        }
    });
    Decoder::new("days").texts(&["2026-11-24", "9999-12-31", "0001-01-01", "2026-02-30"], |given| {
        if let Some(read) = day::parse(given) {
            assert_eq!(read.to_string(), given);
        }
        let _ = (day::covers(given, Some(given), today()), day::covers("2026-01-01", Some(given), today()));
    });
    Decoder::new("words").texts(&["Sở Y tế", "Đường Võ Văn Kiệt", "so-y-te 62"], |given| {
        let words = search::words(given);
        assert_eq!(search::words(&words.join(" ")), words);
        assert_eq!(search::Query::read(given).is_some(), !words.is_empty());
    });
}

#[test]
fn a_ledger_is_read_line_by_line_or_refused_and_never_believed_when_it_was_changed() {
    let whole = chain::lines();
    let seeds: Vec<&str> = whole.iter().map(String::as_str).collect();
    let sound = Evidence { export: Some(whole.clone()), ..Evidence::default() };
    let head = verify(&sound).unwrap();
    let mut at = 0;
    Decoder::new("lines of a ledger").inputs(1_500).texts(&seeds, |given| {
        if let Ok(segment) = canonical::read(given) {
            assert_eq!(canonical::line(&segment), given);
            Memory::default().absorb(&segment);
        }
        at = (at + 1) % whole.len();
        let mut lines = whole.clone();
        lines[at] = given.to_owned();
        let same = lines == whole;
        assert_eq!(
            verify(&Evidence { export: Some(lines), ..Evidence::default() }).is_ok_and(|found| found == head),
            same
        );
    });
}

#[test]
fn acts_of_a_ledger_that_say_nonsense_are_answered_from() {
    let block = json!({"cidr": "3fff:a10:1180:8000::/56", "level": "System", "parent": "3fff:a10:1180::/48", "state": "Confirmed",
        "claimRef": {"name": "tenant-aaaaaa", "uid": "u"}, "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "u"}, "claim": "tenant-aaaaaa"});
    let entry = json!({
        "id": "0123456789abcdef0123456789abcdef", "act": "PrefixGiven", "who": "lan", "agency": "ag-62",
        "object": {"kind": "PrefixBlock", "name": "3fff-a10-1180-8000---56", "uid": "u"}, "after": block.to_string(),
        "before": block.to_string(), "effectiveAt": "2026-11-24", "recordedAt": "2026-11-24T10:00:00Z"
    });
    let registered = merge(entry.clone(), json!({"act": "Registered", "object": {"kind": "Tenant", "name": "aaaaaa"}}));
    let segment = |entries: Vec<Value>| json!({"number": 1, "previous": "0", "hash": "0", "entries": entries});
    let seeds = [segment(vec![entry.clone()]), segment(vec![registered.clone(), entry, registered])];
    Decoder::new("acts of a ledger").values(&seeds, |value| {
        let Some(segment) = through::<AuditRecordSpec>(value) else { return };
        let mut memory = Memory::default();
        memory.absorb(&segment);
        for lost in memory.prefixes.lost(&[], at("10:00").0) {
            assert!(lost.to_string().starts_with(&lost.spec.cidr));
        }
        for object in ["Tenant/aaaaaa", "PrefixBlock/3fff-a10-1180-8000---56", "u"] {
            let _ = history::as_of(&segment.entries, object, today(), at("10:00").0, &TimeZone::UTC);
        }
        let _ = verify(&Evidence { cluster: Some(vec![("000000000001".into(), segment)]), ..Evidence::default() });
    });
}

#[test]
fn a_spreadsheet_is_a_verdict_for_each_row_or_one_sentence() {
    let systems = "code,name,agency,level,effective,governing_body,operator,data_kinds,ipv4,ipv6,network,authority,letter_number,\
        letter_date,ipv6_stage,domains\nIS-20,Hệ thống cũ,ag-62,2,31/12/2025,ag-70,ag-69,Public;Private,\
        198.51.100.20;198.51.100.32/28,2001:db8::10,TSLCD,Cục Bưu điện Trung ương,77/CBĐTW,2024-05-02,S2,cu.tinh.example\n";
    let agencies = "\u{feff}Mã cơ quan;Tên cơ quan;Loại;Ngày hiệu lực;Ngày kết thúc;Tên tắt;Cấp trên\r\n\
        ag-90;\"Sở \"\"Mới\"\"\";Department;01/07/2026;2030-12-31;so-moi;ag-70\r\nag-91;Sở Khác;Department;2026-07-01;;;ag-90\r\n";
    let register = register();
    Decoder::new("spreadsheets").inputs(2_000).texts(&[systems, agencies], |given| {
        let Ok(sheet) = sheet::read(given) else { return };
        let lines = plan(&sheet, &Known { register: &register, addresses: Some(&ADDRESSES), today: today() });
        assert_eq!(lines.len(), sheet.rows.len());
        for line in &lines {
            match &line.verdict {
                Verdict::Tenant(tenant) => drop(through::<Tenant>(&serde_json::to_value(tenant).unwrap()).unwrap()),
                Verdict::Bad(defects) => assert!(!defects.is_empty(), "{line:?}"),
                Verdict::Agency(_) | Verdict::Present => {}
            }
        }
    });
}

#[test]
fn a_request_in_any_state_is_checked_and_printed() {
    let other = onboarding(json!({"metadata": {"name": "onb-b", "uid": "uid-onb-b"}, "spec": {"requestedPrefix": null,
        "form": {"function": "Một cửa", "bandwidthMbps": 100, "users": ["Citizens"], "undertaking": "Given",
            "backup": {"rpoHours": 24, "rtoHours": 8, "keepDays": 30},
            "contact": {"name": "Lan", "title": "Chuyên viên", "phone": "0274", "email": "lan@tinh.gov.vn"}},
        "letter": {"issuer": "Sở Y tế", "number": "12/TTr", "date": "2026-11-20", "signer": "Lan"}}}));
    let seeds = [serde_json::to_value(onboarding(json!({}))).unwrap(), serde_json::to_value(other).unwrap()];
    let (register, profile) = (register(), profile(json!({})));
    Decoder::new("requests").inputs(1_000).values(&seeds, |value| {
        let Some(paper) = through::<Onboarding>(value) else { return };
        let found = checks::all(&subject(&paper, "ag-62", &profile, &register, &[]));
        let _ = (checks::overall(&found), content(&paper.spec), html(&paper.spec, &Prefilled::default(), "0"));
        let _ = docx(&paper.spec, &Prefilled::default(), "0");
    });
}

#[test]
fn a_connection_in_any_state_is_planned() {
    let outside = json!({"spec": {"direction": "Outbound", "destination": {"environment": null, "outside": {"kind": "Named",
        "name": "Cổng", "runBy": "Ngân hàng", "ipv4": {"blocks": ["203.0.113.7/32"]}, "ipv6": {"none": "Chưa có."}}}}});
    let seeds = [json!({}), outside].map(|with| serde_json::to_value(connection(with)).unwrap());
    let mut scene = Scene::of(json!({})).agreed();
    Decoder::new("connections").inputs(1_000).values(&seeds, |value| {
        let Some(paper) = through::<Connection>(value) else { return };
        scene.connection = paper;
        let _ = scene.plan();
    });
}

#[test]
fn an_environment_in_any_state_is_planned_or_says_why_not() {
    let dated = json!({"endDate": "2026-12-31", "exposure": ["Internet"], "ipv4Only": {"reason": "Thiết bị cũ.", "until": "2027-06-30"},
        "access": [{"subject": {"kind": "ServiceAccount", "namespace": "ci", "name": "deploy"}, "role": "Edit", "expires": "2026-12-01"}]});
    let seeds = [json!({}), zones(), merge(zones(), dated)];
    let seeds = seeds.map(|with| serde_json::to_value(environment("aaaaaa-prod", "Prod", with)).unwrap());
    Decoder::new("environments").inputs(500).values(&seeds, |value| {
        let Some(environment) = through::<Environment>(value) else { return };
        let _ = (plan_of(&environment, 1), plan_of(&environment, 3), berth_plan::desired::intended_names(&environment));
    });
}
