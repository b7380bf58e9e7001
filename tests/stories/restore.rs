//! etcd comes back from an older snapshot: what was numbered since is still in routers, in DNS and in firewalls. Nothing is
//! given until the exported ledger's prefixes are there again (reference/ipv6.md §2.7).

use std::path::Path;

use berth_cluster::until;
use berth_crds::address::{BlockState, Claimant, ClaimantKind, PrefixLevel};
use berth_crds::common::NameRef;
use berth_crds::{
    ConditionType, Environment, PrefixBlock, PrefixClaim, PrefixClaimSpec, Reason, Tenant, condition, labels, names,
};
use berth_operator::ledger::Settings;
use berth_operator::restore::{Error, Fate, import_register};
use berth_plan::ledger::verify::verify;
use berth_tests::checker::{Verdict, judge};
use berth_tests::error::Result;
use berth_tests::install;
use berth_tests::stack::{Account, Operator};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use crate::addresses::enter;
use crate::counts::quiet;
use crate::world::{PATIENCE, World, addition};

/// What an operator leaves that died after its first write for a system: a claim without an intent.
async fn claimed(operator: Client, tenant: &Tenant) -> Result<()> {
    let claimant =
        Claimant { kind: ClaimantKind::Tenant, name: tenant.name_any(), uid: tenant.uid().unwrap_or_default() };
    let spec = PrefixClaimSpec {
        level: PrefixLevel::System,
        claimant,
        parent_claim_ref: Some(NameRef::to(names::agency_claim("ag-62"))),
        site_ref: NameRef::to("binh-duong-dc1"),
        requested_cidr: None,
        grows_claim_ref: None,
    };
    let mut claim = PrefixClaim::new(&names::tenant_claim(&tenant.name_any()), spec);
    claim.metadata.finalizers = Some(vec![labels::PREFIX_FINALIZER.to_owned()]);
    Api::all(operator).create(&Default::default(), &claim).await?;
    Ok(())
}

/// Waits until a system has a prefix.
async fn numbered(world: &World, plate: &str) -> Result<String> {
    let tenants: Api<Tenant> = Api::all(world.client("platform"));
    Ok(until(&format!("{plate} has its prefix"), PATIENCE, async || {
        let tenant = tenants.get(plate).await.map_err(|e| e.to_string())?;
        let status = tenant.status.unwrap_or_default();
        status.prefix.clone().ok_or_else(|| format!("{status:?}"))
    })
    .await?)
}

