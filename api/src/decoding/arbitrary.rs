//! Messages with anything in their fields.

use berth_fuzz::{Dice, edited_text};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// Deepest nesting of a message that is made.
const DEEPEST: usize = 4;

/// A message of a kind with anything in its fields.
pub fn arbitrary(kind: &MessageDescriptor, dice: &mut Dice, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(kind.clone());
    for field in kind.fields() {
        let nested = matches!(field.kind(), Kind::Message(_));
        if dice.once_in(3) || nested && depth >= DEEPEST {
            continue;
        }
        let value = match (field.is_map(), field.is_list()) {
            (true, _) => {
                let entry = |dice: &mut Dice| (MapKey::String(text(dice)), entry_value(&field, dice, depth));
                Value::Map((0..dice.throw(3)).map(|_| entry(dice)).collect())
            }
            (_, true) => Value::List((0..dice.throw(3)).map(|_| scalar(&field, dice, depth)).collect()),
            _ => scalar(&field, dice, depth),
        };
        message.set_field(&field, value);
    }
    message
}

fn entry_value(field: &FieldDescriptor, dice: &mut Dice, depth: usize) -> Value {
    match field.kind() {
        Kind::Message(entry) => scalar(&entry.map_entry_value_field(), dice, depth),
        other => panic!("a map is a message, not {other:?}"),
    }
}

fn scalar(field: &FieldDescriptor, dice: &mut Dice, depth: usize) -> Value {
    let number = [0, 1, -1, 5, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN][dice.throw(8)];
    let small = i32::try_from(number).unwrap_or(7);
    match field.kind() {
        Kind::Bool => Value::Bool(dice.once_in(2)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(small),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(small.unsigned_abs()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number.unsigned_abs()),
        Kind::Float => Value::F32([0.0, -1.5, f32::MAX, f32::NAN][dice.throw(4)]),
        Kind::Double => Value::F64([0.0, 1.5, 1e300, f64::NAN][dice.throw(4)]),
        Kind::String => Value::String(text(dice)),
        Kind::Bytes => Value::Bytes(text(dice).into_bytes().into()),
        Kind::Enum(_) => Value::EnumNumber(i32::try_from(dice.throw(6)).unwrap_or_default() - 1),
        Kind::Message(kind) => Value::Message(arbitrary(&kind, dice, depth + 1)),
    }
}

fn text(dice: &mut Dice) -> String {
    edited_text(dice, &["agencies/ag-62", "environments/aaaaaa-prod", "IS-01", "2027-12-31", "500m", "3fff::/56", "vì"])
}
