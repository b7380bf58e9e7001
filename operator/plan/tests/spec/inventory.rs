//! Inventory first: what each row of a spreadsheet comes to (domain S-10, acceptance A27).

mod again;

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::onboarding::Outcome;
use berth_crds::tenant::Ipv6Stage;
use berth_crds::{Agency, Reason, Tenant};
use berth_plan::admit;
use berth_plan::checks;
use berth_plan::fulfil::{Case, Way, way};
use berth_plan::inventory::sheet::{self, Kind, Sheet};
use berth_plan::inventory::{Known, Line, Progress, Verdict, plan};
use berth_plan::register::Register;
use serde_json::{Value, json};

use crate::world::*;

const HEAD: &str = "code,name,agency,level,effective,governing_body,operator,data_kinds,ipv4,ipv6,network,authority,\
    letter_number,letter_date,ipv6_stage,domains";
/// The row of A27: a system of the days of virtual machines, with IPv4 only.
const OLD: &str = "IS-20,Hệ thống cũ,ag-62,2,31/12/2025,ag-70,ag-69,Public;Private,198.51.100.20;198.51.100.32/28,,TSLCD,\
    Cục Bưu điện Trung ương,77/CBĐTW,2024-05-02,,Cu.tinh.example";

fn judge(text: &str, register: &Register) -> Vec<Line> {
    let sheet = sheet::read(text).unwrap();
    plan(&sheet, &Known { register, addresses: Some(&ADDRESSES), today: today() })
}

/// The first row below the head.
fn row(text: &str, register: &Register) -> Line {
    judge(&format!("{HEAD}\n{text}\n"), register).remove(0)
}

/// Column, value and message of every defect.
fn told(line: &Line) -> Vec<(String, String, String)> {
    match &line.verdict {
        Verdict::Bad(defects) => {
            defects.iter().map(|d| (d.column.clone(), d.value.clone(), d.message.clone())).collect()
        }
        other => panic!("{other:?} is not wrong"),
    }
}

fn tenant_of(line: &Line) -> Tenant {
    match &line.verdict {
        Verdict::Tenant(tenant) => tenant.as_ref().clone(),
        other => panic!("{other:?} is no new system"),
    }
}

/// The register after an import, with the UIDs that the API server gives.
fn imported(register: &Register, line: &Line) -> Register {
    let mut tenant = tenant_of(line);
    let plate = tenant.metadata.name.clone().unwrap();
    tenant.metadata.uid = Some(format!("uid-{plate}"));
    let mut register = register.clone();
    register.tenants.insert(plate, Arc::new(tenant));
    register
}

#[test]
fn a27_a_system_with_ipv4_only_is_put_on_record_as_it_is_and_counts_as_not_migrated() {
    let line = row(OLD, &register());
    let tenant = tenant_of(&line);
    let plate = berth_crds::names::inventory_plate("IS-20", 0).unwrap();
    assert_eq!((line.row, line.key.as_str(), line.name.as_ref()), (2, "IS-20", Some(&plate)));
    let since = |agency: &str| json!([{"agencyRef": {"name": agency}, "from": "2025-12-31"}]);
    let letter = json!({"number": "77/CBĐTW", "date": "2024-05-02"});
    let address = |cidr: &str| json!({"cidr": cidr, "network": "TSLCD", "authority": "Cục Bưu điện Trung ương", "letter": letter});
    assert_eq!(
        serde_json::to_value(&tenant.spec).unwrap(),
        json!({
            "code": "IS-20", "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": "ag-62"}, "level": 2,
            "siteRef": {"name": "dc1"}, "owners": since("ag-62"), "governingBodies": since("ag-70"),
            "operators": since("ag-69"), "dataKinds": ["Public", "Private"],
            "levels": [{"level": 2, "status": "Proposed", "inForce": {"from": "2025-12-31"}}],
            "migrationStage": "Inventoried",
            "inventory": {
                "effectiveOn": "2025-12-31", "recordedOn": "2026-11-24", "ipv6Stage": "Ipv4Only",
                "addresses": [address("198.51.100.20/32"), address("198.51.100.32/28")], "domains": ["cu.tinh.example"]
            },
            "basis": {"type": "Direct", "revision": 1, "reason": "Inventory of 2025-12-31, imported on 2026-11-24."}
        })
    );
    let all = imported(&register(), &line);
    let progress = Progress::of(all.tenants.values().map(AsRef::as_ref));
    assert_eq!(progress, Progress { inventoried: 1, onboarding: 2, operating: 0 });
    assert_eq!(progress.not_migrated(), 3);
}

