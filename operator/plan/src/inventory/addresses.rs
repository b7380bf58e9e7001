//! Addresses that systems had before: recorded with who assigned them, never chosen here.

use berth_crds::address::AssignmentLetter;
use berth_crds::tenant::{InventoriedAddress, Ipv6Stage};
use ipnet::IpNet;

use super::cells::Cells;
use super::{Defect, Known};
use crate::address::overlap;

/// The state's dedicated data network: its authority assigns every address by letter and forbids duplicates
/// (Circular 19/2023/TT-BTTTT as summarised by LawNet [D]).
const STATE_NETWORK: &str = "TSLCD";

/// Who has which address where.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Code of the system.
    pub code: String,
    /// Its owner.
    pub agency: String,
    /// The address.
    pub address: InventoriedAddress,
}

/// Addresses of a row, IPv4 first.
pub(super) fn read(cells: &mut Cells, known: &Known) -> Vec<InventoriedAddress> {
    let found = [prefixes(cells, "ipv4", known), prefixes(cells, "ipv6", known)].concat();
    let (network, authority) = (network(cells), cells.text("authority", 200));
    let letter = letter(cells, known);
    if found.is_empty() {
        return Vec::new();
    }
    for (key, given) in [("network", &network), ("authority", &authority)] {
        if given.is_none() && cells.get(key).is_none() {
            cells
                .bad(key, "is empty, and the row has addresses; say in which network they count and who assigned them");
        }
    }
    if network.as_deref() == Some(STATE_NETWORK) && cells.get("letter_number").is_none() {
        cells.bad("letter_number", "is empty; addresses of TSLCD are assigned by letter: give its number and date");
    }
    let (Some(network), Some(authority)) = (network, authority) else { return Vec::new() };
    let address = |cidr: IpNet| InventoriedAddress {
        cidr: cidr.to_string(),
        network: network.clone(),
        authority: authority.clone(),
        letter: letter.clone(),
    };
    found.into_iter().map(address).collect()
}

fn network(cells: &mut Cells) -> Option<String> {
    let found = cells.word("network", 40, |c| c.is_ascii_alphanumeric() || c == '-')?;
    if !found.starts_with(|c: char| c.is_ascii_alphabetic()) {
        cells.unread("network");
        return None;
    }
    Some(found)
}

fn letter(cells: &mut Cells, known: &Known) -> Option<AssignmentLetter> {
    let (number, date) = (cells.text("letter_number", 100), cells.past("letter_date", known.today));
    if cells.get("letter_number").is_some() && cells.get("letter_date").is_none() {
        cells.bad("letter_date", "is empty, and the letter has a number; give its date");
    }
    if cells.get("letter_date").is_some() && cells.get("letter_number").is_none() {
        cells.bad("letter_number", "is empty, and the letter has a date; give its number");
    }
    Some(AssignmentLetter { number: number?, date: date?.to_string() })
}

fn prefixes(cells: &mut Cells, key: &str, known: &Known) -> Vec<IpNet> {
    let mut found: Vec<IpNet> = Vec::new();
    for part in cells.parts(key) {
        match prefix(part, key == "ipv6") {
            Err(why) => cells.bad(key, format!("{part:?} {why}")),
            Ok(prefix) if found.iter().any(|other| overlap(*other, prefix)) => {
                cells.bad(key, format!("{part:?} is named twice; leave one out"));
            }
            Ok(prefix) => {
                if let Some(root) = known.roots().find(|root| overlap(*root, prefix)) {
                    cells.bad(
                        key,
                        format!("{part:?} lies in {root}, which the address plan numbers itself; leave it out"),
                    );
                }
                found.push(prefix);
            }
        }
    }
    found
}

/// A prefix of a family, or one address as the longest prefix.
fn prefix(text: &str, six: bool) -> Result<IpNet, String> {
    let family = if six { "IPv6" } else { "IPv4" };
    let unread = || format!("is no {family} address or prefix; write one such as {}", example(six));
    let read: IpNet = match text.parse() {
        Ok(prefix) => prefix,
        Err(_) => IpNet::from(text.parse::<std::net::IpAddr>().map_err(|_| unread())?),
    };
    if read.addr().is_ipv6() != six {
        return Err(unread());
    }
    if read.trunc() != read {
        return Err(format!("has bits behind its length; write {}", read.trunc()));
    }
    let address = read.addr();
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
        return Err("is no address of a system: it is unspecified, loopback or multicast".into());
    }
    Ok(read)
}

fn example(six: bool) -> &'static str {
    if six { "2001:db8::10" } else { "203.0.113.10" }
}

/// How far the move to IPv6 is: what the row says, and does not contradict by its addresses.
pub(super) fn stage(cells: &mut Cells, addresses: &[InventoriedAddress]) -> Option<Ipv6Stage> {
    let six = addresses.iter().any(|address| address.cidr.contains(':'));
    let Some(text) = cells.get("ipv6_stage") else {
        if six {
            cells.bad("ipv6_stage", "is empty, and the row has IPv6 addresses; say how far it is, S1 to S7");
            return None;
        }
        return Some(Ipv6Stage::Ipv4Only);
    };
    let number = text.strip_prefix(['S', 's']).and_then(|number| number.parse::<usize>().ok());
    let stage = match number.and_then(|number| Ipv6Stage::ALL.get(number).copied()) {
        Some(stage) => stage,
        None => cells.choice("ipv6_stage", text, &Ipv6Stage::ALL)?,
    };
    // Cells that could not be read have been told; what they would have said is not known.
    let told = cells.defects.iter().any(|defect| ["ipv4", "ipv6", "network", "authority"].contains(&&*defect.column));
    if !told && (stage == Ipv6Stage::Ipv4Only) == six {
        let why = if six { "the row has IPv6 addresses" } else { "the row has no IPv6 address" };
        cells.bad("ipv6_stage", format!("is not so: {why}; correct one of them"));
        return None;
    }
    Some(stage)
}

/// An address of another agency's system: no authority assigns one address to two bodies.
pub(super) fn taken(held: &[Held], code: &str, agency: &str, addresses: &[InventoriedAddress]) -> Vec<Defect> {
    let read = |address: &InventoriedAddress| address.cidr.parse::<IpNet>().ok();
    let clash = |mine: &InventoriedAddress, other: &&Held| {
        let apart = other.code == code || other.agency == agency || other.address.network != mine.network;
        !apart && read(mine).zip(read(&other.address)).is_some_and(|(a, b)| overlap(a, b))
    };
    let defect = |mine: &InventoriedAddress| {
        let other = held.iter().find(|other| clash(mine, other))?;
        Some(Defect {
            column: if mine.cidr.contains(':') { "ipv6" } else { "ipv4" }.into(),
            value: mine.cidr.clone(),
            message: format!(
                "is the system {}'s of {} in {}; one of the two is wrong: ask the authority that assigned it",
                other.code, other.agency, mine.network
            ),
        })
    };
    addresses.iter().filter_map(defect).collect()
}
