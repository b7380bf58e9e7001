//! S15: objects of other projects, whatever they hold, are planned around.

use berth_fuzz::Decoder;

use super::*;

#[test]
fn objects_of_other_projects_may_say_anything() {
    let exposed = || merge(zones(), json!({"exposure": ["Internet"]}));
    let status = json!({"conditions": [{"type": "Allocatable", "status": "True", "reason": "a", "message": "m"}], "availableIPv6": 7,
        "assignedIPv6": 3, "ipam": {"operator-status": {"error": "exhausted"}, "used": {"3fff:a10:1180:8000::1": {"owner": "a/b"}}}});
    let cases = [cilium(Families::Dual), calico(Families::Dual, &["status.conditions"]), metallb()].map(|offers| {
        Case::new(exposed(), 3, offers).seeing(vec![shared_ipv4(), pools_node()]).written(status.clone())
    });
    let theirs = json!({"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "theirs", "namespace": "net"},
        "spec": {"addresses": ["3fff:a10:1180:8000::1-3fff:a10:1180:8000::ff", "198.51.100.0-198.51.100.255"]}});
    let seeds: Vec<Value> = cases.iter().flat_map(|case| case.seen.objects.clone()).chain([theirs]).collect();
    let mut cases = cases;
    let mut at = 0;
    Decoder::new("objects of networks").inputs(1_000).values(&seeds, |object| {
        at = (at + 1) % cases.len();
        let case = &mut cases[at];
        // Beside the others, and in the place of one of them.
        let place = at % case.seen.objects.len();
        let sound = std::mem::replace(&mut case.seen.objects[place], object.clone());
        case.seen.objects.push(object.clone());
        let _ = (case.plan().told(&case.input()), retire("aaaaaa-prod", &[], &case.seen));
        case.seen.objects.pop();
        case.seen.objects[place] = sound;
    });
}
