//! Our prefixes of both families against Python's `ipaddress` and Go's `net/netip` (reference/ipv6.md §6.1): the same corpus, random and
//! hostile, through three implementations. Any disagreement fails.
//!
//! Go is required, as it is to build the control plane of the tests. Without `python3` the test says so and checks
//! against Go alone.

// Helpers of tests are tests: a broken fixture should stop them at once.
#![allow(clippy::unwrap_used)]

mod form;

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use berth_crds::names;
use berth_plan::address::{hex, overlap, parse, parse_any, parse_v4, reverse_zone, reverse_zone_v4};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Random prefixes, and about as many broken spellings of them.
const RANDOM: usize = 4000;

/// What people and programs really write.
const HOSTILE: &[&str] = &[
    "",
    "/",
    "::",
    "::/",
    "::/0",
    "::/128",
    "::1/128",
    "::/00",
    "::/+0",
    "::/-0",
    "::/129",
    "::/256",
    "::/4294967296",
    "2001:db8::/32",
    "2001:DB8::/32",
    "2001:0db8::/32",
    "2001:db8::/032",
    "2001:db8::1/64",
    "2001:db8::0/32",
    "2001:db8:0:0:0:0:0:0/32",
    "2001:db8:0:1::/64",
    "2001:0:0:1::/64",
    "2001::1:0:0:0/80",
    "2001:0:0:1:0:0:0:0/64",
    "1:0:0:2:0:0:0:3/128",
    "1::2:0:0:0:3/128",
    "1:0:0:2::3/128",
    "1:0:2:3:4:5:6:7/128",
    "1::2:3:4:5:6:7/128",
    "0:0:0:0:0:0:0:0/0",
    "0::/0",
    "::0/0",
    ":::/0",
    "::::/0",
    "1::2::3/128",
    "1:2:3:4:5:6:7:8:9/128",
    "1:2:3/48",
    "::ffff:1.2.3.4/128",
    "::ffff:1.2.3.0/120",
    "::ffff:0:0/96",
    "::ffff:0.0.0.0/96",
    "::ffff:102:304/128",
    "::1.2.3.4/128",
    "::102:304/128",
    "64:ff9b::/96",
    "64:ff9b::1.2.3.4/128",
    "10.0.0.0/8",
    "1.2.3.4/32",
    "fe80::/10",
    "fe80::%eth0/64",
    "fe80::1%1/128",
    "ff00::/8",
    "fc00::/7",
    "2002::/16",
    "fec0::/10",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
    "8000::/1",
    " 2001:db8::/32",
    "2001:db8::/32 ",
    "2001:db8::/３２",
    "2001:db8::/3 2",
    "2001:db8::\u{2215}32",
    "[2001:db8::]/32",
    "2001:db8::/ffff::",
    "2001:db8::/255.0.0.0",
    "2001:db8::32",
    "12345::/16",
    "g::/16",
    "0x1::/16",
    "2001:db8::/0x20",
    "2001:db8::/32/32",
    "2001:db8:::/32",
    "2001:db8:/32",
    ":2001:db8::/32",
    "3fff:a10:1180:8000::/56",
    "3fff::/20",
];

/// The same for IPv4, which another authority assigns: what stands in letters and in configurations.
const HOSTILE_V4: &[&str] = &[
    "",
    "/",
    "0.0.0.0/0",
    "0.0.0.0/32",
    "0/0",
    "0.0.0.0",
    "0.0.0.0/",
    "0.0.0.0/00",
    "0.0.0.0/+0",
    "0.0.0.0/-0",
    "0.0.0.0/33",
    "0.0.0.0/256",
    "0.0.0.0/4294967296",
    "10.0.0.0/8",
    "10.0.0.0/08",
    "10.0.0.1/8",
    "10/8",
    "10.0.0/24",
    "10.0.0.0.0/8",
    "010.0.0.0/8",
    "10.00.0.0/8",
    "0x0a.0.0.0/8",
    "0xa000000/8",
    "167772160/8",
    "10.0.0.256/32",
    "10.0.0.-1/32",
    "10.0.0.+1/32",
    "10..0.0/8",
    ".10.0.0/8",
    "10.0.0.0./8",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0/0.255.255.255",
    "10.0.0.0/8/8",
    "10.0.0.0/8 ",
    " 10.0.0.0/8",
    "10.0.0.0 /8",
    "10.0.0.0/８",
    "１0.0.0.0/8",
    "10.0.0.0%eth0/8",
    "[10.0.0.0]/8",
    "10.0.0.0-10.255.255.255",
    "::ffff:10.0.0.0/104",
    "::ffff:10.0.0.0/8",
    "2001:db8::/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.0.2.128/25",
    "192.0.2.130/31",
    "192.0.2.131/31",
    "192.0.2.1/32",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "255.255.255.255/31",
    "128.0.0.0/1",
];

