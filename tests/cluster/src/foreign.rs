//! CRDs of other projects, from the projects themselves: fetched as Go modules at test time, kept under `target/`, never
//! vendored. The module's checksum is verified by `go` and printed, so that a story says what it ran against.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{Error, Result, process::tail};

/// Makes CRDs from Go types, for projects whose module carries none.
const GENERATOR: &str = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.18.0";

/// A project whose CRDs can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// Short name.
    pub name: &'static str,
    /// Go module.
    pub module: &'static str,
    /// Its version.
    pub version: &'static str,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The module has YAML in these folders.
    Folders(&'static [&'static str]),
    /// The module has the API types in this package.
    Types(&'static str),
}

/// Cilium.
pub const CILIUM: Foreign = Foreign {
    name: "cilium",
    module: "github.com/cilium/cilium",
    version: "v1.20.2",
    source: Source::Folders(&["pkg/k8s/apis/cilium.io/client/crds/v2", "pkg/k8s/apis/cilium.io/client/crds/v2alpha1"]),
};

/// MetalLB.
pub const METALLB: Foreign = Foreign {
    name: "metallb",
    module: "go.universe.tf/metallb",
    version: "v0.15.2",
    source: Source::Folders(&["config/crd/bases"]),
};

/// Calico: its API types (the main module is not served by the module proxy).
pub const CALICO: Foreign = Foreign {
    name: "calico",
    module: "github.com/projectcalico/api",
    version: "v0.0.0-20240708202104-e3f70b269c2c",
    source: Source::Types("pkg/apis/projectcalico/v3"),
};

/// The Gateway API, its standard channel.
pub const GATEWAY_API: Foreign = Foreign {
    name: "gateway-api",
    module: "sigs.k8s.io/gateway-api",
    version: "v1.6.3",
    source: Source::Folders(&["config/crd/standard"]),
};

/// What `go mod download -json` answers.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    dir: PathBuf,
    sum: String,
}

impl Foreign {
    /// Folder with the project's CRDs, fetched first if no process has yet.
    pub fn crds(&self) -> Result<PathBuf> {
        let krate = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = krate.ancestors().nth(2).expect("this crate is two folders below the workspace");
        self.crds_in(&workspace.join("target").join("foreign"))
    }

    fn crds_in(&self, cache: &Path) -> Result<PathBuf> {
        fs::create_dir_all(cache).map_err(Error::io("create", cache))?;
        let lock = cache.join(format!("{}.lock", self.name));
        let lock = File::create(&lock).map_err(Error::io("create", &lock))?;
        lock.lock().map_err(Error::io("lock", cache))?;
        let folder = cache.join(format!("{}-{}", self.name, self.version));
        let crds = folder.join("crds");
        let sum = folder.join("sum");
        if !sum.is_file() {
            let module = self.download()?;
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&crds).map_err(Error::io("create", &crds))?;
            match self.source {
                Source::Folders(folders) => {
                    folders.iter().try_for_each(|f| copy(&module.dir.join(f), &crds, str::to_owned))?
                }
                Source::Types(package) => generate(&module.dir, package, &folder, &crds)?,
            }
            // Written last: without it the folder is half of one.
            fs::write(&sum, module.sum).map_err(Error::io("write", &sum))?;
        }
        let sum = fs::read_to_string(&sum).map_err(Error::io("read", &sum))?;
        // Nobody needs to read it, so a closed stderr is no failure.
        let _ = writeln!(io::stderr(), "berth-cluster: CRDs of {} {} {sum}", self.module, self.version);
        Ok(crds)
    }

    fn download(&self) -> Result<Module> {
        let what = format!("{}@{}", self.module, self.version);
        let output = run(Command::new("go").args(["mod", "download", "-json", &what]), &what)?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| Error::Fetch { what, why: format!("`go mod download -json` answered {error}") })
    }
}

/// Copies the files of one folder, passing their text through `change`.
fn copy(from: &Path, to: &Path, change: impl Fn(&str) -> String) -> Result<()> {
    for entry in fs::read_dir(from).map_err(Error::io("list", from))? {
        let path = entry.map_err(Error::io("list", from))?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let copy = to.join(name);
        fs::write(&copy, change(&text)).map_err(Error::io("write", &copy))?;
    }
    Ok(())
}

/// Types are marked for clients and not for CRDs: the generator needs to be told once more which of them are
/// cluster-scoped, so it works on a copy.
fn generate(module: &Path, package: &str, folder: &Path, crds: &Path) -> Result<()> {
    const CLIENT: &str = "// +genclient:nonNamespaced\n";
    let sources = folder.join("src");
    let copied = sources.join(package);
    fs::create_dir_all(&copied).map_err(Error::io("create", &copied))?;
    copy(module, &sources, str::to_owned)?;
    // The one package of its own that the types use.
    let numbers = sources.join("pkg/lib/numorstring");
    fs::create_dir_all(&numbers).map_err(Error::io("create", &numbers))?;
    copy(&module.join("pkg/lib/numorstring"), &numbers, str::to_owned)?;
    let scoped = format!("{CLIENT}// +kubebuilder:resource:scope=Cluster\n");
    copy(&module.join(package), &copied, |text| text.replace(CLIENT, &scoped))?;
    let paths = format!("paths=./{package}");
    let to = format!("output:crd:dir={}", crds.display());
    let mut command = Command::new("go");
    command.args(["run", GENERATOR, "crd:crdVersions=v1,allowDangerousTypes=true", &paths, &to]).current_dir(&sources);
    run(&mut command, GENERATOR).map(drop)
}

fn run(command: &mut Command, what: &str) -> Result<Output> {
    let output = command.output().map_err(Error::io("run", "go"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Error::Fetch { what: what.to_owned(), why: tail(&String::from_utf8_lossy(&said)) })
}
