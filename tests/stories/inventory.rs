//! Inventory first: running systems come into the register from a file, by the platform operator's own rights; nothing is
//! provided for them until their agency asks.

use std::path::Path;

use berth_api::cli::{Arguments, Exit, run};
use berth_cluster::until;
use berth_crds::tenant::{Ipv6Stage, MigrationStage};
use berth_crds::{Agency, ConditionType, PrefixClaim, Tenant, condition, labels, names};
use berth_plan::inventory::Progress;
use berth_tests::error::Result;
use clap::Parser as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::json;

use crate::way::Way;
use crate::world::{PATIENCE, World};

const HEAD: &str = "Mã hệ thống;Tên hệ thống;Cơ quan;Cấp độ;Ngày hiệu lực;Chủ quản;Đơn vị vận hành;Loại thông tin;\
    Địa chỉ IPv4;Mạng;Cơ quan cấp địa chỉ;Số văn bản;Ngày văn bản;Tên miền;Nơi đặt;Nguồn";
const CODE: &str = "INV-A27";

fn row(code: &str, agency: &str, level: u8) -> String {
    format!(
        "{code};Quản lý hồ sơ cũ;{agency};{level};31/12/2025;ag-70;ag-69;Public;198.51.100.200;TSLCD;\
         Cục Bưu điện Trung ương;77/CBĐTW;02/05/2024;hoso.tinh.example;Máy ảo tại Sở;Báo cáo 12/BC-SYT"
    )
}

/// Runs `berth admin import` on a file of these lines, as somebody.
async fn import(world: &World, folder: &Path, who: &str, lines: &[String], flags: &[&str]) -> Result<Exit> {
    let person = world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
    let (file, kubeconfig) = (folder.join("inventory.csv"), folder.join(format!("{who}.kubeconfig")));
    std::fs::write(&file, lines.join("\n"))?;
    if !kubeconfig.exists() {
        world.cluster.write_kubeconfig(person, &kubeconfig)?;
    }
    let (file, kubeconfig) = (file.display().to_string(), kubeconfig.display().to_string());
    let words = ["berth", "admin", "import", &file, "--kubeconfig", &kubeconfig];
    let outcome = run(Arguments::try_parse_from(words.iter().chain(flags))?).await;
    Ok(outcome.unwrap_or_else(|failure| failure.exit()))
}

