//! Quantities of resources: syntax, size, comparison. They are compared as numbers, never as texts.

use berth_crds::common::Resources;

use super::{Findings, shown};
use crate::proto::v1 as pb;

const UNITS: &[(&str, u128)] = &[("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50)];
/// Reads a quantity as a number.
type Read = fn(&str) -> Option<u128>;

const CPU_HELP: &str = "is not a number of processors: write for example 8 or 500m";
const BYTES_HELP: &str = "is not an amount of bytes: write for example 32Gi";

/// Processors in thousandths.
pub fn cpu(text: &str) -> Option<u128> {
    let (digits, unit) = match text.strip_suffix('m') {
        Some(digits) => (digits, 1),
        None => (text, 1000),
    };
    number(digits, 12).map(|n| n * unit)
}

/// Bytes.
pub fn bytes(text: &str) -> Option<u128> {
    let unit = UNITS.iter().find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|digits| (digits, *factor)));
    let (digits, factor) = unit.unwrap_or((text, 1));
    number(digits, 15).map(|n| n * factor)
}

fn number(digits: &str, most: usize) -> Option<u128> {
    let plain = !digits.is_empty() && digits.len() <= most && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Amounts that are asked for or granted: every quantity well-formed and above zero.
pub fn resources(findings: &mut Findings, field: &str, from: &pb::Resources) -> Resources {
    let mut amount = |name: &str, text: &str, read: Read, help: &str| {
        let field = format!("{field}.{name}");
        match read(text) {
            _ if text.is_empty() => findings.missing(&field, "give an amount"),
            None => findings.bad(&field, text, help),
            Some(0) => findings.bad(&field, text, "is nothing: ask for more than zero"),
            Some(_) => {}
        }
        text.to_owned()
    };
    let cpu = amount("cpu", &from.cpu, cpu, CPU_HELP);
    let memory = amount("memory", &from.memory, bytes, BYTES_HELP);
    let storage = amount("storage", &from.storage, bytes, BYTES_HELP);
    let object_storage = super::optional(&from.object_storage).map(|text| match bytes(&text) {
        // No object storage is a fair wish.
        Some(0) => text,
        _ => amount("object_storage", &text, bytes, BYTES_HELP),
    });
    if let Some(gpus) = from.gpus.filter(|n| !(0..=4096).contains(n)) {
        findings.add(format!("{field}.gpus"), format!("{gpus} is not between 0 and 4096"));
    }
    Resources { cpu, memory, storage, object_storage, gpus: from.gpus.map(i64::from) }
}

/// Adds a defect for every amount above the class's.
pub fn within(findings: &mut Findings, field: &str, asked: &Resources, class: &Resources, class_name: &str) {
    let pairs: [(&str, &str, &str, Read); 4] = [
        ("cpu", &asked.cpu, &class.cpu, cpu),
        ("memory", &asked.memory, &class.memory, bytes),
        ("storage", &asked.storage, &class.storage, bytes),
        (
            "object_storage",
            asked.object_storage.as_deref().unwrap_or("0"),
            class.object_storage.as_deref().unwrap_or("0"),
            bytes,
        ),
    ];
    for (name, asked, most, read) in pairs {
        if let (Some(a), Some(m)) = (read(asked), read(most))
            && a > m
        {
            let help = format!(
                "{} is above the {most} of class {class_name}: ask for less or for a larger class",
                shown(asked)
            );
            findings.add(format!("{field}.{name}"), help);
        }
    }
    let (asked, most) = (asked.gpus.unwrap_or(0), class.gpus.unwrap_or(0));
    if asked > most {
        let help = format!("{asked} is above the {most} of class {class_name}: ask for less or for another class");
        findings.add(format!("{field}.gpus"), help);
    }
}
