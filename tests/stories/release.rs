//! A prefix goes back by the protocol, never under somebody's feet, and returns to who had it.

use berth_cluster::until;
use berth_crds::address::BlockState;
use berth_crds::{ConditionType, PrefixBlock, PrefixClaim, Tenant, condition, labels, names};
use berth_tests::error::Result;
use berth_tests::stack::Account;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, send};
use crate::world::{PATIENCE, World, shared};

/// A claim that is bound, with its block; another than `before`.
async fn bound(world: &World, tenant: &str, before: Option<&str>) -> Result<(PrefixClaim, PrefixBlock)> {
    let claims: Api<PrefixClaim> = Api::all(world.cluster.admin());
    let blocks: Api<PrefixBlock> = Api::all(world.cluster.admin());
    Ok(until("the tenant's claim is bound", PATIENCE, async || {
        let claim = claims.get(&names::tenant_claim(tenant)).await.map_err(|e| e.to_string())?;
        let cidr = claim.status.as_ref().and_then(|s| s.bound.as_ref()).map(|b| b.cidr.clone());
        match cidr {
            Some(cidr) if claim.uid().as_deref() != before => {
                let block = blocks.get(&names::block(&cidr)).await.map_err(|e| e.to_string())?;
                Ok((claim, block))
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await?)
}

/// A system that is entered by hand.
pub fn entered(name: &str) -> Value {
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": name},
        "spec": {
            "code": "IS-98", "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": "ag-62"}, "level": 1,
            "siteRef": {"name": "binh-duong-dc1"}, "basis": {"type": "Direct", "reason": "Nhập lại sổ cũ."},
            "owners": [{"agencyRef": {"name": "ag-62"}, "from": "2024-01-01"}],
            "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
            "migrationStage": "Operating"
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_that_is_given_back_returns_to_its_claimant_and_one_in_use_stays() -> Result<()> {
    let world = shared().await?;
    let tenant = entered("giving");
    let made = send(&world.client("platform"), "POST", "/apis/berth.dev/v1alpha1/tenants", JSON, &tenant).await;
    assert!(made.accepted(), "{made:?}");
    let (claim, block) = bound(world, "giving", None).await?;
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    until("the system shows its prefix", PATIENCE, async || {
        let shown = tenants.get("giving").await.map_err(|e| e.to_string())?.status.unwrap_or_default().prefix;
        if shown.as_ref() == Some(&block.spec.cidr) { Ok(()) } else { Err(format!("{shown:?}")) }
    })
    .await?;

    // Nobody but the operator's own account may delete a claim; a Tenant that stands asks anew, and is answered the same.
    let account = Account::of(&world.cluster, labels::OPERATOR_ACCOUNT).await?;
    let claims: Api<PrefixClaim> = Api::all(account.client(&world.cluster)?);
    let refused =
        Api::<PrefixClaim>::all(world.client("platform")).delete(&claim.name_any(), &Default::default()).await;
    assert_eq!(crate::world::code(refused), 403);
    claims.delete(&claim.name_any(), &Default::default()).await?;
    let (again, returned) = bound(world, "giving", claim.uid().as_deref()).await?;
    assert_eq!((returned.uid(), &returned.spec.cidr), (block.uid(), &block.spec.cidr), "the very block comes back");
    assert_eq!((&returned.spec.state, &returned.spec.claim_ref.uid), (&BlockState::Confirmed, &again.uid().unwrap()));
    assert_eq!(tenants.get("giving").await?.status.unwrap_or_default().prefix.as_ref(), Some(&block.spec.cidr));

    // With namespaces that are addressed from it, the block is not let go.
    let environment = world.onboard("ag-62", "in-use", |_| {}).await?;
    let plate = environment.spec.tenant_ref.name.clone();
    let (claim, block) = bound(world, &plate, None).await?;
    claims.delete(&claim.name_any(), &Default::default()).await?;
    until("the claim says that its prefix is in use", PATIENCE, async || {
        let claim = claims.get(&claim.name_any()).await.map_err(|e| e.to_string())?;
        let conditions = claim.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Ready) {
            Some(c) if c.reason == "StillInUse" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    let kept: PrefixBlock = Api::all(world.cluster.admin()).get(&block.name_any()).await?;
    assert_eq!((kept.uid(), kept.spec.claimant.name.as_str()), (block.uid(), plate.as_str()));
    assert_ne!(kept.spec.state, BlockState::Quarantined);
    Ok(())
}
