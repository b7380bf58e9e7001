//! Building the binary, with a Go that is missing, old or an imitation that only writes its output.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, thread};

use berth_cluster::{Binary, Error};

/// A `go` that answers `version` and builds a file, noting each build.
fn install_go(folder: &Path, version: &str, build: &str) {
    let script = format!("#!/bin/sh\n[ $1 = version ] && echo 'go version {version} linux/amd64' && exit 0\n{build}\n");
    let go = folder.join("go");
    fs::write(&go, script).unwrap();
    fs::set_permissions(go, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_missing_go_is_named_with_the_version_that_is_needed() {
    let empty = tempfile::tempdir().unwrap();
    let binary = Binary::workspace().with_cache(empty.path().join("cache")).with_search_path(empty.path());
    let error = binary.build().unwrap_err();
    assert!(matches!(error, Error::GoMissing { .. }) && error.to_string().contains("Go 1.26 or newer"), "{error}");
}

#[test]
fn an_old_go_is_named_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    install_go(folder.path(), "go1.22.1", "exit 1");
    let binary = Binary::workspace().with_cache(folder.path().join("cache")).with_search_path(folder.path());
    let error = binary.build().unwrap_err();
    assert!(matches!(&error, Error::GoMissing { found } if found == "`go` is 1.22"), "{error}");
}

#[test]
fn a_failing_build_shows_what_the_compiler_said() {
    let folder = tempfile::tempdir().unwrap();
    install_go(folder.path(), "go1.26.8", "echo no space left >&2; exit 1");
    let binary = Binary::workspace().with_cache(folder.path().join("cache")).with_search_path(folder.path());
    let error = binary.build().unwrap_err();
    assert!(matches!(&error, Error::Build { output, .. } if output == "no space left"), "{error}");
}

#[test]
fn of_many_builders_one_builds_and_all_get_the_binary() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("builds");
    // `-o` and its file are the arguments before the last.
    let build = format!("echo build >> '{}'\nwhile [ $# -gt 2 ]; do shift; done\necho binary > \"$1\"", log.display());
    install_go(folder.path(), "go1.26.8", &build);
    let binary = Binary::workspace().with_cache(folder.path().join("cache")).with_search_path(folder.path());
    let builders: Vec<_> = (0..8).map(|_| binary.clone()).map(|binary| thread::spawn(move || binary.build())).collect();
    let mut paths: Vec<_> = builders.into_iter().map(|builder| builder.join().unwrap().unwrap()).collect();
    paths.dedup();
    assert_eq!(paths.len(), 1);
    assert_eq!(fs::read_to_string(&paths[0]).unwrap(), "binary\n");
    assert_eq!(fs::read_to_string(log).unwrap(), "build\n");
}
