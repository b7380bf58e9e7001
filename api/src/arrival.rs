//! How a request came in: what its connection says about who is at the other end.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use crate::identity::Certificate;

/// What a connection says; every request on it carries a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who is counted together, as [`peer`] says.
    pub peer: IpAddr,
    /// The client's certificate, where the handshake found a good one.
    pub certificate: Option<Arc<Certificate>>,
}

/// The address that stands for a peer: one IPv4 address, or the /64 of an IPv6 address, of which one machine has all.
pub fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_an_ipv4_address_or_an_ipv6_slash_64() {
        let peer = |text: &str| peer(text.parse().unwrap()).to_string();
        assert_eq!(peer("192.0.2.7"), "192.0.2.7");
        assert_eq!(peer("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(peer("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(peer("2001:db8:1:2::9"), "2001:db8:1:2::");
    }
}
