//! Address back ends against ipv6 §1 and what was measured of Cilium (both cited row by row).

mod decoding;

use std::collections::BTreeMap;

use berth_crds::condition::Is;
use berth_crds::{Environment, Reason};
use berth_plan::backend::{
    self, Families, Input, Object, Occupancy, Offered, Offers, Plan, Schema, Scope, Seen, Step, Unfit, retire,
};
use berth_plan::desired::Desired;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use crate::desired::{plan_of, zones};
use crate::world::*;

fn offered(group: &str, kind: &str, version: &str, scope: Scope, fields: &[&str]) -> Offered {
    let schema = Schema::Fields(fields.iter().map(|f| (*f).to_owned()).collect());
    let plural = format!("{}s", kind.to_lowercase());
    Offered { group: group.into(), kind: kind.into(), plural, version: version.into(), scope, schema }
}

/// Cilium 1.20: the fields that the renderer asks for.
fn cilium(families: Families) -> Offers {
    let pool = ["spec.ipv6.cidrs[]:string", "spec.ipv6.maskSize:integer", "spec.namespaceSelector"];
    let kinds = vec![
        offered("cilium.io", "CiliumPodIPPool", "v2alpha1", Scope::Cluster, &pool),
        offered("cilium.io", "CiliumLoadBalancerIPPool", "v2", Scope::Cluster, &["spec.blocks[].cidr:string"]),
        offered(
            "cilium.io",
            "CiliumBGPAdvertisement",
            "v2",
            Scope::Cluster,
            &["spec.advertisements[].advertisementType=CiliumPodIPPool"],
        ),
    ];
    Offers { kinds, families }
}

fn calico(families: Families, more: &[&str]) -> Offers {
    let fields = [&["spec.cidr:string", "spec.blockSize:integer", "spec.allowedUses"], more].concat();
    Offers { kinds: vec![offered("projectcalico.org", "IPPool", "v3", Scope::Cluster, &fields)], families }
}

fn metallb() -> Offers {
    let pool = ["spec.addresses[]:string", "spec.serviceAllocation.namespaces[]:string", "status.availableIPv6"];
    let kinds = vec![
        offered("metallb.io", "IPAddressPool", "v1beta1", Scope::Namespaced, &pool),
        offered("metallb.io", "BGPAdvertisement", "v1beta1", Scope::Namespaced, &["spec.ipAddressPools[]:string"]),
    ];
    Offers { kinds, families: Families::Ipv6 }
}

/// An environment, what is desired of it, and what the cluster is.
struct Case {
    environment: Environment,
    desired: Desired,
    offers: Offers,
    seen: Seen,
}

impl Case {
    fn new(with: Value, level: i64, offers: Offers) -> Self {
        let environment = environment("aaaaaa-prod", "Prod", with);
        let desired = plan_of(&environment, level).unwrap();
        Self { environment, desired, offers, seen: Seen::default() }
    }

    fn seeing(mut self, objects: Vec<Value>) -> Self {
        self.seen.objects.extend(objects);
        self
    }

    fn input(&self) -> Input<'_> {
        let families = self.offers.families;
        Input {
            environment: &self.environment,
            desired: &self.desired,
            families,
            offers: &self.offers,
            seen: &self.seen,
        }
    }

    fn plan(&self) -> Plan {
        backend::plan(&self.input())
    }

    /// Why the plan cannot be carried.
    fn unfit(&self) -> String {
        let plan = self.plan();
        assert_eq!(plan.objects, Vec::<Object>::new(), "all or nothing");
        let Unfit(why) = plan.unfit.clone().unwrap();
        assert_eq!(plan.told(&self.input()), backend::Told::new(Reason::BackEndUnfit, why.clone()));
        why
    }

    /// The same with everything that is planned written, and `status` on each object.
    fn written(mut self, status: Value) -> Self {
        let objects =
            self.plan().objects.iter().map(|o| merge(o.to_value(), json!({"status": status}))).collect::<Vec<_>>();
        self.seen.objects.extend(objects);
        self
    }

    fn told(&self) -> (Reason, Is) {
        let told = self.plan().told(&self.input());
        (told.reason, told.is())
    }

    /// Next acts after the environment was given up, as words.
    fn leaving(&self, seen: &Seen) -> Vec<String> {
        let word = |step: Step| match step {
            Step::Stop { object, patch } => format!("stop {} {patch}", object["kind"].as_str().unwrap()),
            Step::Wait { object, why } => format!("wait {}: {why}", object["kind"].as_str().unwrap()),
            Step::Delete { object } => format!("delete {}", object["kind"].as_str().unwrap()),
        };
        retire("aaaaaa-prod", &[], seen).into_iter().map(word).collect()
    }
}

