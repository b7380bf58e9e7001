//! Amounts as anybody may have written them: every spelling that Kubernetes takes, as thousandths of the unit.

use crate::amounts::{format_bytes, format_cpu};

/// Suffixes, longest first, and what one of them is in thousandths: as a fraction, since `u` and `n` are less than one.
const SUFFIXES: [(&str, i128, i128); 15] = [
    ("Ki", 1000 << 10, 1),
    ("Mi", 1000 << 20, 1),
    ("Gi", 1000 << 30, 1),
    ("Ti", 1000 << 40, 1),
    ("Pi", 1000 << 50, 1),
    ("Ei", 1000 << 60, 1),
    ("n", 1, 1_000_000),
    ("u", 1, 1000),
    ("m", 1, 1),
    ("k", 1_000_000, 1),
    ("M", 1_000_000_000, 1),
    ("G", 1_000_000_000_000, 1),
    ("T", 1_000_000_000_000_000, 1),
    ("P", 1_000_000_000_000_000_000, 1),
    ("E", 1_000_000_000_000_000_000_000, 1),
];

/// Thousandths of a quantity, rounded up as Kubernetes does; `None` for a text that is none, or no amount that exists.
pub(super) fn milli(text: &str) -> Option<i128> {
    let suffix = SUFFIXES.iter().find(|(suffix, ..)| text.ends_with(suffix));
    if let Some((suffix, times, over)) = suffix {
        return number(text.strip_suffix(suffix)?, *times, *over);
    }
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().ok().filter(|e| (-9..=18).contains(e))?;
            let power = 10i128.pow(exponent.unsigned_abs());
            if exponent < 0 { number(mantissa, 1000, power) } else { number(mantissa, power * 1000, 1) }
        }
        None => number(text, 1000, 1),
    }
}

/// A decimal number times a fraction.
fn number(text: &str, times: i128, over: i128) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}");
    // Longer ones are no amounts of this world, and would not fit.
    let read = !digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit());
    let digits: i128 = read.then(|| digits.parse().ok()).flatten()?;
    let below = 10i128.pow(u32::try_from(part.len()).ok()?).checked_mul(over)?;
    let exact = digits.checked_mul(times)?;
    Some(exact / below + i128::from(exact % below != 0))
}

/// An amount of a quota's resource, as people write it.
pub(super) fn shown(resource: &str, milli: i128) -> String {
    let fits = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
    if resource.ends_with("cpu") {
        format_cpu(fits(milli))
    } else if resource.ends_with("memory") || resource.ends_with("storage") {
        format_bytes(fits(milli / 1000))
    } else {
        (milli / 1000).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_that_kubernetes_takes_is_read() {
        let cases = [
            ("0", Some(0)),
            ("500m", Some(500)),
            ("1.5", Some(1500)),
            (".5", Some(500)),
            ("1Gi", Some(1000 << 30)),
            ("1.5Gi", Some(1500 << 30)),
            ("129M", Some(129_000_000_000)),
            ("129e6", Some(129_000_000_000)),
            ("1E3", Some(1_000_000)),
            ("5E", Some(5_000_000_000_000_000_000_000)),
            ("1500u", Some(2)),
            ("1n", Some(1)),
            ("100e-3", Some(100)),
            ("", None),
            ("-1", None),
            ("Gi", None),
            ("1GB", None),
            ("1.2.3", None),
            ("1e99", None),
            ("9999999999999999", None),
        ];
        let read: Vec<_> = cases.iter().map(|(text, _)| (*text, milli(text))).collect();
        assert_eq!(read, cases);
    }

    #[test]
    fn amounts_are_shown_in_the_unit_of_their_resource() {
        let told = [("requests.cpu", 1500), ("limits.memory", 1000 << 30), ("requests.storage", 0), ("pods", 7000)];
        assert_eq!(told.map(|(resource, n)| shown(resource, n)), ["1500m", "1Gi", "0", "7"]);
    }
}
