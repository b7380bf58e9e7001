//! A running namespace is taken over by its UID and by nothing else, keeps its name, and is given back as it was.

use berth_crds::environment::{Lifecycle, Stage, Zone};
use berth_crds::onboarding::Verdict;
use berth_crds::{Environment, Reason, labels};
use berth_plan::adoption::{self, Finding, Seen, When};
use berth_plan::backend::{self, Families, Offers, Plan};
use berth_plan::desired::{Desired, intended_names};
use berth_plan::{checks, life};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use crate::desired::{plan_of, zones};
use crate::world::*;

/// An environment that takes over `hoso`, by this UID or by none.
fn adopts(uid: Option<&str>) -> Environment {
    let entry = uid.map_or(json!({"name": "hoso"}), |uid| json!({"name": "hoso", "uid": uid}));
    environment("aaaaaa-prod", "Prod", json!({"adopt": [entry]}))
}

fn running(with: Value) -> Namespace {
    let base = json!({"metadata": {"name": "hoso", "uid": "uid-hoso", "resourceVersion": "7",
        "labels": {"kubernetes.io/metadata.name": "hoso", "team": "một cửa"}, "annotations": {"note": "x"}}});
    of(merge(base, json!({"metadata": with})))
}

fn desired(environment: &Environment) -> Desired {
    plan_of(environment, 1).unwrap()
}

#[test]
fn without_a_uid_nothing_follows_and_the_message_says_who_names_it() {
    let waits = adoption::pending(&adopts(None)).unwrap();
    assert_eq!(waits.reason, Reason::AdoptionPending);
    assert!(waits.message.contains("`berth admin adopt hoso --environment aaaaaa-prod`"), "{}", waits.message);
    assert_eq!(adoption::pending(&adopts(Some("uid-hoso"))), None);
    assert_eq!(adoption::pending(&environment("aaaaaa-prod", "Prod", json!({}))), None);
}

#[test]
fn an_adopted_namespace_keeps_its_name_in_everything_that_is_made_for_it() {
    let plan = desired(&adopts(Some("uid-hoso")));
    let n = &plan.namespaces[0];
    assert_eq!((n.name.as_str(), n.namespace.metadata.name.as_deref()), ("hoso", Some("hoso")));
    let within = [&n.limits.metadata, &n.quota.metadata]
        .into_iter()
        .chain(n.policies.iter().map(|o| &o.metadata))
        .chain(n.access.iter().map(|o| &o.metadata))
        .chain(n.accounts.iter().map(|o| &o.metadata));
    let foreign: Vec<_> = within.filter(|m| m.namespace.as_deref() != Some("hoso")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    // Whose it is, its labels say; peers find it by them as before.
    let label = |key: &str| n.namespace.metadata.labels.as_ref().unwrap()[key].as_str();
    assert_eq!((label(labels::ENVIRONMENT), label(labels::TENANT)), ("aaaaaa-prod", "aaaaaa"));
}

#[test]
fn of_a_zoned_environment_each_zone_keeps_the_name_of_its_own_namespace() {
    let names = ["cong", "hoso", "csdl", "quantri"];
    let adopt: Vec<Value> = ["dmz", "app", "db", "mgmt"]
        .iter()
        .zip(names)
        .map(|(zone, name)| json!({"zone": zone, "name": name, "uid": format!("uid-{name}")}))
        .collect();
    let environment = environment("aaaaaa-prod", "Prod", merge(zones(), json!({"adopt": adopt})));
    let planned: Vec<_> = plan_of(&environment, 3).unwrap().namespaces.into_iter().map(|n| (n.zone, n.name)).collect();
    let expected: Vec<_> = Zone::ALL.iter().zip(names).map(|(zone, name)| (Some(*zone), name.to_owned())).collect();
    assert_eq!(planned, expected);
    let intended: Vec<_> = intended_names(&environment).into_iter().map(|n| (n.zone, n.name)).collect();
    assert_eq!(intended, expected);
}

#[test]
fn what_is_another_the_systems_or_somebodys_is_not_taken_over() {
    let all = |environment: &Environment, found: &Namespace| {
        adoption::obstacles(environment, &environment.spec.adopt[0], found)
    };
    let good = adopts(Some("uid-hoso"));
    assert_eq!(all(&good, &running(json!({}))), Vec::<String>::new());
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}]);
    let cases = [
        (running(json!({"uid": "uid-new"})), "uid-new, not uid-hoso"),
        (running(json!({"deletionTimestamp": "2026-11-24T08:00:00Z"})), "being deleted"),
        (running(json!({"ownerReferences": owner})), "ownerReferences"),
        (running(json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}})), "\"Helm\" manages it"),
        (
            running(json!({"labels": {"app.kubernetes.io/managed-by": "berth-operator"}})),
            "\"berth-operator\" manages it",
        ),
        (running(json!({"labels": {"berth.dev/environment": "bbbbbb-prod"}})), "an environment's already"),
        (running(json!({"annotations": {"berth.dev/environment-uid": "uid-other"}})), "an environment's already"),
        (running(json!({"labels": {"capsule.clastix.io/tenant": "a"}})), "Capsule owns it"),
        (running(json!({"labels": {"hoso.tree.hnc.x-k8s.io/depth": "1"}})), "Hierarchical Namespace Controller"),
        (running(json!({"annotations": {"argocd.argoproj.io/tracking-id": "a"}})), "Argo CD owns it"),
        (running(json!({"name": "kube-system"})), "of the system"),
        (running(json!({"name": "default"})), "of the system"),
        (running(json!({"name": "berth-system"})), "of the system"),
        (running(json!({"name": "agency-ag-62"})), "an agency's papers"),
        (running(json!({"name": "bbbbbb-prod"})), "kept for another environment"),
        (running(json!({"name": "bbbbbb-staging-db"})), "kept for another environment"),
    ];
    for (found, why) in cases {
        let told = all(&good, &found);
        assert!(told.len() == 1 && told[0].contains(why), "{why}: {told:?}");
    }
    // A domain that only looks like one of theirs, and the name that the environment would give itself.
    let alike = running(json!({"labels": {"notcapsule.clastix.io/tenant": "a"}, "name": "aaaaaa-prod"}));
    assert_eq!(all(&good, &alike), Vec::<String>::new());
    assert_eq!(all(&adopts(None), &running(json!({}))), ["Nobody has named its UID."]);
}

