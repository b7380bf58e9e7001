//! The level of a system: a dated record of what was decided, and what running environments lack for it.

use std::sync::Arc;

use berth_crds::agency::DayRange;
use berth_crds::decision::SignerRole;
use berth_crds::onboarding::LevelRequest;
use berth_crds::profile::LevelRule;
use berth_crds::tenant::{LevelRecord, LevelStatus};
use berth_crds::{Environment, PolicyProfile, TenantSpec};
use jiff::civil::Date;
use kube::ResourceExt;

use super::{Made, dated};
use crate::life;

/// The lowest level that needs a security regulation before its level is approved (NĐ 331/2026 Đ30.7 [D]).
pub const NEEDS_REGULATION: i64 = 3;

/// The Tenant with a level record as it was approved. What was only proposed and begins on the same day gives way.
pub fn record(tenant: &TenantSpec, asked: &LevelRequest, made: &Made, day: Date) -> TenantSpec {
    let mut changed = tenant.clone();
    let today = day.to_string();
    let proposed = |last: &mut LevelRecord| last.status == LevelStatus::Proposed && last.in_force.from >= today;
    let replaced = changed.levels.pop_if(proposed);
    let from = match replaced {
        Some(proposal) => proposal.in_force.from,
        None => dated::end_last(&mut changed.levels, day).to_string(),
    };
    if let Some(last) = changed.levels.last_mut()
        && last.status == LevelStatus::Approved
    {
        last.status = LevelStatus::Replaced;
    }
    changed.levels.push(LevelRecord {
        level: asked.level,
        status: LevelStatus::Approved,
        in_force: DayRange { from, to: None },
        decision: made.document(SignerRole::GoverningBody),
        regulation: asked.regulation.clone(),
        measures: asked.measures,
        measures_by: asked.measures_by.clone(),
        review_on: asked.review_on.clone(),
        onboarding_ref: Some(made.paper.clone()),
        decision_uids: made.decision_uids.clone(),
    });
    changed.level = asked.level;
    changed
}

/// What environments of a system lack for a level, one sentence each; empty when all enforce it. `system` is the level
/// that environments enforce which name none of their own.
pub fn gaps<E: AsRef<Environment>>(
    environments: impl IntoIterator<Item = E>,
    profile: impl Fn(&str) -> Option<Arc<PolicyProfile>>,
    system: i64,
    level: i64,
) -> Vec<String> {
    let gap = |e: E| {
        let environment = e.as_ref();
        let enforced = environment.spec.enforced_level(system);
        let lacks = || gap(profile(&environment.spec.profile_ref.name).as_deref(), enforced, level);
        (enforced != level).then(|| format!("{} enforces level {enforced}: {}.", environment.name_any(), lacks()))
    };
    environments.into_iter().filter(|e| !life::is_removed(e.as_ref())).filter_map(gap).collect()
}

fn gap(profile: Option<&PolicyProfile>, from: i64, to: i64) -> String {
    let rule = |level: i64| profile?.spec.levels.iter().find(|rule| rule.level == level);
    match rule(from).zip(rule(to)) {
        Some((from, to)) => match differences(from, to) {
            changes if changes.is_empty() => format!("level {} asks for nothing else of it", to.level),
            changes => format!("level {} asks for {}", to.level, changes.join(", ")),
        },
        None => format!("its rule set has no rule for level {to}"),
    }
}

/// What a level asks for otherwise than another, for people.
fn differences(from: &LevelRule, to: &LevelRule) -> Vec<String> {
    let zones = |rule: &LevelRule| rule.zones.iter().map(|z| z.zone.as_str()).collect::<Vec<_>>().join(", ");
    let mut changes = Vec::new();
    if zones(from) != zones(to) {
        changes.push(match zones(to).as_str() {
            "" => "one namespace instead of zones (a new environment)".to_owned(),
            zones => format!("zones {zones} (a new environment, to which the system is moved)"),
        });
    }
    if from.pod_security != to.pod_security {
        changes.push(format!("pod security `{}`", to.pod_security.as_str()));
    }
    if from.default_deny != to.default_deny {
        changes.push(format!("default deny for {:?}", to.default_deny).to_lowercase());
    }
    if from.log_retention_days != to.log_retention_days {
        changes.push(format!("logs for {} days", to.log_retention_days));
    }
    changes
}
