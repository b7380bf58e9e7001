//! Rows of running systems. They become Tenants of stage Inventoried: the operator provides nothing for them, and a request
//! of their agency takes them up.

use std::sync::Arc;

use berth_crds::agency::DayRange;
use berth_crds::common::{Basis, BasisType, Bilingual, DatedAgency, NameRef};
use berth_crds::onboarding::DataKind;
use berth_crds::tenant::{Inventory, LevelRecord, LevelStatus, MigrationStage};
use berth_crds::{Tenant, TenantSpec, names};
use jiff::civil::Date;
use kube::ResourceExt as _;

use super::addresses::{self, Held};
use super::cells::Cells;
use super::{Defect, File, Known, Verdict};
use crate::checks::reuse::lives;
use crate::register::Register;
use crate::{as_of, day};

const DATA_KINDS: [DataKind; 5] =
    [DataKind::Public, DataKind::Private, DataKind::PersonalBasic, DataKind::PersonalSensitive, DataKind::StateSecret];

/// Addresses of the systems that the register knows from an inventory and that still stand there: what left or was migrated
/// has given its addresses back, and the authority may have assigned them to others.
pub(super) fn held(register: &Register) -> Vec<Held> {
    let stays = |tenant: &&Arc<Tenant>| lives(tenant) && tenant.spec.migration_stage != MigrationStage::Operating;
    register.tenants.values().filter(stays).flat_map(|tenant| of(&tenant.spec)).collect()
}

fn of(spec: &TenantSpec) -> Vec<Held> {
    let addresses = spec.inventory.iter().flat_map(|inventory| inventory.addresses.clone());
    let held = |address| Held { code: spec.code.clone(), agency: spec.agency_ref.name.clone(), address };
    addresses.map(held).collect()
}

/// Plate and verdict of a row.
pub(super) fn judge(mut cells: Cells, file: &mut File, known: &Known) -> (Option<String>, Verdict) {
    let Some(spec) = read(&mut cells, file, known).filter(|_| cells.defects.is_empty()) else {
        return (None, Verdict::Bad(cells.defects));
    };
    if let Some(there) = known.register.tenants.values().find(|tenant| tenant.spec.code == spec.code) {
        let verdict = match differences(&there.spec, &spec, known.today) {
            different if different.is_empty() => Verdict::Present,
            different => Verdict::Bad(different),
        };
        return (Some(there.name_any()), verdict);
    }
    let free = |plate: &String| !known.register.tenants.contains_key(plate) && !file.plates.contains(plate);
    let Some(plate) = (0..).map_while(|n| names::inventory_plate(&spec.code, n)).find(free) else {
        cells.bad("code", "has no plate left: others have every one that derives from it; give another code");
        return (None, Verdict::Bad(cells.defects));
    };
    file.plates.push(plate.clone());
    file.held.extend(of(&spec));
    (Some(plate.clone()), Verdict::Tenant(Box::new(Tenant::new(&plate, spec))))
}

fn read(cells: &mut Cells, file: &File, known: &Known) -> Option<TenantSpec> {
    let code = cells.word("code", 40, |c| c.is_ascii_alphanumeric() || "-._/".contains(c));
    let (name, english) = (cells.text("name", 300), cells.text("name_en", 300));
    let effective = cells.past("effective", known.today);
    let agency = cells.body("agency", known, effective);
    let governing = cells.body("governing_body", known, effective);
    let operator = cells.body("operator", known, effective);
    let level = level(cells);
    let data_kinds = data_kinds(cells);
    let site = site(cells, agency.as_deref(), known);
    let inventory = inventory(cells, effective, known);
    if let (Some(code), Some(agency), Some(inventory)) = (&code, &agency, &inventory) {
        cells.defects.extend(addresses::taken(&file.held, code, agency, &inventory.addresses));
    }
    let (agency, level, inventory, from) = (agency?, level?, inventory?, effective?.to_string());
    let since = |name: String| DatedAgency { agency_ref: NameRef::to(name), from: from.clone(), to: None, mark: None };
    Some(TenantSpec {
        code: code?,
        display_name: Bilingual { vi: name?, en: english.unwrap_or_default() },
        agency_ref: NameRef::to(&agency),
        level,
        site_ref: NameRef::to(site?),
        owners: vec![since(agency)],
        governing_bodies: governing.map(since).into_iter().collect(),
        operators: operator.map(since).into_iter().collect(),
        data_kinds,
        levels: vec![LevelRecord {
            level,
            status: LevelStatus::Proposed,
            in_force: DayRange { from: from.clone(), to: None },
            ..LevelRecord::default()
        }],
        permissions: vec![],
        migration_stage: MigrationStage::Inventoried,
        basis: basis(&inventory),
        inventory: Some(inventory),
    })
}

