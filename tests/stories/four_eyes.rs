//! Who may decide, and what a decision that should not count comes to.

use berth_crds::{ConditionType, Tenant};
use berth_tests::error::Result;
use kube::ResourceExt;
use serde_json::json;

use crate::world::{code, decision, message, shared};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_the_own_request() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("both", "ag-62", "story-own", |_| {}).await?;
    // A positive control first: the policies see the paper, and somebody else may decide.
    let other = world.ask("lead-62", "ag-62", "story-own-control", |_| {}).await?;
    world.decide("both", &other, "Approve").await?;
    let refusal = world.create("both", decision(&paper, "approver", 1, "Approve")).await;
    assert_eq!(code(refusal), 403);
    let refusal = message(world.create("both", decision(&paper, "approver", 1, "Approve")).await);
    assert!(refusal.contains("requester"), "{refusal}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signers_sign_and_contractors_never_do() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-signers", |_| {}).await?;
    for who in ["lead-67", "nobody", "contractor", "lead-62"] {
        let refusal = world.create(who, decision(&paper, "approver", 1, "Approve")).await;
        assert_eq!(code(refusal), 403, "{who}");
    }
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Approved).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn requester_and_signer_are_stamped_and_cannot_be_forged() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-stamp", |_| {}).await?;
    assert_eq!(paper.spec.requester.username, "lead-62");
    assert_eq!(paper.spec.requester.groups, ["berth:ag-62:requester"]);
    let forged =
        world.ask("lead-62", "ag-62", "story-forged", |spec| spec["requester"] = json!({"username": "approver"})).await;
    assert!(forged.unwrap_err().to_string().contains("requester"));
    let mut body = decision(&paper, "approver", 1, "Approve");
    body["spec"]["by"] = json!({"username": "somebody-else"});
    assert_eq!(code(world.create("approver", body).await), 403);
    let signed = world.decide("approver", &paper, "Approve").await?;
    assert_eq!(signed.spec.by.username, "approver");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_a_withdrawn_request_has_no_effect() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-withdrawn", |_| {}).await?;
    let withdrawal = world.sign("lead-62", decision(&paper, "requester", 1, "Withdraw")).await?;
    assert_eq!(world.effect(&withdrawal).await?.1, "Effective");
    world.until(&paper, ConditionType::Withdrawn).await?;
    let approval = world.decide("approver", &paper, "Approve").await?;
    assert_eq!(world.effect(&approval).await?.1, "VoidWithdrawn");
    assert!(world.all::<Tenant>().await?.iter().all(|t| t.spec.code != "story-withdrawn"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_names_one_paper_and_not_another_of_the_same_name() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-uid", |_| {}).await?;
    let right = decision(&paper, "approver", 1, "Approve");
    let mut wrong = right.clone();
    wrong["spec"]["onboardingRef"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    let refusal = world.create("approver", wrong).await;
    assert!([403, 422].contains(&code(refusal)));
    let mut nothing = right.clone();
    nothing["metadata"]["name"] = json!("story-none.approver.1");
    nothing["spec"]["onboardingRef"]["name"] = json!("story-none");
    let orphan = world.sign("approver", nothing).await?;
    assert_eq!(world.effect(&orphan).await?.1, "VoidNoOnboarding");
    world.sign("approver", right).await?;
    world.until(&paper, ConditionType::Approved).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_number_counts_only_after_the_first_is_void() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-order", |_| {}).await?;
    let second = world.sign("approver", decision(&paper, "approver", 2, "Approve")).await?;
    assert_eq!(world.effect(&second).await?.1, "VoidOutOfOrder");
    world.decide("approver", &paper, "Approve").await?;
    let paper = world.until(&paper, ConditionType::Approved).await?;
    let uids = paper.status.and_then(|s| s.outcome).map(|o| o.decision_uids).unwrap_or_default();
    assert_eq!(uids.len(), 1);
    assert_ne!(Some(&uids[0]), second.uid().as_ref());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_are_never_changed_nor_deleted() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-permanent", |_| {}).await?;
    let api = kube::Api::<berth_crds::Onboarding>::namespaced(world.cluster.admin(), "agency-ag-62");
    assert_eq!(code(api.delete(&paper.name_any(), &Default::default()).await), 403);
    let change = json!({"spec": {"justification": "Khác."}});
    let patched = api.patch(&paper.name_any(), &Default::default(), &kube::api::Patch::Merge(&change)).await;
    assert!(message(patched).contains("`spec` must not change"));
    Ok(())
}