fn node(spec: Value) -> Value {
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": "n1"}, "spec": {"ipam": spec}})
}

fn pools_node() -> Value {
    node(json!({"pools": {"requested": [{"pool": "default"}]}}))
}

fn shared_ipv4() -> Value {
    json!({"apiVersion": "cilium.io/v2alpha1", "kind": "CiliumPodIPPool",
        "metadata": {"name": "shared4", "labels": {"berth.dev/shared-pool": "IPv4"}},
        "spec": {"ipv4": {"cidrs": ["10.0.0.0/16"], "maskSize": 26}}})
}

fn keys(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn names(plan: &Plan) -> Vec<String> {
    plan.objects.iter().map(|o| format!("{} {}", o.kind.kind, o.name)).collect()
}

#[test]
fn cilium_gets_one_pool_per_leaf_sixteen_bits_per_node_and_the_namespace_waits_without_it() {
    let plan = Case::new(json!({}), 1, cilium(Families::Ipv6)).plan();
    assert_eq!(
        names(&plan),
        ["CiliumPodIPPool p6-3fff-a10-1180-8000---64", "CiliumBGPAdvertisement berth-aaaaaa-prod"]
    );
    assert_eq!(plan.objects[0].version, "v2alpha1");
    let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": "aaaaaa-prod"}});
    let ipv6 = json!({"cidrs": ["3fff:a10:1180:8000::/64"], "maskSize": 80});
    assert_eq!(plan.objects[0].spec, json!({"ipv6": ipv6, "namespaceSelector": selector}));
    let wanted = keys(&[
        ("ipam.cilium.io/ipv6-pool", "p6-3fff-a10-1180-8000---64"),
        ("ipam.cilium.io/require-pool-match", "true"),
    ]);
    assert_eq!(plan.annotations, BTreeMap::from([("aaaaaa-prod".to_owned(), wanted)]));
}

#[test]
fn zones_have_pools_of_their_own_and_no_two_share_a_prefix() {
    let plan = Case::new(zones(), 3, cilium(Families::Ipv6)).plan();
    let prefixes: Vec<String> = plan.objects.iter().flat_map(Object::prefixes).map(|p| p.to_string()).collect();
    let leaf = |nibble: &str| format!("3fff:a10:1180:800{nibble}::/64");
    assert_eq!(prefixes, ["7", "0", "8", "5"].map(leaf));
    assert_eq!(plan.annotations.len(), 4);
}

#[test]
fn a_dual_stack_cluster_needs_a_shared_ipv4_pool_or_nothing_is_rendered_on_cilium() {
    let case = Case::new(json!({}), 1, cilium(Families::Dual));
    assert!(case.unfit().contains("`berth.dev/shared-pool: IPv4`"), "{}", case.unfit());
    // Pods must wait even so, not take addresses of the default pool.
    assert_eq!(case.plan().annotations["aaaaaa-prod"], keys(&[("ipam.cilium.io/require-pool-match", "true")]));
    let case = case.seeing(vec![shared_ipv4()]);
    assert_eq!(case.plan().annotations["aaaaaa-prod"]["ipam.cilium.io/ipv4-pool"], "shared4");
    let only = Input { families: Families::Ipv6, ..case.input() };
    let Unfit(why) = backend::plan(&only).unfit.unwrap();
    assert!(why.contains("no environment can be IPv6 only"), "{why}");
}

#[test]
fn a_shape_that_is_not_known_is_refused_and_a_later_version_with_the_known_one_is_taken() {
    let odd = offered("cilium.io", "CiliumPodIPPool", "v2", Scope::Cluster, &["spec.ipv6.cidrs[]:object"]);
    let mut offers = cilium(Families::Ipv6);
    offers.kinds.insert(0, odd.clone());
    assert_eq!(Case::new(json!({}), 1, offers).plan().objects[0].version, "v2alpha1");
    let case = Case::new(json!({}), 1, Offers { kinds: vec![odd], families: Families::Ipv6 });
    assert!(case.unfit().contains("a shape that is not known"), "{}", case.unfit());
}

#[test]
fn cilium_without_pools_on_its_nodes_is_not_a_back_end() {
    let case = Case::new(json!({}), 1, cilium(Families::Ipv6));
    let case = case.seeing(vec![node(json!({"podCIDRs": ["3fff:a10:1000::/64"]}))]);
    assert_eq!((names(&case.plan()), case.told()), (vec![], (Reason::NoBackEnd, Is::True)));
}

#[test]
fn a_pool_over_another_is_refused_before_it_is_written() {
    let over = |kind: &str, spec: Value| {
        json!({"apiVersion": format!("{}/v1", if kind == "IPAddressPool" { "metallb.io" } else { "cilium.io" }),
            "kind": kind, "metadata": {"name": "theirs"}, "spec": spec})
    };
    for other in [
        over("CiliumPodIPPool", json!({"ipv6": {"cidrs": ["3fff:a10:1180::/48"], "maskSize": 64}})),
        over("CiliumLoadBalancerIPPool", json!({"blocks": [{"cidr": "3fff:a10:1180:8000:0:1::/96"}]})),
        over("IPAddressPool", json!({"addresses": ["3fff:a10:1180:8000::1-3fff:a10:1180:8000::ff"]})),
    ] {
        let why = Case::new(json!({}), 1, cilium(Families::Ipv6)).seeing(vec![other]).unfit();
        assert!(why.starts_with("3fff:a10:1180:8000::/64 overlaps a foreign"), "{why}");
    }
    let apart = over("CiliumPodIPPool", json!({"ipv6": {"cidrs": ["3fff:a10:1000::/48"], "maskSize": 64}}));
    assert_eq!(Case::new(json!({}), 1, cilium(Families::Ipv6)).seeing(vec![apart]).plan().unfit, None);
}

#[test]
fn two_networks_at_once_are_refused() {
    let mut offers = cilium(Families::Ipv6);
    offers.kinds.extend(calico(Families::Ipv6, &[]).kinds);
    let why = Case::new(json!({}), 1, offers).unfit();
    assert!(why.starts_with("Cilium and Calico both offer"), "{why}");
}

#[test]
fn calico_gets_a_pool_without_tunnel_or_translation_and_only_fields_that_its_release_has() {
    let spec = |more: &[&str]| Case::new(json!({}), 1, calico(Families::Dual, more)).plan().objects[0].spec.clone();
    let base = json!({
        "cidr": "3fff:a10:1180:8000::/64", "blockSize": 122, "ipipMode": "Never", "vxlanMode": "Never",
        "natOutgoing": false, "nodeSelector": "all()", "disabled": false, "allowedUses": ["Workload"]
    });
    assert_eq!(spec(&[]), base);
    let selector = json!({"namespaceSelector": "kubernetes.io/metadata.name == 'aaaaaa-prod'"});
    assert_eq!(spec(&["spec.namespaceSelector"]), merge(base, selector));
}

#[test]
fn calico_serves_ipv6_only_and_both_families() {
    for (families, list) in [(Families::Ipv6, r#"["IPv6"]"#), (Families::Dual, r#"["IPv4","IPv6"]"#)] {
        let plan = Case::new(json!({}), 1, calico(families, &[])).plan();
        let wanted = keys(&[
            ("cni.projectcalico.org/ipFamilies", list),
            ("cni.projectcalico.org/ipv6pools", r#"["p6-3fff-a10-1180-8000---64"]"#),
        ]);
        assert_eq!(plan.annotations["aaaaaa-prod"], wanted);
    }
    let case = Case::new(json!({}), 1, calico(Families::Dual, &[]));
    let only = backend::plan(&Input { families: Families::Ipv6, ..case.input() });
    assert_eq!(only.annotations["aaaaaa-prod"]["cni.projectcalico.org/ipFamilies"], r#"["IPv6"]"#);
    assert!(Case::new(json!({}), 1, calico(Families::Ipv4, &[])).unfit().contains("no IPv6"));
}

#[test]
fn load_balancers_have_a_pool_only_where_the_environment_is_exposed_and_only_in_the_dmz() {
    assert_eq!(names(&Case::new(json!({}), 1, metallb()).plan()), Vec::<String>::new());
    let case = Case::new(merge(zones(), json!({"exposure": ["TSLCD"]})), 3, metallb());
    let plan = case.plan();
    let both = ["IPAddressPool l6-3fff-a10-1180-8001---64", "BGPAdvertisement l6-3fff-a10-1180-8001---64"];
    assert_eq!(names(&plan), both);
    assert_eq!(
        (plan.objects[0].namespace.as_deref(), &plan.objects[0].spec),
        (
            Some("metallb-system"),
            &json!({
                "addresses": ["3fff:a10:1180:8001::/64"], "autoAssign": true, "avoidBuggyIPs": false,
                "serviceAllocation": {"priority": 50, "namespaces": ["aaaaaa-prod-dmz"]}
            })
        )
    );
    let announced = json!({"ipAddressPools": ["l6-3fff-a10-1180-8001---64"], "aggregationLengthV6": 64});
    assert_eq!(plan.objects[1].spec, announced);
    let theirs = json!({"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
        "metadata": {"name": "platform", "namespace": "net"}, "spec": {"addresses": ["198.51.100.0/24"]}});
    let plan = case.seeing(vec![theirs]).plan();
    assert!(plan.objects.iter().all(|o| o.namespace.as_deref() == Some("net")), "where MetalLB's own objects are");
}

#[test]
fn what_the_back_ends_report_is_what_addressed_says() {
    let exposed = json!({"exposure": ["Internet"]});
    let reports = ["status.conditions"];
    let allocatable =
        |status: &str| json!({"conditions": [{"type": "Allocatable", "status": status, "reason": "CIDROverlap"}]});
    let conflict =
        |status: &str| json!({"conditions": [{"type": "cilium.io/PoolConflict", "status": status, "message": "m"}]});
    let fault = json!({"metadata": {"name": "n2"}, "status": {"ipam": {"operator-status": {"error": "pool p6-3fff-a10-1180-8000---64 is exhausted"}}}});
    let new = |offers| Case::new(exposed.clone(), 1, offers);
    let (served, waits, bad) =
        ((Reason::AddressesServed, Is::True), (Reason::BackEndPending, Is::Unknown), (Reason::BackEndFault, Is::False));
    let table = [
        (new(Offers::default()), (Reason::NoBackEnd, Is::True), "plain"),
        (new(cilium(Families::Ipv6)), waits, "nothing is written yet"),
        (new(cilium(Families::Ipv6)).written(conflict("False")), waits, "no node takes from pools"),
        (new(cilium(Families::Ipv6)).written(conflict("False")).seeing(vec![pools_node()]), served, "cilium"),
        (new(cilium(Families::Ipv6)).written(json!({})).seeing(vec![pools_node()]), waits, "services not looked at"),
        (new(cilium(Families::Ipv6)).written(conflict("True")).seeing(vec![pools_node()]), bad, "services overlap"),
        (
            new(cilium(Families::Ipv6)).written(conflict("False")).seeing(vec![merge(pools_node(), fault)]),
            bad,
            "node error",
        ),
        (new(calico(Families::Ipv6, &[])).written(json!({})), served, "calico without status"),
        (new(calico(Families::Ipv6, &reports)).written(json!({})), waits, "calico has not looked"),
        (new(calico(Families::Ipv6, &reports)).written(allocatable("True")), served, "calico"),
        (new(calico(Families::Ipv6, &reports)).written(allocatable("False")), bad, "overlap"),
        (new(metallb()).written(json!({})), waits, "metallb has not looked"),
        (
            new(metallb()).written(json!({"availableIPv6": i64::MAX})),
            (Reason::NoBackEnd, Is::True),
            "pods stay reserved",
        ),
    ];
    for (case, told, row) in table {
        assert_eq!(case.told(), told, "{row}");
    }
}

#[test]
fn a_pool_goes_only_when_no_pod_and_no_node_has_an_address_of_it() {
    let case = Case::new(json!({}), 1, cilium(Families::Ipv6)).written(json!({}));
    let mut seen = case.seen.clone();
    let stop = |seen: &mut Seen| {
        let steps = retire("aaaaaa-prod", &[], seen);
        for object in seen.objects.iter_mut() {
            for step in &steps {
                if let Step::Stop { object: which, patch } = step
                    && which["metadata"] == object["metadata"]
                    && which["kind"] == object["kind"]
                {
                    *object = merge(object.clone(), patch.clone());
                }
            }
        }
        steps.iter().any(|s| matches!(s, Step::Stop { .. }))
    };
    seen.namespaces.insert("aaaaaa-prod".into(), Occupancy::Holds { pods: 2, services: 0 });
    assert!(stop(&mut seen), "first no new use");
    let selector = &seen.objects[0]["spec"]["namespaceSelector"];
    assert_eq!(
        selector,
        &json!({"matchLabels": {"kubernetes.io/metadata.name": "berth.draining"}}),
        "which no namespace can have"
    );
    assert_eq!(
        case.leaving(&seen),
        [
            "wait CiliumBGPAdvertisement: 2 pods of \"aaaaaa-prod\" run",
            "wait CiliumPodIPPool: 2 pods of \"aaaaaa-prod\" run"
        ]
    );
    let holds =
        json!({"pools": {"allocated": [{"pool": "p6-3fff-a10-1180-8000---64", "cidrs": ["3fff:a10:1180:8000::/80"]}]}});
    seen.objects.push(node(holds));
    for pods in [Occupancy::Holds { pods: 0, services: 0 }, Occupancy::Gone] {
        seen.namespaces.insert("aaaaaa-prod".into(), pods);
        let all = case.leaving(&seen);
        assert!(all.iter().all(|s| s.ends_with("CiliumNode \"n1\" holds addresses of it")), "{all:?}");
    }
    seen.objects.pop();
    assert_eq!(case.leaving(&seen), ["delete CiliumBGPAdvertisement", "delete CiliumPodIPPool"]);
    seen.namespaces.clear();
    let unknown = case.leaving(&seen);
    assert!(unknown.iter().all(|s| s.ends_with("are not counted yet")), "not knowing counts as use: {unknown:?}");
}

#[test]
fn calico_disables_first_and_waits_for_its_blocks() {
    let case = Case::new(json!({}), 1, calico(Families::Ipv6, &[])).written(json!({}));
    let mut seen = case.seen.clone();
    seen.namespaces.insert("aaaaaa-prod".into(), Occupancy::Gone);
    assert_eq!(case.leaving(&seen), ["stop IPPool {\"spec\":{\"disabled\":true}}"]);
    seen.objects[0]["spec"]["disabled"] = json!(true);
    let block = |cidr: &str, deleted: Value| {
        json!({"apiVersion": "projectcalico.org/v3", "kind": "BlockAffinity",
        "spec": {"cidr": cidr, "node": "n1", "deleted": deleted}})
    };
    for (cidr, deleted, step) in [
        (
            "3fff:a10:1180:8000::40/122",
            json!("false"),
            "wait IPPool: node \"n1\" holds block \"3fff:a10:1180:8000::40/122\"",
        ),
        ("3fff:a10:1180:8000::40/122", json!(true), "delete IPPool"),
        ("3fff:a10:1180:9000::40/122", json!("false"), "delete IPPool"),
    ] {
        let mut seen = seen.clone();
        seen.objects.push(block(cidr, deleted));
        assert_eq!(case.leaving(&seen), [step]);
    }
}

#[test]
fn metallb_never_narrows_a_pool_and_waits_for_its_own_counters() {
    let case = Case::new(json!({"exposure": ["Internet"]}), 1, metallb())
        .written(json!({"availableIPv6": 1, "assignedIPv6": 1}));
    let mut seen = case.seen.clone();
    seen.namespaces.insert("aaaaaa-prod".into(), Occupancy::Holds { pods: 9, services: 0 });
    let first = [
        "wait BGPAdvertisement: MetalLB has given 1 addresses of it",
        "stop IPAddressPool {\"spec\":{\"autoAssign\":false}}",
    ];
    assert_eq!(case.leaving(&seen), first, "and nothing else of it");
    seen.objects[0]["spec"]["autoAssign"] = json!(false);
    let wait = ["BGPAdvertisement", "IPAddressPool"].map(|k| format!("wait {k}: MetalLB has given 1 addresses of it"));
    assert_eq!(case.leaving(&seen), wait);
    seen.objects[0]["status"]["assignedIPv6"] = json!(0);
    let away = ["delete BGPAdvertisement", "delete IPAddressPool"];
    assert_eq!(case.leaving(&seen), away, "pods have no part in it");
}

#[test]
fn what_is_not_ours_or_of_another_environment_is_never_taken_away() {
    let case = Case::new(json!({}), 1, cilium(Families::Ipv6)).written(json!({})).seeing(vec![shared_ipv4()]);
    let mut seen = case.seen.clone();
    assert!(retire("bbbbbb-prod", &[], &seen).is_empty());
    seen.objects.iter_mut().for_each(|o| o["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("argocd"));
    assert!(retire("aaaaaa-prod", &[], &seen).is_empty());
}

#[test]
fn a_decommissioned_environment_plans_no_pool_and_its_namespaces_stay_shut() {
    let gone = json!({"lifecycle": "Decommissioned"});
    let cilium = Case::new(gone.clone(), 1, cilium(Families::Ipv6)).plan();
    assert_eq!(
        (cilium.objects.len(), &cilium.annotations["aaaaaa-prod"]),
        (0, &keys(&[("ipam.cilium.io/require-pool-match", "true")]))
    );
    let calico = Case::new(gone, 1, calico(Families::Ipv6, &[])).plan();
    let pool = keys(&[("cni.projectcalico.org/ipv6pools", r#"["p6-3fff-a10-1180-8000---64"]"#)]);
    assert_eq!(calico.annotations["aaaaaa-prod"], pool, "a disabled pool by name, never the default one");
}

#[test]
fn a_schema_is_read_as_paths_types_and_values_of_its_served_versions() {
    let crd: CustomResourceDefinition = of(json!({"metadata": {"name": "ps.x"}, "spec": {
    "group": "x", "scope": "Namespaced", "names": {"kind": "P", "plural": "ps"},
    "versions": [
        {"name": "v1alpha1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "string", "enum": ["A"]}}}}}}}},
        {"name": "v2", "served": true, "storage": true},
        {"name": "v3", "served": false, "storage": false}
    ]}}));
    let offers = Offers::from(&crd);
    let fields =
        ["spec", "spec:object", "spec.list", "spec.list:array", "spec.list[]", "spec.list[]:string", "spec.list[]=A"];
    let one = |version: &str, schema| Offered {
        group: "x".into(),
        kind: "P".into(),
        plural: "ps".into(),
        version: version.into(),
        scope: Scope::Namespaced,
        schema,
    };
    let fields = Schema::Fields(fields.iter().map(|f| (*f).to_owned()).collect());
    assert_eq!(offers.kinds, [one("v2", Schema::Unpublished), one("v1alpha1", fields)]);
}

#[test]
fn families_follow_from_the_ranges_of_the_cluster() {
    let table = [
        (vec!["10.0.0.0/16", "3fff::/112"], Families::Dual),
        (vec!["3fff::/112"], Families::Ipv6),
        (vec!["10.0.0.0/16"], Families::Ipv4),
        (vec![], Families::Ipv6),
    ];
    for (cidrs, families) in table {
        assert_eq!(Families::of(cidrs), families);
    }
}

#[test]
fn a_condition_that_says_the_same_keeps_its_time() {
    let told = backend::Told::new(Reason::BackEndUnfit, "m");
    let mut fresh = Vec::new();
    backend::tell(&[], &mut fresh, &told, Some(1), &at("08:00"));
    let mut again: Vec<_> = Vec::new();
    backend::tell(&fresh, &mut again, &told, Some(1), &at("09:00"));
    // The planned conditions of the second pass said True meanwhile.
    let mut planned = fresh.clone();
    planned.iter_mut().for_each(|c| c.status = "Odd".into());
    backend::tell(&fresh, &mut planned, &told, Some(1), &at("09:00"));
    assert_eq!(planned, fresh);
    let said: Vec<_> = fresh.iter().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
    assert_eq!(said, [("Addressed", "False"), ("Ready", "False"), ("Reconciling", "False"), ("Stalled", "True")]);
}
