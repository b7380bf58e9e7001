//! Zones of an environment share one grant: what they give up is written, and in force, before any of them takes something,
//! so that their quotas never allow more than the grant together; and nothing grows into what is still used. A zone that
//! gives one thing and takes another is written twice.

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
    /// What the zone's quota allows while others have not shrunk yet: of everything the less of what it allows and what it is
    /// to allow. `None` when that is what it allows, and before it has a quota.
    pub fn lowered(&self) -> Option<Amounts> {
        let allowed = self.allowed?;
        let lowered = allowed.min(self.planned);
        (lowered != allowed).then_some(lowered)
    }

    /// Whether the zone takes more of something of which another one uses more than its part.
    fn waits_for(&self, other: &Part) -> bool {
        let Some(mine) = self.allowed else { return false };
        let takes = self.planned.each().into_iter().zip(mine.each()).map(|((_, planned), (_, now))| planned > now);
        let over =
            other.used.each().into_iter().zip(other.planned.each()).map(|((_, used), (_, planned))| used > planned);
        takes.zip(over).any(|(takes, over)| takes && over)
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
    use proptest::prelude::*;

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
        assert_eq!(
            [app.lowered(), before.lowered()],
            [None, Some(amounts((10, 10)))],
            "lowered first, in the first pass"
        );
        // From then on nothing of it shrinks any more, and it still uses what the other one would get.
        let lowered = part("db", (10, 10), (10, 10), (25, 5));
        assert_eq!(lowered.lowered(), None);
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
        let new = Part { allowed: None, ..over };
        assert_eq!((new.lowered(), waiting(&[new])), (None, vec![]));
    }

    #[test]
    fn of_two_zones_that_exchange_cpu_for_memory_each_gives_before_either_takes() {
        let zones = [part("app", (30, 10), (10, 30), (5, 5)), part("db", (10, 30), (30, 10), (5, 25))];
        assert_eq!(zones.map(|zone| zone.lowered()), [Some(amounts((10, 10))), Some(amounts((10, 10)))]);
        let given = zones.map(|zone| Part { allowed: zone.lowered(), ..zone });
        assert_eq!(given.map(|zone| zone.lowered()), [None, None], "lowered once");
        // More memory is used by db than its new part: app waits for that, and db has its CPU at once.
        assert_eq!(waiting(&given), [("app", "db")]);
    }

    /// Zones whose quotas and parts each sum to at most the grant, as shares of it.
    fn any_zones() -> impl Strategy<Value = (Amounts, Vec<(Amounts, Amounts)>)> {
        let share = || proptest::collection::vec(1i64..100, 4);
        let whole = (1i64..200, 1i64..200);
        (whole, share(), share(), share(), share()).prop_map(|(whole, cpu, memory, new_cpu, new_memory)| {
            let grant = amounts(whole);
            let split = |cpu: &[i64], memory: &[i64]| {
                let both = grant.split(cpu).into_iter().zip(grant.split(memory));
                both.map(|(cpu, memory)| Amounts { memory: memory.memory, ..cpu }).collect::<Vec<_>>()
            };
            let zones = split(&cpu, &memory).into_iter().zip(split(&new_cpu, &new_memory)).collect();
            (grant, zones)
        })
    }

    proptest! {
        #[test]
        fn on_the_way_from_one_division_to_another_the_quotas_never_allow_more_than_the_grant(
            (grant, zones) in any_zones()
        ) {
            let mut allowed: Vec<Amounts> = zones.iter().map(|(now, _)| *now).collect();
            let part = |allowed: Amounts, planned: Amounts| {
                Part { namespace: "zone", allowed: Some(allowed), planned, used: Amounts::default() }
            };
            let lowered = |(n, now): (usize, &Amounts)| part(*now, zones[n].1).lowered().map(|less| (n, less));
            let first: Vec<(usize, Amounts)> = allowed.iter().enumerate().filter_map(lowered).collect();
            let then = zones.iter().enumerate().map(|(n, (_, planned))| (n, *planned));
            for (n, written) in first.into_iter().chain(then) {
                allowed[n] = written;
                let sum = allowed.iter().fold(Amounts::default(), |sum, part| sum.plus(*part));
                prop_assert!(sum.fits(grant), "{sum:?} of {grant:?}");
            }
        }
    }
}
