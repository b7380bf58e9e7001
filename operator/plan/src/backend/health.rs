//! What `Addressed` says: the worst of what the back ends report about an environment's objects.

use berth_crds::condition::{self, Is};
use berth_crds::{ConditionType, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{Health, Input, Plan, Role, Step, of_kind, retire};

/// A reason of the catalogue and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Reason.
    pub reason: Reason,
    /// Sentence for a person on call.
    pub message: String,
}

impl Told {
    /// A reason with its sentence.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// A reason with the catalogue's sentence.
    pub fn plainly(reason: Reason) -> Self {
        Self::new(reason, reason.en())
    }

    /// Value of the condition: a reserved prefix is addressed, and so is one whose old pool is still on its way out.
    pub fn is(&self) -> Is {
        match self.reason {
            Reason::BackEndPending => Is::Unknown,
            Reason::BackEndUnfit | Reason::BackEndFault => Is::False,
            _ => Is::True,
        }
    }
}

pub(super) fn told(plan: &Plan, input: &Input) -> Told {
    let (mut pending, mut served) = (None, Vec::new());
    for wanted in &plan.objects {
        let Some(stands) = input.seen.find(wanted) else {
            pending.get_or_insert(format!("{} {:?} is not written yet.", wanted.kind.kind, wanted.name));
            continue;
        };
        let Some(back_end) = of_kind(&wanted.kind) else { continue };
        match back_end.health(wanted, stands, input) {
            Health::Fault(why) => return Told::new(Reason::BackEndFault, why),
            Health::Pending(why) => drop(pending.get_or_insert(why)),
            Health::Serving => served.extend(wanted.prefixes().iter().map(|p| format!("{} {p}", back_end.name()))),
        }
    }
    if let Some(why) = pending {
        return Told::new(Reason::BackEndPending, why);
    }
    let name = input.environment.metadata.name.as_deref().unwrap_or_default();
    let waits = retire(name, &plan.objects, input.seen).into_iter().find_map(|step| match step {
        Step::Wait { object, why } => {
            Some(format!("{} {} stays while {why}.", object["kind"].as_str()?, object["metadata"]["name"]))
        }
        _ => None,
    });
    if let Some(why) = waits {
        return Told::new(Reason::PoolInUse, why);
    }
    let pods = super::ALL.iter().any(|b| b.role() == Role::Pods && plan.serving.contains(&b.name()));
    match (pods, served.join(", ")) {
        (_, none) if none.is_empty() => Told::plainly(Reason::NoBackEnd),
        (true, all) => Told::new(Reason::AddressesServed, format!("The network back end serves the addresses: {all}.")),
        (false, some) => Told::new(
            Reason::NoBackEnd,
            format!("Addresses of pods are reserved, not routed; those of Services are served: {some}."),
        ),
    }
}

/// Writes what the back ends say into conditions that were computed without them. `before` are the conditions as stored:
/// what says the same keeps its time.
pub fn tell(before: &[Condition], conditions: &mut Vec<Condition>, told: &Told, generation: Option<i64>, now: &Time) {
    let mut set = |type_: ConditionType, is: Is, reason: Reason, message: &str| {
        let stored = condition::get(before, type_).cloned();
        let place = conditions.iter_mut().find(|c| c.type_ == type_.as_str());
        if let (Some(stored), Some(place)) = (stored, place) {
            *place = stored;
        }
        condition::set(conditions, type_, is, reason, message, generation, now);
    };
    set(ConditionType::Addressed, told.is(), told.reason, &told.message);
    if told.is() == Is::True {
        return;
    }
    let stalled = told.is() == Is::False;
    set(ConditionType::Ready, Is::False, told.reason, &told.message);
    set(ConditionType::Reconciling, Is::from(!stalled), told.reason, &told.message);
    set(ConditionType::Stalled, Is::from(stalled), told.reason, &told.message);
}
