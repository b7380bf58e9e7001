//! What the checks say of a request before it is submitted: the function that the operator will run, on the same registers.

use std::sync::Arc;

use berth_crds::{
    Onboarding, OnboardingSpec,
    common::{Identity, NameRef},
    onboarding::OnboardingStatus,
};
use berth_plan::{
    checks::{self, Overall, Subject},
    dossier::{chain, clock, holder, later},
    register::Register,
    status::onboarding::{Event, Times, after_checks, due, record},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

use super::papers::Papers;
use crate::{
    convert::onboarding::message,
    door::Door,
    identity::Caller,
    problem::Result,
    proto::v1 as pb,
    registers::{Registers, named},
};

/// The request as it would stand right after its submission; nothing is written.
pub async fn checked(door: &Door, caller: &Caller, agency: &str, spec: &OnboardingSpec) -> Result<pb::Onboarding> {
    let papers = Papers::open(door, caller, agency)?;
    let registers = door.registers();
    let (register, all) = futures::try_join!(register(&registers), papers.all())?;
    let mut onboarding = Onboarding::new("", spec.clone());
    onboarding.metadata.namespace = Some(papers.namespace.clone());
    onboarding.spec.requester = Identity { username: caller.username.clone(), ..Identity::default() };
    onboarding.status = Some(judge(door, agency, &onboarding, &register, &all));
    // It has no name before it is submitted.
    Ok(pb::Onboarding { name: String::new(), ..message(&onboarding) })
}

fn judge(
    door: &Door,
    agency: &str,
    onboarding: &Onboarding,
    register: &Register,
    papers: &[Arc<Onboarding>],
) -> OnboardingStatus {
    let (day, day_of) = (door.clock.today(), |time: &Time| door.clock.day_of(time.0));
    let now = Time(door.clock.now());
    let Some(profile) = register.profile(day) else {
        return record(onboarding, OnboardingStatus::default(), &Event::NoProfile, None, &now);
    };
    let subject = Subject { onboarding, agency, profile, register, papers, day, day_of: &day_of };
    let results = checks::all(&subject);
    let event = after_checks(checks::overall(&results));
    let decidable = checks::overall(&results) == Overall::Decidable;
    let signers = if decidable { holder::signers(profile, onboarding.spec.action) } else { Vec::new() };
    let chain = chain::papers(onboarding, papers);
    let mut submissions = chain::submissions(&chain, day_of);
    submissions.push(chain::Submission { submitted: day, returned: None });
    let (calendar, first) = (register.calendar(), submissions.first().map_or(day, |first| first.submitted));
    // A resubmission keeps the clocks of its first submission.
    let limit = chain::profile(&chain, register, first).and_then(|profile| {
        let times = Times {
            clocks: clock::Clocks { profile, calendar: &calendar },
            chain: &submissions,
            level: checks::asked_level(&subject).unwrap_or(1),
            signers: &signers,
            appraised: None,
            today: day,
        };
        due(&event, None, &times)
    });
    let status = OnboardingStatus {
        checks: results,
        profile_ref: Some(NameRef::to(profile.name_any())),
        signers,
        ..OnboardingStatus::default()
    };
    let later_profiles = later::profiles(register.profiles.values().map(Arc::as_ref), day);
    OnboardingStatus { later_profiles, ..record(onboarding, status, &event, limit, &now) }
}

/// The registers as the operator sees them.
pub(super) async fn register(registers: &Registers) -> Result<Register> {
    let (agencies, sites, classes, profiles) =
        futures::try_join!(registers.all(None), registers.all(None), registers.all(None), registers.all(None))?;
    let (calendars, tenants, environments) =
        futures::try_join!(registers.all(None), registers.all(None), registers.all(None))?;
    Ok(Register {
        agencies: named(agencies),
        sites: named(sites),
        classes: named(classes),
        profiles: named(profiles),
        calendars: named(calendars),
        tenants: named(tenants),
        environments: named(environments),
    })
}
