//! Permission to operate. `Ready` is technical, `Operating` is legal: the permission follows a positive readiness verdict,
//! and from level 3 an approved level and a security regulation (domain §6.2 invariant 7; NĐ 331/2026 Đ28.3, Đ30.6–30.7 [D]).

use berth_crds::condition::Is;
use berth_crds::decision::SignerRole;
use berth_crds::tenant::{LevelStatus, MigrationStage, OperatingPermission};
use berth_crds::{Reason, TenantSpec};
use jiff::civil::Date;

use super::Made;
use crate::dossier::state::NEEDS_PERMISSION;

/// The Tenant with a permission to operate.
pub fn permit(tenant: &TenantSpec, made: &Made, day: Date) -> TenantSpec {
    let mut changed = tenant.clone();
    changed.permissions.push(OperatingPermission {
        from: day.to_string(),
        level: tenant.level,
        readiness: made.document(SignerRole::Appraiser),
        document: made.document(SignerRole::GoverningBody),
        onboarding_ref: made.paper.clone(),
        decision_uids: made.decision_uids.clone(),
    });
    changed.migration_stage = MigrationStage::Operating;
    changed
}

/// What a system lacks before it may be allowed to operate.
pub fn lacking(tenant: &TenantSpec) -> Option<String> {
    if tenant.level < NEEDS_PERMISSION {
        return None;
    }
    let level = tenant.level;
    // The last record: a later one may begin tomorrow, and is what was decided.
    let approved = tenant.levels.last().filter(|l| l.status == LevelStatus::Approved && l.level == level);
    match approved {
        None => Some(format!("Level {level} is not approved: ask for `RecordLevel` first (NĐ 331/2026 Đ30.6 [D]).")),
        Some(record) if record.regulation.is_none() => Some(format!(
            "The level record names no security regulation, which level {level} needs: record the level with it (NĐ 331/2026 Đ30.7 [D])."
        )),
        Some(_) => None,
    }
}

/// Whether a system is allowed to operate, and why or why not.
pub fn operating(tenant: &TenantSpec) -> (Is, Reason, String) {
    let Some(permission) = tenant.permissions.last() else {
        return (Is::False, Reason::AwaitingGoLive, Reason::AwaitingGoLive.en().to_owned());
    };
    if let Some(lacking) = lacking(tenant) {
        return (Is::False, Reason::LevelNotApproved, lacking);
    }
    let since = format!("Allowed to operate since {}, at level {}.", permission.from, permission.level);
    let higher = permission.level < tenant.level;
    let again = higher.then(|| {
        format!(" The level is {} by now: readiness is to be assessed again (NĐ 331/2026 Đ28.3 [D]).", tenant.level)
    });
    (Is::True, Reason::Operating, since + &again.unwrap_or_default())
}
