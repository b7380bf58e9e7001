//! `berth ip`: the plan, whose an address is, lines for devices, and the request for more.

use berth_crds::Reason;
use serde_json::Value;

use super::{
    Exit, Result,
    args::{Acknowledge, Export, Format, Ip, Language, PlanOf, Whois, Written},
    connect::{Session, call},
    create::full,
    failure::Failure,
    output,
    rows::id,
};
use crate::proto::{to_json, v1 as pb};

const PLAN: &str = "addressPlans/default";

/// Runs one command.
pub async fn run(session: &Session, language: Language, command: Ip) -> Result {
    match command {
        Ip::Plan(of) if session.format == Format::Svg => picture(session, of).await,
        Ip::Plan(of) => plan(session, of).await,
        Ip::Whois(which) => whois(session, language, which).await,
        Ip::Export(which) => export(session, which).await,
        Ip::Ack(what) => acknowledge(session, what).await,
        Ip::Justify { growth } => justify(session, language, growth).await,
    }
}

async fn tree(session: &Session, at: Option<String>, picture_root: String) -> Result<pb::AddressTree> {
    let client = &session.client.addresses;
    let request = pb::GetAddressPlanRequest { name: PLAN.into(), at: at.unwrap_or_default(), picture_root };
    call("reading the plan", async || client.clone().get_address_plan(request.clone()).await).await
}

/// What was pruned is not seen: whoever relies on the answer must know.
fn warn(begins: Option<&prost_types::Timestamp>) {
    if let Some(begins) = begins {
        eprintln!("The ledger in the cluster begins at {begins}: what was pruned is not seen. Ask its export, too.");
    }
}

async fn plan(session: &Session, of: PlanOf) -> Result {
    let tree = tree(session, of.at, String::new()).await?;
    warn(tree.ledger_begin_time.as_ref());
    match session.format {
        Format::Table => {
            let heads = ["PREFIX", "LEVEL", "HOLDER", "OWNER", "USED", "KEPT", "FREE", "UNTIL"];
            output::table(&heads, tree.nodes.iter().map(row).collect())?;
        }
        Format::Name => tree.nodes.iter().try_for_each(|node| output::line(&node.prefix))?,
        format => output::value(&json("AddressTree", &tree)?, format)?,
    }
    Ok(Exit::Done)
}

