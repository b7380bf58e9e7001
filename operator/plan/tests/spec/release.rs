//! Release, give-back and collection (reference/ipv6.md §2.4 steps 6 to 8, §2.6): who gets what when, by whose clock.

use std::collections::BTreeSet;

use berth_crds::address::BlockState;
use berth_crds::{ConditionType, PrefixBlock, PrefixClaim, Reason, condition, labels, names};
use berth_plan::address;
use berth_plan::claim::{Answer, Call, Known, Memory, Parent, ParentBlock, step};
use berth_plan::collect::{self, Sweep, is_wanted};
use ipnet::Ipv6Net;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time};
use serde_json::{Value, json};

use crate::world::{at, kind};

const CIDR: &str = "3fff:a10:1180::/56";
const PARENT: &str = "3fff:a10:1180::/48";

fn net(text: &str) -> Ipv6Net {
    address::parse(text).unwrap()
}

/// The claim of tenant `name`, whose object has this UID.
fn claim(name: &str, claimant_uid: &str, uid: &str, wish: Option<&str>) -> PrefixClaim {
    let spec = json!({"level": "System", "siteRef": {"name": "dc1"}, "parentClaimRef": {"name": "agency-ag-62"},
        "claimant": {"kind": "Tenant", "name": name, "uid": claimant_uid}, "requestedCIDR": wish});
    let mut claim: PrefixClaim = kind("PrefixClaim", &names::tenant_claim(name), spec);
    claim.metadata.uid = Some(uid.into());
    claim.metadata.finalizers = Some(vec![labels::PREFIX_FINALIZER.into()]);
    claim
}

fn leaving(mut claim: PrefixClaim, status: Value) -> PrefixClaim {
    claim.metadata.deletion_timestamp = Some(at("10:00"));
    claim.status = Some(serde_json::from_value(status).unwrap());
    claim
}

/// The block of tenant `aaaaaa` (UID `t-1`) by claim `c-1`, last written by the API server at `written`.
fn block(state: BlockState, until: Option<&str>, written: &str) -> PrefixBlock {
    let spec = json!({"cidr": CIDR, "parent": PARENT, "parentUID": "parent-0", "level": "System",
        "claimRef": {"name": "tenant-aaaaaa", "uid": "c-1"}, "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "t-1"},
        "state": state, "quarantineUntil": until});
    let mut block: PrefixBlock = kind("PrefixBlock", &names::block(CIDR), spec);
    block.metadata.uid = Some("b-1".into());
    let time = Some(Time(written.parse().unwrap()));
    block.metadata.managed_fields = Some(vec![ManagedFieldsEntry { time, ..Default::default() }]);
    block
}

fn known(taken: &[&str], returning: &[&str]) -> Known {
    let nets = |texts: &[&str]| texts.iter().map(|t| net(t)).collect::<BTreeSet<_>>();
    let parent = Parent::Blocks(vec![ParentBlock { uid: "parent-0".into(), cidr: net(PARENT) }]);
    Known { taken: nets(taken), returning: nets(returning), ..Known::new(parent, 56, at("10:00")) }
}

fn found(block: PrefixBlock) -> Answer {
    Answer::Found(Some(Box::new(block)))
}

fn written(call: Call) -> PrefixBlock {
    let Call::WriteBlock(block) = call else { panic!("no write: {call:?}") };
    *block
}

#[test]
fn a_claim_that_goes_leaves_its_block_in_quarantine_and_counts_what_is_below_only_after_it_said_so() {
    let bound = json!({"candidate": CIDR, "bound": {"cidr": CIDR, "blockUID": "b-1"}});
    let mut memory = Memory::new(leaving(claim("aaaaaa", "t-1", "c-1", None), bound));
    let known = known(&[], &[]);
    assert_eq!(step(&mut memory, &known, Answer::Start), Call::GetBlock(names::block(CIDR)));
    let releasing =
        written(step(&mut memory, &known, found(block(BlockState::Confirmed, None, "2026-11-01T00:00:00Z"))));
    assert_eq!(releasing.spec.state, BlockState::Releasing);
    let releasing = block(BlockState::Releasing, None, "2026-11-24T08:00:00Z");
    let call = step(&mut memory, &known, Answer::Block(Box::new(releasing.clone())));
    assert_eq!(call, Call::ListChildren(Box::new(releasing)));
    let Call::ListUsers(users) = step(&mut memory, &known, Answer::Children(0)) else {
        panic!("users are not counted")
    };
    assert_eq!((users.name.as_str(), users.uid.as_str()), ("aaaaaa", "t-1"));
    let quarantined = written(step(&mut memory, &known, Answer::Users(0)));
    assert_eq!(quarantined.spec.state, BlockState::Quarantined);
    // Thirty days after the API server wrote `Releasing`, whatever our own clock says.
    assert_eq!(quarantined.spec.quarantine_until.as_deref(), Some("2026-12-24T08:00:00Z"));
    let Call::LetGo(gone) = step(&mut memory, &known, Answer::Block(Box::new(quarantined))) else { panic!("it stays") };
    assert_eq!(gone.metadata.finalizers, Some(vec![]));
}

