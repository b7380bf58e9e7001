//! Messages as rows.

use super::output::Printed;
use crate::{convert::Twin, proto::v1 as pb};

/// The last part of a resource name.
pub fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The agency in the name of a paper.
pub fn agency_of(name: &str) -> String {
    name.split('/').nth(1).unwrap_or_default().to_owned()
}

fn kind(number: i32) -> String {
    berth_crds::environment::EnvironmentKind::of(number).map(|kind| format!("{kind:?}")).unwrap_or_default()
}

/// `WaitingForCapacity (3)`.
pub fn state(message: &pb::Onboarding) -> String {
    let state = berth_crds::onboarding::State::of(message.state).map(|state| format!("{state:?}")).unwrap_or_default();
    if message.queue_place > 0 { format!("{state} ({})", message.queue_place) } else { state }
}

impl Printed for pb::Onboarding {
    const MESSAGE: &'static str = "Onboarding";
    const PLURAL: &'static str = "onboardings";
    const HEADS: &'static [&'static str] =
        &["NAME", "AGENCY", "SYSTEM", "ACTION", "CLASS", "STATE", "HOLDER", "DUE", "ENVIRONMENT", "REQUESTER"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let spec = self.spec.clone().unwrap_or_default();
        let action = berth_crds::onboarding::Action::of(spec.action).map(|a| format!("{a:?}")).unwrap_or_default();
        let about = [
            spec.system.map(|s| s.code).unwrap_or_default(),
            id(&self.tenant),
            id(&spec.tenant),
            id(&spec.target.map(|t| t.name).unwrap_or_default()),
        ];
        vec![
            id(&self.name),
            agency_of(&self.name),
            about.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
            action,
            id(&spec.environment.map(|e| e.class).unwrap_or_default()),
            state(self),
            self.holder.clone(),
            self.due.clone(),
            id(&self.environment),
            self.requester.clone().unwrap_or_default().username,
        ]
    }
}

impl Printed for pb::Environment {
    const MESSAGE: &'static str = "Environment";
    const PLURAL: &'static str = "environments";
    const HEADS: &'static [&'static str] = &[
        "NAME",
        "AGENCY",
        "SYSTEM",
        "KIND",
        "CLASS",
        "CPU",
        "MEMORY",
        "STORAGE",
        "PREFIX",
        "STATE",
        "STAGE",
        "NEXT",
        "NAMESPACES",
    ];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let quota = self.effective_quota.clone().or(self.quota.clone()).unwrap_or_default();
        let namespaces: Vec<_> = self.namespaces.iter().map(|n| n.name.clone()).collect();
        let assigned = self.assignments.iter().map(|a| a.cidr.clone());
        let prefixes: Vec<_> =
            Some(self.prefix.clone()).into_iter().filter(|p| !p.is_empty()).chain(assigned).collect();
        vec![
            id(&self.name),
            id(&self.agency),
            self.system.clone(),
            kind(self.kind),
            id(&self.class),
            quota.cpu,
            quota.memory,
            quota.storage,
            prefixes.join(","),
            format!("{:?}", self.state()),
            format!("{:?}", self.stage()),
            self.next_step.as_ref().map(|next| format!("{:?} {}", next.stage(), next.day)).unwrap_or_default(),
            namespaces.join(","),
        ]
    }
}

impl Printed for pb::Tenant {
    const MESSAGE: &'static str = "Tenant";
    const PLURAL: &'static str = "tenants";
    const HEADS: &'static [&'static str] = &["NAME", "CODE", "SYSTEM", "AGENCY", "LEVEL", "PREFIX", "STAGE"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        vec![
            id(&self.name),
            self.code.clone(),
            self.display_name.clone().unwrap_or_default().vi,
            id(&self.agency),
            self.level.to_string(),
            self.prefix.clone(),
            format!("{:?}", self.migration_stage()),
        ]
    }
}

impl Printed for pb::Agency {
    const MESSAGE: &'static str = "Agency";
    const PLURAL: &'static str = "agencies";
    const HEADS: &'static [&'static str] = &["NAME", "TITLE", "TYPE", "IN FORCE", "UNTIL", "ALIASES", "PREFIX"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        vec![
            id(&self.name),
            self.display_name.clone().unwrap_or_default().vi,
            format!("{:?}", self.r#type()),
            if self.in_force { "yes" } else { "no" }.into(),
            self.to.clone(),
            self.aliases.join(","),
            self.prefix.clone(),
        ]
    }
}

impl Printed for pb::EnvironmentClass {
    const MESSAGE: &'static str = "EnvironmentClass";
    const PLURAL: &'static str = "classes";
    const HEADS: &'static [&'static str] =
        &["NAME", "TITLE", "CPU", "MEMORY", "STORAGE", "OBJECT", "GPUS", "RUNTIME", "AVAILABLE"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let resources = self.resources.clone().unwrap_or_default();
        vec![
            id(&self.name),
            self.display_name.clone().unwrap_or_default().vi,
            resources.cpu,
            resources.memory,
            resources.storage,
            resources.object_storage,
            resources.gpus.map(|n| n.to_string()).unwrap_or_default(),
            format!("{:?}", self.runtime()),
            if self.available { "yes" } else { "no" }.into(),
        ]
    }
}

impl Printed for pb::PolicyProfile {
    const MESSAGE: &'static str = "PolicyProfile";
    const PLURAL: &'static str = "profiles";
    const HEADS: &'static [&'static str] = &["NAME", "FROM", "TO", "IN FORCE", "LEGAL BASIS"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let basis: String = self.legal_basis.chars().take(60).collect();
        vec![id(&self.name), self.from.clone(), self.to.clone(), if self.in_force { "yes" } else { "no" }.into(), basis]
    }
}

impl Printed for pb::AuditEntry {
    const MESSAGE: &'static str = "AuditEntry";
    const PLURAL: &'static str = "auditEntries";
    const HEADS: &'static [&'static str] =
        &["RECORDED", "EFFECTIVE", "ACT", "OBJECT", "AGENCY", "WHO", "ROLE", "GROUND"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let recorded = self.record_time.and_then(|t| jiff::Timestamp::new(t.seconds, 0).ok());
        let ground = [&self.legal_basis, &self.reason].into_iter().find(|text| !text.is_empty());
        vec![
            recorded.map(|at| at.to_string()).unwrap_or_default(),
            self.effective_at.clone(),
            berth_crds::audit::Act::of(self.act).map(|act| format!("{act:?}")).unwrap_or_default(),
            format!("{}/{}", self.object_kind, self.object_name),
            id(&self.agency),
            self.who.clone(),
            self.role.clone(),
            ground.map(|text| text.chars().take(60).collect()).unwrap_or_default(),
        ]
    }
}
