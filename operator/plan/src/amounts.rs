//! Resource amounts as whole numbers: thousandths of a CPU, bytes, pieces.

use berth_crds::common::Resources;

/// Binary suffixes, smallest first, and their power of two.
const SUFFIXES: [(&str, u32); 5] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50)];

/// Amounts of every resource that is booked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Thousandths of a CPU.
    pub cpu_milli: i64,
    /// Bytes of memory.
    pub memory: i64,
    /// Bytes of block storage.
    pub storage: i64,
    /// Bytes of object storage.
    pub object_storage: i64,
    /// Accelerators.
    pub gpus: i64,
}

/// A text that is not an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAmount {
    /// Field of [`Resources`] in JSON.
    pub field: &'static str,
    /// The text.
    pub value: String,
}

impl std::fmt::Display for BadAmount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let example = if self.field == "cpu" { "`8` or `500m`" } else { "`32Gi`" };
        write!(f, "`{}` is {:?}, which is not an amount; write it like {example}", self.field, self.value)
    }
}

impl std::error::Error for BadAmount {}

impl Amounts {
    /// Reads amounts; the first field that is not one is the error.
    pub fn parse(resources: &Resources) -> Result<Self, BadAmount> {
        let bad = |field, value: &str| BadAmount { field, value: value.to_owned() };
        let bytes = |field, value: &str| parse_bytes(value).ok_or_else(|| bad(field, value));
        Ok(Self {
            cpu_milli: parse_cpu(&resources.cpu).ok_or_else(|| bad("cpu", &resources.cpu))?,
            memory: bytes("memory", &resources.memory)?,
            storage: bytes("storage", &resources.storage)?,
            object_storage: match &resources.object_storage {
                Some(text) => bytes("objectStorage", text)?,
                None => 0,
            },
            gpus: match resources.gpus.unwrap_or(0) {
                n if n >= 0 => n,
                n => return Err(bad("gpus", &n.to_string())),
            },
        })
    }

    /// Writes amounts in the form the API server keeps.
    pub fn to_resources(self) -> Resources {
        Resources {
            cpu: format_cpu(self.cpu_milli),
            memory: format_bytes(self.memory),
            storage: format_bytes(self.storage),
            object_storage: (self.object_storage > 0).then(|| format_bytes(self.object_storage)),
            gpus: (self.gpus > 0).then_some(self.gpus),
        }
    }

    /// Each amount with its name, for loops and messages.
    pub fn each(self) -> [(&'static str, i64); 5] {
        [
            ("cpu", self.cpu_milli),
            ("memory", self.memory),
            ("storage", self.storage),
            ("objectStorage", self.object_storage),
            ("gpus", self.gpus),
        ]
    }

    fn zip(self, other: Self, f: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            cpu_milli: f(self.cpu_milli, other.cpu_milli),
            memory: f(self.memory, other.memory),
            storage: f(self.storage, other.storage),
            object_storage: f(self.object_storage, other.object_storage),
            gpus: f(self.gpus, other.gpus),
        }
    }

    /// Sum; saturates, so a sum too large never looks small.
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, i64::saturating_add)
    }

    /// Difference, never below zero.
    pub fn minus(self, other: Self) -> Self {
        self.zip(other, |a, b| (a - b).max(0))
    }

    /// The larger of each amount.
    pub fn max(self, other: Self) -> Self {
        self.zip(other, i64::max)
    }

    /// The smaller of each amount.
    pub fn min(self, other: Self) -> Self {
        self.zip(other, i64::min)
    }

    /// Whether every amount is at most the other's.
    pub fn fits(self, other: Self) -> bool {
        self.each().iter().zip(other.each()).all(|((_, a), (_, b))| *a <= b)
    }

    /// `self * percent / 100`, rounded down.
    pub fn percent(self, percent: i64) -> Self {
        let scale = |n: i64| {
            let scaled = i128::from(n) * i128::from(percent) / 100;
            i64::try_from(scaled).unwrap_or(i64::MAX)
        };
        self.zip(Self::default(), |n, _| scale(n))
    }

    /// Splits into shares of `percents` by largest remainder: the parts sum exactly to `self`.
    ///
    /// CPU is cut in thousandths, memory and storage in the largest binary unit that the whole is a multiple of
    /// (at most 1 MiB, so that a part is a round number), accelerators whole.
    pub fn split(self, percents: &[i64]) -> Vec<Self> {
        let cut = |total: i64, unit: i64| largest_remainder(total / unit, percents).into_iter().map(move |n| n * unit);
        let cpu = cut(self.cpu_milli, 1);
        let memory = cut(self.memory, unit(self.memory));
        let storage = cut(self.storage, unit(self.storage));
        let object = cut(self.object_storage, unit(self.object_storage));
        let gpus = cut(self.gpus, 1);
        cpu.zip(memory)
            .zip(storage)
            .zip(object)
            .zip(gpus)
            .map(|((((cpu_milli, memory), storage), object_storage), gpus)| Self {
                cpu_milli,
                memory,
                storage,
                object_storage,
                gpus,
            })
            .collect()
    }
}

