//! Who and what the ends are, and whether the paper can be decided as it is.

use std::collections::{BTreeMap, BTreeSet};

use berth_crds::common::UidRef;
use berth_crds::connection::{ConnectionEnd, ConnectionSpec, EnvironmentEnd, OutsideEnd, OutsideKind};
use berth_crds::environment::{Exposure, Stage, Zone};
use berth_crds::profile::DefaultDeny;
use berth_crds::{ConditionType, Environment, Reason, Tenant, condition, names};
use ipnet::IpNet;
use jiff::civil::Date;
use kube::ResourceExt;

use super::{Input, LONGEST, hosts};
use crate::intervention::is_isolated;
use crate::life;
use crate::register::Register;

/// The lowest level whose exposure to the Internet waits for the permission to operate (design §3.6).
const GUARDED_LEVEL: i64 = 3;

/// Why it cannot be decided, or not be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Reason of the catalogue.
    pub reason: Reason,
    /// Field, value and what to do.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// An end in an environment.
#[derive(Clone, Debug)]
pub struct Side<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// Its system.
    pub tenant: &'a Tenant,
    /// The zone, where the environment is zoned.
    pub zone: Option<Zone>,
    /// The namespace of the end.
    pub namespace: String,
    /// Whether what leaves the namespace is denied by default: otherwise a policy for it would close more than it opens.
    pub leaving_denied: bool,
}

impl Side<'_> {
    /// Agency that owns the system today.
    pub fn owner(&self) -> &str {
        &self.tenant.spec.agency_ref.name
    }
}

/// One end.
#[derive(Clone, Debug)]
pub enum End<'a> {
    /// In an environment.
    Inside(Side<'a>),
    /// Outside the cluster.
    Outside(&'a OutsideEnd),
}

impl End<'_> {
    /// The end in an environment, if it is one.
    pub fn inside(&self) -> Option<&Side<'_>> {
        match self {
            Self::Inside(side) => Some(side),
            Self::Outside(_) => None,
        }
    }
}

/// Both ends.
#[derive(Clone, Debug)]
pub struct Ends<'a> {
    /// Who connects.
    pub source: End<'a>,
    /// To whom.
    pub destination: End<'a>,
}

impl Ends<'_> {
    /// The ends in environments.
    pub fn sides(&self) -> impl Iterator<Item = &Side<'_>> {
        [&self.source, &self.destination].into_iter().filter_map(End::inside)
    }
}

/// A paper that can be decided.
pub(super) struct Accepted {
    /// The environments that it is about.
    pub environments: Vec<UidRef>,
    /// The other owner, if there is one.
    pub other: Option<String>,
}

/// Finds both ends in the registers.
///
/// # Errors
/// The first reason why an end cannot be found or is not what the paper says.
pub fn resolve<'a>(spec: &'a ConnectionSpec, register: &'a Register) -> Result<Ends<'a>, Refusal> {
    Ok(Ends {
        source: end("source", &spec.source, register)?,
        destination: end("destination", &spec.destination, register)?,
    })
}

fn end<'a>(field: &str, end: &'a ConnectionEnd, register: &'a Register) -> Result<End<'a>, Refusal> {
    match (&end.environment, &end.outside) {
        (Some(inside), _) => side(field, inside, register).map(End::Inside),
        (None, Some(outside)) => Ok(End::Outside(outside)),
        (None, None) => Err(Refusal::new(Reason::InvalidSpec, format!("`{field}` names nothing."))),
    }
}