async fn found(world: &World, plate: &str) -> Result<Option<Tenant>> {
    Ok(Api::<Tenant>::all(world.cluster.admin()).get_opt(plate).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a27_an_old_system_with_ipv4_only_is_accepted_as_it_is_and_its_agencys_request_takes_it_up() -> Result<()> {
    let way = Way::open().await?;
    let (world, folder) = (way.world, tempfile::tempdir()?);
    let plate = names::inventory_plate(CODE, 0).ok_or("no plate")?;
    let good = [HEAD.to_owned(), row(CODE, "ag-62", 1)];
    let wrong = [HEAD.to_owned(), row(CODE, "ag-62", 1), row("INV-A27-BAD", "ag-none", 9)];

    // What only looks, what may not, and what is wrong in one row writes nothing.
    assert_eq!(import(world, folder.path(), "platform", &good, &[]).await?, Exit::Done);
    assert_eq!(import(world, folder.path(), "lead-62", &good, &["--apply"]).await?, Exit::NotAllowed);
    assert_eq!(import(world, folder.path(), "auditor", &good, &["--apply"]).await?, Exit::NotAllowed);
    assert_eq!(import(world, folder.path(), "platform", &wrong, &["--apply"]).await?, Exit::Failed);
    assert_eq!(found(world, &plate).await?, None);

    assert_eq!(import(world, folder.path(), "platform", &wrong, &["--apply", "--skip-bad-rows"]).await?, Exit::Done);
    let api: Api<Tenant> = Api::all(world.cluster.admin());
    let known = until("the operator has seen it", PATIENCE, async || {
        let tenant = api.get(&plate).await.map_err(|e| e.to_string())?;
        let conditions = tenant.status.clone().unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Ready) {
            Some(ready) if ready.status == "True" && ready.reason == "Inventoried" => Ok(tenant),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    let inventory = known.spec.inventory.clone().ok_or("no inventory")?;
    assert_eq!((known.spec.migration_stage, inventory.ipv6_stage), (MigrationStage::Inventoried, Ipv6Stage::Ipv4Only));
    let today = berth_api::clock::Clock::system().today().to_string();
    assert_eq!((inventory.effective_on.as_str(), inventory.recorded_on.as_str()), ("2025-12-31", today.as_str()));
    let addresses: Vec<_> = inventory.addresses.iter().map(|a| (a.cidr.as_str(), a.network.as_str())).collect();
    assert_eq!(addresses, [("198.51.100.200/32", "TSLCD")]);
    assert_eq!(known.annotations().get(labels::CHANGED_BY).map(String::as_str), Some("platform"));
    assert_eq!(Progress::of([&known]), Progress { inventoried: 1, ..Progress::default() }, "counted as not migrated");
    // Nothing is provided for it.
    let claims: Api<PrefixClaim> = Api::all(world.cluster.admin());
    assert_eq!(claims.get_opt(&names::tenant_claim(&plate)).await?, None);
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    let of_it = ListParams::default().labels(&format!("{}={plate}", labels::TENANT));
    assert_eq!(namespaces.list(&of_it).await?.items.len(), 0);

    // A repeat writes nothing, and what contradicts the register is no change of it.
    assert_eq!(import(world, folder.path(), "platform", &good, &["--apply"]).await?, Exit::Done);
    let contradiction = [HEAD.to_owned(), row(CODE, "ag-62", 2)];
    assert_eq!(import(world, folder.path(), "platform", &contradiction, &["--apply"]).await?, Exit::Failed);
    let again = found(world, &plate).await?.ok_or("gone")?;
    assert_eq!((again.metadata.generation, &again.spec), (known.metadata.generation, &known.spec));

    // Its agency asks by code alone; the register says the rest.
    let flags =
        ["--agency", "ag-62", "--code", CODE, "--kind", "prod", "--class", "xs", "--justification", "Chuyển lên."];
    let berth =
        async |act: &str, more: &[&str]| way.berth("lead-62", &[&["onboard", act][..], &flags, more].concat()).await;
    assert_eq!(berth("draft", &[]).await?, Exit::Done);
    assert_eq!(berth("create", &["--request-id", "inv-a27"]).await?, Exit::Done);
    let paper = world.onboarding("ag-62", &names::onboarding("ag-62", "lead-62", "inv-a27")).await?;
    assert_eq!(
        serde_json::to_value(&paper.spec.system)?,
        json!({
            "code": CODE, "displayName": "Quản lý hồ sơ cũ", "level": 1, "dataKinds": ["Public"],
            "governingBodyRef": {"name": "ag-70"}, "operatorRef": {"name": "ag-69"}
        })
    );
    world.decide("approver", &paper, "Approve").await?;
    let paper = world.until(&paper, ConditionType::Ready).await?;
    let status = paper.status.ok_or("no status")?;
    let names = (status.tenant_ref.map(|t| t.name), status.environment_ref.map(|e| e.name));
    assert_eq!(names, (Some(plate.clone()), Some(format!("{plate}-prod"))));
    let taken = found(world, &plate).await?.ok_or("gone")?;
    assert_eq!(taken.uid(), known.uid());
    assert_eq!((taken.spec.migration_stage, taken.spec.basis.revision), (MigrationStage::Onboarding, Some(2)));
    assert_eq!(Progress::of([&taken]).not_migrated(), 1, "granted is not yet operating");
    let history =
        |tenant: &Tenant| (tenant.spec.owners.clone(), tenant.spec.levels.clone(), tenant.spec.inventory.clone());
    assert_eq!(history(&taken), history(&known));
    assert!(taken.status.is_some_and(|status| status.prefix.is_some()), "it is numbered now");
    assert_eq!(
        import(world, folder.path(), "platform", &good, &["--apply"]).await?,
        Exit::Done,
        "still no contradiction"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_agencies_is_checked_by_the_api_server_before_anything_is_written() -> Result<()> {
    let way = Way::open().await?;
    let (world, folder) = (way.world, tempfile::tempdir()?);
    let agencies = |kind: &str| {
        let row = format!("ag-inv,Trung tâm thử nghiệm,{kind},2026-01-01,tt-thu-nghiem,ag-69");
        ["id,name,type,effective,alias,parent".to_owned(), row]
    };
    assert_eq!(import(world, folder.path(), "platform", &agencies("ServiceUnit"), &[]).await?, Exit::Done);
    assert_eq!(import(world, folder.path(), "platform", &agencies("Khác"), &["--apply"]).await?, Exit::Failed);
    assert_eq!(
        import(world, folder.path(), "lead-62", &agencies("ServiceUnit"), &["--apply"]).await?,
        Exit::NotAllowed
    );
    assert_eq!(Api::<Agency>::all(world.cluster.admin()).get_opt("ag-inv").await?, None);
    Ok(())
}
