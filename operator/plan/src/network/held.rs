//! Who held which prefix from when to when: what the ledger recorded, completed by what stands in the blocks now. Pruned
//! segments are not seen here; a holding whose beginning is lost says so by an absent `since`.

use berth_crds::address::BlockState;
use berth_crds::audit::{Act, AuditEntry};
use berth_crds::{PrefixBlock, names};
use ipnet::Ipv6Net;
use jiff::Timestamp;
use serde_json::Value;

use crate::address;
use crate::ledger::acts::{created, written};

/// One prefix in one claimant's hands, from its giving to the end of its quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The prefix.
    pub net: Ipv6Net,
    /// UID of the block: one that was collected and made anew is another.
    pub uid: String,
    /// Claim that had it, a system's or an agency's.
    pub claim: String,
    /// When it was given; `None`: before the ledger that is at hand begins.
    pub since: Option<Timestamp>,
    /// When it was given up; `None` while it is held.
    pub until: Option<Timestamp>,
    /// When somebody else may get it.
    pub free_from: Option<Timestamp>,
}

/// What a holding is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// In use.
    Held,
    /// Given up and kept from others.
    Quarantined,
}

impl Holding {
    /// What it is at an instant; `None` before it was given and after its quarantine.
    pub fn at(&self, at: Timestamp) -> Option<Hold> {
        if self.since.is_some_and(|since| at < since) {
            return None;
        }
        match self.until {
            Some(until) if until <= at => self.free_from.is_none_or(|free| at < free).then_some(Hold::Quarantined),
            _ => Some(Hold::Held),
        }
    }

    /// The system that has it, if a system has.
    pub fn tenant(&self) -> Option<&str> {
        names::tenant_of_claim(&self.claim)
    }

    /// The agency whose block it is, if it is an agency's.
    pub fn agency(&self) -> Option<&str> {
        names::agency_of_claim(&self.claim)
    }
}

/// All holdings that ledger and blocks know of, in order of address and time.
pub fn holdings<'a>(
    ledger: impl IntoIterator<Item = &'a AuditEntry>,
    blocks: impl IntoIterator<Item = &'a PrefixBlock>,
) -> Vec<Holding> {
    let acts = ledger.into_iter().filter(|entry| entry.object.kind == "PrefixBlock");
    let mut acts: Vec<(Timestamp, &AuditEntry)> =
        acts.filter_map(|entry| Some((entry.effective_at.parse().ok()?, entry))).collect();
    // Of two acts of one second a giving up comes before a giving: the block's name allows no other order.
    acts.sort_by_key(|(at, entry)| (*at, entry.act == Act::PrefixGiven, entry.recorded_at.clone()));
    let mut all = Vec::new();
    for (at, entry) in acts {
        take_in(&mut all, at, entry);
    }
    blocks.into_iter().for_each(|block| complete(&mut all, block));
    all.sort_by_key(|holding| (holding.net, holding.since, holding.until));
    all
}

fn last(all: &mut [Holding], net: Ipv6Net) -> Option<&mut Holding> {
    all.iter_mut().rev().find(|holding| holding.net == net)
}

fn last_of<'a>(all: &'a mut [Holding], uid: &str) -> Option<&'a mut Holding> {
    all.iter_mut().rev().find(|holding| holding.uid == uid)
}

fn earlier(one: Option<Timestamp>, other: Timestamp) -> Option<Timestamp> {
    Some(one.map_or(other, |one| one.min(other)))
}

fn take_in(all: &mut Vec<Holding>, at: Timestamp, entry: &AuditEntry) {
    let Some(net) = net_of(&entry.object.name) else { return };
    let after: Value = entry.after.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (claim, uid) = (after["claim"].as_str().unwrap_or_default().to_owned(), entry.object.uid.clone());
    match entry.act {
        Act::PrefixGiven => {
            // It came back from quarantine, or its object went before that was recorded.
            if let Some(before) = last(all, net) {
                before.until = earlier(before.until, at);
                before.free_from = earlier(before.free_from, at);
            }
            all.push(Holding { net, uid, claim, since: Some(at), until: None, free_from: None });
        }
        Act::PrefixReleased => {
            let free_from = after["quarantineUntil"].as_str().and_then(|text| text.parse().ok());
            match last_of(all, &uid).filter(|holding| holding.claim == claim) {
                // A quarantine that is put off is told again: given up is given up once.
                Some(holding) => (holding.until, holding.free_from) = (holding.until.or(Some(at)), free_from),
                None => all.push(Holding { net, uid, claim, since: None, until: Some(at), free_from }),
            }
        }
        // Noticed when the name may have a new block already: only what this one held is over.
        Act::Removed => {
            if let Some(holding) = last_of(all, &uid) {
                holding.until = earlier(holding.until, at);
                holding.free_from = earlier(holding.free_from, at);
            }
        }
        _ => {}
    }
}

/// The ledger lags by a second, and may be pruned: what stands in a block now counts.
fn complete(all: &mut Vec<Holding>, block: &PrefixBlock) {
    let Some(net) = address::parse(&block.spec.cidr) else { return };
    let (claim, uid) = (block.spec.claim_ref.name.clone(), block.metadata.uid.clone().unwrap_or_default());
    // Created, then confirmed: what was written after that came back from quarantine.
    let first = block.metadata.generation.is_none_or(|generation| generation <= 2);
    let given = if first { created(&block.metadata) } else { written(&block.metadata) };
    let known = last_of(all, &uid).filter(|holding| holding.claim == claim);
    match block.spec.state {
        BlockState::Pending => {}
        BlockState::Confirmed | BlockState::Releasing => {
            if known.is_none_or(|holding| holding.until.is_some()) {
                if let Some(before) = last(all, net) {
                    before.until = earlier(before.until, given);
                    before.free_from = earlier(before.free_from, given);
                }
                all.push(Holding { net, uid, claim, since: Some(given), until: None, free_from: None });
            }
        }
        BlockState::Quarantined => {
            let free_from = block.spec.quarantine_until.as_deref().and_then(|text| text.parse().ok());
            let until = Some(written(&block.metadata));
            match known {
                Some(holding) if holding.until.is_none() => (holding.until, holding.free_from) = (until, free_from),
                // A quarantine may be put off: the block says until when.
                Some(holding) => holding.free_from = free_from.or(holding.free_from),
                None => all.push(Holding { net, uid, claim, since: Some(created(&block.metadata)), until, free_from }),
            }
        }
    }
}

/// The prefix of a block's name; `None` for what is no such name.
pub fn net_of(name: &str) -> Option<Ipv6Net> {
    let (address, length) = name.rsplit_once('-')?;
    let net = address::parse(&format!("{}/{length}", address.replace('-', ":")))?;
    (names::block(&net.to_string()) == name).then_some(net)
}