#[test]
fn a_block_in_use_stays_and_its_claim_says_so() {
    let bound = json!({"candidate": CIDR, "bound": {"cidr": CIDR, "blockUID": "b-1"}});
    for answers in [vec![Answer::Children(1)], vec![Answer::Children(0), Answer::Users(1)]] {
        let mut memory = Memory::new(leaving(claim("aaaaaa", "t-1", "c-1", None), bound.clone()));
        let known = known(&[], &[]);
        step(&mut memory, &known, Answer::Start);
        step(&mut memory, &known, found(block(BlockState::Releasing, None, "2026-11-24T08:00:00Z")));
        let call = answers.into_iter().map(|answer| step(&mut memory, &known, answer)).last().unwrap();
        let Call::WriteClaim(claim) = call else { panic!("nobody is told: {call:?}") };
        let ready = condition::get(&claim.status.as_ref().unwrap().conditions, ConditionType::Ready).unwrap();
        assert_eq!(ready.reason, Reason::StillInUse.as_str());
        assert_eq!(step(&mut memory, &known, Answer::Claim(claim)), Call::Wait(Reason::StillInUse));
    }
}

#[test]
fn a_claim_that_goes_touches_no_block_of_another_and_deletes_its_own_pending_one() {
    let intent = json!({"candidate": CIDR});
    let go = |uid: &str, state| {
        let mut memory = Memory::new(leaving(claim("aaaaaa", "t-1", uid, None), intent.clone()));
        let known = known(&[], &[]);
        step(&mut memory, &known, Answer::Start);
        step(&mut memory, &known, found(block(state, None, "2026-11-24T08:00:00Z")))
    };
    assert!(matches!(go("c-1", BlockState::Pending), Call::DeleteBlock(_)));
    assert!(matches!(go("c-2", BlockState::Confirmed), Call::LetGo(_)));
    let mut memory = Memory::new(leaving(claim("aaaaaa", "t-1", "c-1", None), json!({})));
    assert!(matches!(step(&mut memory, &known(&[], &[]), Answer::Start), Call::LetGo(_)), "it never had one");
}

/// The calls after a POST of `CIDR` met a block in quarantine.
fn meets_quarantine(claim: PrefixClaim) -> Call {
    let mut claim = claim;
    claim.status = Some(serde_json::from_value(json!({"candidate": CIDR})).unwrap());
    let mut memory = Memory::new(claim);
    let known = known(&[], &[]);
    assert!(matches!(step(&mut memory, &known, Answer::Start), Call::CreateBlock(_)));
    assert_eq!(step(&mut memory, &known, Answer::Taken), Call::GetBlock(names::block(CIDR)));
    step(
        &mut memory,
        &known,
        found(block(BlockState::Quarantined, Some("2026-12-24T08:00:00Z"), "2026-11-24T08:00:00Z")),
    )
}

#[test]
fn a_block_in_quarantine_goes_back_to_the_same_claimant_and_to_nobody_of_the_same_name() {
    let back = written(meets_quarantine(claim("aaaaaa", "t-1", "c-2", None)));
    assert_eq!(
        (back.spec.state, back.spec.quarantine_until.as_deref(), back.spec.claim_ref.uid.as_str()),
        (BlockState::Pending, Some("2026-12-24T08:00:00Z"), "c-2")
    );
    for foreign in [claim("aaaaaa", "t-2", "c-2", None), claim("bbbbbb", "t-1", "c-2", None)] {
        let Call::WriteClaim(cleared) = meets_quarantine(foreign) else { panic!("it was handed over") };
        assert_eq!(cleared.status.unwrap().candidate, None);
    }
}

/// The block of `CIDR` as it was handed back to claim `c-2`, whose quarantine would have lasted until Christmas.
fn handed_back() -> PrefixBlock {
    written(meets_quarantine(claim("aaaaaa", "t-1", "c-2", None)))
}

