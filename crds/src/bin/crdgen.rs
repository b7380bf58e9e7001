//! Writes the CRDs to `crds/yaml` and `charts/berth/files/crds`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [root.join("yaml"), root.join("../charts/berth/files/crds")] {
        std::fs::create_dir_all(&folder)?;
        for crd in berth_crds::all_crds() {
            let file = format!("{}.yaml", crd.spec.names.plural);
            std::fs::write(folder.join(file), serde_yaml::to_string(&crd)?)?;
        }
    }
    Ok(())
}
