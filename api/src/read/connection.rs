//! What is asked of a connection, and what somebody decides about one: messages → nouns.

use berth_crds::{
    ConnectionSpec, DecisionSpec,
    connection::{
        ConnectionEnd, ConnectionPort, EnvironmentEnd, FamilyEnd, FlowDirection, OutsideEnd, OutsideKind, Transport,
    },
    decision::{DecisionVerdict, SignerRole},
    environment::Zone,
    host,
};
use jiff::{Timestamp, civil::Date};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Findings, date, optional, spec::document, spec::reference, text};
use crate::{
    clock::Clock,
    convert::Twin,
    name,
    proto::v1::{self as pb, decide_connection_request::Verdict},
};

/// Path of everything here.
const SPEC: &str = "connection.spec";
/// Most ports and host names of a connection, and most blocks of a family.
const MOST: usize = 16;

/// Agency and name of a Connection.
pub fn connection_name(findings: &mut Findings, field: &str, given: &str) -> [String; 2] {
    match name::ids::<2>(given, "agencies/*/connections/*") {
        Some([agency, id]) if agency != "-" && id != "-" => [agency.to_owned(), id.to_owned()],
        _ => {
            findings.bad(field, given, "is not a name like agencies/ag-62/connections/conn-x");
            [String::new(), String::new()]
        }
    }
}

/// Reads what is asked; `requester` stays empty, admission stamps it. What the schema alone knows it says itself.
pub fn spec(findings: &mut Findings, from: &pb::ConnectionSpec, request_id: &str, clock: &Clock) -> ConnectionSpec {
    let mut end = |name: &str, from: &Option<pb::ConnectionEnd>| match from {
        Some(from) => self::end(findings, &format!("{SPEC}.{name}"), from),
        None => {
            findings.missing(&format!("{SPEC}.{name}"), "name an environment or an outside end");
            ConnectionEnd::default()
        }
    };
    let (source, destination) = (end("source", &from.source), end("destination", &from.destination));
    let direction = match (&source.outside, &destination.outside) {
        (Some(_), _) => FlowDirection::Inbound,
        (None, Some(_)) => FlowDirection::Outbound,
        (None, None) => FlowDirection::Between,
    };
    if from.ports.is_empty() || from.ports.len() > MOST {
        findings.add(format!("{SPEC}.ports"), format!("has {} entries: give 1 to {MOST}", from.ports.len()));
    }
    let ports = from.ports.iter().enumerate().take(MOST).map(|(i, p)| port(findings, i, p)).collect();
    let mut words =
        |name: &str, value: &str, most| text::check(findings, &format!("{SPEC}.{name}"), value, text::lines(most));
    let (purpose, legal_basis) = (words("purpose", &from.purpose, 1000), words("legal_basis", &from.legal_basis, 1000));
    ConnectionSpec {
        source,
        destination,
        direction,
        ports,
        host_names: host_names(findings, &from.host_names),
        purpose,
        expires_at: expires(findings, &from.expires, clock),
        legal_basis,
        letter: from.letter.as_ref().map(|l| document(findings, "connection.spec.letter", l)),
        counterpart_of: None,
        requester: Default::default(),
        request_id: optional(request_id),
    }
}

/// Host names as they are given: who may have which is the operator's to say.
fn host_names(findings: &mut Findings, given: &[String]) -> Vec<String> {
    let field = format!("{SPEC}.host_names");
    if given.len() > MOST {
        findings.add(field.clone(), format!("has {} entries: give {MOST} at most", given.len()));
    }
    for (i, name) in given.iter().enumerate().take(MOST).filter(|(_, name)| !host::is_host_name(name)) {
        let what = "is not a whole DNS name in lower case: no wildcard, no address, no final dot";
        findings.bad(&format!("{field}[{i}]"), name, what);
    }
    given.to_vec()
}

/// An instant, or the end of a day where the province is.
fn expires(findings: &mut Findings, given: &str, clock: &Clock) -> Time {
    let field = format!("{SPEC}.expires");
    let at = match given.parse::<Timestamp>() {
        Ok(at) => Some(at),
        Err(_) => match date(findings, &field, given).map(Date::tomorrow) {
            Some(Ok(next)) => Some(clock.start_of(next)),
            Some(Err(_)) => {
                findings.bad(&field, given, "is the last day of the calendar: choose an earlier day");
                None
            }
            None => None,
        },
    };
    if at.is_some_and(|at| at <= clock.now()) {
        findings.bad(&field, given, "is over already: choose a later day");
    }
    // Papers keep whole seconds; a repeat must find the same.
    Time(at.and_then(|at| Timestamp::from_second(at.as_second()).ok()).unwrap_or_default())
}

fn end(findings: &mut Findings, field: &str, from: &pb::ConnectionEnd) -> ConnectionEnd {
    if from.environment.is_empty() == from.outside.is_none() {
        findings.add(field, "must have either `environment` or `outside`");
    }
    let zone = Zone::ALL.iter().copied().find(|zone| zone.as_str() == from.zone);
    if zone.is_none() && !from.zone.is_empty() {
        findings.bad(&format!("{field}.zone"), &from.zone, "is not a zone: dmz, app, db or mgmt");
    }
    let environment = (!from.environment.is_empty()).then(|| EnvironmentEnd {
        environment_ref: reference(findings, &format!("{field}.environment"), &from.environment, "environments"),
        zone,
    });
    ConnectionEnd {
        environment,
        outside: from.outside.as_ref().map(|o| outside(findings, &format!("{field}.outside"), o)),
    }
}

