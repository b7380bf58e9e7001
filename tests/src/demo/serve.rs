//! What runs during the demo: control plane, operator, door; and the files that let people in.

use std::collections::BTreeMap;
use std::time::Duration;

use berth_cluster::{Cluster, Login, Options};

use super::folder::Folder;
use crate::error::Result;
use crate::people::{self, Entry};
use crate::stack::{Door, Operator};
use crate::{files, install};

/// Service account tokens last an hour; they are written anew well before.
const REFRESH: Duration = Duration::from_secs(30 * 60);

/// Everything that runs.
pub struct Served {
    /// The control plane.
    pub cluster: Cluster,
    /// The door.
    pub door: Door,
    /// Token of everybody, by file name.
    pub tokens: BTreeMap<String, String>,
    /// Everybody.
    pub entries: Vec<Entry>,
    operator: Operator,
}

impl Served {
    /// Starts everything and writes the files of the demo.
    pub async fn start(folder: &Folder) -> Result<Self> {
        let entries = people::read()?;
        let people: Vec<_> = entries.iter().filter_map(Entry::person).collect();
        let mut tokens: BTreeMap<String, String> =
            entries.iter().filter_map(|e| Some((e.file.clone(), e.person()?.name))).collect();
        for token in tokens.values_mut() {
            let person = people.iter().find(|p| p.name == *token).ok_or("everybody was declared above")?;
            *token = person.token.clone();
        }
        step("starting a control plane (the first time builds it, which takes some minutes)");
        let cluster = Cluster::start(Options { people, ..Default::default() }).await?;
        step("installing the chart's CRDs, RBAC and admission policies");
        install::berth(&cluster).await?;
        step("loading the province");
        install::province(&cluster).await?;
        step("starting the operator and the door under the chart's own accounts");
        let operator = Operator::start(&cluster).await?;
        let door = Door::start(&cluster).await?;
        install::agencies_ready(&cluster).await?;
        let mut served = Self { cluster, door, tokens, operator, entries };
        served.pipelines().await?;
        served.write(folder).await?;
        Ok(served)
    }

    async fn pipelines(&mut self) -> Result<()> {
        for entry in &self.entries {
            if let Some(account) = &entry.service_account {
                let token = people::pipeline(&self.cluster, account).await?;
                self.tokens.insert(entry.file.clone(), token);
            }
        }
        Ok(())
    }

    async fn write(&self, folder: &Folder) -> Result<()> {
        self.cluster.write_kubeconfig(Login::Admin, &folder.file("kubeconfig"))?;
        for (name, token) in &self.tokens {
            folder.write(&format!("tokens/{name}"), token)?;
        }
        let bin = folder.file("bin");
        std::fs::create_dir_all(&bin)?;
        Cluster::install_kubectl(&bin)?;
        let cli = command_line().await?;
        let env = format!(
            "export KUBECONFIG={}\nexport BERTH_SERVER={}\nexport BERTH_TOKEN_FILE={}\nexport PATH={}:{}:$PATH\n",
            folder.file("kubeconfig").display(),
            self.door.url,
            folder.file("tokens/it-lead.so-y-te").display(),
            bin.display(),
            cli.display(),
        );
        folder.write("env", &env).map(drop)
    }

    /// Stays up until Ctrl-C or a signal, and keeps the tokens of service accounts fresh.
    pub async fn until_told(&self, folder: &Folder) -> Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = term.recv() => return Ok(()),
                _ = tokio::signal::ctrl_c() => return Ok(()),
                () = tokio::time::sleep(REFRESH) => self.refresh(folder).await?,
            }
        }
    }

    async fn refresh(&self, folder: &Folder) -> Result<()> {
        self.operator.account.refresh(&self.cluster).await?;
        self.door.account.refresh(&self.cluster).await?;
        for entry in &self.entries {
            if let Some(account) = &entry.service_account {
                let token = people::pipeline(&self.cluster, account).await?;
                folder.write(&format!("tokens/{}", entry.file), &token)?;
            }
        }
        Ok(())
    }

    /// Ends everything, the control plane last.
    pub async fn stop(self) -> Result<()> {
        self.door.stop().await?;
        self.operator.stop().await
    }
}

/// What cargo is asked for. The demo's own package is named beside the one of `berth`, which alone asks for other features of the
/// libraries: all of them would be built once more.
const BUILD: [&str; 8] = ["build", "--quiet", "--package", "berth-tests", "--package", "berth-api", "--bin", "berth"];

/// Builds `berth` and returns the folder that it lies in.
async fn command_line() -> Result<std::path::PathBuf> {
    step("building the command line `berth`");
    let root = files::root();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = tokio::process::Command::new(cargo);
    command.args(BUILD);
    // What cargo tells a program that it runs about its package: `ring` and whatever uses it would be built again, and once
    // more by whoever calls cargo next.
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_a_package(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let status = command.current_dir(&root).status().await?;
    if !status.success() {
        return Err(format!("`cargo {}` failed ({status}): what it says stands above", BUILD.join(" ")).into());
    }
    let own = std::env::current_exe()?;
    Ok(own.parent().ok_or("the demo lies in a folder")?.to_owned())
}

/// Whether a variable is one that cargo sets for a program of a package.
fn of_a_package(name: &str) -> bool {
    name == "OUT_DIR" || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|begins| name.starts_with(begins))
}

/// Says what happens, on stderr.
pub fn step(text: &str) {
    eprintln!("demo: {text}");
}
