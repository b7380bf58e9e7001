//! S2 without a cluster: papers that name what is not theirs. Ten thousand of each kind, of one agency, with names of others,
//! of the system, of nobody and of no object at all in every field; and of each what would be planned for it *though
//! everybody approved it*. Nothing of another agency is touched, whatever the paper says. Stories send some of them to a
//! real API server (`tests/stories/foreign.rs`).

mod access;
mod connections;
mod papers;
mod province;
mod written;

/// Papers of each kind.
const CASES: u64 = 10_000;

/// The agency whose people write the papers.
const OWN: &str = "ag-71";
/// Names that stand for something of somebody else in what is planned.
const OTHERS: [&str; 5] = ["aaaaaa", "dddddd", "ffffff", "ag-62", "ag-73"];

/// Names of others, of the system, of nobody, and texts that are no name.
const NAMES: [&str; 32] = [
    "aaaaaa",
    "aaaaaa-prod",
    "aaaaaa-prod-db",
    "aaaaaa-staging",
    "dddddd",
    "dddddd-dev",
    "eeeeee",
    "eeeeee-prod",
    "ffffff",
    "ag-62",
    "ag-73",
    "ag-11",
    "agency-ag-62",
    "agency-ag-71",
    "kube-system",
    "kube-public",
    "default",
    "berth-system",
    "system:masters",
    "system:serviceaccount:kube-system:default",
    "berth:ag-62:requester",
    "berth:auto",
    "nope",
    "xs",
    "",
    "*",
    ".",
    "../aaaaaa",
    "AAAAAA-PROD",
    "aaaaaa-prod\n",
    "\u{0430}aaaaa-prod",
    "aaaaaa-prod/status",
];

/// Prefixes of others, of the plan, of nobody, and texts that are no prefix.
const PREFIXES: [&str; 12] = [
    "3fff:a10:1100::/56",
    "3fff:a10:1100:100::/56",
    "3fff:a10:1180::/56",
    "3fff:a10:1180:8000::/56",
    "3fff:a10::/32",
    "2001:db8::/56",
    "::/0",
    "fe80::/56",
    "::ffff:192.0.2.0/120",
    "192.0.2.0/24",
    "3FFF:a10:1180::/56",
    "x",
];

/// The dice of the fuzzers, with names to throw: the same papers on every run, each of its own number.
struct Dice(berth_fuzz::Dice);

impl Dice {
    fn of_case(number: u64) -> Self {
        let mut dice = berth_fuzz::Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // The first throws of seeds that lie side by side are alike.
        for _ in 0..4 {
            dice.throw(2);
        }
        Self(dice)
    }

    fn throw(&mut self, sides: usize) -> usize {
        self.0.throw(sides)
    }

    fn once_in(&mut self, sides: usize) -> bool {
        self.0.once_in(sides)
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.throw(list.len())]
    }

    /// A name out of the table, two of them joined, or one that is longer than any may be.
    fn name(&mut self) -> String {
        match self.throw(12) {
            0 => format!("{}{}{}", self.of(&NAMES), self.of(&["-", ".", "/", ":", " ", "\t"]), self.of(&NAMES)),
            1 => self.of(&NAMES).repeat(60),
            _ => self.of(&NAMES).to_owned(),
        }
    }

    /// A name, or in one of `sides` cases one of these.
    fn or(&mut self, sides: usize, own: &[&str]) -> String {
        if self.once_in(sides) { self.of(own).to_owned() } else { self.name() }
    }
}