/// Largest of 1 MiB, 1 KiB and 1 that divides the amount.
fn unit(amount: i64) -> i64 {
    [1 << 20, 1 << 10].into_iter().find(|unit| amount % unit == 0).unwrap_or(1)
}

/// Hamilton's method; ties go to the earlier share.
fn largest_remainder(total: i64, percents: &[i64]) -> Vec<i64> {
    let sum: i128 = percents.iter().map(|p| i128::from(*p)).sum::<i128>().max(1);
    let exact: Vec<(i128, i128)> = percents
        .iter()
        .map(|p| (i128::from(total) * i128::from(*p) / sum, i128::from(total) * i128::from(*p) % sum))
        .collect();
    let mut parts: Vec<i64> = exact.iter().map(|(whole, _)| i64::try_from(*whole).unwrap_or(i64::MAX)).collect();
    let mut by_remainder: Vec<usize> = (0..percents.len()).collect();
    by_remainder.sort_by_key(|i| (std::cmp::Reverse(exact[*i].1), *i));
    let left = total - parts.iter().sum::<i64>();
    for i in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[i] += 1;
    }
    parts
}

/// Thousandths of `8` or `500m`.
pub fn parse_cpu(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('m');
    let number = whole(digits.unwrap_or(text))?;
    if digits.is_some() { Some(number) } else { number.checked_mul(1000) }
}

/// Bytes of `512`, `32Gi`.
pub fn parse_bytes(text: &str) -> Option<i64> {
    for (suffix, power) in SUFFIXES {
        if let Some(number) = text.strip_suffix(suffix) {
            return whole(number)?.checked_mul(1 << power);
        }
    }
    whole(text)
}

fn whole(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `8` or `500m`.
pub fn format_cpu(milli: i64) -> String {
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

/// The largest binary suffix that leaves a whole number.
pub fn format_bytes(bytes: i64) -> String {
    if bytes == 0 {
        return "0".into();
    }
    SUFFIXES
        .iter()
        .rev()
        .find(|(_, power)| bytes % (1 << power) == 0)
        .map_or_else(|| bytes.to_string(), |(suffix, power)| format!("{}{suffix}", bytes >> power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_and_written_as_kubernetes_keeps_them() {
        for (text, bytes) in [("1Gi", 1 << 30), ("1536Mi", 1536 << 20), ("100", 100), ("0", 0), ("2Ti", 2 << 40)] {
            assert_eq!(parse_bytes(text), Some(bytes));
            assert_eq!(format_bytes(bytes), text);
        }
        for bad in ["", "-1", "1.5Gi", "1GB", "Gi", "99999999999999999999", "9999999Pi", " 1", "١"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
        assert_eq!((parse_cpu("2"), parse_cpu("500m"), parse_cpu("1.5")), (Some(2000), Some(500), None));
        assert_eq!((format_cpu(2000), format_cpu(1500)), ("2".into(), "1500m".into()));
    }

    proptest! {
        #[test]
        fn parts_sum_exactly_and_no_part_is_off_by_more_than_one_unit(
            total in 0i64..1 << 50, percents in proptest::collection::vec(1i64..100, 1..6)
        ) {
            let whole = Amounts { cpu_milli: total % 1_000_000, memory: total, storage: total & !0xfffff, object_storage: 7, gpus: total % 9 };
            let parts = whole.split(&percents);
            prop_assert_eq!(parts.iter().fold(Amounts::default(), |a, b| a.plus(*b)), whole);
            let sum: i64 = percents.iter().sum();
            for (part, percent) in parts.iter().zip(&percents) {
                let exact = (i128::from(whole.gpus) * i128::from(*percent)) as f64 / sum as f64;
                prop_assert!((part.gpus as f64 - exact).abs() <= 1.0);
            }
        }

        #[test]
        fn what_is_written_reads_back(bytes in 0i64..i64::MAX / 2, milli in 0i64..1 << 40) {
            prop_assert_eq!(parse_bytes(&format_bytes(bytes)), Some(bytes));
            prop_assert_eq!(parse_cpu(&format_cpu(milli)), Some(milli));
        }
    }
}
