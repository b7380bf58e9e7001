//! Who asks for what, who decides, and which of them mean harm. A seed gives the same deal.

use berth_cluster::{Person, until};
use berth_crds::onboarding::OutcomeResult;
use berth_crds::{Agency, Onboarding};
use berth_tests::error::Result;
use berth_tests::install;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::Api;
use kube::api::Patch;
use serde_json::{Value, json};

use super::table::{Act, TABLE};
use crate::attack::{JSON, send};
use crate::fuzz::Dice;
use crate::world::{PATIENCE, World};

/// Agencies of the province that ask, and those that a storm enters beside them.
const OF_THE_PROVINCE: [&str; 12] =
    ["ag-61", "ag-62", "ag-63", "ag-64", "ag-65", "ag-66", "ag-67", "ag-71", "ag-72", "ag-73", "ag-74", "ag-75"];
const FURTHER: usize = 8;
/// Resource approvers.
const APPROVERS: usize = 5;
/// Their deputy, bound by name, and the two for whom the register says so.
pub const DEPUTY: &str = "deputy";
pub const REVOKED: &str = "chair-revoked";
pub const ENDED: &str = "chair-ended";

/// Every agency that asks.
pub fn agencies() -> Vec<String> {
    let further = (1..=FURTHER).map(|n| format!("storm-{n}"));
    OF_THE_PROVINCE.iter().map(|name| (*name).to_owned()).chain(further).collect()
}

/// Who asks for an agency.
pub fn lead(agency: &str) -> String {
    format!("asks-{agency}")
}

/// Who may ask for an agency and is a resource approver, too.
pub fn insider(agency: &str) -> String {
    format!("insider-{agency}")
}

fn approver(n: usize) -> String {
    format!("approver-{n}")
}

/// Everybody of a storm.
pub fn people() -> Vec<Person> {
    let of = |agency: &String| {
        let requester = format!("berth:{agency}:requester");
        let both = [requester.clone(), "berth:approver".to_owned()];
        [Person::new(lead(agency), [requester]), Person::new(insider(agency), both)]
    };
    let approvers = (1..=APPROVERS).map(|n| Person::new(approver(n), ["berth:approver"]));
    agencies().iter().flat_map(of).chain(approvers).collect()
}

/// What becomes of a dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nobody decided.
    Open,
    /// Granted, and handed over.
    Approved,
    /// Granted with less than was asked, and handed over.
    Reduced,
    /// Refused by a person.
    Rejected,
    /// Given back for supplements.
    Returned,
    /// Taken back by the requester.
    Withdrawn,
}

impl Fate {
    /// What the paper says in the end.
    pub fn result(self) -> Option<OutcomeResult> {
        match self {
            Self::Open => None,
            Self::Approved | Self::Reduced => Some(OutcomeResult::Approved),
            Self::Rejected => Some(OutcomeResult::Rejected),
            Self::Returned => Some(OutcomeResult::Returned),
            Self::Withdrawn => Some(OutcomeResult::Withdrawn),
        }
    }
}

/// What honest people do, as often as it stands here.
const HONEST: [Fate; 10] = [
    Fate::Approved,
    Fate::Approved,
    Fate::Approved,
    Fate::Approved,
    Fate::Approved,
    Fate::Reduced,
    Fate::Rejected,
    Fate::Returned,
    Fate::Withdrawn,
    Fate::Open,
];

/// One dossier and what is done to it.
#[derive(Clone, Debug)]
pub struct Play {
    /// Name of the paper and code of the system.
    pub name: String,
    /// The agency that asks.
    pub agency: String,
    /// The approver who decides, and another one.
    pub approvers: [String; 2],
    /// What somebody tries who may not, if anybody does.
    pub hostile: Option<Act>,
    /// What becomes of it all the same.
    pub fate: Fate,
}

/// A number of dossiers, every second one with an act that must come to nothing; every act comes before one comes again.
pub fn deal(submissions: usize, seed: u64) -> Vec<Play> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let agencies = agencies();
    let mut plays: Vec<Play> = (0..submissions)
        .map(|n| {
            let row = (n % 2 == 1).then(|| &TABLE[n / 2 % TABLE.len()]);
            let first = dice.throw(APPROVERS);
            let second = (first + 1 + dice.throw(APPROVERS - 1)) % APPROVERS;
            Play {
                name: format!("storm-{n:04}"),
                agency: dice.of(&agencies).clone(),
                approvers: [approver(first + 1), approver(second + 1)],
                hostile: row.map(|row| row.act),
                fate: row.map_or_else(|| *dice.of(&HONEST), |row| row.fate),
            }
        })
        .collect();
    for i in (1..plays.len()).rev() {
        plays.swap(i, dice.throw(i + 1));
    }
    plays
}

/// Enters the further agencies, the deputy and the delegations, and waits until everybody may do what is theirs.
pub async fn enter(world: &World) -> Result<()> {
    let platform = world.client("platform");
    for name in agencies().iter().skip(OF_THE_PROVINCE.len()) {
        let agency = json!({
            "apiVersion": "berth.dev/v1alpha1", "kind": "Agency", "metadata": {"name": name},
            "spec": {
                "type": "Department", "inForce": {"from": "2024-01-01"},
                "names": [{"value": {"vi": format!("Cơ quan thử {name}")}, "inForce": {"from": "2024-01-01"}}],
                "members": [{"subject": {"kind": "Group", "name": format!("berth:{name}:requester")}, "role": "Requester"}]
            }
        });
        let made = send(&platform, "POST", "/apis/berth.dev/v1alpha1/agencies", JSON, &agency).await;
        if !made.accepted() {
            return Err(made.message.into());
        }
    }
    // The chart's `signers.approver`: who may be a deputy at all.
    let bound: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": {"name": "berth-signer-approver-deputies"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "berth-signer-approver"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": DEPUTY}]
    }))?;
    Api::<ClusterRoleBinding>::all(world.cluster.admin()).create(&Default::default(), &bound).await?;
    let agencies_api: Api<Agency> = Api::all(world.cluster.admin());
    let entries = Patch::Merge(json!({"spec": {"delegations": delegations()?}}));
    agencies_api.patch("storm-1", &Default::default(), &entries).await?;
    install::agencies_ready(&world.cluster).await?;
    for agency in agencies() {
        let papers: Api<Onboarding> = Api::namespaced(world.client(&lead(&agency)), &format!("agency-{agency}"));
        until("the binding is seen", PATIENCE, async || {
            papers.list(&Default::default()).await.map(drop).map_err(|e| e.to_string())
        })
        .await?;
    }
    Ok(())
}

/// One delegation that was taken back, and one whose last day is over.
fn delegations() -> Result<Vec<Value>> {
    let today = berth_api::clock::Clock::system().today();
    let (yesterday, tomorrow) = (today.yesterday()?.to_string(), today.tomorrow()?.to_string());
    let entry = |absent: &str, until: &str| {
        json!({
            "absent": absent, "to": DEPUTY, "role": "approver", "from": "2026-01-01", "until": until,
            "document": {"issuer": "UBND", "number": "3/UQ-UBND", "date": "2026-01-01", "signer": "Trần Thị B"}
        })
    };
    let mut revoked = entry(REVOKED, &tomorrow);
    revoked["revokedAt"] = json!(jiff::Timestamp::now().to_string());
    Ok(vec![revoked, entry(ENDED, &yesterday)])
}
