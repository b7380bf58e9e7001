//! The API calls that `berth_plan::claim` and `berth_plan::collect` ask for, and nothing else.

use berth_crds::address::{Claimant, ClaimantKind};
use berth_crds::{AddressPlan, PrefixBlock, PrefixClaim, labels};
use berth_plan::claim::{Answer, Call};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};

use crate::context::Context;
use crate::error::{Result, answer, while_};
use crate::{apply, record};

/// Makes one call. Every read is a quorum read, every write a compare-and-swap or a create.
pub async fn make(call: Call, ctx: &Context) -> Result<Answer> {
    Ok(match call {
        Call::WriteClaim(claim) => {
            Answer::Claim(Box::new(record::status(&ctx.api(), &ctx.caches.claims, &claim).await?))
        }
        Call::LetGo(claim) => Answer::Claim(Box::new(let_go(&claim, ctx).await?)),
        Call::GetClaim(name) => Answer::FoundClaim(apply::live::<PrefixClaim>(&ctx.api(), &name).await?.map(Box::new)),
        Call::CreateBlock(block) => match apply::create(&ctx.api(), &ctx.caches.blocks, &block).await? {
            Some(created) => Answer::Block(Box::new(created)),
            None => Answer::Taken,
        },
        Call::GetBlock(name) => Answer::Found(apply::live::<PrefixBlock>(&ctx.api(), &name).await?.map(Box::new)),
        Call::WriteBlock(block) => Answer::Block(Box::new(write_block(&block, ctx).await?)),
        Call::DeleteBlock(block) => delete_exactly(&block, ctx).await.map(|()| Answer::Deleted)?,
        Call::GetPlan => {
            Answer::Plan(apply::live::<AddressPlan>(&ctx.api(), labels::ADDRESS_PLAN).await?.map(Box::new))
        }
        Call::GetParent(name) => Answer::Parent(apply::live::<PrefixBlock>(&ctx.api(), &name).await?.map(Box::new)),
        Call::ListChildren(block) => Answer::Children(children(&block, ctx).await?),
        Call::ListUsers(claimant) => Answer::Users(users(&claimant, ctx).await?),
        Call::Wait(_) | Call::After(_) | Call::Done => Answer::Start,
    })
}

async fn write_block(block: &PrefixBlock, ctx: &Context) -> Result<PrefixBlock> {
    let what = format!("PrefixBlock {:?}", block.name_any());
    let written = ctx.api::<PrefixBlock>().replace(&block.name_any(), &PostParams::default(), block).await;
    let written = written.map_err(while_("update", what))?;
    ctx.caches.blocks.note(&written);
    Ok(written)
}

/// The claim goes with its last finalizer. It is not noted as written: nothing would tell the cache that it is gone.
async fn let_go(claim: &PrefixClaim, ctx: &Context) -> Result<PrefixClaim> {
    let what = format!("PrefixClaim {:?}", claim.name_any());
    let written = ctx.api::<PrefixClaim>().replace(&claim.name_any(), &PostParams::default(), claim).await;
    written.map_err(while_("let go of", what))
}

/// Deletes a block only if it is still the one that was read, to the last write.
async fn delete_exactly(block: &PrefixBlock, ctx: &Context) -> Result<()> {
    let preconditions = Preconditions { uid: block.uid(), resource_version: block.resource_version() };
    let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
    match ctx.api::<PrefixBlock>().delete(&block.name_any(), &params).await {
        Ok(_) => Ok(()),
        Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => Ok(()),
        Err(error) => Err(while_("delete", format!("PrefixBlock {:?}", block.name_any()))(error)),
    }
}

/// Blocks numbered in a block, in any state: a quarantined one still keeps its parent.
async fn children(block: &PrefixBlock, ctx: &Context) -> Result<usize> {
    let params = ListParams::default().fields(&format!("spec.parent={}", block.spec.cidr));
    let what = format!("PrefixBlocks in {}", block.spec.cidr);
    Ok(ctx.api::<PrefixBlock>().list(&params).await.map_err(while_("list", what))?.items.len())
}

/// Namespaces of a system carry its addresses, one that terminates too; an agency's are all in blocks below its own.
async fn users(claimant: &Claimant, ctx: &Context) -> Result<usize> {
    if claimant.kind == ClaimantKind::Agency {
        return Ok(0);
    }
    let params = ListParams::default().labels(&format!("{}={}", labels::TENANT, claimant.name));
    let what = format!("Namespaces of {:?}", claimant.name);
    Ok(ctx.api::<Namespace>().list(&params).await.map_err(while_("list", what))?.items.len())
}