#[test]
fn the_namespace_itself_must_carry_a_platform_operators_word_for_this_very_environment() {
    let environment = adopts(Some("uid-hoso"));
    let given = |to: &str| running(json!({"annotations": {(labels::ADOPT): to}}));
    assert_eq!(adoption::not_given(&environment, &given("aaaaaa-prod")), None);
    assert!(adoption::not_given(&environment, &given("bbbbbb-prod")).unwrap().contains("\"bbbbbb-prod\""));
    assert!(adoption::not_given(&environment, &running(json!({}))).is_some());
    // The word alone makes nobody the owner.
    assert_eq!(
        adoption::obstacles(&environment, &environment.spec.adopt[0], &given("aaaaaa-prod")),
        Vec::<String>::new()
    );
    assert!(adoption::was_adopted(&given("aaaaaa-prod")) && !adoption::is_ours(&environment, &given("aaaaaa-prod")));
}

#[test]
fn taking_over_writes_our_keys_onto_the_object_that_was_judged_and_giving_back_takes_exactly_them_away() {
    let environment = adopts(Some("uid-hoso"));
    let wanted = desired(&environment).namespaces.remove(0).namespace;
    let given = running(json!({"annotations": {(labels::ADOPT): "aaaaaa-prod"}}));
    let taken = adoption::taken(&environment, &wanted, &given);
    assert_eq!(
        taken,
        json!({"metadata": {
            "uid": "uid-hoso", "resourceVersion": "7",
            "annotations": {"berth.dev/environment-uid": "uid-aaaaaa-prod"},
            "labels": {
                "app.kubernetes.io/managed-by": "berth-operator", "app.kubernetes.io/part-of": "berth",
                "berth.dev/agency": "ag-62", "berth.dev/environment": "aaaaaa-prod", "berth.dev/level": "1",
                "berth.dev/tenant": "aaaaaa", "pod-security.kubernetes.io/audit": "baseline",
                "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "baseline"
            }
        }})
    );
    let after: Namespace = of(merge(serde_json::to_value(&given).unwrap(), taken));
    assert!(adoption::is_ours(&environment, &after));
    let before = running(json!({}));
    let back: Value = merge(serde_json::to_value(&after).unwrap(), adoption::given_back(&after));
    let mut left = before.clone();
    let level =
        ["audit", "enforce", "warn"].map(|mode| (format!("pod-security.kubernetes.io/{mode}"), "baseline".to_owned()));
    left.metadata.labels.as_mut().unwrap().extend(level);
    assert_eq!(of::<Namespace>(back), left, "all as it was, and what was guarded is not opened by leaving");
}

#[test]
fn an_adopted_environment_keeps_the_addresses_that_it_has() {
    let environment = adopts(Some("uid-hoso"));
    let desired = desired(&environment);
    let offers = Offers { kinds: Vec::new(), families: Families::Dual };
    let seen = backend::Seen::default();
    let input = backend::Input {
        environment: &environment,
        desired: &desired,
        families: Families::Dual,
        offers: &offers,
        seen: &seen,
    };
    assert_eq!(backend::plan(&input), Plan::nothing());
    assert_eq!(backend::plan(&input).told(&input).reason, Reason::AddressesKept);
}