#[test]
fn a_block_that_was_handed_back_keeps_the_rest_of_its_quarantine_until_it_is_confirmed() {
    let until = Some("2026-12-24T08:00:00Z");
    let back = handed_back();
    assert_eq!((back.spec.state, back.spec.quarantine_until.as_deref()), (BlockState::Pending, until));
    // The claim goes before it is confirmed: nobody else gets the prefix before its day.
    let mut memory = Memory::new(leaving(claim("aaaaaa", "t-1", "c-2", None), json!({"candidate": CIDR})));
    step(&mut memory, &known(&[], &[]), Answer::Start);
    let kept = written(step(&mut memory, &known(&[], &[]), found(back.clone())));
    assert_eq!((kept.spec.state, kept.spec.quarantine_until.as_deref()), (BlockState::Quarantined, until));
    assert!(matches!(step(&mut memory, &known(&[], &[]), Answer::Block(Box::new(kept))), Call::LetGo(_)));
    // Nor when the collector finds it.
    let mut sweep = Sweep::new(names::block(CIDR));
    let now = "2026-11-25T08:00:00Z".parse::<Timestamp>().unwrap();
    collect::step(&mut sweep, now, found(back.clone()));
    let kept = written(collect::step(&mut sweep, now, Answer::FoundClaim(None)));
    assert_eq!((kept.spec.state, kept.spec.quarantine_until.as_deref()), (BlockState::Quarantined, until));
    let waits = collect::step(&mut sweep, now, Answer::Block(Box::new(kept)));
    assert_eq!(waits, Call::After(SignedDuration::from_hours(29 * 24)));
}

#[test]
fn a_block_that_was_handed_back_under_a_parent_that_is_gone_returns_to_quarantine_and_another_is_chosen() {
    let mut memory = Memory::new(claim("aaaaaa", "t-1", "c-2", None));
    memory.claim.status = Some(serde_json::from_value(json!({"candidate": CIDR})).unwrap());
    let known = known(&[CIDR], &[CIDR]);
    step(&mut memory, &known, Answer::Start);
    step(&mut memory, &known, Answer::Taken);
    let until = "2026-12-24T08:00:00Z";
    let back = step(&mut memory, &known, found(block(BlockState::Quarantined, Some(until), "2026-11-24T08:00:00Z")));
    let verify = step(&mut memory, &known, Answer::Block(Box::new(written(back))));
    assert_eq!(verify, Call::GetParent(names::block(PARENT)));
    let kept = written(step(&mut memory, &known, Answer::Parent(None)));
    assert_eq!((kept.spec.state, kept.spec.quarantine_until.as_deref()), (BlockState::Quarantined, Some(until)));
    let Call::WriteClaim(cleared) = step(&mut memory, &known, Answer::Block(Box::new(kept))) else { panic!("stuck") };
    let Call::WriteClaim(next) = step(&mut memory, &known, Answer::Claim(cleared)) else { panic!("no further intent") };
    assert_eq!(next.status.unwrap().candidate.as_deref(), Some("3fff:a10:1180:8000::/56"));
}

