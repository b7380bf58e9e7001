//! Clusters that outlive the process that started them: finding and ending exactly their processes.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Signal, kill_process};

use crate::{Cluster, Component, Error, Result, folder::Layout, process::pid, wait::until};

const ENDED_WITHIN: Duration = Duration::from_secs(10);

impl Cluster {
    /// Ends the detached cluster whose data is in `folder` and says which components ran; the data stays.
    ///
    /// A process id that meanwhile belongs to another program is left alone.
    pub async fn stop_detached(folder: &Path) -> Result<Vec<Component>> {
        let Ok(folder) = fs::canonicalize(folder) else { return Ok(Vec::new()) };
        let layout = Layout(folder);
        let running = running(&layout);
        for (component, id) in &running {
            let sent = pid(*id).map_or(Ok(()), |pid| kill_process(pid, Signal::KILL));
            sent.map_err(|error| Error::Signal {
                doing: "kill",
                component: *component,
                pid: *id,
                why: error.to_string(),
            })?;
        }
        for (component, id) in &running {
            until("the end of the detached cluster", ENDED_WITHIN, async || match is(&layout, *component, *id) {
                true => Err(format!("{component} (process {id}) still runs")),
                false => Ok(()),
            })
            .await?;
        }
        layout.remove_pids()?;
        Ok(running.into_iter().map(|(component, _)| component).collect())
    }
}

/// The components of a folder that really run.
pub(crate) fn running(layout: &Layout) -> Vec<(Component, u32)> {
    let recorded = Component::ALL.into_iter().filter_map(|component| {
        let text = fs::read_to_string(layout.pid(component)).ok()?;
        Some((component, text.trim().parse().ok()?))
    });
    recorded.filter(|(component, id)| is(layout, *component, *id)).collect()
}

/// Whether a process is that component of that folder: its first argument and the folder in its flags say so.
fn is(layout: &Layout, component: Component, id: u32) -> bool {
    // A process that ended but was not waited for has an empty command line.
    let command_line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let command_line = String::from_utf8_lossy(&command_line);
    let mut arguments = command_line.split('\0').skip(1);
    let inside = format!("={}/", layout.0.display());
    arguments.next() == Some(component.name()) && arguments.any(|argument| argument.contains(&inside))
}