#[test]
fn both_families_are_recorded_and_the_stage_is_by_number_or_name() {
    for (stage, expected) in [("S4", Ipv6Stage::InsideDualStack), ("public-aaaa", Ipv6Stage::PublicAaaa)] {
        let both = OLD.replace(",,TSLCD", ",2001:db8:5::20,TSLCD").replace(",,Cu.", &format!(",{stage},Cu."));
        let inventory = tenant_of(&row(&both, &register())).spec.inventory.unwrap();
        let cidrs: Vec<_> = inventory.addresses.iter().map(|a| a.cidr.as_str()).collect();
        assert_eq!(cidrs, ["198.51.100.20/32", "198.51.100.32/28", "2001:db8:5::20/128"]);
        assert_eq!(inventory.ipv6_stage, expected);
    }
}

#[test]
fn a_repeated_import_finds_what_it_made_and_a_contradiction_is_an_error() {
    let known = imported(&register(), &row(OLD, &register()));
    let again = row(OLD, &known);
    assert_eq!(
        (again.name.as_ref(), &again.verdict),
        (known.tenants.keys().find(|k| !["aaaaaa", "bbbbbb"].contains(&k.as_str())), &Verdict::Present)
    );
    let register_says = |there: &str| {
        format!(
            "is not what the register says: {there:?}; correct the row, or change the register by a paper or by hand with a reason"
        )
    };
    for (from, to, column, value, there) in [
        ("ag-62,2", "ag-71,2", "agency", "ag-71", "ag-62"),
        (",2,31/12", ",3,31/12", "level", "3", "2"),
        ("Hệ thống cũ", "Hệ thống mới", "name", "Hệ thống mới", "Hệ thống cũ"),
        ("Cu.tinh", "khac.tinh", "domains", "khac.tinh.example", "cu.tinh.example"),
        ("ag-69,Public", "ag-73,Public", "operator", "ag-73", "ag-69"),
    ] {
        let line = row(&OLD.replace(from, to), &known);
        let wanted = vec![(column.to_owned(), value.to_owned(), register_says(there))];
        let found = told(&line);
        assert!(found.ends_with(&wanted) || found.contains(&wanted[0]), "{column}: {found:?}");
    }
    // What runs already and says the same is no error; of another body it is.
    let running = "IS-01,Cổng dịch vụ công,ag-62,1,31/12/2025,,,,,,,,,,,";
    assert_eq!(row(running, &register()).verdict, Verdict::Present);
    let foreign = told(&row(&running.replace("ag-62", "ag-71"), &register()));
    assert_eq!(foreign, [("agency".to_owned(), "ag-71".to_owned(), register_says("ag-62"))]);
}

