//! How many prefixes a pool gives per second when half of it, and when all but a thousandth of it, is taken.
//!
//! `cargo bench -p berth-plan` prints it. A plain program: the figures are orders of magnitude, not a contest.

// A bench measures time; the law of the crate is about what decides.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant};

use berth_plan::address::{Pool, child, parse};
use ipnet::Ipv6Net;

/// 65 536 systems: as many children as a pool ever looks at.
const PARENT: &str = "3fff:a10::/40";
const LENGTH: u8 = 56;
const CHILDREN: u128 = 1 << 16;
/// Long enough for a figure, short enough to wait for.
const TIME: Duration = Duration::from_secs(2);

/// Allocations per second with `free` children free in a pool, each given back when none is left.
fn rate(parent: Ipv6Net, free: u128) -> f64 {
    let Some(mut pool) = Pool::new(parent, LENGTH) else { return 0.0 };
    // What is free is spread evenly, so that a search cannot stay in one word.
    let spare: Vec<Ipv6Net> = (0..free).filter_map(|i| child(parent, LENGTH, i * CHILDREN / free)).collect();
    while pool.take().is_some() {}
    let (mut given, mut took) = (0u32, Duration::ZERO);
    while took < TIME {
        spare.iter().for_each(|prefix| pool.free(*prefix));
        let begun = Instant::now();
        while let Some(prefix) = pool.take() {
            std::hint::black_box(prefix);
            given += 1;
        }
        took += begun.elapsed();
    }
    f64::from(given) / took.as_secs_f64()
}

fn main() {
    let Some(parent) = parse(PARENT) else { return };
    let (half, full) = (rate(parent, CHILDREN / 2), rate(parent, CHILDREN / 1000));
    println!(
        "50 % used: {half:.0} allocations/s; 99.9 % used: {full:.0} allocations/s; {:.1} times slower",
        half / full
    );
}
