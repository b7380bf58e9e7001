//! RecordLevel: a level as it was appraised and approved. Running environments keep what they enforce.

use berth_crds::onboarding::LevelRequest;
use berth_crds::tenant::Measures;
use berth_crds::{Onboarding, Tenant};

use super::{Act, Changed, Input, Part, Parts, whole};
use crate::checks::Subject;
use crate::day;
use crate::fulfil::{Case, Way};
use crate::register::Register;
use crate::system::{self, level};

/// A level record.
pub struct RecordLevel;

impl Act for RecordLevel {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Tenant, Part::Level], may: &[] }
    }

    fn defects(&self, s: &Subject) -> Vec<String> {
        let Some(asked) = &s.onboarding.spec.level else { return Vec::new() };
        let number = (!(1..=5).contains(&asked.level))
            .then(|| format!("`spec.level.level` is {}; give a level from 1 to 5.", asked.level));
        let regulation = (asked.level >= level::NEEDS_REGULATION && asked.regulation.is_none()).then(|| {
            format!(
                "`spec.level.regulation` is missing: level {} needs the security regulation before it is approved (NĐ 331/2026 Đ30.7 [D]).",
                asked.level
            )
        });
        let review = asked.review_on.as_ref().filter(|text| day::parse(text).is_none_or(|on| on <= s.day));
        let review = review.map(|text| format!("`spec.level.reviewOn` is {text:?}; give a day after {}.", s.day));
        number.into_iter().chain(regulation).chain(review).chain(measures(s, asked)).collect()
    }

    fn unfit(&self, _: &Subject) -> Vec<String> {
        Vec::new()
    }

    fn way(&self, case: &Case) -> Way {
        whole::way(case, recorded, |_, _| Way::Act)
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let (tenant, made) = whole::made(input)?;
        let asked = input.onboarding.spec.level.as_ref()?;
        let mut changed = tenant.clone();
        changed.spec = level::record(&tenant.spec, asked, &made, input.today.max(input.decided));
        changed.spec.basis = made.basis(&tenant.spec.basis);
        Some(Changed { tenant: Some(changed), environment: None })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        let tenant = system::tenant(onboarding, register)?;
        let record = tenant.spec.levels.iter().find(|l| of(onboarding, l.onboarding_ref.as_ref()))?;
        Some(format!("Level {} is recorded since {}.", record.level, record.in_force.from))
    }
}

/// The day by which the measures are complete lies ahead, and belongs to measures that are not.
fn measures(s: &Subject, asked: &LevelRequest) -> Option<String> {
    let text = asked.measures_by.as_ref()?;
    if asked.measures == Some(Measures::Full) {
        return Some(format!("`spec.level.measuresBy` is {text:?}, and all measures are in place; leave it out."));
    }
    let past = day::parse(text).is_none_or(|by| by <= s.day);
    past.then(|| format!("`spec.level.measuresBy` is {text:?}; give a day after {}.", s.day))
}

fn recorded(onboarding: &Onboarding, tenant: &Tenant) -> bool {
    tenant.spec.levels.iter().any(|record| of(onboarding, record.onboarding_ref.as_ref()))
}

/// Whether a record names the paper.
pub(super) fn of(onboarding: &Onboarding, paper: Option<&berth_crds::common::PaperRef>) -> bool {
    paper.is_some_and(|paper| Some(paper.uid.as_str()) == onboarding.metadata.uid.as_deref())
}