#[test]
fn every_wrong_cell_is_named_with_its_value_and_what_to_do() {
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("IS-20,", ",", "code", "", "is empty; give the code in the province's register"),
        ("IS-20,", "IS 20,", "code", "IS 20", "cannot be read; give the code"),
        ("Hệ thống cũ", "Hệ thống\u{7} cũ", "name", "Hệ thống\u{7} cũ", "holds the control character U+0007"),
        ("ag-62", "ag-99", "agency", "ag-99", "is no agency of the register"),
        ("ag-62", "ag-11", "agency", "ag-11", "does not exist any more; name the body that has it today, of ag-62"),
        ("31/12/2025", "31/12/2022", "agency", "ag-62", "did not exist on 2022-12-31"),
        (",2,31/12", ",6,31/12", "level", "6", "give the security level, 1 to 5"),
        ("31/12/2025", "31/02/2025", "effective", "31/02/2025", "YYYY-MM-DD or DD/MM/YYYY"),
        ("31/12/2025", "2027-01-01", "effective", "2027-01-01", "lies after today, 2026-11-24"),
        ("ag-69,", "xx,", "operator", "xx", "is no agency of the register"),
        ("Public;Private", "Secret", "data_kinds", "Secret", "cannot be read; give the Public, Private"),
        ("Public;Private", "Public;Public", "data_kinds", "Public;Public", "twice"),
        (
            "198.51.100.20;",
            "198.51.100.256;",
            "ipv4",
            "198.51.100.256;198.51.100.32/28",
            "\"198.51.100.256\" is no IPv4",
        ),
        ("100.32/28", "100.33/28", "ipv4", "198.51.100.20;198.51.100.33/28", "write 198.51.100.32/28"),
        ("100.20;", "100.40;", "ipv4", "198.51.100.40;198.51.100.32/28", "is named twice"),
        (",,TSLCD", ",198.51.100.9,TSLCD", "ipv6", "198.51.100.9", "is no IPv6 address"),
        (
            ",,TSLCD",
            ",3fff:a10:1::1,TSLCD",
            "ipv6",
            "3fff:a10:1::1",
            "lies in 3fff:a10::/32, which the address plan numbers",
        ),
        ("TSLCD", "", "network", "", "is empty, and the row has addresses"),
        ("Cục Bưu điện Trung ương", "", "authority", "", "is empty, and the row has addresses"),
        ("77/CBĐTW,2024-05-02", ",", "letter_number", "", "addresses of TSLCD are assigned by letter"),
        ("2024-05-02", "", "letter_date", "", "the letter has a number; give its date"),
        (",,Cu.", ",S9,Cu.", "ipv6_stage", "S9", "give the S0 to S7"),
        (",,Cu.", ",S3,Cu.", "ipv6_stage", "S3", "is not so: the row has no IPv6 address"),
        (",,TSLCD", ",2001:db8::5,TSLCD", "ipv6_stage", "", "is empty, and the row has IPv6 addresses"),
        ("Cu.tinh", "Cu tinh", "domains", "Cu tinh.example", "cannot be read; give the domain names"),
        ("Cu.tinh.example", "a,b", "", "", "the row has 17 cells, the head has 16"),
    ];
    for (from, to, column, value, message) in cases {
        let text = OLD.replacen(from, to, 1);
        assert_ne!(text, OLD, "{from:?} is in the row");
        let found = told(&row(&text, &register()));
        let hit = found.iter().any(|(c, v, m)| c == column && v == value && m.contains(message));
        assert!(hit, "{from:?} → {to:?}: {found:?}");
    }
    let all = told(&row("IS 20,,ag-99,9,hôm qua,,,,x,,,,,,,", &register()));
    let columns: Vec<_> = all.iter().map(|(column, ..)| column.as_str()).collect();
    assert_eq!(columns, ["name", "code", "effective", "agency", "level", "ipv4"], "all defects of a row at once");
}

#[test]
fn two_rows_of_one_system_and_two_agencies_with_one_address_are_wrong() {
    let other = OLD.replace("IS-20", "IS-21").replace("ag-62", "ag-71");
    let lines = judge(&format!("{HEAD}\n{OLD}\n\n{OLD}\n{other}\n"), &register());
    assert_eq!(told(&lines[1])[0].2, "stands on line 2 already; keep one of the two rows");
    assert_eq!(lines[1].row, 4, "an empty line is a line");
    let clash = "is the system IS-20's of ag-62 in TSLCD; one of the two is wrong: ask the authority that assigned it";
    assert_eq!(told(&lines[2])[0], ("ipv4".into(), "198.51.100.20/32".into(), clash.into()));
    // Systems of one agency may share a server, and two networks may use one prefix.
    for fine in [OLD.replace("IS-20", "IS-21"), other.replace("TSLCD", "Internet")] {
        let lines = judge(&format!("{HEAD}\n{OLD}\n{fine}\n"), &register());
        assert!(matches!(lines[1].verdict, Verdict::Tenant(_)), "{:?}", lines[1]);
    }
}

