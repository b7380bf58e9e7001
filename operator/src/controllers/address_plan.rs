//! AddressPlan → its status: what is due for its roots, which ranges of the cluster meet it, whether it is in use.

use std::sync::Arc;
use std::time::Duration;

use berth_crds::AddressPlan;
use berth_plan::status::address_plan::{Seen, judge};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::ResourceExt;
use kube::api::ListParams;
use kube::runtime::controller::Action;

use crate::context::Context;
use crate::error::{Result, while_};
use crate::record;

/// Nodes and ranges of Services come and go without a watch of ours: they are looked at again after this long.
const AGAIN: Duration = Duration::from_secs(600);

/// Says what became of the plan. Nothing is decided here: claims read the same plan and the same status.
pub async fn reconcile(plan: Arc<AddressPlan>, ctx: Arc<Context>) -> Result<Action> {
    let plan = ctx.caches.plans.get(&plan.name_any(), None).unwrap_or(plan);
    let seen = Seen::of(&services(&ctx).await?, &nodes(&ctx).await?, !ctx.caches.blocks.all().is_empty());
    let status = judge(&plan, &seen, ctx.today(), &ctx.now());
    if plan.status.as_ref() != Some(&status) {
        let told = AddressPlan { status: Some(status), ..plan.as_ref().clone() };
        record::status(&ctx.api(), &ctx.caches.plans, &told).await?;
    }
    // A date may be due as soon as the day is over, where the province is.
    Ok(Action::requeue(AGAIN.min(ctx.until_midnight())))
}

async fn services(ctx: &Context) -> Result<Vec<ServiceCIDR>> {
    let all = ctx.api::<ServiceCIDR>().list(&ListParams::default()).await;
    Ok(all.map_err(while_("list", "ServiceCIDRs".to_owned()))?.items)
}

async fn nodes(ctx: &Context) -> Result<Vec<Node>> {
    let all = ctx.api::<Node>().list(&ListParams::default()).await;
    Ok(all.map_err(while_("list", "Nodes".to_owned()))?.items)
}
