//! Free loopback ports.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, TcpListener},
};

use crate::{Error, Result};

/// Below the range from which the kernel takes the local ports of outgoing connections, so that a component that is
/// restarted finds its port free.
const RANGE: std::ops::Range<u16> = 10_000..32_000;
const TRIES: usize = 200;

/// The ports of one control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) etcd: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) api_server: u16,
    pub(crate) controller_manager: u16,
}

impl Ports {
    /// Ports that are free now; whoever uses them must still expect that another process was faster.
    pub(crate) fn free() -> Result<Self> {
        let mut held = Vec::new();
        for _ in 0..TRIES {
            let random = RandomState::new().hash_one(held.len());
            let width = u64::from(RANGE.end - RANGE.start);
            let port = RANGE.start + u16::try_from(random % width).expect("the width of a range of u16 fits u16");
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                held.push((port, listener));
            }
            if let [(etcd, _), (etcd_peer, _), (api_server, _), (controller_manager, _)] = held[..] {
                return Ok(Self { etcd, etcd_peer, api_server, controller_manager });
            }
        }
        Err(Error::Ports { tries: TRIES })
    }
}