#[test]
fn a_file_is_read_by_either_language_with_either_separator_and_one_that_is_none_says_why() {
    let spelt = "\u{feff}Mã hệ thống;Tên hệ thống;Cơ quan;Cấp độ;Ngày hiệu lực\r\n IS-20 ;\"Hê\u{323} thống cũ\";AG-62;2;2025-12-31\r\n;;;;\r\n";
    let lines = judge(spelt, &register());
    assert_eq!(lines.len(), 1, "a row of empty cells is none");
    assert_eq!(tenant_of(&lines[0]).spec.display_name.vi, "Hệ thống cũ", "NFC");
    for (text, why) in [
        ("", "the head has neither a column `code`"),
        ("name,agency\nx,y\n", "the head has neither a column `code` (an inventory of systems) nor `id`"),
        ("code,name\nx,y\n", "the head lacks the columns agency, level, effective"),
        ("code,bogus\nx,y\n", "the head has an unknown column \"bogus\": remove it, or name one of code, name"),
        ("code,mã hệ thống\nx,y\n", "the head has the column `code` twice"),
        ("id,name,type,effective\n", "the list has a head and no rows"),
    ] {
        let said = sheet::read(text).unwrap_err();
        assert!(said.starts_with(why), "{text:?}: {said}");
    }
}

