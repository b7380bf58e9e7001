//! Inventory first: running systems and bodies from a spreadsheet into the register, before anybody asks for anything.
//!
//! A row is new, is there already, or is wrong: then every defect is named with its column, its value and what to do. A row
//! that contradicts the register is wrong, never a change: registers change by papers, or by hand with a reason. So a
//! repeated import finds what it made and writes nothing.

mod addresses;
mod agencies;
mod cells;
pub mod sheet;
mod systems;

use std::collections::BTreeMap;

use berth_crds::agency::DayRange;
use berth_crds::tenant::MigrationStage;
use berth_crds::{AddressPlan, Agency, Tenant};
use ipnet::IpNet;
use jiff::civil::Date;

use crate::register::Register;
use addresses::Held;
use cells::Cells;
use sheet::{Kind, Row, Sheet};

/// What the rows are judged against.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The registers.
    pub register: &'a Register,
    /// The address plan, once there is one.
    pub addresses: Option<&'a AddressPlan>,
    /// The day on which the rows come into the register.
    pub today: Date,
}

impl<'a> Known<'a> {
    fn roots(&self) -> impl Iterator<Item = IpNet> + use<'a> {
        self.addresses.into_iter().flat_map(|plan| &plan.spec.roots).filter_map(|root| root.cidr.parse().ok())
    }
}

/// What is wrong with a cell, or with a whole row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// English head of the column; empty for the whole row.
    pub column: String,
    /// What the cell holds.
    pub value: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// What a row comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A body to create.
    Agency(Box<Agency>),
    /// A system to create.
    Tenant(Box<Tenant>),
    /// The register says the same already.
    Present,
    /// Wrong, or not what the register says.
    Bad(Vec<Defect>),
}

/// One row of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Line of the file.
    pub row: u64,
    /// Id of the body or code of the system, as far as the row has one.
    pub key: String,
    /// Name of the object that it is or becomes.
    pub name: Option<String>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// Judges every row, in their order.
pub fn plan(sheet: &Sheet, known: &Known) -> Vec<Line> {
    let mut file = File::of(sheet, known);
    sheet.rows.iter().map(|row| file.judge(row, known)).collect()
}

/// What rows before this one said.
struct File {
    kind: Kind,
    /// Line on which a key was first met.
    first: BTreeMap<String, u64>,
    /// Ids of bodies that the file brings, wherever they stand in it.
    ids: Vec<String>,
    /// Aliases in the file, with their body and their days.
    aliases: Vec<(String, String, DayRange)>,
    /// Plates that are given to systems of the file.
    plates: Vec<String>,
    held: Vec<Held>,
}

impl File {
    fn of(sheet: &Sheet, known: &Known) -> Self {
        let id = |row: &Row| row.cells.get("id").map(|id| id.to_lowercase());
        Self {
            kind: sheet.kind,
            first: BTreeMap::new(),
            ids: sheet.rows.iter().filter_map(id).collect(),
            aliases: Vec::new(),
            plates: Vec::new(),
            held: systems::held(known.register),
        }
    }

    fn judge(&mut self, row: &Row, known: &Known) -> Line {
        let column = self.kind.columns()[0].key;
        let mut cells = Cells::of(row, self.kind);
        let key =
            cells.get(column).map(|key| if self.kind == Kind::Agencies { key.to_lowercase() } else { key.into() });
        let key = key.unwrap_or_default();
        if let Some(first) = self.first.get(&key).filter(|_| !key.is_empty()) {
            cells.bad(column, format!("stands on line {first} already; keep one of the two rows"));
        }
        let (name, verdict) = match self.kind {
            Kind::Agencies => agencies::judge(cells, self, known),
            Kind::Systems => systems::judge(cells, self, known),
        };
        self.first.entry(key.clone()).or_insert(row.line);
        Line { row: row.line, key, name, verdict }
    }
}

/// How far the province's systems are (S-41): those that run on the cloud, of all that are known and not gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Known, not on the cloud: not migrated.
    pub inventoried: usize,
    /// Granted an environment, not allowed to operate in it yet: not migrated.
    pub onboarding: usize,
    /// Migrated.
    pub operating: usize,
}

impl Progress {
    /// Counts systems.
    pub fn of<'a>(tenants: impl IntoIterator<Item = &'a Tenant>) -> Self {
        let mut progress = Self::default();
        for tenant in tenants {
            match tenant.spec.migration_stage {
                MigrationStage::Inventoried => progress.inventoried += 1,
                MigrationStage::Onboarding => progress.onboarding += 1,
                MigrationStage::Operating => progress.operating += 1,
                MigrationStage::Closed => {}
            }
        }
        progress
    }

    /// Systems that are not migrated.
    pub fn not_migrated(self) -> usize {
        self.inventoried + self.onboarding
    }
}

/// The defect of a row that says something else than the register.
fn contradicts(column: &str, value: String, there: &str) -> Defect {
    let message = format!(
        "is not what the register says: {there:?}; correct the row, or change the register by a paper or by hand with a reason"
    );
    Defect { column: column.into(), value, message }
}
