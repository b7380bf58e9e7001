//! Who claims: agencies with blocks of both lengths and systems below them, one agency with more systems than all the
//! blocks that it can grow to hold. A tenth of nothing is left to chance: a seed gives the same deal.

use berth_plan::claim::MOST_BLOCKS;
use berth_tests::error::Result;
use serde_json::{Value, json};

use crate::attack::{JSON, send};
use crate::fuzz::Dice;
use crate::world::World;

/// Systems that a commune can have: sixteen in each /52, and sixteen of those at most.
const COMMUNE: usize = 16 * MOST_BLOCKS;
/// Systems per commune and department, so that none but one is full.
const IN_COMMUNE: usize = 12;
const IN_DEPARTMENT: usize = 200;

/// Agencies and systems of a run. A system is a claim, and so is an agency.
pub struct Deal {
    /// Communes, then departments.
    agencies: Vec<(String, &'static str)>,
    /// The commune that has more systems than its blocks hold, however it grows.
    pub full: String,
    /// Systems in the order in which they ask, each with its agency.
    pub tenants: Vec<(String, String)>,
    /// Systems that cannot be numbered.
    pub refused: usize,
}

impl Deal {
    /// Deals a number of claims.
    pub fn new(claims: usize, seed: u64) -> Self {
        let refused = (claims / 50).max(2);
        let mut deal = Self { agencies: Vec::new(), full: "load-0".into(), tenants: Vec::new(), refused };
        let mut left = deal.agency("Commune", COMMUNE + refused, claims);
        for _ in 0..claims / 250 {
            left = deal.agency("Commune", IN_COMMUNE, left);
        }
        while left > 1 {
            left = deal.agency("Department", IN_DEPARTMENT, left);
        }
        assert_eq!(left, 0, "{claims} claims cannot be dealt: one agency would have no system");
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for i in (1..deal.tenants.len()).rev() {
            deal.tenants.swap(i, dice.throw(i + 1));
        }
        deal
    }

    /// One more agency with its systems, if claims are left for it; the claims that are left then.
    fn agency(&mut self, level: &'static str, systems: usize, left: usize) -> usize {
        // An agency that would leave one claim over takes one system less: the next has a system, too.
        let systems = systems.min(left - 1);
        let systems = if left - 1 - systems == 1 { systems - 1 } else { systems };
        let name = format!("load-{}", self.agencies.len());
        for _ in 0..systems {
            self.tenants.push((format!("l{:05}", self.tenants.len()), name.clone()));
        }
        self.agencies.push((name, level));
        left - 1 - systems
    }

    /// Enters the agencies in the register, as the platform operator does.
    pub async fn agencies(&self, world: &World) -> Result<()> {
        let platform = world.client("platform");
        for (name, level) in &self.agencies {
            let agency = json!({
                "apiVersion": "berth.dev/v1alpha1", "kind": "Agency", "metadata": {"name": name},
                "spec": {
                    "type": level, "inForce": {"from": "2024-01-01"},
                    "names": [{"value": {"vi": format!("Cơ quan thử {name}")}, "inForce": {"from": "2024-01-01"}}]
                }
            });
            let made = send(&platform, "POST", "/apis/berth.dev/v1alpha1/agencies", JSON, &agency).await;
            if !made.accepted() {
                return Err(made.message.into());
            }
        }
        Ok(())
    }
}

/// A system that the platform operator enters by hand: its operator asks for its prefix.
pub fn tenant(name: &str, agency: &str) -> Value {
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": name},
        "spec": {
            "code": format!("IS-{name}"), "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": agency}, "level": 1,
            "siteRef": {"name": "binh-duong-dc1"}, "basis": {"type": "Direct", "reason": "Nhập lại sổ cũ."},
            "owners": [{"agencyRef": {"name": agency}, "from": "2024-01-01"}],
            "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
            "migrationStage": "Operating"
        }
    })
}