#[test]
fn agencies_come_in_with_dates_alias_and_parent_and_a_repeat_writes_nothing() {
    let head = "id,name,type,effective,until,alias,parent\n";
    let text =
        format!("{head}AG-80,Trung tâm A,ServiceUnit,2026-01-01,,tt-a,ag-81\nag-81,Sở B,Department,01/07/2025,,,\n");
    let lines = judge(&text, &register());
    let agencies: BTreeMap<String, Agency> = lines
        .iter()
        .map(|line| match &line.verdict {
            Verdict::Agency(agency) => (line.key.clone(), agency.as_ref().clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let from = json!({"from": "2026-01-01"});
    assert_eq!(
        serde_json::to_value(&agencies["ag-80"].spec).unwrap(),
        json!({
            "type": "ServiceUnit", "inForce": from, "names": [{"value": {"vi": "Trung tâm A"}, "inForce": from}],
            "aliases": [{"value": "tt-a", "inForce": from}],
            "parents": [{"agencyRef": {"name": "ag-81"}, "from": "2026-01-01"}]
        })
    );
    let known = register_with(|r| r.agencies.extend(agencies.into_iter().map(|(id, a)| (id, Arc::new(a)))));
    assert!(judge(&text, &known).iter().all(|line| line.verdict == Verdict::Present));
    for (from, to, column, value, message) in [
        ("AG-80", "AG_80", "id", "AG_80", "cannot be read; give the opaque, permanent id"),
        ("ServiceUnit", "Sở", "type", "Sở", "give the Department, PeoplesCommittee"),
        ("2026-01-01,,", "2026-01-01,2025-01-01,", "until", "2025-01-01", "lies before the effective day"),
        ("tt-a", "ag-62", "alias", "ag-62", "is ag-62 already"),
        ("ag-81\nag", "ag-80\nag", "parent", "ag-80", "is the body itself"),
        ("ag-81\nag", "ag-98\nag", "parent", "ag-98", "is no agency of the register nor of this file"),
    ] {
        let found = told(&judge(&text.replacen(from, to, 1), &register())[0]);
        assert!(found.iter().any(|(c, v, m)| c == column && v == value && m.contains(message)), "{to}: {found:?}");
    }
    let head = "id,name,type,effective,contact,contact_title,contact_phone,contact_email\n";
    let person = "Lê An,Trưởng phòng,0274 000 000,an@tta.tinh.gov.vn";
    let with_person = format!("{head}ag-82,Trung tâm B,ServiceUnit,2026-01-01,{person}\n");
    let Verdict::Agency(named) = judge(&with_person, &register()).remove(0).verdict else { panic!("not new") };
    assert_eq!(
        serde_json::to_value(&named.spec.contacts).unwrap(),
        json!([{"duty": "Dossiers", "name": "Lê An", "title": "Trưởng phòng", "phone": "0274 000 000",
            "email": "an@tta.tinh.gov.vn", "language": "Vi"}])
    );
    let there = register_with(|r| drop(r.agencies.insert("ag-82".into(), Arc::from(named))));
    assert_eq!(judge(&with_person, &there)[0].verdict, Verdict::Present);
    for (from, to, column, message) in [
        (
            "an@tta.tinh.gov.vn",
            "an@gmail.com",
            "contact_email",
            "give the one address of the person in an official domain",
        ),
        ("an@tta.tinh.gov.vn", "", "contact_email", "is empty where `contact` is filled; fill both, or neither"),
        ("Lê An,", ",", "contact", "is empty where `contact_email` is filled"),
        (
            "0274 000 000",
            "0274 111 111",
            "contact",
            "is not what the register says: \"Lê An / an@tta.tinh.gov.vn / Trưởng phòng",
        ),
    ] {
        let found = told(&judge(&with_person.replacen(from, to, 1), &there)[0]);
        assert!(found.iter().any(|(c, _, m)| c == column && m.contains(message)), "{to}: {found:?}");
    }
    let renamed = told(&judge(&text.replace("Trung tâm A", "Trung tâm Z"), &known)[0]);
    assert!(renamed.len() == 1 && renamed[0].0 == "name" && renamed[0].2.contains("Trung tâm A"), "{renamed:?}");
}

#[test]
fn a_plate_that_somebody_has_is_not_taken() {
    let plates: Vec<_> = (0..2).map(|n| berth_crds::names::inventory_plate("IS-20", n).unwrap()).collect();
    let taken = register_with(|r| {
        r.tenants.insert(plates[0].clone(), Arc::new(tenant(&plates[0], json!({"code": "IS-77"}))));
    });
    assert_eq!(row(OLD, &taken).name, Some(plates[1].clone()));
}

/// A request of ag-62 for the system, as new or as one more environment.
fn request(with: Value) -> berth_crds::Onboarding {
    let base = json!({"spec": {"action": "New", "system": {"code": "IS-20", "displayName": "Hệ thống đổi tên", "level": 3,
        "dataKinds": ["Public"], "governingBodyRef": {"name": "ag-70"}, "operatorRef": {"name": "ag-72"}}}});
    onboarding(merge(base, with))
}

fn way_of(request: &berth_crds::Onboarding, agency: &str, register: &Register) -> Way {
    way(&Case {
        onboarding: request,
        agency,
        environment: "zzzzzz-prod",
        booking: None,
        register,
        open: &|_| false,
        others: &[],
        today: today(),
    })
}

#[test]
fn a_request_of_its_own_agency_takes_an_inventoried_system_up_and_nobody_elses_does() {
    let known = imported(&register(), &row(OLD, &register()));
    let plate = berth_crds::names::inventory_plate("IS-20", 0).unwrap();
    let profile = profile(json!({}));
    let unique = |agency: &str, register: &Register| {
        let results = checks::all(&subject(&request(json!({})), agency, &profile, register, &[]));
        results.into_iter().find(|check| check.id == "unique").unwrap()
    };
    assert_eq!(unique("ag-62", &known).message, "Nothing like it exists yet.");
    assert_eq!(way_of(&request(json!({})), "ag-62", &known), Way::Create);
    let foreign = "`spec.system.code` \"IS-20\" is a system of another body already; its owner must ask.";
    assert_eq!(unique("ag-71", &known).message, foreign);
    assert_eq!(
        way_of(&request(json!({})), "ag-71", &known),
        Way::Never { reason: Reason::AlreadyExists, message: foreign.into() }
    );
    // Once it is on its way, a second request for the code is one too many; the first one goes on.
    let mut on_its_way = known.clone();
    let mut taken = known.tenants[&plate].as_ref().clone();
    taken.spec.migration_stage = berth_crds::tenant::MigrationStage::Onboarding;
    taken.spec.basis = of(paper_basis("uid-onb-a", 2));
    on_its_way.tenants.insert(plate.clone(), Arc::new(taken));
    assert_eq!(way_of(&request(json!({})), "ag-62", &on_its_way), Way::Create, "its own");
    assert_eq!(on_its_way.made_for(&request(json!({})).spec, "uid-onb-a"), Some(plate.clone()));
    let second = request(json!({"metadata": {"uid": "uid-second"}}));
    assert!(matches!(way_of(&second, "ag-62", &on_its_way), Way::Never { .. }));
    // A level that was approved is not proposed anew in passing.
    let mut approved = known.clone();
    let mut system = known.tenants[&plate].as_ref().clone();
    system.spec.levels[0].status = berth_crds::tenant::LevelStatus::Approved;
    approved.tenants.insert(plate, Arc::new(system));
    let message = unique("ag-62", &approved).message;
    assert!(message.starts_with("`spec.system.level` is 3, and level 2 of this system is approved"), "{message}");
}

#[test]
fn what_is_taken_up_keeps_plate_history_and_inventory() {
    let known = imported(&register(), &row(OLD, &register()));
    let plate = berth_crds::names::inventory_plate("IS-20", 0).unwrap();
    let system = known.tenants[&plate].as_ref();
    let profile = profile(json!({}));
    let outcome: Outcome = of(json!({
        "result": "Approved", "priority": 5, "decisionUIDs": ["d"], "decidedAt": "2026-11-24T09:00:00Z", "recordedAt": "2026-11-24T09:00:00.000000Z",
        "granted": {"classRef": {"name": "xs"}, "quota": {"cpu": "2", "memory": "4Gi", "storage": "50Gi"}}
    }));
    let admit = |request: &berth_crds::Onboarding, level| {
        let input = admit::Input {
            onboarding: request,
            outcome: &outcome,
            agency: "ag-62",
            plate: &plate,
            profile: &profile,
            site: "dc1",
            level,
            day: today(),
            existing: None,
            system: Some(system),
        };
        admit::admit(&input).unwrap().tenant.unwrap()
    };
    let added = json!({"spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": plate}}});
    let mut expected = system.clone();
    expected.spec.migration_stage = berth_crds::tenant::MigrationStage::Onboarding;
    let taken = admit(&request(added), 2);
    expected.spec.basis = taken.spec.basis.clone();
    assert_eq!(taken, expected, "one more environment says nothing of the system");
    assert_eq!((taken.spec.basis.revision, taken.spec.basis.decision_uids.len()), (Some(2), 1));
    let renewed = admit(&request(json!({})), 3);
    assert_eq!(renewed.metadata, system.metadata, "written against what was read");
    let spec = renewed.spec;
    assert_eq!(
        (spec.owners, spec.inventory, spec.governing_bodies),
        (system.spec.owners.clone(), system.spec.inventory.clone(), system.spec.governing_bodies.clone())
    );
    assert_eq!((spec.level, spec.display_name.vi.as_str()), (3, "Hệ thống đổi tên"));
    assert_eq!(
        serde_json::to_value((spec.levels, spec.operators)).unwrap(),
        json!([
            [{"level": 2, "status": "Proposed", "inForce": {"from": "2025-12-31", "to": "2026-11-23"}},
             {"level": 3, "status": "Proposed", "inForce": {"from": "2026-11-24"}}],
            [{"agencyRef": {"name": "ag-69"}, "from": "2025-12-31", "to": "2026-11-23"},
             {"agencyRef": {"name": "ag-72"}, "from": "2026-11-24"}]
        ])
    );
}

#[test]
fn every_column_has_a_head_in_both_languages_of_its_own() {
    for kind in [Kind::Systems, Kind::Agencies] {
        let heads: Vec<_> = kind.columns().iter().flat_map(|column| [column.key, column.vi]).collect();
        let mut unique = heads.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), heads.len(), "{kind:?}");
        let empty = Sheet { kind, rows: vec![] };
        let register = register();
        assert_eq!(plan(&empty, &Known { register: &register, addresses: None, today: today() }), []);
    }
}
