//! JSON values: a valid one in which members are changed, removed, renamed, repeated.

use serde_json::{Map, Value, json};

use crate::{Dice, text};

/// Most edits of one value.
const EDITS: usize = 4;
/// Numbers at the ends of ranges. None that a sum of a few would overflow: no schema lets such a number in.
const NUMBERS: [i64; 12] = [0, 1, -1, 2, 100, 101, 65_535, 65_536, 1 << 31, -(1 << 31), 1 << 53, -(1 << 53)];

/// A value.
pub fn value(dice: &mut Dice, seeds: &[Value]) -> Value {
    let mut value = if seeds.is_empty() || dice.once_in(64) { nasty(dice) } else { dice.of(seeds).clone() };
    for _ in 0..=dice.throw(EDITS) {
        let mut number = dice.throw(count(&value));
        at(&mut value, &mut number, &mut |node| edit(dice, node));
    }
    value
}

/// Nodes of a value, itself among them.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Edits the node of a number, counted from 0 in depth first; whether it was found.
fn at(value: &mut Value, number: &mut usize, edit: &mut dyn FnMut(&mut Value)) -> bool {
    if *number == 0 {
        edit(value);
        return true;
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| at(item, number, edit)),
        Value::Object(members) => members.values_mut().any(|member| at(member, number, edit)),
        _ => false,
    }
}

fn edit(dice: &mut Dice, node: &mut Value) {
    match node {
        Value::String(text) if !dice.once_in(3) => {
            let edited = text::bytes(dice, &[text.clone().into_bytes()]);
            *text = String::from_utf8_lossy(&edited).into_owned();
        }
        Value::Number(number) if !dice.once_in(3) => {
            let shift = NUMBERS[dice.throw(4)];
            *node = json!(number.as_i64().unwrap_or_default().saturating_add(shift));
        }
        Value::Array(items) if !items.is_empty() && !dice.once_in(4) => {
            let at = dice.throw(items.len());
            if dice.once_in(2) {
                items.remove(at);
            } else {
                let again = items[at].clone();
                items.insert(at, again);
            }
        }
        Value::Object(members) if !members.is_empty() && !dice.once_in(4) => member(dice, members),
        other => *other = nasty(dice),
    }
}

fn member(dice: &mut Dice, members: &mut Map<String, Value>) {
    let names: Vec<String> = members.keys().cloned().collect();
    let name = dice.of(&names).clone();
    let value = members.remove(&name).unwrap_or_default();
    match dice.throw(4) {
        // It is left out.
        0 => {}
        1 => drop(members.insert(text::piece(dice).to_owned(), value)),
        2 => {
            let other = dice.of(&names).clone();
            members.insert(name, value.clone());
            members.insert(other, value);
        }
        _ => {
            members.insert(name, value);
            members.insert(text::piece(dice).to_owned(), nasty(dice));
        }
    }
}

/// What nobody expects here.
fn nasty(dice: &mut Dice) -> Value {
    match dice.throw(9) {
        0 => Value::Null,
        1 => json!(dice.once_in(2)),
        2 => json!(*dice.of(&NUMBERS)),
        3 => json!([0.5, -1.5, 1e300, f64::MIN_POSITIVE][dice.throw(4)]),
        4 => json!([]),
        5 => json!({}),
        6 => json!("a".repeat(dice.throw(5_000))),
        7 => {
            (0..dice.throw(60)).fold(json!(0), |inner, n| if n % 2 == 0 { json!([inner]) } else { json!({"a": inner}) })
        }
        _ => json!(text::piece(dice)),
    }
}