#[test]
fn what_is_released_ends_at_once_and_is_a_record_afterwards_and_nothing_else_becomes_of_it() {
    let mut environment = adopts(Some("uid-hoso"));
    assert!(!life::is_given_back(&environment));
    environment.spec.lifecycle = Lifecycle::Released;
    assert!(life::is_given_back(&environment) && life::is_over(&environment));
    // No day, no signature: it is not removed, and what counts removals does not see it.
    assert!(!life::wants_removal(&environment, None, &[], today()));
    assert_eq!(life::next(&environment.spec, today()), None);
    let mut at = |stage| {
        environment.status.get_or_insert_default().stage = Some(stage);
        (life::is_leaving_for_good(&environment), life::is_removed(&environment), life::is_given_back(&environment))
    };
    assert_eq!(at(Stage::Removing), (true, false, true));
    assert_eq!(at(Stage::Removed), (true, true, false));
}

#[test]
fn a_paper_names_one_namespace_for_every_zone_of_its_level_and_none_that_is_kept() {
    let told = |level: i64, action: &str, adopt: Value| {
        let asked = json!({"spec": {"action": action, "system": {"level": level}, "environment": {"adopt": adopt}}});
        let (paper, profile, register) = (onboarding(asked), profile(json!({})), register());
        let complete = checks::all(&subject(&paper, "ag-62", &profile, &register, &[])).remove(1);
        assert_eq!(complete.id, "complete");
        (complete.result, complete.message)
    };
    let each = |names: [&str; 4]| -> Value {
        ["dmz", "app", "db", "mgmt"].iter().zip(names).map(|(zone, name)| json!({"zone": zone, "name": name})).collect()
    };
    let good = [(1, json!([{"name": "hoso"}])), (3, each(["a", "b", "c", "d"])), (1, json!([]))];
    for (level, adopt) in good {
        assert_eq!(told(level, "New", adopt.clone()).0, Verdict::Passed, "{adopt}");
    }
    let bad = [
        (1, "New", json!([{"name": "kube-system"}]), "the system's or Berth's own"),
        (1, "New", json!([{"name": "bbbbbb-prod"}]), "the system's or Berth's own"),
        (1, "New", json!([{"name": "hoso", "zone": "app"}]), "the zones are: none"),
        (3, "New", json!([{"name": "hoso"}]), "the zones are: dmz, app, db, mgmt"),
        (3, "New", each(["a", "b", "c", "a"]), "twice"),
        (1, "Change", json!([{"name": "hoso"}]), "of actions New and AddEnvironment only"),
    ];
    for (level, action, adopt, why) in bad {
        let (result, message) = told(level, action, adopt);
        assert!(result == Verdict::Failed && message.contains(why), "{why}: {message}");
    }
}

/// What the report says of `hoso` with these objects in it, in the environment of level 1: 2 CPU, 4Gi, 50Gi.
fn report(seen: Seen) -> Vec<(When, String, String)> {
    let environment = adopts(Some("uid-hoso"));
    let desired = desired(&environment);
    let seen = Seen { namespace: running(json!({})), ..seen };
    let told = adoption::report(&environment, &environment.spec.adopt[0], &desired.namespaces[0], &seen);
    told.into_iter().map(|Finding { when, object, message }| (when, object, message)).collect()
}

#[test]
fn of_an_empty_namespace_only_the_network_is_said() {
    let told = report(Seen::default());
    assert_eq!(told.len(), 1);
    let (when, object, message) = &told[0];
    assert_eq!((*when, object.as_str()), (When::AtOnce, "Namespace/hoso"));
    assert!(message.starts_with("Nothing comes in any more but inside the environment"), "{message}");
}

fn pod(name: &str, spec: Value, with: Value) -> k8s_openapi::api::core::v1::Pod {
    of(merge(json!({"metadata": {"name": name, "namespace": "hoso"}, "spec": spec}), with))
}