fn side<'a>(field: &str, end: &EnvironmentEnd, register: &'a Register) -> Result<Side<'a>, Refusal> {
    let name = &end.environment_ref.name;
    let missing = |what: &str, name: &str| {
        Refusal::new(Reason::MissingReference, format!("`{field}`: the {what} {name:?} does not exist."))
    };
    let environment = register.environments.get(name).ok_or_else(|| missing("environment", name))?;
    let spec = &environment.spec;
    let tenant = register.tenants.get(&spec.tenant_ref.name).ok_or_else(|| missing("system", &spec.tenant_ref.name))?;
    let profile =
        register.profiles.get(&spec.profile_ref.name).ok_or_else(|| missing("profile", &spec.profile_ref.name))?;
    let level = spec.enforced_level(tenant.spec.level);
    let rule = profile.spec.levels.iter().find(|rule| rule.level == level);
    let rule = rule.ok_or_else(|| missing("rule of level", &level.to_string()))?;
    let zones: Vec<Zone> = spec.zones.iter().map(|z| z.zone).collect();
    let fits = match end.zone {
        Some(zone) => zones.contains(&zone),
        None => zones.is_empty(),
    };
    if !fits {
        let known: Vec<&str> = zones.iter().map(|z| z.as_str()).collect();
        let what = if known.is_empty() { "no zones".to_owned() } else { format!("the zones {}", known.join(", ")) };
        return Err(Refusal::new(Reason::InvalidSpec, format!("`{field}.environment.zone`: {name:?} has {what}.")));
    }
    Ok(Side {
        environment,
        tenant,
        zone: end.zone,
        namespace: environment.namespace_of(end.zone),
        leaving_denied: rule.default_deny == DefaultDeny::Both,
    })
}

/// Whether an environment that the paper was accepted for is gone: deleted, made again, or being removed.
pub fn is_gone(spec: &ConnectionSpec, accepted: &[UidRef], register: &Register) -> bool {
    let ends = [&spec.source, &spec.destination].into_iter().filter_map(|end| end.environment.as_ref());
    ends.into_iter().any(|end| {
        let name = &end.environment_ref.name;
        let Some(then) = accepted.iter().find(|a| a.name == *name) else { return false };
        let now = register.environments.get(name);
        now.is_none_or(|now| {
            now.uid().as_ref() != Some(&then.uid) || now.metadata.deletion_timestamp.is_some() || life::is_over(now)
        })
    })
}

/// Whether the paper can be decided as it is.
pub(super) fn check(input: &Input) -> Result<Accepted, Refusal> {
    let spec = &input.connection.spec;
    let ends = resolve(spec, input.register)?;
    let namespace = input.connection.namespace().unwrap_or_default();
    let asking = names::agency_of_namespace(&namespace).unwrap_or_default();
    let owners: BTreeSet<&str> = ends.sides().map(Side::owner).collect();
    if !owners.contains(asking) {
        let message = format!("{} {asking:?} must own the source or the destination.", Reason::NotYourEnvironment.en());
        return Err(Refusal::new(Reason::NotYourEnvironment, message));
    }
    let other = owners.into_iter().find(|owner| *owner != asking).map(str::to_owned);
    same_other(input, other.as_deref())?;
    lasting(input)?;
    exposure(&ends)?;
    addresses(&ends, input.numbered)?;
    hosts::check(input, &ends)?;
    if let Some(leaving) = ends.sides().find(|s| s.environment.spec.lifecycle.leaves()) {
        let message = format!("{:?} is on its way out.", leaving.environment.name_any());
        return Err(Refusal::new(Reason::EnvironmentGone, message));
    }
    let uid =
        |side: &Side| UidRef { name: side.environment.name_any(), uid: side.environment.uid().unwrap_or_default() };
    Ok(Accepted { environments: ends.sides().map(uid).collect(), other })
}

/// The owner who was asked must still be the owner.
fn same_other(input: &Input, other: Option<&str>) -> Result<(), Refusal> {
    let Some(known) = input.connection.status.as_ref().filter(|s| !s.environments.is_empty()) else { return Ok(()) };
    let asked = known.counterpart.as_ref().map(|c| c.agency_ref.name.as_str());
    if asked == other {
        return Ok(());
    }
    let message = "An end belongs to another agency than when the paper was made: ask with a new Connection.";
    Err(Refusal::new(Reason::InvalidSpec, message))
}

