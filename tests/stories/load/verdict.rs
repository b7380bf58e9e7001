//! The checker is checked: worlds that are wrong in one way each, and the exact complaint.

use berth_tests::checker::{Verdict, judge_written};
use berth_tests::error::Result;
use serde_json::{Value, json};

const AGENCY: &str = "3fff:a10:1100::/48";
const SYSTEM: &str = "3fff:a10:1100::/56";

fn name(cidr: &str) -> String {
    berth_crds::names::block(cidr)
}

fn block(cidr: &str, parent: &str, parent_uid: &str, level: &str, claim: &str) -> Value {
    let (kind, of) = claim.split_once('-').unwrap();
    let kind = if kind == "agency" { "Agency" } else { "Tenant" };
    json!({
        "metadata": {"name": name(cidr), "uid": format!("uid-{cidr}")},
        "spec": {
            "cidr": cidr, "parent": parent, "parentUID": parent_uid, "level": level, "state": "Confirmed",
            "claimRef": {"name": claim, "uid": format!("uid-{claim}")},
            "claimant": {"kind": kind, "name": of, "uid": format!("uid-{of}")}
        }
    })
}

fn claim(name: &str, level: &str, cidr: &str) -> Value {
    let (kind, of) = name.split_once('-').unwrap();
    let kind = if kind == "agency" { "Agency" } else { "Tenant" };
    json!({
        "metadata": {"name": name, "uid": format!("uid-{name}")},
        "spec": {"level": level, "claimant": {"kind": kind, "name": of, "uid": format!("uid-{of}")}},
        "status": {"candidate": cidr, "bound": {"cidr": cidr, "blockUID": format!("uid-{cidr}")}}
    })
}

fn system(cidr: &str, plate: &str) -> (Value, Value) {
    let claimed = format!("tenant-{plate}");
    (block(cidr, AGENCY, &format!("uid-{AGENCY}"), "System", &claimed), claim(&claimed, "System", cidr))
}

/// An agency, a system of it, and a claim that is refused.
fn world() -> Value {
    let (of_system, of_tenant) = system(SYSTEM, "aaaaaa");
    let refused = json!({
        "metadata": {"name": "tenant-bbbbbb", "uid": "uid-b"},
        "spec": {"level": "System", "claimant": {"kind": "Tenant", "name": "bbbbbb", "uid": "uid-bbbbbb"}},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "PoolExhausted"}]}
    });
    let plan = json!({"roots": [{"cidr": "3fff:a10::/32"}], "departmentPools": ["1"], "communePools": ["9"]});
    json!({
        "addressPlans": [{"metadata": {"name": "default", "uid": "uid-plan"}, "spec": plan}],
        "prefixBlocks": [block(AGENCY, "3fff:a10:1100::/40", "uid-plan", "Agency", "agency-ag-62"), of_system],
        "prefixClaims": [claim("agency-ag-62", "Agency", AGENCY), of_tenant, refused]
    })
}

/// What the checker says of a world that is wrong in one way.
fn said(change: impl FnOnce(&mut Value)) -> Result<Vec<String>> {
    let mut world = world();
    change(&mut world);
    match judge_written(&world)? {
        Verdict::Complaints(complaints) => Ok(complaints),
        Verdict::InOrder(figures) => Ok(vec![format!("in order: {figures}")]),
    }
}

fn add(world: &mut Value, (block, claim): (Value, Value)) {
    world["prefixBlocks"].as_array_mut().unwrap().push(block);
    world["prefixClaims"].as_array_mut().unwrap().push(claim);
}

#[test]
fn a_world_in_order_is_told_by_its_figures() -> Result<()> {
    let in_order = r#"in order: {"blocks":2,"bound":2,"claims":3,"refused PoolExhausted":1}"#;
    assert_eq!(said(|_| {})?, [in_order]);
    Ok(())
}

#[test]
fn every_kind_of_wrong_is_named_in_its_own_words() -> Result<()> {
    type Case = (fn(&mut Value), &'static [&'static str]);
    let cases: [Case; 10] = [
        (
            |w| add(w, system("3fff:a10:1100::/60", "cccccc")),
            &[
                r#"length: 3fff:a10:1100::/60 is of level "System""#,
                "overlap: 3fff:a10:1100::/56 of aaaaaa and 3fff:a10:1100::/60 of cccccc",
            ],
        ),
        (
            |w| {
                let claimed = claim("agency-ag-63", "Commune", "3fff:a10:1100::/52");
                let inside = block("3fff:a10:1100::/52", "3fff:a10:1100::/40", "uid-plan", "Commune", "agency-ag-63");
                add(w, (inside, claimed));
            },
            &[
                "overlap: 3fff:a10:1100::/48 of ag-62 and 3fff:a10:1100::/52 of ag-63",
                "overlap: 3fff:a10:1100::/52 of ag-63 and 3fff:a10:1100::/56 of aaaaaa",
                "parent: 3fff:a10:1100::/40 is no pool of the plan for Commune 3fff:a10:1100::/52",
            ],
        ),
        (
            |w| drop(w["prefixClaims"].as_array_mut().unwrap().remove(1)),
            &["leak: 3fff:a10:1100::/56 is Confirmed and claim tenant-aaaaaa is gone"],
        ),
        (
            |w| w["prefixClaims"][1]["metadata"]["uid"] = json!("uid-of-a-namesake"),
            &[
                "leak: 3fff:a10:1100::/56 is Confirmed and claim tenant-aaaaaa is gone",
                "unproved: claim tenant-aaaaaa has 3fff:a10:1100::/56, whose block is of claim tenant-aaaaaa",
            ],
        ),
        (
            |w| w["prefixBlocks"][1]["spec"]["state"] = json!("Pending"),
            &[
                "leak: 3fff:a10:1100::/56 stays Pending for claim tenant-aaaaaa",
                "unproved: claim tenant-aaaaaa has 3fff:a10:1100::/56, which is Pending",
            ],
        ),
        (
            |w| drop(w["prefixBlocks"].as_array_mut().unwrap().remove(1)),
            &["unproved: claim tenant-aaaaaa has 3fff:a10:1100::/56, which no block locks"],
        ),
        (
            |w| {
                let mut second = system("3fff:a10:1100:100::/56", "aaaaaa").0;
                second["metadata"]["uid"] = json!("another");
                w["prefixBlocks"].as_array_mut().unwrap().push(second);
            },
            &[
                "leak: 3fff:a10:1100:100::/56 is confirmed and claim tenant-aaaaaa does not have it",
                "twice: claim tenant-aaaaaa has 3fff:a10:1100::/56 and 3fff:a10:1100:100::/56",
            ],
        ),
        (
            |w| w["prefixBlocks"][1]["spec"]["parentUID"] = json!("an-earlier-one"),
            &["parent: 3fff:a10:1100::/56 was numbered in another 3fff:a10:1100::/48"],
        ),
        (
            |w| w["prefixBlocks"][1]["metadata"]["name"] = json!("3fff-a10-1100-0000---56"),
            &[
                "name: 3fff-a10-1100-0000---56 is the lock on 3fff:a10:1100::/56, whose name is 3fff-a10-1100---56",
                "unproved: claim tenant-aaaaaa has 3fff:a10:1100::/56, which no block locks",
            ],
        ),
        (
            |w| w["prefixClaims"][2]["status"]["conditions"][0]["reason"] = json!("AddressPending"),
            &[r#"unanswered: claim tenant-bbbbbb is neither bound nor refused: "AddressPending""#],
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(said(change)?, expected);
    }
    Ok(())
}
