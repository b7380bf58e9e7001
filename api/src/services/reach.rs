//! CheckReach: registers and the papers that the caller may read → what should stand → the evaluator's answer.

use std::net::IpAddr;

use berth_crds::{
    ConditionType, Connection, Environment, EnvironmentClass, PolicyProfile, Tenant, condition,
    connection::Transport,
    environment::{EnvironmentKind, Zone},
    names,
};
use berth_plan::{
    connection::{Place, Question, reach as judge},
    netpol::{Family, Judgement, Protocol, Verdict},
    register::Register,
};

use super::connection::readable;
use crate::{
    convert::Twin,
    door::Door,
    identity::Caller,
    name,
    problem::{Problem, Result, Thing},
    proto::v1::{self as pb, side_reach::Says},
    read::Findings,
    registers::Registers,
};

/// What is judged: not what a network does, but what should stand.
const JUDGED: &str = "desired";
/// The families' names.
const IPV4: &str = "IPv4";
/// See [`IPV4`].
const IPV6: &str = "IPv6";

/// Answers whether a source reaches a destination.
pub async fn reach(door: &Door, caller: &Caller, request: pb::CheckReachRequest) -> Result<pb::Reach> {
    let mut findings = Findings::default();
    let source = place(&mut findings, "source", &request.source);
    let destination = place(&mut findings, "destination", &request.destination);
    let port = u16::try_from(request.port).ok().filter(|port| *port > 0).unwrap_or_else(|| {
        findings.add("port", format!("{} is not a port: give 1 to 65535", request.port));
        0
    });
    let (source, destination) = findings.or((source, destination))?;
    let (Some(source), Some(destination)) = (source, destination) else {
        return Err(Problem::bug("reading a question", &"an end is neither there nor a defect"));
    };
    let registers = door.registers();
    let connections = readable(door, caller).await?;
    let Some(register) = register(&registers, caller, &connections, &[&source, &destination]).await? else {
        return Ok(blind());
    };
    let plan = registers.address_plan().await?;
    let answers = judge(&Question {
        source: &source,
        destination: &destination,
        protocol: match Transport::of(request.protocol) {
            Some(Transport::Udp) => Protocol::Udp,
            Some(Transport::Sctp) => Protocol::Sctp,
            Some(Transport::Tcp) | None => Protocol::Tcp,
        },
        port,
        register: &register,
        addresses: plan.as_ref(),
        connections: &connections,
        today: door.clock.today(),
    })
    .map_err(|blocked| Problem::Refused {
        reason: blocked.reason,
        thing: Thing::new("Environment", request.source.clone()),
        message: blocked.message,
    })?;
    Ok(pb::Reach { judged: JUDGED.into(), families: answers.iter().map(family).collect() })
}

/// A tenant's namespace, or an address.
fn place(findings: &mut Findings, field: &str, given: &str) -> Option<Place> {
    if let Ok(address) = given.parse::<IpAddr>() {
        return Some(Place::Address(address));
    }
    let mut parts = given.split('-');
    let (plate, kind, zone) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let kind = EnvironmentKind::ALL.iter().find(|k| Some(k.suffix()) == kind);
    let known = [Zone::Dmz, Zone::App, Zone::Db, Zone::Mgmt];
    let named = zone.map(|text| known.into_iter().find(|zone| zone.as_str() == text));
    match (kind, named, parts.next()) {
        (Some(kind), None | Some(Some(_)), None) if !plate.is_empty() => {
            let environment = names::environment(plate, kind.suffix());
            Some(Place::Namespace { environment, zone: named.flatten() })
        }
        _ => {
            findings.bad(field, given, "is neither a tenant's namespace (<plate>-<kind>[-<zone>]) nor an address");
            None
        }
    }
}

/// What the ends need of the registers; `None` when one of them is not the caller's to see and no Connection that the caller
/// may read is open to it: then nothing is, for every opening is a paper of both owners, and whether that environment
/// exists is nobody else's business. At least one end must be the caller's to see.
async fn register(
    registers: &Registers,
    caller: &Caller,
    connections: &[Connection],
    places: &[&Place],
) -> Result<Option<Register>> {
    let mut register = Register::default();
    let (mut seen, mut blind, mut last) = (false, false, String::new());
    for place in places {
        let Place::Namespace { environment: id, .. } = place else { continue };
        last.clone_from(id);
        let own = registers.environment(caller, id).await?.is_some();
        seen |= own;
        blind |= !own && !connections.iter().any(|c| is_open_to(c, id));
        let Some(environment) = registers.get::<Environment>(id).await? else { continue };
        let spec = &environment.spec;
        if let Some(tenant) = registers.get::<Tenant>(&spec.tenant_ref.name).await? {
            register.tenants.insert(spec.tenant_ref.name.clone(), tenant.into());
        }
        if let Some(class) = registers.get::<EnvironmentClass>(&spec.class_ref.name).await? {
            register.classes.insert(spec.class_ref.name.clone(), class.into());
        }
        if let Some(profile) = registers.get::<PolicyProfile>(&spec.profile_ref.name).await? {
            register.profiles.insert(spec.profile_ref.name.clone(), profile.into());
        }
        register.environments.insert(id.clone(), environment.into());
    }
    match (seen, blind) {
        (false, _) => Err(Problem::NotFound(Thing::new("Environment", name::environment(&last)))),
        (true, true) => Ok(None),
        (true, false) => Ok(Some(register)),
    }
}

fn is_open_to(connection: &Connection, environment: &str) -> bool {
    let conditions = connection.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let ends = [&connection.spec.source, &connection.spec.destination];
    let names = ends.iter().filter_map(|end| end.environment.as_ref()).any(|e| e.environment_ref.name == environment);
    names && condition::is_true(conditions, ConditionType::Open)
}

/// The answer about an end that the caller may not see.
fn blind() -> pb::Reach {
    let side = || Some(pb::SideReach { says: Says::Unknown as i32, ..Default::default() });
    let family =
        |family: &str| pb::FamilyReach { family: family.into(), allowed: false, leaving: side(), entering: side() };
    pb::Reach { judged: JUDGED.into(), families: vec![family(IPV4), family(IPV6)] }
}

fn family((family, verdict): &(Family, Verdict)) -> pb::FamilyReach {
    let (leaving, entering) = match verdict {
        Verdict::NoAddress => (pb::SideReach::default(), pb::SideReach::default()),
        Verdict::Judged { leaving, entering } => (side(leaving), side(entering)),
    };
    let family = match family {
        Family::Ipv4 => IPV4,
        Family::Ipv6 => IPV6,
    };
    pb::FamilyReach { family: family.into(), allowed: verdict.open(), leaving: Some(leaving), entering: Some(entering) }
}

fn side(judgement: &Judgement) -> pb::SideReach {
    match judgement {
        Judgement::NotIsolated | Judgement::Exempt => pb::SideReach { says: Says::Free as i32, ..Default::default() },
        Judgement::AllowedBy(policy) => {
            pb::SideReach { says: Says::Allowed as i32, connection: paper(policy), policies: vec![policy.clone()] }
        }
        Judgement::DeniedBy(policies) => {
            pb::SideReach { says: Says::Denied as i32, policies: policies.clone(), ..Default::default() }
        }
    }
}

/// The Connection that a policy stands for.
fn paper(policy: &str) -> String {
    let found = policy.split_once('/').and_then(|(_, name)| names::parse_connection_policy(name));
    found.map(|(agency, id)| name::connection(&names::agency_namespace(agency), id)).unwrap_or_default()
}