#[test]
fn a_block_that_was_handed_back_is_numbered_in_the_plan_of_today() {
    let spec = json!({"level": "Agency", "siteRef": {"name": "dc1"},
        "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "t-1"}});
    let again = |pools: Vec<&str>| {
        let mut claim: PrefixClaim = kind("PrefixClaim", "agency-ag-62", spec.clone());
        claim.status = Some(serde_json::from_value(json!({"candidate": CIDR})).unwrap());
        let pools = Parent::Pools { uid: "plan-2".into(), pools: pools.into_iter().map(net).collect() };
        let (mut memory, known) = (Memory::new(claim), Known::new(pools, 56, at("10:00")));
        memory.claim.metadata.uid = Some("c-2".into());
        step(&mut memory, &known, Answer::Start);
        let until = Some("2026-12-24T08:00:00Z");
        step(&mut memory, &known, found(block(BlockState::Quarantined, until, "2026-11-24T08:00:00Z")))
    };
    let back = written(again(vec![PARENT]));
    assert_eq!((back.spec.parent_uid.as_str(), back.spec.claim_ref.uid.as_str()), ("plan-2", "c-2"));
    // Another parent around it is another place: the block stays where it is kept.
    let Call::WriteClaim(cleared) = again(vec!["3fff:a10:1100::/40"]) else { panic!("it was moved") };
    assert_eq!(cleared.status.unwrap().candidate, None);
}

#[test]
fn what_a_claimant_had_is_intended_first_and_a_wish_that_is_not_followed_says_why() {
    let second = "3fff:a10:1180:8000::/56";
    let cases = [
        (None, vec![CIDR], vec![CIDR], CIDR, "what it had", None),
        (Some(second), vec![], vec![], second, "", None),
        (Some(CIDR), vec![CIDR], vec![], second, "", Some("3fff:a10:1180::/56 is taken.")),
        (Some("3fff:a10:1180::/52"), vec![], vec![], CIDR, "", Some("3fff:a10:1180::/52 is not a /56.")),
        (Some("3fff:b10::/56"), vec![], vec![], CIDR, "", Some("3fff:b10::/56 lies outside 3fff:a10:1180::/48.")),
        (
            Some(CIDR),
            vec!["3fff:a10:1180::/60"],
            vec![],
            second,
            "",
            Some("3fff:a10:1180::/56 overlaps 3fff:a10:1180::/60, which is taken."),
        ),
    ];
    for (wish, taken, returning, expected, case, refused) in cases {
        let mut memory = Memory::new(claim("aaaaaa", "t-1", "c-2", wish));
        let Call::WriteClaim(claim) = step(&mut memory, &known(&taken, &returning), Answer::Start) else {
            panic!("{case}")
        };
        let status = claim.status.clone().unwrap();
        assert_eq!((status.candidate.as_deref(), status.wish_refused.as_deref()), (Some(expected), refused), "{case}");
        assert!(status.choice.unwrap().starts_with(expected), "{case}");
    }
}

#[test]
fn a_block_is_wanted_by_the_claim_that_is_bound_to_it_or_intends_it_and_is_bound_to_no_other() {
    let block = block(BlockState::Confirmed, None, "2026-11-24T08:00:00Z");
    let with = |uid: &str, status: Value| {
        let mut claim = claim("aaaaaa", "t-1", uid, None);
        claim.status = Some(serde_json::from_value(status).unwrap());
        is_wanted(&block, Some(&claim))
    };
    let bound = |uid: &str| json!({"candidate": CIDR, "bound": {"cidr": CIDR, "blockUID": uid}});
    assert!(with("c-1", bound("b-1")) && with("c-1", json!({"candidate": CIDR})));
    assert!(!with("c-1", bound("b-0")), "bound to a block of the same name that is gone");
    assert!(!with("c-2", bound("b-1")), "another claim of the same name");
    assert!(!with("c-1", json!({"candidate": "3fff:a10:1180:8000::/56"})) && !with("c-1", json!({})));
    assert!(!is_wanted(&block, None));
}

#[test]
fn a_quarantine_ends_when_the_api_server_says_so_not_when_our_clock_does() {
    let until = "2026-12-24T08:00:00Z";
    let look = |written: &str| found(block(BlockState::Quarantined, Some(until), written));
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let mut sweep = Sweep::new(names::block(CIDR));
    let early = collect::step(&mut sweep, time("2026-12-24T07:00:00Z"), look("2026-11-24T08:00:00Z"));
    assert_eq!(early, Call::After(SignedDuration::from_hours(1)));
    // Our clock is past the end: a touch asks the API server, whose clock is an hour behind.
    let touched = written(collect::step(&mut sweep, time("2026-12-24T09:00:00Z"), look("2026-11-24T08:00:00Z")));
    assert_eq!(touched.spec.state, BlockState::Quarantined);
    let told = |written: &str| Answer::Block(Box::new(block(BlockState::Quarantined, Some(until), written)));
    let later = collect::step(&mut sweep, time("2026-12-24T09:00:00Z"), told("2026-12-24T07:00:00Z"));
    assert_eq!(later, Call::After(SignedDuration::from_hours(1)));
    let over = collect::step(&mut sweep, time("2026-12-24T09:00:00Z"), told("2026-12-24T08:00:00Z"));
    assert!(matches!(over, Call::DeleteBlock(_)));
}

#[test]
fn a_confirmed_block_without_a_claim_goes_through_the_whole_release_and_is_not_deleted() {
    let mut sweep = Sweep::new(names::block(CIDR));
    let now = "2026-11-24T08:00:00Z".parse::<Timestamp>().unwrap();
    let call = collect::step(&mut sweep, now, found(block(BlockState::Confirmed, None, "2026-11-24T08:00:00Z")));
    assert_eq!(call, Call::GetClaim("tenant-aaaaaa".into()));
    assert_eq!(written(collect::step(&mut sweep, now, Answer::FoundClaim(None))).spec.state, BlockState::Releasing);
    let releasing = Answer::Block(Box::new(block(BlockState::Releasing, None, "2026-11-24T08:00:00Z")));
    assert!(matches!(collect::step(&mut sweep, now, releasing), Call::ListChildren(_)));
    assert!(matches!(collect::step(&mut sweep, now, Answer::Children(0)), Call::ListUsers(_)));
    let quarantined = written(collect::step(&mut sweep, now, Answer::Users(0)));
    assert_eq!(quarantined.spec.quarantine_until.as_deref(), Some("2026-12-24T08:00:00Z"));
    let waits = collect::step(&mut sweep, now, Answer::Block(Box::new(quarantined)));
    assert_eq!(waits, Call::After(SignedDuration::from_hours(30 * 24)));
}