/// What each implementation says about one line of the corpus.
fn ours(line: &str) -> String {
    let (kind, rest) = line.split_once('\t').unwrap();
    match kind {
        "text" => parse(rest).map_or("-".into(), |net| {
            let zone = reverse_zone(net).unwrap_or_else(|| "-".into());
            format!("{net} {} {} {zone}", names::block(&net.to_string()), hex(net))
        }),
        "text4" => parse_v4(rest).map_or("-".into(), |net| {
            let zone = reverse_zone_v4(net).unwrap_or_else(|| "-".into());
            format!("{net} {:08x} {} {zone}", u32::from(net.network()), net.broadcast())
        }),
        _ => {
            let fields: Vec<&str> = rest.split('\t').collect();
            let [a, b]: [IpNet; 2] = [parse_any(fields[0]).unwrap(), parse_any(fields[1]).unwrap()];
            format!("{} {} {}", a.contains(&b), b.contains(&a), overlap(a, b))
        }
    }
}

/// SplitMix64 from a fixed seed: a disagreement is found again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, from: u8, to: u8) -> u8 {
        from + (self.next() % u64::from(to - from + 1)) as u8
    }
}

fn corpus() -> Vec<String> {
    let mut random = Random(62);
    let mut lines: Vec<String> = HOSTILE.iter().map(|text| format!("text\t{text}")).collect();
    for _ in 0..RANDOM {
        let (a, b) = (any_prefix(&mut random), any_prefix(&mut random));
        // Beside random pairs, which hardly ever meet: a child of the first, whatever its length.
        let length = random.within(a.prefix_len(), 128);
        let child = Ipv6Net::new(Ipv6Addr::from(u128::from(a.network()) | (u128::from(b.network()) & host(a))), length);
        let child = child.unwrap().trunc();
        lines.extend([format!("text\t{a}"), format!("text\t{}", broken(a, &mut random))]);
        lines.extend(
            [a, b, child]
                .into_iter()
                .filter(|n| !is_mapped(*n))
                .zip([child, a, b])
                .filter(|(_, n)| !is_mapped(*n))
                .map(|(x, y)| format!("pair\t{x}\t{y}")),
        );
    }
    lines.extend(corpus_v4(&mut random));
    lines
}

/// Random IPv4 prefixes, broken spellings of them, and pairs of one family and of two.
fn corpus_v4(random: &mut Random) -> Vec<String> {
    let mut lines: Vec<String> = HOSTILE_V4.iter().map(|text| format!("text4\t{text}")).collect();
    for _ in 0..RANDOM {
        let (a, b) = (any_v4(random), any_v4(random));
        let length = random.within(a.prefix_len(), 32);
        let below = u32::from(b.network()) & u32::MAX.checked_shr(u32::from(a.prefix_len())).unwrap_or(0);
        let child = Ipv4Net::new(Ipv4Addr::from(u32::from(a.network()) | below), length).unwrap().trunc();
        lines.extend([format!("text4\t{a}"), format!("text4\t{}", broken_v4(a, random))]);
        lines.extend([(a, child), (b, a), (child, b)].map(|(x, y)| format!("pair\t{x}\t{y}")));
        let other = any_prefix(random);
        if !is_mapped(other) {
            lines.push(format!("pair\t{a}\t{other}"));
        }
    }
    lines
}

fn any_v4(random: &mut Random) -> Ipv4Net {
    Ipv4Net::new(Ipv4Addr::from(random.next() as u32), random.within(0, 32)).unwrap().trunc()
}

