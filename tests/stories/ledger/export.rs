//! An export that is lost, as a whole or in part, while the cluster still has its segments.

use berth_crds::audit::segment_name;
use berth_operator::ledger::Settings;
use berth_plan::ledger::verify::verify;
use berth_tests::error::Result;
use berth_tests::stack::Operator;

use super::{all_in, evidence};
use crate::counts::quiet;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_lost_before_anything_is_pruned_is_whole_again_before_anything_is() -> Result<()> {
    let (world, lost, folder) = (World::start().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let settings = |folder: &tempfile::TempDir, keep| Settings { export: Some(folder.path().to_owned()), keep };
    let operator = Operator::start_exporting(&world.cluster, settings(&lost, None), None).await?;
    world.onboard("ag-62", "lost-1", |_| {}).await?;
    quiet(&world).await?;
    operator.stop().await?;
    let before = evidence(world.client("auditor"), Some(lost.path())).await?;
    let exported = verify(&before).map_err(|fault| fault.to_string())?.head.number;
    assert!(exported > 2 && before.cluster.is_some_and(|all| all.len() as i64 == exported), "nothing is pruned");

    // The volume is replaced by an empty one, and from now on segments leave the cluster.
    let operator = Operator::start_exporting(&world.cluster, settings(&folder, Some(1)), None).await?;
    let environment = world.onboard("ag-62", "lost-2", |_| {}).await?;
    all_in(&world, folder.path(), "lost-2", &environment).await?;
    quiet(&world).await?;

    // A file is lost whose segment is the last that the cluster has: it is there again before the segment leaves.
    let last = evidence(world.client("auditor"), None).await?.cluster.into_iter().flatten().next();
    let (name, _) = last.ok_or("the last segment is never pruned")?;
    std::fs::remove_file(folder.path().join(&name).with_extension("jsonl"))?;
    let environment = world.onboard("ag-62", "lost-3", |_| {}).await?;
    all_in(&world, folder.path(), "lost-3", &environment).await?;
    operator.stop().await?;
    let first = folder.path().join(segment_name(1)).with_extension("jsonl");
    let same = std::fs::read(first)? == std::fs::read(lost.path().join(segment_name(1)).with_extension("jsonl"))?;
    assert!(same, "the same bytes as in the export that was lost");
    Ok(())
}
