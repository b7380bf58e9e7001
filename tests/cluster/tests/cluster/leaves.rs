//! Nothing stays, however the process that started a cluster ends.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use berth_cluster::{Cluster, Component, Options};

use crate::{all_end, goes, runs};

const HOW: &str = "BERTH_CLUSTER_TEST_HOW";

fn pids(cluster: &Cluster) -> Vec<u32> {
    cluster.pids().unwrap().into_iter().map(|(_, pid)| pid).collect()
}

#[tokio::test]
async fn nothing_is_left_after_a_drop() {
    let cluster = Cluster::throw_away(Options { unsafe_no_fsync: true, ..Options::default() }).await.unwrap();
    let (pids, folder) = (pids(&cluster), cluster.folder().unwrap().to_owned());
    assert!(pids.len() == 3 && pids.iter().all(|pid| runs(*pid)) && folder.exists());
    drop(cluster);
    assert!(!pids.iter().any(|pid| runs(*pid)) && !folder.exists());
}

#[tokio::test]
async fn nothing_is_left_after_ctrl_c() {
    let mut other = Other::start("wait");
    other.signal("INT");
    other.leaves_nothing().await;
}

#[tokio::test]
async fn nothing_is_left_after_sigkill_even_of_a_frozen_component() {
    let mut other = Other::start("freeze");
    other.signal("KILL");
    other.leaves_nothing().await;
}

#[tokio::test]
async fn a_panic_ends_the_processes_and_keeps_the_folder_for_the_person_who_looks() {
    let mut other = Other::start("panic");
    let mut output = String::new();
    other.child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
    other.child.wait().unwrap();
    all_end(&other.pids).await.unwrap();
    assert!(output.contains(&format!("kept in {}", other.folder.display())), "{output}");
    assert!(other.folder.join("kube-apiserver.log").exists());
    std::fs::remove_dir_all(&other.folder).unwrap();
}

/// Another process with a cluster: this test binary, running only `the_other_process`.
struct Other {
    child: Child,
    pids: Vec<u32>,
    folder: PathBuf,
}

impl Other {
    fn start(how: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "leaves::the_other_process", "--ignored", "--nocapture"])
            .env(HOW, how)
            .stdout(Stdio::piped())
            .stderr(if how == "panic" { Stdio::piped() } else { Stdio::null() })
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("cluster\t")).expect("the other process says what it started");
        let mut fields = line.split('\t').skip(1);
        let folder = fields.next().unwrap().into();
        Self { child, folder, pids: fields.map(|pid| pid.parse().unwrap()).collect() }
    }

    fn signal(&mut self, name: &str) {
        let kill = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(kill.unwrap().success() && !self.child.wait().unwrap().success());
    }

    async fn leaves_nothing(&self) {
        assert_eq!(self.pids.len(), 3);
        all_end(&self.pids).await.unwrap();
        goes(&self.folder).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "run by the tests above in a process of its own"]
async fn the_other_process() {
    let Ok(how) = std::env::var(HOW) else { return };
    let cluster = Cluster::throw_away(Options { unsafe_no_fsync: true, ..Options::default() }).await.unwrap();
    if how == "freeze" {
        cluster.stop(Component::ControllerManager).unwrap();
    }
    let pids: Vec<_> = pids(&cluster).iter().map(u32::to_string).collect();
    println!("\ncluster\t{}\t{}", cluster.folder().unwrap().display(), pids.join("\t"));
    std::io::stdout().flush().unwrap();
    assert_ne!(how, "panic", "as asked");
    std::future::pending::<()>().await;
}
