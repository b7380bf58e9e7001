//! Agency, EnvironmentClass and PolicyProfile → messages.

use berth_crds::{Agency, EnvironmentClass, PolicyProfile, Site, profile::LevelRule};

use berth_plan::dossier::contact;

use super::{Twin, bilingual, resources, small};
use crate::{name, proto::v1 as pb, registers::covers};

/// An agency on a day.
pub fn agency(from: &Agency, today: &str) -> pb::Agency {
    let spec = &from.spec;
    let now = spec.names.iter().rev().find(|n| covers(&n.in_force, today)).or(spec.names.last());
    let status = from.status.as_ref();
    pb::Agency {
        name: name::agency(from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        display_name: now.map(|n| bilingual(&n.value)),
        r#type: spec.type_.proto() as i32,
        from: spec.in_force.from.clone(),
        to: spec.in_force.to.clone().unwrap_or_default(),
        in_force: covers(&spec.in_force, today),
        aliases: spec.aliases.iter().filter(|a| covers(&a.in_force, today)).map(|a| a.value.clone()).collect(),
        predecessors: spec.predecessors.iter().map(|p| name::agency(&p.agency_ref.name)).collect(),
        budget: spec.budget.as_ref().map(resources),
        prefix: status.and_then(|s| s.prefix.clone()).unwrap_or_default(),
        contact: None,
        domains: spec.domains.clone(),
    }
}

/// Who answers for an agency's dossiers: for those only who may know it.
pub fn contact(from: &Agency) -> Option<pb::AgencyContact> {
    contact::on_record(from).map(|contact| pb::AgencyContact {
        name: contact.name,
        title: contact.title,
        phone: contact.phone,
        email: contact.email,
    })
}

/// A class, and whether a site offers it.
pub fn class(from: &EnvironmentClass, sites: &[Site]) -> pb::EnvironmentClass {
    let spec = &from.spec;
    pb::EnvironmentClass {
        name: name::class(from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        display_name: Some(bilingual(&spec.display_name)),
        resources: Some(resources(&spec.resources)),
        runtime: spec.runtime.proto() as i32,
        pods: small(spec.pods),
        monthly_price_vnd: spec.monthly_price_vnd.map(|price| price.to_string()).unwrap_or_default(),
        available: sites.iter().any(|site| site.spec.runtimes.contains(&spec.runtime)),
    }
}

/// A rule set on a day.
pub fn profile(from: &PolicyProfile, today: &str) -> pb::PolicyProfile {
    let spec = &from.spec;
    pb::PolicyProfile {
        name: name::profile(from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        from: spec.in_force.from.clone(),
        to: spec.in_force.to.clone().unwrap_or_default(),
        in_force: covers(&spec.in_force, today),
        legal_basis: spec.legal_basis.clone(),
        levels: spec.levels.iter().map(level).collect(),
        signers: spec
            .signers
            .iter()
            .map(|rule| pb::SignerRule {
                action: format!("{:?}", rule.action),
                roles: rule.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            })
            .collect(),
        met_by: spec.transition.as_ref().map(|transition| transition.met_by.clone()).unwrap_or_default(),
    }
}

fn level(from: &LevelRule) -> pb::LevelRule {
    pb::LevelRule {
        level: small(from.level),
        hosting: format!("{:?}", from.hosting),
        legal_basis: from.legal_basis.clone(),
        zones: from.zones.iter().map(|share| share.zone.as_str().to_owned()).collect(),
    }
}