fn row(node: &pb::AddressNode) -> Vec<String> {
    let counted = |count: i32| if node.capacity_log2.is_some() { count.to_string() } else { String::new() };
    let free = node.capacity_log2.map(|bits| match 1_i32.checked_shl(bits.unsigned_abs()) {
        // Beyond 31 bits what is taken does not show in what is left.
        Some(all) if all > 0 => (all - node.used - node.quarantined).to_string(),
        _ => format!("2^{bits}"),
    });
    vec![
        format!("{}{}", "  ".repeat(usize::try_from(node.depth).unwrap_or(0)), node.prefix),
        format!("{:?}", node.level()),
        node.holder.clone(),
        id(&node.agency),
        counted(node.used),
        counted(node.quarantined),
        free.unwrap_or_default(),
        node.quarantine_until.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

async fn picture(session: &Session, of: PlanOf) -> Result {
    let root = match of.root {
        Some(root) => root,
        None => only_root(&tree(session, of.at.clone(), String::new()).await?)?,
    };
    output::write(&tree(session, of.at, root).await?.picture)?;
    Ok(Exit::Done)
}

fn only_root(tree: &pb::AddressTree) -> Result<String> {
    let roots: Vec<_> = tree.nodes.iter().filter(|n| n.level() == pb::address_node::Level::Root).collect();
    match roots.as_slice() {
        [] => Err(Failure::Missing("the plan has no root".into())),
        [only] => Ok(only.prefix.clone()),
        several => {
            let all: Vec<_> = several.iter().map(|root| root.prefix.as_str()).collect();
            Err(Failure::Usage(format!("the plan has several roots: say --root {}", all.join(" or --root "))))
        }
    }
}

async fn whois(session: &Session, language: Language, which: Whois) -> Result {
    let client = &session.client.addresses;
    let request = pb::WhoisAddressRequest { address: which.address, at: which.at.unwrap_or_default() };
    let found =
        call("asking whose the address is", async || client.clone().whois_address(request.clone()).await).await?;
    warn(found.ledger_begin_time.as_ref());
    match session.format {
        Format::Table => {
            for (place, answer) in found.answers.iter().enumerate() {
                if place > 0 {
                    output::line("")?;
                }
                told(answer, language)?;
            }
        }
        Format::Name => found.answers.iter().try_for_each(|answer| output::line(&named(answer)))?,
        format => output::value(&json("WhoisAddressResponse", &found)?, format)?,
    }
    Ok(Exit::Done)
}

/// What has the address: environment, system or agency.
fn named(answer: &pb::AddressAnswer) -> String {
    let all = [&answer.environment, &answer.tenant, &answer.agency];
    all.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default()
}

fn told(answer: &pb::AddressAnswer, language: Language) -> Result<()> {
    let reason = Reason::ALL.iter().find(|reason| reason.code() == answer.reason);
    let sentence = reason.map_or("", |reason| if language == Language::Vi { reason.vi() } else { reason.en() });
    let instant = |at: &Option<prost_types::Timestamp>| at.as_ref().map(ToString::to_string).unwrap_or_default();
    let basis = answer.basis.clone().unwrap_or_default();
    let inside = if answer.systems_inside > 0 { answer.systems_inside.to_string() } else { String::new() };
    let mut rows = vec![
        ("address", answer.address.clone()),
        ("standing", sentence.to_owned()),
        ("prefix", answer.prefix.clone()),
        ("namespace", answer.namespace.clone()),
        ("environment", id(&answer.environment)),
        ("system", format!("{} {}", id(&answer.tenant), answer.system).trim().to_owned()),
        ("agency", format!("{} {}", id(&answer.agency), answer.agency_title).trim().to_owned()),
        ("governing body", id(&answer.governing_body)),
        ("paper", basis.onboarding.clone()),
        ("decisions", basis.decision_uids.join(", ")),
        ("direct edit", basis.reason.clone()),
        ("block", answer.block.clone()),
        ("since", instant(&answer.since)),
        ("until", instant(&answer.until)),
        ("systems inside", inside),
    ];
    if let Some(a) = &answer.assignment {
        let until = if a.to.is_empty() { String::new() } else { format!(" to {}", a.to) };
        rows.push(("network", a.network.clone()));
        rows.push(("assigned by", format!("{}, letter {} of {}", a.authority, a.letter_number, a.letter_date)));
        rows.push(("assigned for", format!("{} {}", a.purpose, a.infrastructure).trim().to_owned()));
        rows.push(("assigned from", format!("{}{until}", a.from)));
    }
    let rows: Vec<_> = rows.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    rows.iter().try_for_each(|(key, value)| output::line(&format!("{key:width$}  {value}")))
}

async fn export(session: &Session, which: Export) -> Result {
    let client = &session.client.addresses;
    let request = pb::ExportAddressesRequest {
        at: which.at.unwrap_or_default(),
        since: which.since.unwrap_or_default(),
        agency: which.agency.map(|agency| full("agencies", &agency)).unwrap_or_default(),
        pointer_suffix: which.ptr.unwrap_or_default(),
    };
    let found = call("exporting addresses", async || client.clone().export_addresses(request.clone()).await).await?;
    match (session.format, which.format) {
        (format @ (Format::Json | Format::Yaml), _) => output::value(&json("AddressExport", &found)?, format)?,
        (_, Written::Json) => output::value(&json("AddressExport", &found)?, Format::Json)?,
        (_, Written::Csv) => output::write(&csv(&found.lines))?,
    }
    warn(found.ledger_begin_time.as_ref());
    eprintln!("State: {}", found.etag);
    Ok(Exit::Done)
}

async fn acknowledge(session: &Session, what: Acknowledge) -> Result {
    let client = &session.client.addresses;
    let request = pb::AcknowledgeExportRequest {
        reference: what.reference,
        etag: what.state.unwrap_or_default(),
        environments: what.environments.iter().map(|name| full("environments", name)).collect(),
        request_id: what.request_id.unwrap_or_default(),
        validate_only: what.validate_only,
    };
    let made =
        call("acknowledging the change", async || client.clone().acknowledge_export(request.clone()).await).await?;
    match session.format {
        Format::Json | Format::Yaml => output::value(&json("NetworkChange", &made)?, session.format)?,
        Format::Name => output::line(&made.name)?,
        _ => {
            let by = made.by.unwrap_or_default().username;
            let environments: Vec<_> = made.environments.iter().map(|name| id(name)).collect();
            output::line(&format!("{} by {by}, ref {:?}: {}", id(&made.name), made.reference, environments.join(" ")))?;
        }
    }
    Ok(Exit::Done)
}

fn csv(lines: &[pb::AddressLine]) -> String {
    let head = "change,table,set,prefix,value,agency,tenant,environment,network\r\n".to_owned();
    lines.iter().fold(head, |text, line| {
        let cells = [
            format!("{:?}", line.change()).to_lowercase(),
            format!("{:?}", line.table()).to_lowercase(),
            line.set.clone(),
            line.prefix.clone(),
            line.value.clone(),
            id(&line.agency),
            id(&line.tenant),
            id(&line.environment),
            line.network.clone(),
        ];
        text + &cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
    })
}

/// RFC 4180 §2: a cell with a comma, a quote or a line break is quoted.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

async fn justify(session: &Session, language: Language, growth: i32) -> Result {
    let client = &session.client.addresses;
    let request = pb::JustifyAddressesRequest { growth };
    let found = call("counting the plan", async || client.clone().justify_addresses(request).await).await?;
    match session.format {
        Format::Json | Format::Yaml => output::value(&json("JustifyAddressesResponse", &found)?, session.format)?,
        _ => {
            for text in found.justifications.into_iter().filter_map(|j| j.text) {
                let (first, second) = if language == Language::Vi { (text.vi, text.en) } else { (text.en, text.vi) };
                output::line(&format!("{first}\n{second}"))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn json(message: &str, of: &impl prost::Message) -> Result<Value> {
    to_json(message, of).ok_or_else(|| Failure::Local(format!("cannot write {message} as JSON")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_comma_separated_values_and_odd_cells_are_quoted() {
        let line = pb::AddressLine {
            change: pb::address_line::Change::Added as i32,
            table: pb::address_line::Table::Firewall as i32,
            set: "berth-ag-62-v6".into(),
            prefix: "3fff:a10::/60".into(),
            value: "a, \"b\"".into(),
            agency: "agencies/ag-62".into(),
            ..Default::default()
        };
        assert_eq!(
            csv(&[line]),
            "change,table,set,prefix,value,agency,tenant,environment,network\r\n\
             added,firewall,berth-ag-62-v6,3fff:a10::/60,\"a, \"\"b\"\"\",ag-62,,,\r\n"
        );
    }

    #[test]
    fn what_is_left_never_overflows() {
        let row =
            |capacity_log2| row(&pb::AddressNode { capacity_log2, used: 3, quarantined: 1, ..Default::default() });
        assert_eq!(
            [row(Some(8))[6].as_str(), &row(Some(31))[6], &row(Some(96))[6], &row(None)[6]],
            ["252", "2^31", "2^96", ""]
        );
    }
}
