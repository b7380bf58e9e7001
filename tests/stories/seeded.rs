//! S17: security bugs put in on purpose, one at a time, each caught by a named story. A bug counts as caught when the very
//! request that the story expects to be refused is accepted; afterwards the guard is put right, and refuses again.

use berth_cluster::until;
use berth_crds::labels;
use berth_guards::hosts::cases::cases as cases_of_hosts;
use berth_guards::{backends, cases};
use berth_tests::error::Result;
use berth_tests::files;
use berth_tests::stack::Account;
use futures::future::try_join_all;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{
    JSON, MERGE, TOO_MUCH, acting_as_account, bare, dry_run, furnished, grant, mallory, put_policies, send,
};
use crate::world::{PATIENCE, World};
use crate::{hijack, hosts};

/// Where the refused request comes from, so that it is the story's own.
#[derive(Clone, Copy)]
enum Probe {
    /// An idea of `matrix::no_idea_takes_a_namespace_over_and_the_same_without_our_keys_passes`, by its name.
    Idea(&'static str),
    /// A key in the way whose path ends so, of `guards::no_way_to_write_metadata_takes_a_key_of_a_network_back_end`.
    Key(&'static str, &'static str),
    /// A field in the way whose path ends so, of `guards::no_manifest_takes_a_field_that_leads_around_the_granted_addresses`.
    Field(&'static str, &'static str),
    /// A manifest of `hosts::no_object_takes_a_host_that_is_not_granted`, by what it tries.
    Host(&'static str),
    /// An account that only looks like a back end's, of `guards::each_network_back_end_writes_its_own_keys_and_no_others`.
    Lookalike,
    /// A delete of `guards::what_the_operator_made_is_changed_deleted_and_forged_by_nobody_else`.
    DeletePolicies,
    /// A binding of the same story.
    Bind,
    /// The mark of the quota, of `closed::masters_pass_what_is_written_and_everybody_else_nothing`.
    QuotaMark,
    /// An edit by hand without a number, of `registers::an_edit_by_hand_counts_one_and_outdates_the_papers_before_it`.
    Uncounted,
    /// The delete of `registers::nothing_is_deleted_that_environments_stand_on`.
    DeleteSite,
    /// The delete of `addresses::a_plan_that_meets_a_range_of_the_platform_gives_nothing_says_so_and_goes_on_when_it_is_mended`.
    DeletePlan,
    /// The delete of `life::the_operators_account_deletes_no_namespace_whose_environment_does_not_say_so`.
    Unsaid,
    /// The token of `night::no_pod_gets_a_token_unasked_and_a_pipeline_gets_a_short_one_of_the_account_for_deployments`.
    Mount,
    /// The act of an agency, of
    /// `night::an_isolated_environment_is_cut_off_keeps_what_it_has_and_is_let_back_by_an_act_alone`.
    Release,
    /// The copy of `connection::what_was_forged_what_is_any_and_what_belongs_to_others_does_not_get_in`.
    ForgedCopy,
    /// The notice of `notices::a_submission_brings_the_receipt_in_both_languages_and_ready_brings_the_minutes`.
    ForgedNotice,
}

/// One bug: what is wrong, in which file, which text becomes which.
struct Bug(&'static str, &'static str, &'static str, &'static str, Probe);

const BUGS: &[Bug] = &[
    Bug("a subresource is forgotten", "62", "namespaces/status, ", "", Probe::Idea("another tenant, merged/status")),
    Bug(
        "a subresource is written in the singular (CVE-2026-55636)",
        "62",
        "namespaces/finalize]",
        "namespace/finalize]",
        Probe::Idea("another tenant, replaced whole/finalize"),
    ),
    Bug(
        "the exemption is by group instead of by exact name",
        "62",
        "request.userInfo.username != 'system:serviceaccount:berth-system:berth-operator'",
        "!('system:authenticated' in request.userInfo.groups)",
        Probe::Idea("another tenant, merged"),
    ),
    Bug(
        "namespaces are selected by the label that the attacker takes away",
        "62",
        "  matchConstraints:\n",
        "  matchConstraints:\n    namespaceSelector:\n      matchLabels: {app.kubernetes.io/managed-by: berth-operator}\n",
        Probe::Idea("no owner (the gap before somebody else's patch), merged"),
    ),
    Bug(
        "owners are not looked at",
        "62",
        "variables.newOwners.all(o, variables.oldOwners.exists(p, p.uid == o.uid))",
        "true",
        Probe::Idea("a second owner, merged"),
    ),
    Bug(
        "whoever may finalize may say that a namespace is empty",
        "62",
        "oldObject.?spec.?finalizers.orValue([]).all(f, f in object.?spec.?finalizers.orValue([]))",
        "true",
        Probe::Idea("declared empty"),
    ),
    Bug(
        "Pod Security is ours only in part",
        "62",
        "k.startsWith('pod-security.kubernetes.io/')",
        "k == 'pod-security.kubernetes.io/audit'",
        Probe::Idea("a weaker Pod Security, merged"),
    ),
    Bug(
        "whoever may write a namespace may give it to an environment",
        "62",
        "k == 'berth.dev/adopt' && variables.mayGive",
        "k == 'berth.dev/adopt'",
        Probe::Idea("default given to an environment"),
    ),
    Bug(
        "the operator deletes a namespace without its environment's word",
        "63",
        "params.metadata.name != variables.environment",
        "true",
        Probe::Unsaid,
    ),
    Bug("deletes are not matched", "60", "[CREATE, DELETE]", "[CREATE]", Probe::Idea("deleted")),
    Bug(
        "the kept prefix has a typing error",
        "60",
        "startsWith('agency-')",
        "startsWith('agency_')",
        Probe::Idea("created as papers, by a generated name"),
    ),
    Bug(
        "what is ours is read from what the request brings",
        "70",
        "oldObject.?metadata",
        "object.?metadata",
        Probe::DeletePolicies,
    ),
    Bug("the label of our namespaces has a typing error", "70", "berth-operator}", "berth-operators}", Probe::Bind),
    Bug(
        "pods/status is forgotten",
        "72",
        "pods/status, ",
        "",
        Probe::Key("/pods/existing/status", "ipam.cilium.io/pool"),
    ),
    Bug(
        "bindings are forgotten",
        "72",
        "pods/binding, ",
        "",
        Probe::Key("/pods/existing/binding", "cni.projectcalico.org/ipAddrs"),
    ),
    Bug(
        "accounts are compared by their beginning",
        "72",
        "request.userInfo.username in variables.cilium_identities",
        "variables.cilium_identities.exists(i, request.userInfo.username.startsWith(i))",
        Probe::Lookalike,
    ),
    Bug(
        "one kind has its template elsewhere",
        "73",
        "object.?spec.?jobTemplate.?spec.?template",
        "object.?spec.?template",
        Probe::Key("/cronjobs", "k8s.v1.cni.cncf.io/networks"),
    ),
    Bug(
        "an error lets the request through (CVE-2025-46342)",
        "73",
        "  failurePolicy: Fail",
        "  failurePolicy: Ignore",
        Probe::Key("/deployments", "ipam.antrea.io/ippools"),
    ),
    Bug(
        "the guard only warns",
        "74",
        "validationActions: [Deny]",
        "validationActions: [Warn]",
        Probe::Field("/services", "externalIPs"),
    ),
    Bug(
        "one field of three is forgotten",
        "74",
        "variables.new.?spec.?loadBalancerClass.orValue('') == ''",
        "true",
        Probe::Field("/services", "loadBalancerClass"),
    ),
    Bug(
        "an edit by hand need not count",
        "40",
        "orValue(0) == variables.next",
        "orValue(0) <= variables.next",
        Probe::Uncounted,
    ),
    Bug("booked headroom does not hold a site", "50", "variables.booked.size() == 0", "true", Probe::DeleteSite),
    Bug(
        "the use of an address plan has a typing error",
        "50",
        "orValue('') != 'InUse'",
        "orValue('') != 'Used'",
        Probe::DeletePlan,
    ),
    Bug(
        "the account of every pod is looked at in part",
        "75",
        "!object.?automountServiceAccountToken.orValue(true)",
        "true",
        Probe::Mount,
    ),
    Bug(
        "who names no host is taken to want none",
        "76",
        "variables.parts.all(p, p.size() > 0)",
        "true",
        Probe::Host("no host"),
    ),
    Bug(
        "certificates are forgotten",
        "76",
        "+ variables.new.?tls.orValue([]).map(t, t.?hosts.orValue([]))",
        "",
        Probe::Host("a certificate of another host"),
    ),
    Bug(
        "a name is compared by its end",
        "76",
        "!(h in variables.granted)",
        "!variables.granted.exists(g, h.endsWith(g))",
        Probe::Host("a host below a granted one"),
    ),
    Bug(
        "the status through which the mark comes off is forgotten",
        "77",
        "[resourcequotas/status]",
        "[resourcequota/status]",
        Probe::QuotaMark,
    ),
    Bug(
        "every group of ours may act at night",
        "18",
        "g == 'berth:platform-operator'",
        "g.startsWith('berth:')",
        Probe::Release,
    ),
    Bug(
        "whoever may ask may lay words before another owner",
        "15",
        "has(object.spec.counterpartOf) == (variables.caller == 'berth:auto')",
        "true",
        Probe::ForgedCopy,
    ),
    Bug(
        "whoever may write may say what was told, and when",
        "36",
        "request.userInfo.username == 'system:serviceaccount:berth-system:berth-operator'",
        "true",
        Probe::ForgedNotice,
    ),
];

/// The world of the bugs and the requests that stories expect to be refused.
struct Lab {
    world: World,
    mallory: Client,
    operator: Account,
    own: String,
    bare: String,
    ideas: Vec<hijack::Idea>,
}

impl Lab {
    async fn new() -> Result<Self> {
        let (world, operator) = World::own().await?;
        let own = furnished(&world, "seeded-own").await?.name_any();
        let other = world.onboard("ag-61", "seeded-other", |_| {}).await?.name_any();
        let bare = bare(&world, "seeded-prod").await?;
        grant(&world, &bare, Some(hosts::GRANTED)).await?;
        operator.crash();
        let path = format!("/api/v1/namespaces/{own}");
        let now = send(&world.cluster.admin(), "GET", &path, JSON, &Value::Null).await.body;
        let (mallory, ideas) = (mallory(&world.cluster).await?, hijack::ideas(&own, &other, &now));
        let operator = Account::of(&world.cluster, labels::OPERATOR_ACCOUNT).await?;
        Ok(Self { world, mallory, operator, own, bare, ideas })
    }

    /// Sends the story's request; whether it was accepted, and why not.
    async fn accepted(&self, probe: Probe) -> std::result::Result<(), String> {
        let way = |namespace: &str, end: &str| {
            let way = cases::ways(namespace).into_iter().find(|w| w.path.ends_with(end));
            way.expect("the table of guards has this way")
        };
        let kind = |method: &str| if method == "PATCH" { MERGE } else { JSON };
        let (own, client) = (&self.own, &self.mallory);
        let answer = match probe {
            Probe::Idea(name) => {
                let idea = self.ideas.iter().find(|i| i.name == name).expect("an idea of that name");
                dry_run(client, idea.method, &idea.path, idea.content_type, &idea.body).await
            }
            Probe::Key(end, key) => {
                let way = way(own, end);
                dry_run(client, way.method, &way.path, kind(way.method), &way.with_key(key)).await
            }
            Probe::Field(end, name) => {
                let way = way(&self.bare, end);
                let field = way.fields().find(|f| f.name == name).expect("a field of that name");
                dry_run(client, way.method, &way.path, JSON, &way.with_field(field)).await
            }
            Probe::Host(what) => {
                let case = cases_of_hosts(hosts::GRANTED).into_iter().find(|case| case.what == what);
                let case = case.expect("the table of guards has a case of that name");
                dry_run(client, "POST", &case.shape.path(&self.bare), JSON, &case.body).await
            }
            Probe::Lookalike => {
                let way = way(own, "/pods/existing");
                let account = format!("{}2", backends::ALL[1].identities[0]);
                let client = acting_as_account(&self.world.cluster, &account, &[TOO_MUCH]);
                dry_run(&client, way.method, &way.path, MERGE, &way.with_key("ipam.cilium.io/ipv6-pool")).await
            }
            Probe::DeletePolicies => {
                let path = format!("/apis/networking.k8s.io/v1/namespaces/{own}/networkpolicies/berth-default-deny");
                dry_run(client, "DELETE", &path, JSON, &Value::Null).await
            }
            Probe::Bind => {
                let group = "rbac.authorization.k8s.io";
                let binding = json!({
                    "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": "made"},
                    "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "berth-tenant-view"}
                });
                let path = format!("/apis/{group}/v1/namespaces/{own}/rolebindings");
                dry_run(client, "POST", &path, JSON, &binding).await
            }
            Probe::QuotaMark => {
                let unmarked = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
                let path = format!("/api/v1/namespaces/{own}/resourcequotas/berth-quota/status");
                dry_run(client, "PATCH", &path, MERGE, &unmarked).await
            }
            Probe::Uncounted => {
                let basis = json!({"type": "Direct", "reason": "Sửa.", "revision": 1});
                let edit = json!({"spec": {"endDate": "2030-12-31", "basis": basis}});
                let path = format!("/apis/berth.dev/v1alpha1/environments/{own}");
                dry_run(client, "PATCH", &path, MERGE, &edit).await
            }
            Probe::Unsaid => {
                let client = self.operator.client(&self.world.cluster).map_err(|e| e.to_string())?;
                dry_run(&client, "DELETE", &format!("/api/v1/namespaces/{own}"), JSON, &Value::Null).await
            }
            Probe::Mount => {
                let path = format!("/api/v1/namespaces/{own}/serviceaccounts/default");
                dry_run(client, "PATCH", &path, MERGE, &json!({"automountServiceAccountToken": true})).await
            }
            Probe::Release => {
                let environment = json!({"name": own, "uid": "x"});
                let act = json!({
                    "apiVersion": "berth.dev/v1alpha1", "kind": "Intervention", "metadata": {"name": "forged"},
                    "spec": {"environmentRef": environment, "act": "EndIsolation", "reason": "Giả."}
                });
                dry_run(client, "POST", "/apis/berth.dev/v1alpha1/interventions", JSON, &act).await
            }
            Probe::DeleteSite => {
                let path = "/apis/berth.dev/v1alpha1/sites/binh-duong-dc1";
                dry_run(client, "DELETE", path, JSON, &Value::Null).await
            }
            Probe::DeletePlan => {
                let path = "/apis/berth.dev/v1alpha1/addressplans/default";
                dry_run(client, "DELETE", path, JSON, &Value::Null).await
            }
            Probe::ForgedCopy => {
                let end = |name: &str| json!({"environment": {"environmentRef": {"name": name}}});
                let copy = json!({
                    "apiVersion": "berth.dev/v1alpha1", "kind": "Connection", "metadata": {"name": "conn-for-forged"},
                    "spec": {
                        "source": end("aaaaaa-prod"), "destination": end("bbbbbb-prod"), "direction": "Between",
                        "ports": [{"protocol": "TCP", "port": 443}], "purpose": "Giả.", "legalBasis": "Giả.",
                        "expiresAt": "2030-01-01T00:00:00Z",
                        "counterpartOf": {"namespace": "agency-ag-62", "name": "conn-x", "uid": "x"}
                    }
                });
                let path = "/apis/berth.dev/v1alpha1/namespaces/agency-ag-61/connections";
                dry_run(client, "POST", path, JSON, &copy).await
            }
            Probe::ForgedNotice => {
                let id = "0123456789abcdef0123456789abcdef";
                let notice = json!({
                    "apiVersion": "berth.dev/v1alpha1", "kind": "Notice", "metadata": {"name": "onb-x.receipt.01234567"},
                    "spec": {"id": id, "occasion": "Receipt", "about": {"kind": "Onboarding", "name": "onb-x", "uid": "x"},
                        "at": "2026-01-01T00:00:00Z"}
                });
                let path = "/apis/berth.dev/v1alpha1/namespaces/agency-ag-61/notices";
                dry_run(client, "POST", path, JSON, &notice).await
            }
        };
        if answer.accepted() { Ok(()) } else { Err(format!("{answer:?}")) }
    }

    /// Puts one bug in, sees it caught, puts it right.
    async fn catches(&self, bug: &Bug) -> Result<()> {
        let Bug(what, file, from, to, probe) = *bug;
        let begins = |p: &std::path::PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(file));
        let path =
            files::yaml(&files::chart().join("files/policies"))?.into_iter().find(begins).ok_or("no such file")?;
        let text = std::fs::read_to_string(&path)?;
        let mut wrong = text.replacen(from, to, 2);
        assert_ne!(wrong, text, "{what}: the text of the bug is not in {}", path.display());
        if to.contains("Ignore") {
            // The error itself: a look into something that is not there.
            wrong = wrong.replacen(
                "variables.touched.filter(k, k in ['ipam.antrea",
                "object.absent.filter(k, k in ['ipam.antrea",
                1,
            );
        }
        assert!(self.accepted(probe).await.is_err(), "{what}: refused before");
        put_policies(&self.world.cluster, &wrong).await?;
        until(&format!("{what}: the story's request is accepted"), PATIENCE, async || self.accepted(probe).await)
            .await?;
        put_policies(&self.world.cluster, &text).await?;
        until(&format!("{what}: refused again"), PATIENCE, async || {
            if self.accepted(probe).await.is_ok() { Err("accepted".to_owned()) } else { Ok(()) }
        })
        .await?;
        println!("caught: {what}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seeded_bug_is_caught() -> Result<()> {
    let lab = &Lab::new().await?;
    // Bugs of one file one after the other, files side by side.
    let groups = BUGS.chunk_by(|a, b| a.1 == b.1).map(|group| async move {
        for bug in group {
            lab.catches(bug).await?;
        }
        Ok::<_, berth_tests::error::Error>(())
    });
    try_join_all(groups).await?;
    println!("{} of {} seeded bugs caught", BUGS.len(), BUGS.len());
    Ok(())
}
