//! Connection → message.

use berth_crds::{
    Connection, ConnectionSpec,
    connection::{ConnectionEnd, ConnectionPort, FamilyEnd, OutsideEnd},
    environment::Zone,
    names,
};

use super::{Twin, conditions, create_time, document, identity, timestamp_of};
use crate::{name, proto::v1 as pb};

/// The message.
pub fn message(from: &Connection) -> pb::Connection {
    let namespace = from.metadata.namespace.as_deref().unwrap_or_default();
    let status = from.status.clone().unwrap_or_default();
    let summary = status.summary.as_ref();
    let counterpart = status.counterpart.as_ref().filter(|_| from.spec.counterpart_of.is_none());
    pb::Connection {
        name: name::connection(namespace, from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        create_time: create_time(&from.metadata),
        spec: Some(spec(&from.spec)),
        requester: Some(identity(&from.spec.requester)),
        state: summary.map_or(0, |s| s.state.proto() as i32),
        holder: summary.map(|s| s.holder.clone()).unwrap_or_default(),
        since: summary.and_then(|s| timestamp_of(&s.since)),
        conditions: conditions(&status.conditions),
        counterpart_of: from
            .spec
            .counterpart_of
            .as_ref()
            .map(|paper| name::connection(&paper.namespace, &paper.name))
            .unwrap_or_default(),
        counterpart: counterpart
            .map(|c| name::connection(&names::agency_namespace(&c.agency_ref.name), &c.name))
            .unwrap_or_default(),
        decision_uids: status.outcome.map(|o| o.decision_uids).unwrap_or_default(),
        from: status.from.unwrap_or_default(),
        to: status.to.unwrap_or_default(),
        ports: status.ports.unwrap_or_default(),
        granted_host_names: status.host_names,
    }
}

fn spec(from: &ConnectionSpec) -> pb::ConnectionSpec {
    pb::ConnectionSpec {
        source: Some(end(&from.source)),
        destination: Some(end(&from.destination)),
        ports: from.ports.iter().map(port).collect(),
        purpose: from.purpose.clone(),
        expires: from.expires_at.0.to_string(),
        legal_basis: from.legal_basis.clone(),
        letter: from.letter.as_ref().map(document),
        host_names: from.host_names.clone(),
    }
}

fn end(from: &ConnectionEnd) -> pb::ConnectionEnd {
    let inside = from.environment.as_ref();
    pb::ConnectionEnd {
        environment: inside.map(|e| name::environment(&e.environment_ref.name)).unwrap_or_default(),
        zone: inside.and_then(|e| e.zone).map(Zone::as_str).unwrap_or_default().to_owned(),
        outside: from.outside.as_ref().map(outside),
    }
}

fn outside(from: &OutsideEnd) -> pb::OutsideEnd {
    let family =
        |from: &FamilyEnd| pb::FamilyEnd { blocks: from.blocks.clone(), none: from.none.clone().unwrap_or_default() };
    pb::OutsideEnd {
        kind: from.kind.proto() as i32,
        title: from.name.clone(),
        run_by: from.run_by.clone(),
        ipv4: from.ipv4.as_ref().map(family),
        ipv6: from.ipv6.as_ref().map(family),
    }
}

fn port(from: &ConnectionPort) -> pb::ConnectionPort {
    pb::ConnectionPort {
        protocol: from.protocol.proto() as i32,
        port: from.port,
        end_port: from.end_port.unwrap_or_default(),
    }
}
