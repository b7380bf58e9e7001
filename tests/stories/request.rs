//! From request to environment.

use berth_crds::ConditionType;
use berth_tests::error::Result;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_environment() -> Result<()> {
    let _ = tracing_subscriber::fmt().with_env_filter("info,kube_client=off").with_test_writer().try_init();
    let world = World::start().await?;
    let _operator = world.operator().await?;
    let paper = world.until_namespace("ag-62").await?;
    let _ = (paper, ConditionType::Ready);
    let environment = world.onboard("ag-62", "is-t1", |_| {}).await?;
    println!("{}", serde_yaml::to_string(&environment)?);
    Ok(())
}
