//! The automatic rule: a Decision like any other, made by the operator's account and naming rule and numbers.

use berth_crds::{Decision, PolicyProfile, names};
use berth_plan::checks;
use kube::ResourceExt;
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use serde_json::json;

use super::Pass;
use crate::error::{Result, answer, while_};

/// Decides if the rule covers the request and the agency's budget has room.
pub async fn decide(pass: &Pass<'_>, profile: &PolicyProfile) -> Result<()> {
    let Ok(reason) = pass.judge(profile, checks::covered) else { return Ok(()) };
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
