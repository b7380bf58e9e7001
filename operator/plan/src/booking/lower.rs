//! Whose booking may be lowered to what is granted or used.

use berth_crds::common::Booking;
use berth_crds::onboarding::OutcomeResult;
use berth_crds::{Environment, Onboarding};

use crate::fulfil;

/// Whether an environment's booking may be lowered: it is nobody's, or of the paper that the environment stands by, or of an
/// earlier one that was carried out. Not every act books, so what a paper raised and another one followed is still under
/// the first. `paper` is the one that the booking names, as it is known now.
///
/// What a paper booked for what is still to come stays, and so does what is not surely earlier: of booking, paper and
/// environment each may be known later than the others. A paper was written against the revision before its own.
pub fn may_lower(environment: &Environment, held: &Booking, paper: Option<&Onboarding>) -> bool {
    let basis = &environment.spec.basis;
    let Some(named) = &held.onboarding_ref else { return true };
    if basis.onboarding_ref.as_ref() == Some(named) {
        return true;
    }
    let Some(paper) = paper.filter(|paper| paper.metadata.uid.as_ref() == Some(&named.uid)) else { return false };
    let approved = paper.status.as_ref().and_then(|s| s.outcome.as_ref());
    let approved = approved.is_some_and(|outcome| outcome.result == OutcomeResult::Approved);
    let earlier = paper.spec.revision.unwrap_or(0) < basis.revision.unwrap_or(0) - 1;
    approved && !fulfil::open(paper) && earlier
}
