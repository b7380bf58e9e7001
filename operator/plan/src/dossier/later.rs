//! Rule sets that come after a submission: its clocks keep running under its own, the later ones are to be met by their day
//! (acceptance A9).

use berth_crds::PolicyProfile;
use berth_crds::common::NameRef;
use berth_crds::onboarding::LaterProfile;
use jiff::civil::Date;
use kube::ResourceExt;

use crate::day;

/// Most that are told, the nearest first.
const MOST: usize = 8;

/// The rule sets that come into force after a day, in their order.
pub fn profiles<'a>(all: impl IntoIterator<Item = &'a PolicyProfile>, submitted: Date) -> Vec<LaterProfile> {
    let later = |profile: &&PolicyProfile| day::parse(&profile.spec.in_force.from).is_some_and(|from| from > submitted);
    let told = |profile: &PolicyProfile| LaterProfile {
        profile_ref: NameRef::to(profile.name_any()),
        from: profile.spec.in_force.from.clone(),
        met_by: profile.spec.transition.as_ref().map(|transition| transition.met_by.clone()),
    };
    let mut found: Vec<LaterProfile> = all.into_iter().filter(later).map(told).collect();
    found.sort_by(|a, b| (&a.from, &a.profile_ref.name).cmp(&(&b.from, &b.profile_ref.name)));
    found.truncate(MOST);
    found
}
