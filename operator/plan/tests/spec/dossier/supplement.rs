//! The requester's own limit after a return.

use berth_crds::notice::NoticeStatus;
use berth_crds::{Notice, Onboarding, Reason};
use berth_plan::dossier::supplement::{Arrival, arrival, limit, status};
use berth_plan::status::onboarding::overdue;
use serde_json::{Value, json};

use crate::world::*;

fn notice(occasion: &str, recipients: Value, status: Value) -> Notice {
    let about = json!({"kind": "Onboarding", "name": "onb-a", "uid": "uid-onb-a"});
    let at = "2026-11-24T09:00:00Z";
    let spec = json!({"id": "0".repeat(32), "occasion": occasion, "about": about, "at": at, "recipients": recipients});
    let mut notice = Notice::new("n", of(spec));
    notice.status = Some(of::<NoticeStatus>(status));
    notice
}

#[test]
fn a_notice_shows_whether_a_limit_has_begun() {
    let lan = json!([{"channel": "Mail", "to": "lan@x.gov.vn", "capacity": "Agency", "language": "Vi"}]);
    let arrived = json!({"deliveredAt": "2026-11-29T09:00:00Z", "due": "2026-12-29"});
    let refused = json!({"deliveries": [{"channel": "Mail", "to": "lan@x.gov.vn", "failure": "down"}]});
    let shown = |occasion: &str, recipients: &Value, status: &Value| {
        arrival(&notice(occasion, recipients.clone(), status.clone()))
    };
    assert_eq!(shown("Returned", &lan, &refused), Some(Arrival::Awaited));
    assert_eq!(shown("Returned", &lan, &arrived), Some(Arrival::At(Some(day("2026-12-29")))));
    assert_eq!(shown("Returned", &lan, &json!({"deliveredAt": "2026-11-29T09:00:00Z"})), Some(Arrival::At(None)));
    assert_eq!(shown("Returned", &json!([]), &json!({})), Some(Arrival::Nobody));
    assert_eq!(shown("Receipt", &lan, &arrived), None, "it starts no limit");
}

#[test]
fn the_limit_begins_when_the_return_arrives_and_with_the_decision_where_nobody_is_told() {
    let (decided, arrived) = (Some(day("2026-12-24")), Some(day("2026-12-29")));
    let at = |now, told, arrival| limit(now, told, arrival, || decided);
    let table = [
        (None, false, None, decided, "no channel"),
        (None, true, None, None, "the notice is not made yet"),
        (None, true, Some(Arrival::Awaited), None, "it is on its way"),
        (None, true, Some(Arrival::At(arrived)), arrived, "it arrived"),
        (decided, true, Some(Arrival::At(arrived)), arrived, "it arrived later than was counted on"),
        (None, true, Some(Arrival::Nobody), decided, "nobody is named"),
        (arrived, false, None, arrived, "it arrived, and no channel is left"),
        (decided, true, None, decided, "what was said is not taken back before there is news"),
        (arrived, true, Some(Arrival::At(None)), None, "the rule set has no limit"),
    ];
    for (now, told, arrival, expected, what) in table {
        assert_eq!(at(now, told, arrival), expected, "{what}");
    }
    let asked = || -> Option<jiff::civil::Date> { panic!("what is known is not computed again") };
    assert_eq!(limit(decided, false, None, asked), decided);
}

fn returned(due: Option<&str>) -> Onboarding {
    let mut summary = json!({"state": "Returned", "holder": "requester", "since": "2026-11-24T09:00:00Z", "due": due});
    summary.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    onboarding(json!({"status": {"summary": summary}}))
}

#[test]
fn a_returned_request_is_overdue_by_the_limit_that_the_arrival_began() {
    let due = |paper: &Onboarding| paper.status.as_ref()?.summary.as_ref()?.due.clone();
    let mut paper = returned(None);
    assert_eq!(overdue(&paper, day("2027-06-01"), &at("10:00")), None, "while it is on its way nothing is late");
    paper.status = status(&paper, Some(day("2026-12-29")), &at("10:00"));
    assert_eq!(due(&paper), Some("2026-12-29".into()));
    assert_eq!(status(&paper, Some(day("2026-12-29")), &at("11:00")), None, "said once");
    assert_eq!(overdue(&paper, day("2026-12-29"), &at("10:00")), None);
    assert!(overdue(&paper, day("2026-12-30"), &at("10:00")).is_some());
    // One that was counted from its decision, and is not late after all.
    let mut paper = returned(Some("2026-12-24"));
    paper.status = overdue(&paper, day("2026-12-25"), &at("10:00"));
    paper.status = status(&paper, Some(day("2026-12-29")), &at("11:00"));
    let told = paper.status.as_ref().unwrap().conditions.iter().find(|c| c.type_ == "Overdue");
    assert_eq!(told.map(|c| (c.status.as_str(), c.reason.as_str())), Some(("False", Reason::InTime.as_str())));
    assert!(overdue(&paper, day("2026-12-30"), &at("12:00")).is_some(), "until that day has passed, too");
    let other = onboarding(json!({"status": {"summary": {"state": "Operating", "holder": "-", "since": "-"}}}));
    assert_eq!(
        status(&other, Some(day("2026-12-29")), &at("10:00")),
        None,
        "only what is returned waits for supplements"
    );
}