fn lasting(input: &Input) -> Result<(), Refusal> {
    let made = input.connection.metadata.creation_timestamp.as_ref().unwrap_or(input.now);
    let latest = made.0.checked_add(LONGEST).unwrap_or(made.0);
    if input.connection.spec.expires_at.0 > latest {
        let days = LONGEST.as_hours() / 24;
        let message = format!("`expiresAt` is later than {days} days after the request: choose {latest} at most.");
        return Err(Refusal::new(Reason::InvalidSpec, message));
    }
    Ok(())
}

/// A connection opens what the environment's grant lets be reached, and nothing more.
fn exposure(ends: &Ends) -> Result<(), Refusal> {
    let End::Outside(outside) = &ends.source else { return Ok(()) };
    let (wanted, word) = match outside.kind {
        OutsideKind::Named => return Ok(()),
        OutsideKind::Internet => (Exposure::Internet, "Internet"),
        OutsideKind::Tslcd => (Exposure::Tslcd, "TSLCD"),
    };
    let missing = ends.sides().find(|side| !side.environment.spec.exposure.contains(&wanted));
    match missing {
        None => Ok(()),
        Some(side) => Err(Refusal::new(
            Reason::InvalidSpec,
            format!(
                "{:?} is not granted to be reached from {word}: ask for a Change first.",
                side.environment.name_any()
            ),
        )),
    }
}

/// Between tenants labels decide: a prefix that moves to another agency must not take an opening along.
fn addresses(ends: &Ends, numbered: &[IpNet]) -> Result<(), Refusal> {
    for (field, end) in [("source", &ends.source), ("destination", &ends.destination)] {
        let End::Outside(outside) = end else { continue };
        for block in blocks(outside) {
            let met =
                block.parse::<IpNet>().ok().and_then(|b| numbered.iter().find(|n| n.contains(&b) || b.contains(*n)));
            if let Some(root) = met {
                let message = format!(
                    "`{field}.outside`: {block} meets {root}, from which tenants are numbered; name the environment."
                );
                return Err(Refusal::new(Reason::InvalidSpec, message));
            }
        }
    }
    Ok(())
}

/// Blocks of both families.
pub(super) fn blocks(outside: &OutsideEnd) -> impl Iterator<Item = &String> {
    [&outside.ipv4, &outside.ipv6].into_iter().flatten().flat_map(|family| &family.blocks)
}

/// What keeps an approved connection from being open now.
pub(super) fn held(
    spec: &ConnectionSpec,
    ends: &Ends,
    namespaces: &BTreeMap<String, String>,
    today: Date,
) -> Option<Refusal> {
    let stopped = ends.sides().find(|side| life::now(side.environment, today) != Stage::Active);
    if let Some(side) = stopped {
        let message = format!("{:?} is stopped; it opens again when that resumes.", side.environment.name_any());
        return Some(Refusal::new(Reason::Suspended, message));
    }
    let kind = spec.source.outside.as_ref().map(|o| o.kind);
    if let (Some(kind), Some(to)) = (kind, ends.destination.inside()) {
        let guarded =
            kind == OutsideKind::Tslcd || (kind == OutsideKind::Internet && to.tenant.spec.level >= GUARDED_LEVEL);
        let conditions = to.tenant.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        if guarded && !condition::is_true(conditions, ConditionType::Operating) {
            let message = "It opens with the permission to operate; until then ask for a named test source.";
            return Some(Refusal::new(Reason::AwaitingGoLive, message));
        }
    }
    let there = |side: &Side| {
        let of_environment = side.environment.status.as_ref().map(|s| s.namespaces.as_slice()).unwrap_or_default();
        let uid = of_environment.iter().find(|n| n.name == side.namespace).and_then(|n| n.uid.as_ref());
        uid.is_some() && namespaces.get(&side.namespace) == uid
    };
    if let Some(cut) = ends.sides().find(|side| is_isolated(side.environment)) {
        let message = format!("{:?}: {}", cut.environment.name_any(), Reason::Isolated.en());
        return Some(Refusal::new(Reason::Isolated, message));
    }
    let waits = ends.sides().find(|side| !there(side))?;
    let message = format!("The namespace {:?} is not there yet.", waits.namespace);
    Some(Refusal::new(Reason::Provisioning, message))
}
