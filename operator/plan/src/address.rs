//! Prefixes: how a plan cuts them, in which order they are chosen, and what follows from them without a search.

mod choose;
mod layout;
mod pool;
mod ranges;

use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use choose::{Ask, Choice, Refused, Rule, choose, is_free, pick};
pub use layout::{assignable, bits, environment, leaf, length, pools, roots, site_part};
pub use pool::{Pool, sparse};
pub use ranges::{Clash, clashes, is_judged, meets_root, open_pools, reserved};

/// Reads a prefix only in its one spelling: masked, lower case, RFC 5952. An IPv4-mapped address has two spellings and
/// is no address of a plan: refused.
pub fn parse(text: &str) -> Option<Ipv6Net> {
    let net: Ipv6Net = text.parse().ok()?;
    (net.trunc() == net && !text.contains('.') && net.to_string() == text).then_some(net)
}

/// Reads an IPv4 prefix only in its one spelling: masked, four numbers without leading zeros.
pub fn parse_v4(text: &str) -> Option<Ipv4Net> {
    let net: Ipv4Net = text.parse().ok()?;
    (net.trunc() == net && net.to_string() == text).then_some(net)
}

/// Reads a prefix of either family only in its one spelling.
pub fn parse_any(text: &str) -> Option<IpNet> {
    parse(text).map(IpNet::V6).or_else(|| parse_v4(text).map(IpNet::V4))
}

/// Whether two prefixes share an address; those of two families never do.
pub fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// The `index`-th child of a prefix.
pub fn child(parent: Ipv6Net, length: u8, index: u128) -> Option<Ipv6Net> {
    let bits = length.checked_sub(parent.prefix_len())?;
    if length > 128 || (bits < 128 && index >> bits != 0) {
        return None;
    }
    // A /0 has one child of its own length: nothing to shift.
    let offset = index.checked_shl(128 - u32::from(length)).unwrap_or(0);
    Ipv6Net::new(Ipv6Addr::from(u128::from(parent.network()) | offset), length).ok()
}

/// 32 hexadecimal digits of the network address: text order is address order.
pub fn hex(net: Ipv6Net) -> String {
    format!("{:032x}", u128::from(net.network()))
}

/// Reverse zone of a block (RFC 3596 §2.5): every level of the plan ends on a nibble, so each block has exactly one.
pub fn reverse_zone(net: Ipv6Net) -> Option<String> {
    let digits = hex(net);
    let digits = net.prefix_len().is_multiple_of(4).then(|| &digits[..usize::from(net.prefix_len() / 4)])?;
    Some(digits.chars().rev().flat_map(|digit| [digit, '.']).chain("ip6.arpa".chars()).collect())
}

/// Reverse zone of an IPv4 prefix at a whole octet (RFC 1035 §3.5); others are delegated piecewise (RFC 2317): `None`.
pub fn reverse_zone_v4(net: Ipv4Net) -> Option<String> {
    let octets = net.network().octets();
    let used = net.prefix_len().is_multiple_of(8).then(|| &octets[..usize::from(net.prefix_len() / 8)])?;
    Some(used.iter().rev().map(|octet| format!("{octet}.")).chain(["in-addr.arpa".to_owned()]).collect())
}
