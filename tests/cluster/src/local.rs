//! A control plane that this process started.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::Signal;

use crate::{
    Component, Error, Options, Person, Result,
    access::Access,
    binary::Binary,
    flags::{AUDIT_POLICY, Inputs},
    folder::Folder,
    pki::{self, write_secret},
    ports::Ports,
    probe::Probe,
    process::{Process, Spawn, tail_of},
    snapshot::copy_tree,
    store::Store,
    wait::{INTERVAL, until},
};

/// How often a start is tried with new ports.
const TRIES: usize = 5;

/// The processes and files of a cluster.
#[derive(Debug)]
pub(crate) struct Local {
    binary: PathBuf,
    options: Options,
    ports: Ports,
    probe: Probe,
    processes: Mutex<BTreeMap<Component, Process>>,
    /// Whether the processes stay when this is dropped.
    released: bool,
    /// Last, so that the folder is removed after the processes ended.
    pub(crate) folder: Folder,
}

impl Local {
    /// Starts everything and returns when it is ready.
    pub(crate) async fn start(options: Options) -> Result<(Self, Access)> {
        if options.detached && options.folder.is_none() {
            return Err(Error::Folder { folder: PathBuf::new(), why: "a detached cluster needs Options::folder" });
        }
        let binary = Binary::ensure_blocking().await?;
        let mut tries = 1;
        loop {
            match Self::start_once(binary.clone(), options.clone()).await {
                Err(error) if error.is_port_taken() && tries < TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn start_once(binary: PathBuf, options: Options) -> Result<(Self, Access)> {
        let folder = Folder::create(&options)?;
        let ports = Ports::free()?;
        let authority = pki::write(&folder.layout)?;
        let admin = Person::new("admin", ["system:masters"]);
        let manager = Person::new("system:kube-controller-manager", [""; 0]);
        let access = Access::local(ports.api_server, &authority, &admin.token)?;
        let layout = &folder.layout;
        let people = [&admin, &manager].into_iter().chain(&options.people);
        let tokens = people.map(Person::csv).collect::<Result<Vec<_>>>()?.join("\n");
        write_secret(&layout.tokens(), &tokens)?;
        write_secret(&layout.audit_policy(), AUDIT_POLICY)?;
        write_secret(&layout.admin_kubeconfig(), &access.kubeconfig(crate::Login::Admin)?)?;
        write_secret(&layout.manager_kubeconfig(), &access.kubeconfig((&manager).into())?)?;
        if let Some(store) = &options.store {
            copy_tree(store, &layout.store())?;
        }
        let probe = Probe::new(layout, ports, &authority, &access)?;
        let mut local = Self { binary, options, ports, probe, processes: Mutex::default(), released: false, folder };
        local.bring_up().await?;
        local.released = local.options.detached;
        Ok((local, access))
    }

    /// The API server waits for etcd by itself; the controller manager does not wait for long.
    async fn bring_up(&self) -> Result<()> {
        self.spawn(Component::Etcd)?;
        self.spawn(Component::ApiServer)?;
        self.ready(Component::Etcd).await?;
        self.ready(Component::ApiServer).await?;
        self.spawn(Component::ControllerManager)?;
        self.ready(Component::ControllerManager).await
    }

    fn spawn(&self, component: Component) -> Result<()> {
        let layout = &self.folder.layout;
        let process = Process::spawn(Spawn {
            binary: &self.binary,
            component,
            flags: Inputs { layout, ports: self.ports, options: &self.options }.of(component),
            folder: &layout.0,
            log: layout.log(component),
            heap_mib: self.options.heap_mib,
            detached: self.options.detached,
            orphan: self.folder.orphan(),
        })?;
        let pid = layout.pid(component);
        fs::write(&pid, process.id().to_string()).map_err(Error::io("write", &pid))?;
        self.processes().insert(component, process);
        Ok(())
    }

    /// Waits until a component is ready; returns at once if it, or one that it needs, has ended.
    async fn ready(&self, component: Component) -> Result<()> {
        let within = self.options.ready_within;
        let outcome = until(component.name(), within, async || {
            tokio::select! {
                biased;
                exited = self.exit() => Ok(Err(exited)),
                seen = self.probe.ready(component) => seen.map(Ok),
            }
        });
        match outcome.await {
            Err(Error::Deadline { last, .. }) => {
                let log = self.folder.layout.log(component);
                Err(Error::NotReady { component, within, last, tail: tail_of(&log), log })
            }
            outcome => outcome.flatten(),
        }
    }

    /// Ends when a component does, which a question to a port that somebody else took may not.
    async fn exit(&self) -> Error {
        loop {
            if let Some(exited) = self.exited() {
                return exited;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn exited(&self) -> Option<Error> {
        self.processes().values_mut().find_map(Process::exited)
    }

    /// Ends a component with SIGKILL.
    pub(crate) fn kill(&self, component: Component) -> Result<()> {
        let mut process = self.processes().remove(&component).ok_or(Error::State {
            doing: "kill",
            component,
            state: "not running",
        })?;
        let pid = self.folder.layout.pid(component);
        fs::remove_file(&pid).map_err(Error::io("remove", &pid))?;
        process.kill()
    }

    /// Starts a component again on its port and data, ending it first if it runs.
    pub(crate) async fn restart(&self, component: Component) -> Result<()> {
        if self.processes().contains_key(&component) {
            self.kill(component)?;
        }
        let mut tries = 1;
        loop {
            self.spawn(component)?;
            match self.ready(component).await {
                Err(error) if error.is_port_taken() && tries < TRIES => {
                    self.kill(component)?;
                    tries += 1;
                }
                outcome => break outcome?,
            }
        }
        if component == Component::Etcd && self.processes().contains_key(&Component::ApiServer) {
            self.ready(Component::ApiServer).await?;
        }
        Ok(())
    }

    /// Freezes a component: its port stays open and answers nothing.
    pub(crate) fn stop(&self, component: Component) -> Result<()> {
        self.running("stop", component, Process::stop)
    }

    /// Lets a frozen component go on.
    pub(crate) fn cont(&self, component: Component) -> Result<()> {
        self.running("continue", component, |process| process.signal("continue", Signal::CONT))
    }

    fn running(
        &self,
        doing: &'static str,
        component: Component,
        act: impl FnOnce(&Process) -> Result<()>,
    ) -> Result<()> {
        let absent = Error::State { doing, component, state: "not running" };
        self.processes().get(&component).ok_or(absent).and_then(act)
    }

    /// The process ids of what runs.
    pub(crate) fn pids(&self) -> Vec<(Component, u32)> {
        self.processes().iter().map(|(component, process)| (*component, process.id())).collect()
    }

    /// What is asked of etcd itself.
    pub(crate) fn store(&self) -> Store {
        self.probe.store()
    }

    fn processes(&self) -> MutexGuard<'_, BTreeMap<Component, Process>> {
        // The map is whole after every statement, so a panic elsewhere left nothing half done.
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let mut processes = self.processes();
        // First all, then wait for each: none sees the others go and writes about it.
        for process in processes.values_mut() {
            let _ = process.begin_kill();
        }
        for process in processes.values_mut() {
            if let Err(error) = process.kill() {
                eprintln!("berth-cluster: {error}");
            }
        }
        if let Err(error) = self.folder.layout.remove_pids() {
            eprintln!("berth-cluster: {error}");
        }
    }
}
