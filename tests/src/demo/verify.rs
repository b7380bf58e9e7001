//! Is everything as it must be, and is there nothing else? Asked of the API server, not of what the play remembers.

use berth_api::proto::v1::onboarding::State;
use berth_crds::address::PrefixLevel;
use berth_crds::{ConditionType, Environment, Onboarding, PrefixBlock, Reason, Site, Tenant, condition};
use berth_plan::amounts::{Amounts, format_bytes, format_cpu};
use berth_plan::booking::Ledger;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

use super::play::{Played, state};
use super::serve::Served;
use crate::error::Result;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Environments that are Ready.
    pub ready: usize,
    /// Requests that were refused.
    pub refused: usize,
    /// Requests that wait for headroom.
    pub waiting: usize,
    /// Requests and environments that are none of these.
    pub failed: usize,
    /// Everything that is not as it must be.
    pub problems: Vec<String>,
    /// Sum of grants against capacity.
    pub granted: String,
    /// Blocks of agencies.
    pub agency_blocks: usize,
    /// Blocks of systems.
    pub system_blocks: usize,
    /// One environment and its prefix.
    pub example: String,
}

impl Verdict {
    /// The last line, which scripts read.
    pub fn line(&self) -> String {
        format!(
            "berth demo: {} environments ready, {} refused, {} waiting, {} failed",
            self.ready, self.refused, self.waiting, self.failed
        )
    }

    /// Whether everything is as it must be.
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.failed == 0
    }
}

/// Counts on the API server and compares with what the play must come to.
pub async fn verify(served: &Served, played: &Played) -> Result<Verdict> {
    let admin = served.cluster.admin();
    let mut verdict = count(&admin).await?;
    let (environments, namespaces) = (list::<Environment>(&admin).await?, list::<Namespace>(&admin).await?);
    for asked in &played.asked {
        let wanted = if played.expected.ready.contains(&asked.code) {
            State::HandedOver
        } else if played.expected.waiting.contains(&asked.code) {
            State::WaitingForCapacity
        } else {
            State::Refused
        };
        // From level 3 what is handed over waits for its permission to operate.
        let handed_over = wanted == State::HandedOver && state(&asked.onboarding) == State::AwaitingGoLive;
        if state(&asked.onboarding) != wanted && !handed_over {
            verdict.problems.push(format!("{} is {:?}, not {wanted:?}", asked.code, state(&asked.onboarding)));
        }
    }
    for (place, code) in played.expected.waiting.iter().enumerate() {
        let asked = played.asked.iter().find(|a| &a.code == code).map(|a| a.onboarding.queue_place);
        if asked != i32::try_from(place + 1).ok() {
            verdict.problems.push(format!("{code} is at place {asked:?}, not {}", place + 1));
        }
    }
    if environments.len() != played.expected.ready.len() {
        verdict.problems.push(format!(
            "{} environments exist, {} should",
            environments.len(),
            played.expected.ready.len()
        ));
    }
    let planned: usize = environments.iter().filter_map(|e| e.status.as_ref()).map(|s| s.namespaces.len()).sum();
    let ours = namespaces.iter().filter(|n| n.labels().contains_key(berth_crds::labels::ENVIRONMENT)).count();
    if planned != ours {
        verdict.problems.push(format!("{ours} tenant namespaces exist, {planned} should"));
    }
    Ok(verdict)
}

async fn list<K>(client: &Client) -> Result<Vec<K>>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    Ok(Api::<K>::all(client.clone()).list(&ListParams::default()).await?.items)
}

async fn count(admin: &Client) -> Result<Verdict> {
    let is = |conditions: &[_], type_| condition::is_true(conditions, type_);
    let mut verdict = Verdict::default();
    let mut granted = Amounts::default();
    for environment in list::<Environment>(admin).await? {
        let status = environment.status.clone().unwrap_or_default();
        granted = granted.plus(status.granted.as_ref().and_then(|g| Amounts::parse(g).ok()).unwrap_or_default());
        if is(&status.conditions, ConditionType::Ready) {
            verdict.ready += 1;
            verdict.example = format!("{} of {}", status.prefix.unwrap_or_default(), environment.name_any());
        } else {
            verdict.failed += 1;
            verdict.problems.push(format!("{} is not Ready: {:?}", environment.name_any(), status.conditions));
        }
    }
    for onboarding in list::<Onboarding>(admin).await? {
        let conditions = onboarding.status.clone().unwrap_or_default().conditions;
        let booked = condition::get(&conditions, ConditionType::Booked);
        if is(&conditions, ConditionType::Rejected) {
            verdict.refused += 1;
        } else if booked.is_some_and(|c| c.status == "False" && c.reason == Reason::NoHeadroom.as_str()) {
            verdict.waiting += 1;
        } else if !is(&conditions, ConditionType::Ready) {
            verdict.failed += 1;
        }
    }
    for block in list::<PrefixBlock>(admin).await? {
        match block.spec.level {
            PrefixLevel::System => verdict.system_blocks += 1,
            PrefixLevel::Agency | PrefixLevel::Commune => verdict.agency_blocks += 1,
        }
    }
    if list::<Tenant>(admin).await?.len() != verdict.system_blocks {
        verdict.problems.push("the number of tenants is not the number of their blocks".into());
    }
    let ledgers: Vec<Ledger> = list::<Site>(admin).await?.iter().map(Ledger::of_site).collect();
    let sum = |f: fn(&Ledger) -> Amounts| ledgers.iter().map(f).fold(Amounts::default(), Amounts::plus);
    verdict.granted = against(granted, sum(|l| l.limit));
    if !sum(Ledger::used).fits(sum(|l| l.limit)) {
        verdict
            .problems
            .push(format!("more is promised than there is: {}", against(sum(Ledger::used), sum(|l| l.limit))));
    }
    Ok(verdict)
}

fn against(used: Amounts, limit: Amounts) -> String {
    format!(
        "{} of {} vCPU, {} of {} memory, {} of {} block storage",
        format_cpu(used.cpu_milli),
        format_cpu(limit.cpu_milli),
        format_bytes(used.memory),
        format_bytes(limit.memory),
        format_bytes(used.storage),
        format_bytes(limit.storage)
    )
}
