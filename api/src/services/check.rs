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
    clock::Clock,
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
    onboarding.status = Some(judge(&door.clock, agency, &onboarding, &register, &all));
    // It has no name before it is submitted.
    Ok(pb::Onboarding { name: String::new(), ..message(&onboarding) })
}

fn judge(
    clock: &Clock,
    agency: &str,
    onboarding: &Onboarding,
    register: &Register,
    papers: &[Arc<Onboarding>],
) -> OnboardingStatus {
    let (day, day_of) = (clock.today(), |time: &Time| clock.day_of(time.0));
    let now = Time(clock.now());
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

#[cfg(test)]
mod tests {
    use berth_crds::PolicyProfile;
    use serde_json::{Value, json};

    use super::*;

    fn rules(name: &str, from: &str, to: Value, days: i64) -> PolicyProfile {
        let spec = json!({"inForce": {"from": from, "to": to}, "legalBasis": "x", "levels": [], "signers": [], "signing": "Authenticated",
            "clocks": [{"step": "Checking", "days": days, "unit": "Working", "source": "x"}]});
        PolicyProfile::new(name, serde_json::from_value(spec).unwrap())
    }

    fn paper(name: &str, with: &Value) -> Onboarding {
        let mut body = json!({"metadata": {"name": name, "namespace": "agency-ag-62", "uid": format!("uid-{name}")},
            "apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding", "spec": {"action": "New", "justification": "vì",
            "system": {"code": "IS-77", "displayName": "Cổng", "level": 1, "dataKinds": ["Public"],
                "governingBodyRef": {"name": "ag-70"}, "operatorRef": {"name": "ag-69"}},
            "environment": {"kind": "Prod", "classRef": {"name": "xs"}}, "requester": {"username": "lan"}}});
        for (key, value) in with.as_object().into_iter().flatten() {
            body[key.as_str()].as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        }
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_resubmission_is_promised_the_days_of_its_first_submissions_rule_set() {
        let profiles = vec![
            rules("vn-2016", "2016-07-01", json!("2026-08-18"), 5),
            rules("vn-2026", "2026-08-19", Value::Null, 20),
        ];
        let register = Register { profiles: named(profiles), ..Register::default() };
        let mut first = paper("first", &json!({"metadata": {"creationTimestamp": "2026-08-03T02:00:00Z"}}));
        first.status =
            serde_json::from_value(json!({"profileRef": {"name": "vn-2016"}, "outcome": {"result": "Returned",
            "decisionUIDs": ["d"], "decidedAt": "2026-08-10T02:00:00Z", "recordedAt": "2026-08-10T02:00:00.000000Z"}}))
            .unwrap();
        let papers = [Arc::new(first)];
        // A Tuesday under the new rule set; nobody knows the agency, so the check has its days.
        let clock = Clock::fixed("2026-09-01T03:00:00Z".parse().unwrap());
        let due = |with: &Value| {
            let status = judge(&clock, "ag-62", &paper("again", with), &register, &papers);
            (status.profile_ref.map(|rules| rules.name), status.summary.and_then(|told| told.due))
        };
        let told = |day: &str| (Some("vn-2026".to_owned()), Some(day.to_owned()));
        let again = json!({"spec": {"supersedes": {"name": "first", "uid": "uid-first"}}});
        assert_eq!(due(&again), told("2026-09-08"), "five working days");
        assert_eq!(due(&json!({})), told("2026-09-29"), "twenty, of a dossier of its own");
    }
}
