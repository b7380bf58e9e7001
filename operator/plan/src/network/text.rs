//! Prefixes of both families in their one spelling, and the reverse zones that carry them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::address;

/// Reads an address or a prefix only in its one spelling (RFC 5952 §4; IPv4 in dotted decimal); what is wrong otherwise,
/// as the rest of a sentence that begins with the value. What is not canonical is refused, not repaired: two spellings of
/// one prefix in two devices cannot be compared.
pub fn parse(text: &str) -> Result<IpNet, String> {
    if text.contains('%') {
        return Err("names a zone: leave `%` and what follows it out".into());
    }
    let read = || text.parse::<IpNet>().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)));
    let net = read()
        .ok_or("is neither an address nor a prefix: write for example 3fff:a10::1, 3fff:a10::/32 or 198.51.100.0/24")?;
    if matches!(net, IpNet::V6(net) if net.network().to_ipv4_mapped().is_some() && net.prefix_len() >= 96) {
        return Err("is an IPv4-mapped address: ask for the IPv4 address itself".into());
    }
    let bare = !text.contains('/');
    let spelled = |net: IpNet| if bare { net.addr().to_string() } else { net.to_string() };
    if net.trunc() != net {
        return Err(format!("has bits after its length: write {} for the prefix or leave the length out", net.trunc()));
    }
    if spelled(net) != text {
        return Err(format!("is not in its one spelling: write {}", spelled(net)));
    }
    Ok(net)
}

/// Whether one prefix lies in another; prefixes of two families never do.
pub fn contains(outer: IpNet, inner: IpNet) -> bool {
    outer.contains(&inner)
}

/// The reverse zones of a prefix, in order of address. IPv6 zones end on nibbles (RFC 3596 §2.5); IPv4 zones on octets
/// (RFC 1035 §3.5): a shorter prefix has one zone per octet boundary inside it, a longer one is delegated by RFC 2317.
pub fn reverse_zones(net: IpNet) -> Vec<String> {
    match net {
        IpNet::V6(net) => {
            let next = net.prefix_len().next_multiple_of(4);
            let zones = net.subnets(next).map(|all| all.filter_map(address::reverse_zone).collect());
            zones.unwrap_or_default()
        }
        IpNet::V4(net) if net.prefix_len() > 24 => vec![classless(net)],
        IpNet::V4(net) => {
            let next = net.prefix_len().next_multiple_of(8).max(8);
            net.subnets(next).map(|all| all.map(octets).collect()).unwrap_or_default()
        }
    }
}

fn octets(net: Ipv4Net) -> String {
    let kept = usize::from(net.prefix_len() / 8);
    let digits = net.network().octets()[..kept].iter().rev().map(|octet| format!("{octet}.")).collect::<String>();
    format!("{digits}in-addr.arpa")
}

/// RFC 2317 §4: `0/26.100.51.198.in-addr.arpa`; one address is a name, not a zone of its own.
fn classless(net: Ipv4Net) -> String {
    let [a, b, c, d] = net.network().octets();
    match net.prefix_len() {
        32 => format!("{d}.{c}.{b}.{a}.in-addr.arpa"),
        length => format!("{d}/{length}.{c}.{b}.{a}.in-addr.arpa"),
    }
}
