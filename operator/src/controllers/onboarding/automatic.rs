//! The automatic rule: a Decision like any other, made by the operator's account and naming rule and numbers.

use berth_crds::common::HolderKind;
use berth_crds::{Decision, PolicyProfile, names};
use berth_plan::amounts::Amounts;
use berth_plan::booking::{Booked, Wish, book};
use kube::ResourceExt;
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use serde_json::json;

use super::{Pass, entries};
use crate::booking::Place;
use crate::error::{Result, answer, while_};

/// Decides if the rule covers the request and the agency's budget has room.
pub async fn decide(pass: &Pass<'_>, profile: &PolicyProfile) -> Result<()> {
    let Some(reason) = covered(pass, profile) else { return Ok(()) };
    let rule = profile.spec.automatic.as_ref().map(|r| r.legal_basis.clone());
    let name = names::decision(&pass.onboarding.name_any(), "approver", 1);
    // `by` is absent: admission stamps it, for our account as `berth:auto`.
    let body = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Decision", "metadata": {"name": name},
        "spec": {
            "onboardingRef": {"name": pass.onboarding.name_any(), "uid": pass.onboarding.uid()},
            "role": "approver", "verdict": "Approve", "reason": reason, "legalBasis": rule,
        }
    });
    let namespace = pass.onboarding.namespace().unwrap_or_default();
    let api = kube::Api::<DynamicObject>::namespaced_with(
        pass.ctx.client.clone(),
        &namespace,
        &ApiResource::erase::<Decision>(&()),
    );
    let object: DynamicObject = serde_json::from_value(body).expect("the literal above has the shape of an object");
    match api.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        // Somebody decided first; their Decision is on its way to our cache.
        Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => Ok(()),
        Err(error) => Err(while_("create", format!("Decision {name:?}"))(error)),
    }
}

/// Rule and numbers, when the rule covers the request.
fn covered(pass: &Pass, profile: &PolicyProfile) -> Option<String> {
    let rule = profile.spec.automatic.as_ref()?;
    let spec = &pass.onboarding.spec;
    let asked = spec.environment.as_ref()?;
    let level = entries::level(pass)?;
    let within =
        rule.actions.contains(&spec.action) && level <= rule.highest_level && rule.classes.contains(&asked.class_ref);
    let place = entries::place(pass)?;
    let (Place::Agency(agency, _), true) = (&place, within) else { return None };
    let class = pass.register.classes.get(&asked.class_ref.name)?;
    let amounts = Amounts::parse(asked.quota.as_ref().unwrap_or(&class.spec.resources)).ok()?;
    let name = entries::environment_name(pass)?;
    let ledger = place.ledger();
    let wish = Wish { kind: HolderKind::Environment, name: &name, amounts, paper: None };
    if let Booked::NoHeadroom { .. } = book(&ledger, &wish) {
        return None;
    }
    let (used, limit) = (ledger.used().to_resources(), ledger.limit.to_resources());
    Some(format!(
        "Rule {:?} covers it: level {level}, class {:?}; the budget of {} has {} of {} CPU and {} of {} memory booked",
        rule.name,
        asked.class_ref.name,
        agency.name_any(),
        used.cpu,
        limit.cpu,
        used.memory,
        limit.memory
    ))
}