#[test]
fn what_runs_is_counted_as_its_quota_will_count_it_when_it_starts_anew() {
    let large = json!({"serviceAccountName": "app", "containers": [{"name": "c", "resources": {
        "requests": {"cpu": "1.5", "memory": "1G"}, "limits": {"cpu": "3", "memory": "2Gi"}}}]});
    let silent = json!({"serviceAccountName": "app", "containers": [{"name": "d"}],
        "initContainers": [{"name": "i", "resources": {"limits": {"cpu": "1", "memory": "64Mi"}}}]});
    let ended = pod("ended", large.clone(), json!({"status": {"phase": "Succeeded"}}));
    let claim = of(json!({"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "100Gi"}}}}));
    let told = report(Seen {
        pods: vec![pod("web", large, json!({})), pod("job", silent, json!({})), ended],
        claims: vec![claim],
        ..Seen::default()
    });
    let told: Vec<_> =
        told.iter().filter(|(when, ..)| *when == When::NextStart).map(|(_, o, m)| format!("{o}: {m}")).collect();
    assert_eq!(
        told,
        [
            "Pod/job: Container \"d\" has no limits of its own: at its next start it gets 100m cpu, 128Mi memory.",
            "Pod/job: Container \"d\" has no requests of its own: at its next start it gets 100m cpu, 128Mi memory.",
            "Pod/web: Container \"c\" may use 3 cpu, the most is 2: refused at its next start.",
            "ResourceQuota/berth-quota: limits.cpu: 4 used, 2 granted. What is there goes on; nothing that needs more of it starts until less is used.",
            "ResourceQuota/berth-quota: requests.cpu: 2500m used, 2 granted. What is there goes on; nothing that needs more of it starts until less is used.",
            "ResourceQuota/berth-quota: requests.storage: 100Gi used, 50Gi granted. What is there goes on; nothing that needs more of it starts until less is used.",
        ]
    );
}

#[test]
fn every_way_around_the_rules_that_stands_there_is_named_with_when_it_comes_to_bear() {
    let object = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
    let host = json!({"hostNetwork": true, "serviceAccountName": "app", "containers": []});
    let port = json!({"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 8080}],
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}}}]});
    let own = json!({"metadata": {"annotations": {"ipam.cilium.io/ip-pool": "x"}}});
    let told = report(Seen {
        pods: vec![pod("host", host, json!({})), pod("port", port, own)],
        services: vec![of(object(
            "lb",
            json!({"type": "LoadBalancer", "externalIPs": ["192.0.2.7"],
            "loadBalancerIP": "2001:db8::53", "ports": [{"port": 80, "nodePort": 30080}]}),
        ))],
        quotas: vec![of(json!({"metadata": {"name": "old"}}))],
        limits: vec![of(json!({"metadata": {"name": "berth-limits"}}))],
        policies: vec![of(json!({"metadata": {"name": "allow-all"}}))],
        bindings: vec![of(json!({"metadata": {"name": "ops"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "User", "name": "hoa"}]}))],
        ingresses: vec![of(object("web", json!({"rules": [{"host": "hoso.tinh.example"}, {}]})))],
        pod_security: vec!["existing pods violate \"baseline:latest\"".into()],
        ..Seen::default()
    });
    let told: Vec<_> = told
        .iter()
        .map(|(when, object, message)| {
            let begin: String = message.split([':', '.', ';']).next().unwrap().into();
            (*when, object.as_str(), begin)
        })
        .collect();
    let is = |when, object: &'static str, begin: &str| (when, object, begin.to_owned());
    assert_eq!(
        told,
        [
            is(
                When::Refused,
                "LimitRange/berth-limits",
                "It has a name that Berth gives an object of its own, and would be written over"
            ),
            is(
                When::AtOnce,
                "Namespace/hoso",
                "Nothing comes in any more but inside the environment and by open Connections (none)"
            ),
            is(When::NextStart, "Namespace/hoso", "existing pods violate \"baseline"),
            is(When::NextStart, "Pod/host", "It runs in the node's network (`hostNetwork`)"),
            is(
                When::NextStart,
                "Pod/port",
                "It gets no token of the API server after its next start, unless its manifest asks for one (`automountServiceAccountToken"
            ),
            is(When::NextStart, "Pod/port", "It takes port 8080 of its node (`hostPort`)"),
            is(When::NextStart, "Pod/port", "Key `ipam"),
            is(When::NextStart, "ResourceQuota/berth-quota", "services"),
            is(When::NextStart, "ResourceQuota/berth-quota", "services"),
            is(When::Stays, "Ingress/web", "Serves hoso"),
            is(When::Stays, "LimitRange/berth-limits", "Its defaults and bounds hold beside the environment's own"),
            is(When::Stays, "NetworkPolicy/allow-all", "It opens what it opens"),
            is(When::Stays, "ResourceQuota/old", "A second quota counts beside the environment's own"),
            is(When::Stays, "RoleBinding/ops", "Gives edit to User \"hoa\""),
            is(When::Stays, "Service/lb", "It catches traffic to 192"),
            is(When::Stays, "Service/lb", "It chooses the address 2001"),
            is(When::Stays, "Service/lb", "It is of type LoadBalancer"),
        ]
    );
}
