//! Zones of an environment share one grant: what one gives up is written before another grows, and nothing grows into what
//! is still used.

use crate::amounts::Amounts;

/// A zone's part of the grant, as it is and as it shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Namespace of the zone.
    pub namespace: &'a str,
    /// What its quota allows; `None` before it has one.
    pub allowed: Option<Amounts>,
    /// What it is to allow.
    pub planned: Amounts,
    /// What is used.
    pub used: Amounts,
}

impl Part<'_> {
    /// Whether the zone gives up something and takes nothing.
    pub fn shrinks(&self) -> bool {
        self.allowed.is_some_and(|allowed| self.planned.fits(allowed) && self.planned != allowed)
    }

    /// Whether the zone takes more of something of which another one uses more than its part. Where the other's quota is not
    /// lowered yet, that comes first.
    fn waits_for(&self, other: &Part) -> bool {
        let (Some(mine), Some(theirs)) = (self.allowed, other.allowed) else { return false };
        let takes = self.planned.each().into_iter().zip(mine.each()).map(|((_, planned), (_, now))| planned > now);
        let lowered =
            theirs.each().into_iter().zip(other.planned.each()).map(|((_, now), (_, planned))| now <= planned);
        let over =
            other.used.each().into_iter().zip(other.planned.each()).map(|((_, used), (_, planned))| used > planned);
        takes.zip(lowered).zip(over).any(|((takes, lowered), over)| takes && lowered && over)
    }
}

/// The namespaces that must not grow now, each with one that it waits for. It is looked at in every pass: that a zone was
/// lowered in an earlier one does not mean that it uses less.
pub fn waiting<'a>(parts: &[Part<'a>]) -> Vec<(&'a str, &'a str)> {
    let waits = |part: &Part<'a>| {
        let other = parts.iter().find(|other| other.namespace != part.namespace && part.waits_for(other))?;
        Some((part.namespace, other.namespace))
    };
    parts.iter().filter_map(waits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CPU and gibibytes of memory.
    fn amounts((cpu, memory): (i64, i64)) -> Amounts {
        Amounts { cpu_milli: cpu * 1000, memory: memory << 30, ..Amounts::default() }
    }

    fn part(namespace: &str, allowed: (i64, i64), planned: (i64, i64), used: (i64, i64)) -> Part<'_> {
        let allowed = Some(amounts(allowed));
        Part { namespace, allowed, planned: amounts(planned), used: amounts(used) }
    }

    #[test]
    fn a_zone_grows_once_the_others_use_no_more_than_their_parts_however_many_passes_that_takes() {
        let app = part("app", (50, 50), (70, 70), (50, 50));
        let before = part("db", (30, 30), (10, 10), (25, 5));
        assert_eq!([app.shrinks(), before.shrinks()], [false, true], "lowered first, in the first pass");
        // From then on nothing of it shrinks any more, and it still uses what the other one would get.
        let lowered = part("db", (10, 10), (10, 10), (25, 5));
        assert!(!lowered.shrinks());
        assert_eq!(waiting(&[lowered, app]), [("app", "db")]);
        let fallen = Part { used: amounts((10, 5)), ..lowered };
        assert_eq!(waiting(&[fallen, app]), []);
    }

    #[test]
    fn a_zone_waits_for_nothing_but_what_it_takes_and_never_for_itself() {
        let over = part("db", (10, 10), (10, 10), (25, 5));
        let more_memory = part("app", (50, 50), (50, 70), (50, 50));
        assert_eq!(waiting(&[over, more_memory]), [], "more CPU is used than its part, and memory is taken");
        let alone = part("prod", (8, 8), (4, 16), (6, 8));
        assert_eq!(waiting(&[alone]), []);
        // It grows itself, and uses more than even its new part.
        let growing = part("db", (10, 10), (15, 15), (25, 5));
        assert_eq!(waiting(&[growing, part("app", (50, 50), (60, 60), (0, 0))]), [("app", "db")]);
        // What gives up one thing and takes another is not lowered before the others are written: then it would never be.
        let mixed = part("db", (30, 10), (10, 30), (25, 5));
        assert_eq!(waiting(&[mixed, part("app", (50, 50), (70, 50), (0, 0))]), []);
        let new = Part { allowed: None, ..over };
        assert_eq!((new.shrinks(), waiting(&[new, part("app", (50, 50), (70, 70), (0, 0))])), (false, vec![]));
    }
}
