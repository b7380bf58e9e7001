//! Which rule set's clocks a notice speaks of: those of the dossier, whichever submission it is about.

use super::*;

#[test]
fn a_dossier_keeps_the_clocks_of_its_first_submission_in_what_is_told_and_in_the_limit_that_it_starts() {
    let under = |name: &str, days: i64, unit: &str| {
        let clocks = json!({"clocks": [{"step": "Supplement", "days": days, "unit": unit, "source": "[A]"}]});
        let mut rules = profile(clocks);
        rules.metadata.name = Some(name.into());
        (name.to_owned(), Arc::new(rules))
    };
    let mut register = peopled();
    register.profiles = [under("vn-2016", 10, "Working"), under("vn-2026", 30, "Calendar")].into();
    let returned = |name: &str, rules: &str, supersedes: Value| {
        let mut paper = checked(merge(outcome(Returned, &["d"]), json!({"profileRef": {"name": rules}})));
        paper.metadata.name = Some(name.into());
        paper.metadata.uid = Some(format!("uid-{name}"));
        paper.spec.supersedes = of(supersedes);
        paper
    };
    let papers = [
        returned("onb-a", "vn-2016", Value::Null),
        returned("onb-b", "vn-2026", json!({"name": "onb-a", "uid": "uid-onb-a"})),
        returned("onb-c", "vn-2026", Value::Null),
    ];
    let all = drafts(&register, &papers, &[], &rules());
    let told = |name: &str| {
        let found = all.iter().find(|d| d.spec.about.name == name && d.spec.occasion == Occasion::Returned).unwrap();
        let ends = with_world(&register, &papers, &[], |world| clock(world, &found.spec, &at("10:00")));
        (fill("{limit}", &found.spec.arguments, Language::Vi).unwrap(), ends)
    };
    let first = ("10 ngày làm việc".to_owned(), Some(day("2026-12-08")));
    assert_eq!((told("onb-a"), told("onb-b")), (first.clone(), first));
    assert_eq!(told("onb-c"), ("30 ngày".to_owned(), Some(day("2026-12-24"))), "a dossier of its own");
}

#[test]
fn the_promised_day_is_that_of_who_signs_and_of_the_level_that_is_asked() {
    let clock = |step: &str, days: i64| json!({"step": step, "days": days, "unit": "Working", "source": "[A]"});
    let clocks = [("Checking", 5), ("AppraisalLow", 3), ("Appraisal3", 15), ("Decision", 7)];
    let clocks: Vec<Value> = clocks.into_iter().map(|(step, days)| clock(step, days)).collect();
    let mut register = peopled();
    register.profiles.insert("vn-2026".into(), Arc::new(profile(json!({"clocks": clocks}))));
    let promised = |level: i64, signers: &[&str]| {
        let mut paper = checked(json!({"signers": signers}));
        let asked = json!({"action": "RecordLevel", "tenantRef": {"name": "aaaaaa"}, "level": {"level": level},
            "justification": "x", "requester": {"username": "lan"}});
        paper.spec = of(asked);
        let all = drafts(&register, &[paper], &[], &rules());
        fill("{promised}", &all[0].spec.arguments, Language::Vi).unwrap()
    };
    let both = ["appraiser", "governing-body"];
    // The system has level 1. 24 November 2026 is a Tuesday.
    assert_eq!(promised(2, &both), "2026-12-15", "5 + 3 + 7 working days");
    assert_eq!(promised(3, &both), "2026-12-31", "5 + 15 + 7");
    assert_eq!(promised(3, &["approver"]), "2026-12-10", "nobody appraises: 5 + 7");
}