fn basis(inventory: &Inventory) -> Basis {
    let source = inventory.source.as_deref().map(|source| format!(" ({source})")).unwrap_or_default();
    let reason = format!("Inventory of {}, imported on {}{source}.", inventory.effective_on, inventory.recorded_on);
    Basis { type_: BasisType::Direct, reason: Some(reason), revision: Some(1), ..Basis::default() }
}

fn level(cells: &mut Cells) -> Option<i64> {
    let text = cells.get("level")?;
    let level = text.parse().ok().filter(|level| (1..=5).contains(level));
    if level.is_none() {
        cells.unread("level");
    }
    level
}

fn data_kinds(cells: &mut Cells) -> Vec<DataKind> {
    let mut kinds = Vec::new();
    for part in cells.parts("data_kinds") {
        match cells.choice("data_kinds", part, &DATA_KINDS) {
            Some(kind) if kinds.contains(&kind) => {
                cells.bad("data_kinds", format!("names {part:?} twice; leave one out"))
            }
            Some(kind) => kinds.push(kind),
            None => {}
        }
    }
    kinds
}

fn site(cells: &mut Cells, agency: Option<&str>, known: &Known) -> Option<String> {
    if let Some(named) = cells.get("site") {
        if known.register.sites.contains_key(named) {
            return Some(named.to_owned());
        }
        cells.bad("site", "is no site of the register; correct it, or leave it out for the agency's");
        return None;
    }
    let site = known.register.site_of(agency?).map(|site| site.name_any());
    if site.is_none() {
        cells.bad("site", "is empty, and no site hosts the agency; name one");
    }
    site
}

fn inventory(cells: &mut Cells, effective: Option<Date>, known: &Known) -> Option<Inventory> {
    let addresses = addresses::read(cells, known);
    let stage = addresses::stage(cells, &addresses);
    let domains: Vec<String> = cells.parts("domains").into_iter().map(str::to_lowercase).collect();
    if domains.iter().any(|name| name.chars().count() > 253 || name.contains(char::is_whitespace)) {
        cells.unread("domains");
    }
    for (key, count, most) in [("domains", domains.len(), 32), ("ipv4", addresses.len(), 64)] {
        if count > most {
            cells.bad(
                key,
                format!("makes {count} entries of the system, the most is {most}; name prefixes, or leave some out"),
            );
        }
    }
    let (source, hosting) = (cells.text("source", 300), cells.text("hosting", 200));
    Some(Inventory {
        effective_on: effective?.to_string(),
        recorded_on: known.today.to_string(),
        source,
        hosting,
        ipv6_stage: stage?,
        addresses,
        domains,
        mark: None,
    })
}

/// Columns in which a row says something else than the register: of the day on which the row's facts held, where that day
/// is the inventory's own, else of today. What a paper changed since is no contradiction.
fn differences(there: &TenantSpec, row: &TenantSpec, today: Date) -> Vec<Defect> {
    let effective = row.inventory.as_ref().and_then(|inventory| day::parse(&inventory.effective_on));
    let on = effective.filter(|_| there.inventory.is_some()).unwrap_or(today);
    let (then, said) = (as_of::system(there, on), as_of::system(row, effective.unwrap_or(today)));
    let text = |value: Option<String>| value.unwrap_or_else(|| "nothing".into());
    let number = |value: Option<i64>| text(value.map(|level| level.to_string()));
    let mut cases =
        vec![("agency", text(said.owner), text(then.owner)), ("level", number(said.level), number(then.level))];
    if let (Some(was), Some(is)) = (&there.inventory, &row.inventory) {
        cases.push(("effective", is.effective_on.clone(), was.effective_on.clone()));
        cases.push(("governing_body", text(said.governing_body), text(then.governing_body)));
        cases.push(("operator", text(said.operator), text(then.operator)));
        cases.push(("ipv6_stage", format!("{:?}", is.ipv6_stage), format!("{:?}", was.ipv6_stage)));
        let list = |inventory: &Inventory, six: bool| {
            let of = inventory.addresses.iter().filter(|address| address.cidr.contains(':') == six);
            let each = of.map(|a| format!("{} in {} by {} {:?}", a.cidr, a.network, a.authority, a.letter));
            each.collect::<Vec<_>>().join(", ")
        };
        cases.push(("ipv4", list(is, false), list(was, false)));
        cases.push(("ipv6", list(is, true), list(was, true)));
        cases.push(("domains", is.domains.join(", "), was.domains.join(", ")));
        cases.push(("hosting", text(is.hosting.clone()), text(was.hosting.clone())));
    }
    if there.migration_stage == MigrationStage::Inventoried {
        cases.push(("name", row.display_name.vi.clone(), there.display_name.vi.clone()));
        cases.push(("data_kinds", format!("{:?}", row.data_kinds), format!("{:?}", there.data_kinds)));
    }
    let different = cases.into_iter().filter(|(_, row, there)| row != there);
    different.map(|(key, row, there)| super::contradicts(key, row, &there)).collect()
}
