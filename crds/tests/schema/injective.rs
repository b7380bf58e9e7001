//! S4: a million random and adversarial inputs, no two of which share a derived name. Adversarial: made of the very words
//! that names are joined from, cut at every place, at the longest length that admission lets in.

use berth_crds::environment::{EnvironmentKind, Zone};
use berth_crds::names;

const INPUTS: usize = 1_000_000;
const ZONES: [Option<Zone>; 5] = [None, Some(Zone::Dmz), Some(Zone::App), Some(Zone::Db), Some(Zone::Mgmt)];
const WORDS: [&str; 16] = [
    "a",
    "b7",
    "prod",
    "dev",
    "staging",
    "acceptance",
    "training",
    "recovery",
    "app",
    "db",
    "dmz",
    "mgmt",
    "agency",
    "ag",
    "62",
    "tenant",
];

/// Xorshift: the same inputs on every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("smaller than sides")
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.throw(WORDS.len())]
    }

    /// A plate, or words joined by hyphens or not at all, more than the schema lets in.
    fn tenant(&mut self) -> String {
        loop {
            let mut name = String::new();
            if self.throw(2) == 0 {
                name.extend(
                    (0..6).map(|n| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[self.throw(26 + 6 * (n & 1))])),
                );
            } else {
                for _ in 0..=self.throw(9) {
                    if !name.is_empty() && self.throw(3) > 0 {
                        name.push('-');
                    }
                    name.push_str(self.word());
                }
            }
            let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
            if begins && name.len() <= 47 && name != "agency" && !name.starts_with("agency-") {
                return name;
            }
        }
    }

    fn agency(&mut self) -> String {
        match self.throw(3) {
            0 => format!("ag-{}", self.throw(100_000)),
            1 => (0..=self.throw(4)).map(|_| self.word()).collect::<Vec<_>>().join("-"),
            _ => format!("{}{}", self.word(), self.throw(1_000)),
        }
    }
}

/// Sorts by name; two neighbours of one name must have one input.
fn distinct(what: &str, mut named: Vec<(String, String)>) -> usize {
    named.sort();
    named.dedup();
    for pair in named.windows(2) {
        assert_ne!(pair[0].0, pair[1].0, "{what}: {:?} and {:?}", pair[0].1, pair[1].1);
    }
    named.len()
}

fn is_label(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    name.len() <= 63 && !name.starts_with('-') && !name.ends_with('-') && name.bytes().all(inner)
}

#[test]
fn no_two_of_a_million_namespaces_share_a_name() {
    let mut dice = Dice(0x62_6572_7468);
    let mut named = Vec::with_capacity(INPUTS + 5);
    for n in 0..INPUTS {
        let (name, input) = if n % 4 == 0 {
            let agency = dice.agency();
            (names::agency_namespace(&agency), format!("agency {agency}"))
        } else {
            let (tenant, kind) = (dice.tenant(), EnvironmentKind::ALL[dice.throw(EnvironmentKind::ALL.len())]);
            let zone = ZONES[dice.throw(ZONES.len())];
            let name = names::namespace(&names::environment(&tenant, kind.suffix()), zone.map(Zone::as_str));
            (name, format!("tenant {tenant}, {kind:?}, {zone:?}"))
        };
        assert!(is_label(&name), "{name}");
        named.push((name, input));
    }
    named.extend(
        ["kube-system", "kube-public", "kube-node-lease", "default", "berth-system", "pipelines"]
            .map(|n| (n.to_owned(), "system".to_owned())),
    );
    let distinct = distinct("namespaces", named);
    println!("{INPUTS} inputs, {distinct} distinct, 0 collisions");
    assert!(distinct > INPUTS / 4, "the inputs must differ to show anything: {distinct}");
}

#[test]
fn no_two_claims_decisions_or_requests_of_many_share_a_name() {
    let mut dice = Dice(0x6265_7274_6822);
    let (mut claims, mut decisions, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..INPUTS / 10 {
        let (agency, tenant) = (dice.agency(), dice.tenant());
        claims.push((names::agency_claim(&agency), format!("agency {agency}")));
        claims.push((names::tenant_claim(&tenant), format!("tenant {tenant}")));
        let (role, n) = (dice.word(), u32::try_from(dice.throw(12)).expect("small") + 1);
        decisions.push((names::decision(&tenant, role, n), format!("{tenant} {role} {n}")));
        // Text without a separator, cut at random places: only the lengths tell the parts apart.
        let (text, a, b) = (dice.tenant(), dice.throw(8), dice.throw(8));
        let (a, b) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
        let parts = (&text[..a], &text[a..b], &text[b..]);
        requests.push((names::onboarding(parts.0, parts.1, parts.2), format!("{parts:?}")));
    }
    for (what, named) in [("claims", claims), ("decisions", decisions), ("requests", requests)] {
        assert!(distinct(what, named) > INPUTS / 20, "{what}");
    }
}

#[test]
fn no_plate_makes_a_namespace_that_looks_like_an_agencys() {
    // The one plate of 2^30 that would: it is never given.
    let plates = (0..20_000).filter_map(|n| names::plate(&format!("{n}"), 0));
    assert!(plates.into_iter().all(|plate| plate != "agency"));
    assert_eq!(names::kept_apart("agency".into()), "bgency");
    assert_eq!(names::kept_apart("agencz".into()), "agencz");
}
