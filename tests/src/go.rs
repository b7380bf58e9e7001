//! Programs in Go that stories run, each built from a module of its own beside this crate. Go is needed for the control plane
//! anyway.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Result;

/// A package of the module in `tests/<module>` as a program in `target/<module>`. Go's own cache makes a build of unchanged
/// sources a look; of many processes at once, one builds and the others wait.
pub fn build(module: &str, package: &str, program: &str) -> Result<PathBuf> {
    let krate = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = krate.parent().ok_or("this crate is one folder below the workspace")?.join("target").join(module);
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let program = folder.join(program);
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(package);
    let output = go.current_dir(krate.join(module)).env("CGO_ENABLED", "0").output()?;
    if output.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{package} of tests/{module} cannot be built: {said}").into())
}