fn outside(findings: &mut Findings, field: &str, from: &pb::OutsideEnd) -> OutsideEnd {
    let kind = OutsideKind::of(from.kind).unwrap_or_else(|| {
        findings.missing(&format!("{field}.kind"), "one of NAMED, INTERNET, TSLCD");
        OutsideKind::Named
    });
    let name = text::check(findings, &format!("{field}.title"), &from.title, text::line(200));
    let run_by = text::check(findings, &format!("{field}.run_by"), &from.run_by, text::line(300));
    let mut family = |name: &str, from: &Option<pb::FamilyEnd>| {
        let from = from.as_ref()?;
        let field = format!("{field}.{name}");
        if from.blocks.len() > MOST {
            findings.add(format!("{field}.blocks"), format!("has more than {MOST} entries: join prefixes"));
        }
        for (i, block) in from.blocks.iter().enumerate().take(MOST) {
            if block.parse::<ipnet::IpNet>().is_err() {
                findings.bad(&format!("{field}.blocks[{i}]"), block, "is not a prefix such as 203.0.113.0/24");
            }
        }
        let none = text::check(findings, &format!("{field}.none"), &from.none, text::maybe_line(200));
        Some(FamilyEnd { blocks: from.blocks.clone(), none: optional(&none) })
    };
    OutsideEnd { kind, name, run_by, ipv4: family("ipv4", &from.ipv4), ipv6: family("ipv6", &from.ipv6) }
}

fn port(findings: &mut Findings, i: usize, from: &pb::ConnectionPort) -> ConnectionPort {
    let field = format!("{SPEC}.ports[{i}]");
    for (name, port) in [("port", from.port), ("end_port", if from.end_port == 0 { 1 } else { from.end_port })] {
        if !(1..=65535).contains(&port) {
            findings.add(format!("{field}.{name}"), format!("{port} is not a port: give 1 to 65535"));
        }
    }
    let protocol = Transport::of(from.protocol).unwrap_or_else(|| {
        findings.missing(&format!("{field}.protocol"), "one of TCP, UDP, SCTP");
        Transport::Tcp
    });
    ConnectionPort { protocol, port: from.port, end_port: (from.end_port != 0).then_some(from.end_port) }
}

/// Reads what somebody decides; the paper is filled in by whoever reads it.
pub fn decision(findings: &mut Findings, from: &pb::DecideConnectionRequest) -> DecisionSpec {
    super::request_id(findings, &from.request_id);
    let verdict = match Verdict::try_from(from.verdict) {
        Ok(Verdict::Consent) => DecisionVerdict::Consent,
        Ok(Verdict::Approve) => DecisionVerdict::Approve,
        Ok(Verdict::Reject) => DecisionVerdict::Reject,
        Ok(Verdict::Close) => DecisionVerdict::Close,
        Ok(Verdict::Unspecified) | Err(_) => {
            findings.missing("verdict", "one of CONSENT, APPROVE, REJECT, CLOSE");
            DecisionVerdict::Close
        }
    };
    let owners = matches!(verdict, DecisionVerdict::Consent | DecisionVerdict::Close);
    let role = match from.role.as_str() {
        "" if owners => SignerRole::Owner,
        "" => SignerRole::Network,
        given => SignerRole::ALL.iter().find(|r| r.as_str() == given).copied().unwrap_or_else(|| {
            findings.bad("role", given, "is not a role that decides here: owner or network");
            SignerRole::Network
        }),
    };
    let needs_reason = matches!(verdict, DecisionVerdict::Reject | DecisionVerdict::Close);
    let reason = if needs_reason { text::lines(4000) } else { text::maybe_lines(4000) };
    let needs_basis = verdict == DecisionVerdict::Reject;
    let basis = if needs_basis { text::lines(1000) } else { text::maybe_lines(1000) };
    DecisionSpec {
        role,
        verdict,
        reason: optional(&text::check(findings, "reason", &from.reason, reason)),
        legal_basis: optional(&text::check(findings, "legal_basis", &from.legal_basis, basis)),
        document: from.document.as_ref().map(|d| document(findings, "document", d)),
        request_id: optional(&from.request_id),
        ..DecisionSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_whole_names_each_with_its_own_defect() {
        let fields = |given: &[&str]| -> Vec<String> {
            let (given, mut findings) =
                (given.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), Findings::default());
            assert_eq!(host_names(&mut findings, &given), given);
            findings.found.into_iter().map(|defect| defect.field).collect()
        };
        assert_eq!(fields(&[]), [""; 0]);
        assert_eq!(fields(&["dichvucong.tinh.example", "www.tinh.example"]), [""; 0]);
        let bad = ["a.example", "*.tinh.example", "192.0.2.1", "Tinh.example"];
        assert_eq!(fields(&bad), [1, 2, 3].map(|i| format!("connection.spec.host_names[{i}]")));
        assert_eq!(fields(&["a.example"; MOST + 1]), ["connection.spec.host_names"]);
    }
}
