//! `berth conn`, and `berth why <source> <destination> <port>`.

use berth_crds::connection::ConnectionState;

use super::{
    Exit, Result,
    args::{Conn, Decide, Format, Kind, NewConnection},
    connect::{Session, call},
    create::{full, letter},
    decide::signed,
    failure::Failure,
    output::{self, Printed},
    rows::{agency_of, id},
};
use crate::{
    convert::Twin,
    problem::correlation_id,
    proto::v1::{
        self as pb, connection_port::Protocol, decide_connection_request::Verdict, outside_end, side_reach::Says,
    },
};

/// Runs a command.
pub async fn run(session: &Session, command: Conn) -> Result {
    match command {
        Conn::List { agency } => list(session, agency).await,
        Conn::Get { name } => get(session, &name).await,
        Conn::Request(request) => ask(session, *request).await,
        Conn::Consent(decide) => self::decide(session, decide, Verdict::Consent, "", "").await,
        Conn::Approve(decide) => self::decide(session, decide, Verdict::Approve, "", "").await,
        Conn::Reject { decide, legal_basis } => self::decide(session, decide, Verdict::Reject, "", &legal_basis).await,
        Conn::Close { decide, role } => self::decide(session, decide, Verdict::Close, &role, "").await,
    }
}

async fn list(session: &Session, agency: Option<String>) -> Result {
    let parent = full("agencies", agency.as_deref().unwrap_or("-"));
    output::many(&all(session, parent).await?, session.format)?;
    Ok(Exit::Done)
}