/// Waits until a claim says why it waits; its message.
async fn frozen(world: &World, plate: &str) -> Result<String> {
    let claims: Api<PrefixClaim> = Api::all(world.client("platform"));
    Ok(until(&format!("{plate} is told that nothing is given"), PATIENCE, async || {
        let claim = claims.get(&names::tenant_claim(plate)).await.map_err(|e| e.to_string())?;
        let status = claim.status.unwrap_or_default();
        let ready = condition::get(&status.conditions, ConditionType::Ready).cloned();
        match ready {
            Some(c) if c.reason == Reason::AllocationFrozen.as_str() => {
                assert_eq!((status.candidate, status.bound), (None, None), "nothing is chosen");
                Ok(c.message)
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await?)
}

/// Waits until a system says the same as its claim.
async fn addressed_says_so(world: &World, plate: &str) -> Result<()> {
    let tenants: Api<Tenant> = Api::all(world.client("platform"));
    Ok(until(&format!("{plate} says why it has no prefix"), PATIENCE, async || {
        let status = tenants.get(plate).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        let addressed = condition::get(&status.conditions, ConditionType::Addressed).map(|c| c.reason.clone());
        let says = addressed.as_deref() == Some(Reason::AllocationFrozen.as_str());
        if says { Ok(()) } else { Err(format!("{addressed:?}")) }
    })
    .await?)
}

async fn tenant_of(world: &World, environment: &Environment) -> Result<Tenant> {
    Ok(Api::all(world.cluster.admin()).get(&environment.spec.tenant_ref.name).await?)
}

/// One damaged byte, and nothing of the export is believed.
async fn damaged_is_refused(operator: Client, export: &Path) -> Result<()> {
    let copy = tempfile::tempdir()?;
    for file in std::fs::read_dir(export)? {
        let file = file?;
        let text = std::fs::read_to_string(file.path())?;
        std::fs::write(copy.path().join(file.file_name()), text.replacen("ag-66", "ag-67", 1))?;
    }
    let refused = import_register(operator, copy.path(), false).await;
    assert!(matches!(&refused, Err(Error::Damaged(why)) if why.contains("its content does not have its hash")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_restored_from_an_older_snapshot_gives_nothing_until_what_it_lost_is_back() -> Result<()> {
    let (world, folder) = (World::start().await?, tempfile::tempdir()?);
    let account = Account::of(&world.cluster, labels::OPERATOR_ACCOUNT).await?;
    let settings = Settings { export: Some(folder.path().to_owned()), keep: None };
    let start = async || Operator::start_exporting(&world.cluster, settings.clone(), None).await;

    // Before the snapshot: a system with everything, one with a claim that has nothing yet, one without a claim.
    let operator = start().await?;
    install::agencies_ready(&world.cluster).await?;
    let kept = world.onboard("ag-62", "restore-kept", |_| {}).await?;
    quiet(&world).await?;
    operator.stop().await?;
    let halfway = enter(&world, "halfwa", "ag-62", "IS-halfwa").await?;
    enter(&world, "unclai", "ag-62", "IS-unclai").await?;
    claimed(account.client(&world.cluster)?, &halfway).await?;
    let snapshot = world.cluster.snapshot().await?;

    // After it: both get their prefixes, and two agencies' systems come to be.
    let operator = start().await?;
    let (of_halfway, of_unclaimed) = (numbered(&world, "halfwa").await?, numbered(&world, "unclai").await?);
    let lost_62 = world.onboard("ag-62", "restore-lost", |_| {}).await?;
    let lost_66 = world.onboard("ag-66", "restore-other", |_| {}).await?;
    let (tenant_62, tenant_66) = (tenant_of(&world, &lost_62).await?, tenant_of(&world, &lost_66).await?);
    let prefix = |tenant: &Tenant| tenant.status.as_ref().and_then(|s| s.prefix.clone()).unwrap_or_default();
    let (of_62, of_66) = (prefix(&tenant_62), prefix(&tenant_66));
    let block_66: PrefixBlock = Api::all(world.cluster.admin()).get(&names::block(&of_66)).await?;
    quiet(&world).await?;
    operator.stop().await?;
    world.cluster.restore(&snapshot).await?;
    install::in_force(&world.cluster.admin()).await?;

    // Who asks now is told what is missing, and nothing is chosen.
    let operator = start().await?;
    enter(&world, "newone", "ag-62", "IS-newone").await?;
    let told = frozen(&world, "newone").await?;
    let agency_66 = block_66.spec.parent.clone();
    assert!(told.starts_with("The exported ledger has 5 prefixes that the cluster does not have: "), "{told}");
    assert!(told.contains(&format!("{agency_66} of Agency ag-66")) && told.contains("import-register"), "{told}");
    addressed_says_so(&world, "newone").await?;
    // Everything else goes on: another environment of a system that has its prefix.
    let staging = json!({"kind": "Staging", "classRef": {"name": "xs"}});
    let plate = kept.spec.tenant_ref.name.clone();
    world.create("lead-62", addition("ag-62", "restore-more", &plate, staging)).await?;
    let paper = world.onboarding("ag-62", "restore-more").await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;

    let client = account.client(&world.cluster)?;
    damaged_is_refused(client.clone(), folder.path()).await?;
    let mut expected = vec![
        format!("{agency_66} of Agency ag-66"),
        format!("{of_halfway} of Tenant halfwa"),
        format!("{of_unclaimed} of Tenant unclai"),
        format!("{of_62} of Tenant {} ({})", tenant_62.name_any(), lost_62.name_any()),
        format!("{of_66} of Tenant {} ({})", tenant_66.name_any(), lost_66.name_any()),
    ];
    expected[1..].sort();
    let missing = import_register(client.clone(), folder.path(), true).await?;
    let named: Vec<String> = missing.iter().map(|(lost, _)| lost.to_string()).collect();
    let mut sorted = named.clone();
    sorted[1..].sort();
    assert_eq!(sorted, expected);
    assert!(missing.iter().all(|(_, fate)| *fate == Fate::Missing), "{missing:?}");
    frozen(&world, "newone").await?;

    let back = import_register(client.clone(), folder.path(), false).await?;
    for (lost, fate) in &back {
        let claim_stands = lost.spec.cidr == of_halfway;
        assert!(
            if claim_stands { *fate == Fate::Bound } else { matches!(fate, Fate::Quarantined(_)) },
            "{lost}: {fate:?}"
        );
    }
    assert_eq!(import_register(client, folder.path(), false).await?, [], "twice is once");

    // What was somebody's is theirs again or nobody's; the new one gets another.
    assert_eq!((numbered(&world, "halfwa").await?, numbered(&world, "unclai").await?), (of_halfway, of_unclaimed));
    let new = numbered(&world, "newone").await?;
    assert!(!named.iter().any(|lost| lost.starts_with(&new)), "{new} is nobody else's");
    for (cidr, tenant) in [(&of_62, &tenant_62), (&of_66, &tenant_66)] {
        let block: PrefixBlock = Api::all(world.cluster.admin()).get(&names::block(cidr)).await?;
        assert_eq!(
            (block.spec.state, block.spec.claimant.uid),
            (BlockState::Quarantined, tenant.uid().unwrap_or_default())
        );
        assert!(block.spec.quarantine_until.is_some_and(|until| until > jiff::Timestamp::now().to_string()));
    }
    quiet(&world).await?;
    operator.stop().await?;
    let auditor = world.people.iter().find(|person| person.name == "auditor").ok_or("no auditor")?;
    let verdict = judge(&world.cluster, auditor).await?;
    assert!(matches!(verdict, Verdict::InOrder(_)), "{verdict:#?}");
    let evidence = crate::ledger::evidence(world.client("auditor"), Some(folder.path())).await?;
    let verified = verify(&evidence).map_err(|fault| fault.to_string())?;
    println!("the ledger goes on over the restore: {verified:?}");
    assert_eq!(evidence.cluster.map(|all| all.len() as i64), Some(verified.head.number), "lost segments are back");
    Ok(())
}