/// Another spelling of an IPv4 prefix, or none at all.
fn broken_v4(net: Ipv4Net, random: &mut Random) -> String {
    let text = net.to_string();
    let at = usize::from(random.within(0, text.len() as u8 - 1));
    match random.within(0, 7) {
        0 => format!("0{text}"),
        1 => text.replacen('.', ".0", 1),
        2 => text.replacen('/', "/0", 1),
        3 => format!("{}/{}", net.broadcast(), net.prefix_len()),
        4 => format!("{}/{}", net.network(), net.netmask()),
        5 => format!("{}.{}", &text[..at], &text[at..]),
        6 => format!("{}{}", &text[..at], &text[at + 1..]),
        _ => format!("::ffff:{}/{}", net.network(), net.prefix_len()),
    }
}

fn host(net: Ipv6Net) -> u128 {
    u128::MAX.checked_shr(u32::from(net.prefix_len())).unwrap_or(0)
}

fn is_mapped(net: Ipv6Net) -> bool {
    net.network().to_ipv4_mapped().is_some()
}

/// Groups are zero as often as not: that is where spellings differ.
fn any_prefix(random: &mut Random) -> Ipv6Net {
    let groups: [u16; 8] =
        std::array::from_fn(|_| if random.next().is_multiple_of(2) { random.next() as u16 } else { 0 });
    Ipv6Net::new(Ipv6Addr::from(groups), random.within(0, 128)).unwrap().trunc()
}

/// Another spelling of a prefix, or none at all.
fn broken(net: Ipv6Net, random: &mut Random) -> String {
    let text = net.to_string();
    let groups = net.network().segments().map(|g| format!("{g:x}")).join(":");
    let at = usize::from(random.within(0, text.len() as u8 - 1));
    match random.within(0, 7) {
        0 => text.to_uppercase(),
        1 => format!("{groups}/{}", net.prefix_len()),
        2 => text.replacen("/", "/0", 1),
        3 => format!("{}/{}", net.broadcast(), net.prefix_len()),
        4 => text.replacen("::", ":0::", 1),
        5 => format!("{}:{}", &text[..at], &text[at..]),
        6 => format!("{}{}", &text[..at], &text[at + 1..]),
        _ => format!("{}%eth0/{}", net.network(), net.prefix_len()),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential")
}

/// Answers of a peer; `None` when its program is not on this machine.
fn peer(command: &mut Command, corpus: &str) -> Option<Vec<String>> {
    let child = command.current_dir(folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        other => other.unwrap(),
    };
    let (mut stdin, corpus) = (child.stdin.take().unwrap(), corpus.to_owned());
    // Written beside the reading: a pipe holds less than the corpus.
    let writer = std::thread::spawn(move || stdin.write_all(corpus.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

fn compare(name: &str, corpus: &[String], theirs: &[String]) {
    assert_eq!(corpus.len(), theirs.len(), "{name} answered another number of lines");
    let differ = corpus.iter().zip(theirs).filter(|(line, theirs)| ours(line) != **theirs);
    let differ: Vec<String> = differ.map(|(l, t)| format!("{l:?}: ours {:?}, {name} {t:?}", ours(l))).collect();
    assert!(
        differ.is_empty(),
        "{} disagreements with {name}:\n{}",
        differ.len(),
        differ[..differ.len().min(20)].join("\n")
    );
    println!("{name} agrees on {} lines", corpus.len());
}

#[test]
fn text_name_hexadecimal_zone_and_containment_are_those_of_go_and_python() {
    let corpus = corpus();
    for kind in ["text\t", "text4\t"] {
        let texts = corpus.iter().filter(|l| l.starts_with(kind));
        let (accepted, refused): (Vec<_>, Vec<_>) = texts.partition(|l| ours(l) != "-");
        let fair = accepted.len() > RANDOM / 2 && refused.len() > RANDOM / 2;
        assert!(fair, "the corpus is lopsided: {} accepted, {} refused", accepted.len(), refused.len());
    }
    let text: String = corpus.iter().map(|line| format!("{line}\n")).collect();
    let go = peer(Command::new("go").args(["run", "peer.go"]).env("GO111MODULE", "off").env("GOFLAGS", ""), &text);
    compare("net/netip", &corpus, &go.expect("Go is required: the tests' control plane is built with it"));
    match peer(Command::new("python3").arg("peer.py"), &text) {
        Some(python) => compare("ipaddress", &corpus, &python),
        None => eprintln!("WARNING: python3 is not on this machine; checked against Go alone, NOT against ipaddress"),
    }
}
