//! Made-up input for everything that reads what comes from outside.
//!
//! A decoder is handed valid input with edits, and now and then garbage. What it must do with it is the caller's to assert;
//! that it does not panic is asserted by running it. The same seed makes the same inputs on every machine:
//!
//! - without variables each decoder gets a fixed number, so that `cargo test` stays quick;
//! - `BERTH_FUZZ_SECONDS` is how long each decoder is tried instead;
//! - `BERTH_FUZZ_SEED` makes other inputs; a run prints its own.

mod dice;
mod json;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use dice::Dice;
pub use text::{bytes as edited, piece};

/// Inputs of a decoder that is told neither a number nor a time.
const INPUTS: u64 = 3_000;
/// The seed of a run that is told none.
const SEED: u64 = 20_260_000_001;

/// One decoder under trial.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    name: &'static str,
    inputs: u64,
}

impl Decoder {
    /// A decoder, with the usual number of inputs.
    pub fn new(name: &'static str) -> Self {
        Self { name, inputs: INPUTS }
    }

    /// So many inputs: fewer for what is slow. A time that is told counts instead.
    pub fn inputs(self, inputs: u64) -> Self {
        Self { inputs, ..self }
    }

    /// Bytes: edited seeds, and garbage.
    pub fn bytes(self, seeds: &[Vec<u8>], mut decode: impl FnMut(&[u8])) {
        let show = |bytes: &Vec<u8>| bytes.escape_ascii().to_string();
        self.run(|dice| edited(dice, seeds), show, move |bytes: &Vec<u8>| decode(bytes));
    }

    /// Texts: edited seeds, and garbage. They are UTF-8, as every text is that a decoder of ours gets.
    pub fn texts(self, seeds: &[&str], mut decode: impl FnMut(&str)) {
        self.run(|dice| edited_text(dice, seeds), |text| format!("{text:?}"), move |text: &String| decode(text));
    }

    /// JSON values: seeds in which members are changed, removed, renamed, repeated.
    pub fn values(self, seeds: &[Value], mut decode: impl FnMut(&Value)) {
        self.run(|dice| json::value(dice, seeds), Value::to_string, move |value: &Value| decode(value));
    }

    /// Whatever the caller makes of a throw of the dice.
    pub fn made<T: std::fmt::Debug>(self, make: impl FnMut(&mut Dice) -> T, mut decode: impl FnMut(&T)) {
        self.run(make, |input| format!("{input:?}"), move |input: &T| decode(input));
    }

    fn run<T>(self, mut make: impl FnMut(&mut Dice) -> T, show: impl Fn(&T) -> String, mut decode: impl FnMut(&T)) {
        let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
        let (seed, time) = (number("BERTH_FUZZ_SEED").unwrap_or(SEED), number("BERTH_FUZZ_SECONDS"));
        let (mut dice, begun, mut tried, mut slowest) =
            (Dice::of_name(seed, self.name), Instant::now(), 0u64, Duration::ZERO);
        let goes_on = |tried: u64| match time {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => tried < self.inputs,
        };
        while goes_on(tried) {
            let input = make(&mut dice);
            let before = Instant::now();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| decode(&input))) {
                eprintln!("{}: input {tried} of seed {seed}: {}", self.name, show(&input));
                resume_unwind(panic);
            }
            slowest = slowest.max(before.elapsed());
            tried += 1;
        }
        println!("{}: {tried} inputs, seed {seed}, the slowest took {slowest:?}", self.name);
    }
}

/// A text: an edited seed, or garbage.
pub fn edited_text(dice: &mut Dice, seeds: &[&str]) -> String {
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    String::from_utf8_lossy(&edited(dice, &seeds)).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_seed_tells_the_whole_run() {
        let run = || {
            let mut seen = Vec::new();
            Decoder::new("a")
                .inputs(200)
                .texts(&["agencies/ag-62", "3fff:a10::/32"], |text| seen.push(text.to_owned()));
            seen
        };
        let seen = run();
        assert_eq!(run(), seen);
        assert!(seen.iter().collect::<BTreeSet<_>>().len() > 100, "the inputs must differ to show anything");
    }

    #[test]
    fn values_are_edited_in_every_depth_and_stay_values() {
        let seed = json!({"spec": {"ports": [{"port": 443}], "expiresAt": "2027-03-31T17:00:00Z"}});
        let mut deep = 0;
        Decoder::new("b").values(std::slice::from_ref(&seed), |value| {
            deep += u64::from(value["spec"]["ports"][0]["port"] != seed["spec"]["ports"][0]["port"]);
        });
        assert!(deep > 100, "{deep}");
    }

    #[test]
    fn a_panic_of_a_decoder_is_a_panic_of_the_test() {
        let trial = || Decoder::new("c").inputs(1).bytes(&[vec![1]], |_| panic!("a defect"));
        assert!(catch_unwind(trial).is_err());
    }
}
