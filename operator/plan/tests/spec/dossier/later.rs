//! Rule sets that come after a submission (acceptance A9).

use berth_crds::common::NameRef;
use berth_crds::onboarding::LaterProfile;
use berth_plan::dossier::later::profiles;
use serde_json::json;

use crate::world::*;

#[test]
fn later_rule_sets_are_told_in_their_order_with_the_day_by_which_they_are_to_be_met() {
    let rules = |name: &str, from: &str, met_by: Option<&str>| {
        let mut profile = profile(json!({"inForce": {"from": from}}));
        profile.metadata.name = Some(name.into());
        profile.spec.transition = met_by.map(|day| of(json!({"metBy": day, "legalBasis": "[A]"})));
        profile
    };
    let all = [
        rules("vn-2028", "2028-01-01", None),
        rules("vn-2016", "2016-07-01", Some("2017-01-01")),
        rules("vn-2026", "2026-08-19", Some("2027-06-30")),
        rules("broken", "soon", None),
    ];
    let later = |name: &str, from: &str, met_by: Option<&str>| LaterProfile {
        profile_ref: NameRef::to(name),
        from: from.into(),
        met_by: met_by.map(str::to_owned),
    };
    assert_eq!(
        profiles(&all, day("2026-08-18")),
        [later("vn-2026", "2026-08-19", Some("2027-06-30")), later("vn-2028", "2028-01-01", None)]
    );
    // On its first day a rule set is the one that is asked under.
    assert_eq!(profiles(&all, day("2026-08-19")), [later("vn-2028", "2028-01-01", None)]);
    assert_eq!(profiles(&all, day("2028-01-01")), []);
}
