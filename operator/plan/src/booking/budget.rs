//! Where an agency's bookings stand: with a budget in its own list, without one in its site's.

use berth_crds::common::{Booking, HolderKind};

use super::{Ledger, Wish, replaced, sorted};
use crate::amounts::Amounts;

/// How an agency's bookings stand at its own object and at its site.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Entries of the agency's own list.
    pub own: Vec<Booking>,
    /// Entries of the site's list.
    pub site: Vec<Booking>,
    /// First resource that the site lacks for the budget: then its list must stay as it is.
    pub lacking: Option<&'static str>,
}

/// Brings an agency's bookings to where its budget says. With a budget they are the agency's own, and the site holds
/// one entry for them: the budget, or what is booked where that is more. Without one each is an entry of the site.
///
/// What passed to another body leaves the agency's list once `moved` says that it is booked there: until then it stands
/// here, twice rather than nowhere.
///
/// Nothing is ever booked nowhere if lists are written in the order in which entries move: with a budget the agency's
/// first, without one the site's.
pub fn settle(
    site: &Ledger,
    agency: &str,
    budget: Option<Amounts>,
    own: &[Booking],
    belongs: impl Fn(&Booking) -> bool,
    moved: impl Fn(&Booking) -> bool,
) -> Settled {
    let own: Vec<Booking> = own.iter().filter(|b| !moved(b)).cloned().collect();
    let (theirs, others): (Vec<Booking>, Vec<Booking>) =
        site.booked.iter().cloned().partition(|b| b.kind == HolderKind::Environment && belongs(b));
    let rest = Ledger {
        limit: site.limit,
        booked: others.into_iter().filter(|b| !(b.kind == HolderKind::Agency && b.name == agency)).collect(),
    };
    let Some(budget) = budget else {
        let site = union(&theirs, &own).into_iter().chain(rest.booked);
        return Settled { own: vec![], site: sorted(site.collect()), lacking: None };
    };
    let own = Ledger { limit: budget, booked: union(&own, &theirs) };
    let wish = Wish { kind: HolderKind::Agency, name: agency, amounts: budget.max(own.used()), paper: None };
    let list = replaced(&rest, &wish, wish.amounts);
    let (before, after) = (site.used(), Ledger { limit: site.limit, booked: list.clone() }.used());
    let each = before.each().into_iter().zip(after.each()).zip(site.limit.each());
    let short = each.into_iter().find(|(((_, before), (_, after)), (_, limit))| after > before && after > limit);
    Settled { own: own.booked, site: list, lacking: short.map(|(((resource, _), _), _)| resource) }
}

/// Entries of both lists; of two for one holder the first list's.
fn union(first: &[Booking], second: &[Booking]) -> Vec<Booking> {
    let new = second.iter().filter(|b| !first.iter().any(|f| f.kind == b.kind && f.name == b.name));
    sorted(first.iter().chain(new).cloned().collect())
}