async fn all(session: &Session, parent: String) -> Result<Vec<pb::Connection>> {
    let mut request = pb::ListConnectionsRequest { parent, page_size: 500, ..Default::default() };
    let (mut found, client) = (Vec::new(), &session.client.connections);
    loop {
        let page = call("listing openings", async || client.clone().list_connections(request.clone()).await).await?;
        found.extend(page.connections);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// The full name; a short one is looked for in everything that the caller may read.
async fn named(session: &Session, given: &str) -> Result<String> {
    if given.contains('/') {
        return Ok(given.to_owned());
    }
    let found = all(session, "agencies/-".into()).await?.into_iter().find(|c| id(&c.name) == given);
    let missing =
        || Failure::Missing(format!("there is no opening {given:?} that you may read: see `berth conn list`"));
    found.map(|connection| connection.name).ok_or_else(missing)
}

async fn get(session: &Session, given: &str) -> Result {
    let request = pb::GetConnectionRequest { name: named(session, given).await? };
    let client = &session.client.connections;
    let found = call("reading the opening", async || client.clone().get_connection(request.clone()).await).await?;
    output::one(&found, session.format)?;
    if let Some(ready) = found.conditions.iter().find(|c| c.r#type == "Open") {
        eprintln!("{}", ready.message);
    }
    Ok(Exit::Done)
}

async fn ask(session: &Session, asked: NewConnection) -> Result {
    let request = pb::CreateConnectionRequest {
        parent: full("agencies", &asked.agency),
        connection: Some(pb::Connection { spec: Some(spec(&asked)?), ..Default::default() }),
        request_id: asked.act.request_id.clone().unwrap_or_else(|| format!("cli-{}", correlation_id())),
        validate_only: asked.act.validate_only,
    };
    let client = &session.client.connections;
    let made = call("asking for the opening", async || client.clone().create_connection(request.clone()).await).await?;
    output::one(&made, session.format)?;
    match request.validate_only {
        true => eprintln!("it could be asked for; nothing was written"),
        false => eprintln!("{} asked for. Next: berth conn get {}", made.name, made.name),
    }
    Ok(Exit::Done)
}

async fn decide(session: &Session, decide: Decide, verdict: Verdict, role: &str, legal_basis: &str) -> Result {
    let request = pb::DecideConnectionRequest {
        name: named(session, &decide.name).await?,
        verdict: verdict as i32,
        role: role.to_owned(),
        reason: decide.reason.unwrap_or_default(),
        legal_basis: legal_basis.to_owned(),
        document: signed(&decide.document),
        request_id: decide.act.request_id.clone().unwrap_or_else(|| format!("cli-{}", correlation_id())),
        validate_only: decide.act.validate_only,
        ..Default::default()
    };
    let client = &session.client.connections;
    let done = call("deciding", async || client.clone().decide_connection(request.clone()).await).await?;
    output::one(&done, session.format)?;
    match request.validate_only {
        true => eprintln!("{} could be decided so; nothing was decided", done.name),
        false => eprintln!("{}: recorded. Next: berth conn get {}", done.name, done.name),
    }
    Ok(Exit::Done)
}

fn spec(asked: &NewConnection) -> Result<pb::ConnectionSpec> {
    let outside = asked
        .outside
        .as_ref()
        .map(|title| pb::ConnectionEnd { outside: Some(outside(asked, title)), ..Default::default() });
    let (source, destination) = match (&asked.from, &asked.to, outside) {
        (Some(from), Some(to), None) => (inside(from), inside(to)),
        (Some(from), None, Some(outside)) => (inside(from), outside),
        (None, Some(to), Some(outside)) => (outside, inside(to)),
        _ => return Err(Failure::Usage("name both ends: --from and --to, or one of them and --outside".into())),
    };
    Ok(pb::ConnectionSpec {
        source: Some(source),
        destination: Some(destination),
        ports: asked.ports.iter().map(|text| port(text)).collect::<Result<_>>()?,
        purpose: asked.purpose.clone(),
        expires: asked.until.clone(),
        legal_basis: asked.legal_basis.clone(),
        letter: letter(&asked.letter),
        host_names: asked.hosts.clone(),
    })
}

/// `<plate>-<kind>` or `<plate>-<kind>-<zone>`; the server says what is wrong with it.
fn inside(namespace: &str) -> pb::ConnectionEnd {
    let mut parts = namespace.splitn(3, '-');
    let environment: Vec<&str> = parts.by_ref().take(2).collect();
    pb::ConnectionEnd {
        environment: full("environments", &environment.join("-")),
        zone: parts.next().unwrap_or_default().to_owned(),
        outside: None,
    }
}

fn outside(asked: &NewConnection, title: &str) -> pb::OutsideEnd {
    let family = |blocks: &[String], none: &Option<String>| {
        let given = !blocks.is_empty() || none.is_some();
        given.then(|| pb::FamilyEnd { blocks: blocks.to_vec(), none: none.clone().unwrap_or_default() })
    };
    pb::OutsideEnd {
        kind: match asked.kind {
            Kind::Named => outside_end::Kind::Named,
            Kind::Internet => outside_end::Kind::Internet,
            Kind::Tslcd => outside_end::Kind::Tslcd,
        } as i32,
        title: title.to_owned(),
        run_by: asked.run_by.clone().unwrap_or_default(),
        ipv4: family(&asked.ipv4, &asked.no_ipv4),
        ipv6: family(&asked.ipv6, &asked.no_ipv6),
    }
}

/// `443`, `53/udp`, `5000-5010/tcp`.
fn port(text: &str) -> Result<pb::ConnectionPort> {
    let wrong = || Failure::Usage(format!("{text:?} is not a port: write 443, 53/udp or 5000-5010/tcp"));
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol_of(protocol).ok_or_else(wrong)?;
    let (first, last) = match numbers.split_once('-') {
        Some((first, last)) => (first, Some(last)),
        None => (numbers, None),
    };
    let number = |text: &str| text.parse::<u16>().map(i32::from).map_err(|_| wrong());
    Ok(pb::ConnectionPort {
        protocol: protocol as i32,
        port: number(first)?,
        end_port: last.map(number).transpose()?.unwrap_or(0),
    })
}

fn protocol_of(text: &str) -> Option<Protocol> {
    match text.to_ascii_lowercase().as_str() {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => None,
    }
}

/// Whether one end reaches another, and by which paper or which rule not.
pub async fn why(session: &Session, source: &str, destination: &str, given: &str) -> Result {
    let port = port(given)?;
    let request = pb::CheckReachRequest {
        source: source.to_owned(),
        destination: destination.to_owned(),
        port: port.port,
        protocol: port.protocol,
    };
    let client = &session.client.connections;
    let reach = call("judging", async || client.clone().check_reach(request.clone()).await).await?;
    match session.format {
        Format::Table | Format::Name => reach.families.iter().try_for_each(|family| output::line(&sentence(family)))?,
        format => output::value(&output::json_of(&reach)?, format)?,
    }
    eprintln!("judged by what should stand ({}), not by what the network does with it", reach.judged);
    Ok(Exit::Done)
}

/// `IPv6  allowed  leaving: free; entering: allowed by agencies/ag-62/connections/conn-x`.
fn sentence(family: &pb::FamilyReach) -> String {
    let side = |side: &Option<pb::SideReach>| {
        let side = side.clone().unwrap_or_default();
        match side.says() {
            Says::Unspecified => "no address in this family".to_owned(),
            Says::Unknown => "no open connection that you may read".to_owned(),
            Says::Free => "free, no policy restricts it".to_owned(),
            Says::Allowed if side.connection.is_empty() => format!("allowed by {}", side.policies.join(", ")),
            Says::Allowed => format!("allowed by {}", side.connection),
            Says::Denied => format!("denied by {}", side.policies.join(", ")),
        }
    };
    let word = if family.allowed { "allowed" } else { "denied" };
    format!("{}  {word}  leaving: {}; entering: {}", family.family, side(&family.leaving), side(&family.entering))
}

impl Printed for pb::Reach {
    const MESSAGE: &'static str = "Reach";
    const PLURAL: &'static str = "reaches";
    const HEADS: &'static [&'static str] = &["ANSWER"];

    fn name(&self) -> &str {
        &self.judged
    }

    fn row(&self) -> Vec<String> {
        vec![self.families.iter().map(sentence).collect::<Vec<_>>().join("\n")]
    }
}

impl Printed for pb::Connection {
    const MESSAGE: &'static str = "Connection";
    const PLURAL: &'static str = "connections";
    const HEADS: &'static [&'static str] =
        &["NAME", "AGENCY", "FROM", "TO", "PORTS", "HOSTS", "STATE", "HOLDER", "EXPIRES", "REQUESTER"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let spec = self.spec.clone().unwrap_or_default();
        vec![
            id(&self.name),
            agency_of(&self.name),
            self.from.clone(),
            self.to.clone(),
            self.ports.clone(),
            spec.host_names.join(","),
            ConnectionState::of(self.state).map(|state| format!("{state:?}")).unwrap_or_default(),
            self.holder.clone(),
            spec.expires,
            self.requester.clone().unwrap_or_default().username,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_people_write_them() {
        let read = |text: &str| port(text).ok().map(|p| (p.protocol(), p.port, p.end_port));
        assert_eq!(read("443"), Some((Protocol::Tcp, 443, 0)));
        assert_eq!(read("53/udp"), Some((Protocol::Udp, 53, 0)));
        assert_eq!(read("5000-5010/TCP"), Some((Protocol::Tcp, 5000, 5010)));
        for wrong in ["", "x", "443/icmp", "70000", "1-", "-1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_namespace_is_an_environment_and_perhaps_a_zone() {
        let read = |text: &str| (inside(text).environment, inside(text).zone);
        assert_eq!(read("abcdef-prod"), ("environments/abcdef-prod".into(), String::new()));
        assert_eq!(read("abcdef-prod-db"), ("environments/abcdef-prod".into(), "db".into()));
    }
}
