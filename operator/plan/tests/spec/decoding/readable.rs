//! What the schemas let in, the types read. One object that the API server stored and nobody can read stops every list and
//! watch of its kind: for the operator, for the door, for everybody.

use std::collections::HashMap;

use berth_crds::*;
use berth_fuzz::{Decoder, Dice};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::string::{RegexGeneratorStrategy, string_regex};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::through;

/// Longest list and map that is made.
const LONGEST: usize = 3;

/// Reads an object of one kind.
type Read = fn(&Value) -> Result<(), String>;

fn read<K: DeserializeOwned + Serialize>(object: &Value) -> Result<(), String> {
    let refused =
        || serde_json::from_value::<K>(object.clone()).err().map(|error| error.to_string()).unwrap_or_default();
    through::<K>(object).map(drop).ok_or_else(refused)
}

macro_rules! readers {
    ($($kind:ident),* $(,)?) => { [$((stringify!($kind), read::<$kind> as Read)),*] };
}

/// How each kind is read.
fn readers() -> HashMap<&'static str, Read> {
    readers![
        Agency,
        Site,
        EnvironmentClass,
        PolicyProfile,
        WorkingCalendar,
        AddressPlan,
        Tenant,
        Environment,
        PrefixClaim,
        PrefixBlock,
        NetworkChange,
        Intervention,
        Onboarding,
        Connection,
        Decision,
        Notice,
        AuditRecord,
        AuditCheckpoint,
    ]
    .into()
}

/// Makes values that a schema accepts; rules over several fields may refuse them, which only makes it accept less.
struct Maker<'a> {
    dice: &'a mut Dice,
    runner: TestRunner,
    patterns: &'a mut Patterns,
}

/// What makes texts of a pattern, by the pattern.
type Patterns = HashMap<String, RegexGeneratorStrategy<String>>;

impl<'a> Maker<'a> {
    fn new(dice: &'a mut Dice, patterns: &'a mut Patterns) -> Self {
        let seed: Vec<u8> = (0..32).map(|_| u8::try_from(dice.throw(256)).unwrap()).collect();
        let runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        Self { dice, runner, patterns }
    }

    fn value(&mut self, schema: &Value) -> Value {
        if let Some(values) = schema["enum"].as_array() {
            return self.dice.of(values).clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => {
                let items = self.length(schema, "minItems", "maxItems").min(LONGEST.max(bound(schema, "minItems", 0)));
                (0..items).map(|_| self.value(&schema["items"])).collect()
            }
            Some("integer") => {
                let (min, max) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "bounds of the schemas are whole and far below 2^53"
                )]
                let (min, max) = (min.map_or(i64::MIN, |min| min as i64), max.map_or(i64::MAX, |max| max as i64));
                json!([min, max, min.saturating_add(1).min(max), 0i64.clamp(min, max)][self.dice.throw(4)])
            }
            Some("boolean") => json!(self.dice.once_in(2)),
            Some("string") if schema["format"] == "date-time" => json!(instant(self.dice)),
            Some("string") => json!(self.text(schema)),
            other => panic!("the test does not know type {other:?}: {schema}"),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut made = Map::new();
        let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|r| r == name));
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if required(name) || !self.dice.once_in(3) {
                made.insert(name.clone(), self.value(property));
            }
        }
        if schema["additionalProperties"].is_object() {
            for n in 0..self.dice.throw(LONGEST) {
                made.insert(format!("key-{n}"), self.value(&schema["additionalProperties"]));
            }
        }
        Value::Object(made)
    }

    fn text(&mut self, schema: &Value) -> String {
        let (least, most) = (bound(schema, "minLength", 0), bound(schema, "maxLength", usize::MAX));
        let Some(pattern) = schema["pattern"].as_str() else {
            // Characters of one to four bytes, and what other readers stumble over.
            let length = self.length(schema, "minLength", "maxLength");
            return (0..length.max(least))
                .map(|_| *self.dice.of(&['a', '0', '-', '.', ' ', '\n', '"', 'ư', '\u{301}', '🦀', '\0']))
                .collect();
        };
        let inside = pattern.strip_prefix('^').and_then(|inside| inside.strip_suffix('$')).unwrap();
        let make = || string_regex(inside).unwrap();
        let strategy = self.patterns.entry(pattern.to_owned()).or_insert_with(make);
        let fits = |text: &String| (least..=most).contains(&text.chars().count());
        let made = std::iter::repeat_with(|| strategy.new_tree(&mut self.runner).unwrap().current());
        let found = made.take(1_000).find(fits);
        found.unwrap_or_else(|| panic!("no text of {pattern} has {least} to {most} characters"))
    }

    fn length(&mut self, schema: &Value, least: &str, most: &str) -> usize {
        let (least, most) = (bound(schema, least, 0), bound(schema, most, 20).min(20));
        least + self.dice.throw(most.saturating_sub(least) + 1)
    }
}

fn bound(schema: &Value, key: &str, otherwise: usize) -> usize {
    schema[key].as_u64().and_then(|bound| usize::try_from(bound).ok()).unwrap_or(otherwise)
}

/// An instant as the API server's own check of `date-time` and our pattern together take it.
fn instant(dice: &mut Dice) -> String {
    let year = *dice.of(&[1000, 1970, 2026, 2027, 8999]);
    let (month, day) = (1 + dice.throw(12), 1 + dice.throw(28));
    let time = *dice.of(&["00:00:00", "23:59:59", "12:30:45"]);
    let fraction = *dice.of(&["", ".5", ".123456", ".123456789"]);
    let offset = *dice.of(&["Z", "+07:00", "-19:59", "+19:59", "+00:00"]);
    format!("{year}-{month:02}-{day:02}T{time}{fraction}{offset}")
}

#[test]
fn what_the_schema_of_a_kind_lets_in_its_type_reads() {
    let (readers, crds) = (readers(), all_crds());
    assert_eq!(readers.len(), crds.len());
    let schemas = crds.iter().map(|crd| {
        let schema = crd.spec.versions[0].schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref());
        (crd.spec.names.kind.as_str(), serde_json::to_value(schema).unwrap())
    });
    let schemas: Vec<(&str, Value)> = schemas.collect();
    let mut patterns = Patterns::new();
    let make = |dice: &mut Dice| {
        let (kind, schema) = dice.of(&schemas);
        let mut maker = Maker::new(dice, &mut patterns);
        let mut object =
            json!({"apiVersion": "berth.dev/v1alpha1", "kind": kind, "metadata": {"name": "a", "uid": "u"}});
        for part in ["spec", "status"] {
            if schema["properties"][part].is_object() && (part == "spec" || !maker.dice.once_in(4)) {
                object[part] = maker.value(&schema["properties"][part]);
            }
        }
        (*kind, object)
    };
    Decoder::new("objects of every kind").inputs(800).made(make, |(kind, object)| {
        assert_eq!(readers[*kind](object), Ok(()), "{kind}");
    });
}
