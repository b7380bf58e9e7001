//! CRDs of other projects come from the projects, in the versions that are named.

use std::{fs, path::Path};

use berth_cluster::{CALICO, CILIUM, GATEWAY_API, METALLB};

fn scope(folder: &Path, file: &str) -> String {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    text.lines().find(|l| l.trim_start().starts_with("scope:")).unwrap().trim().to_owned()
}

#[test]
fn every_project_gives_its_kinds_with_their_scope() {
    let table = [
        (CILIUM, "ciliumpodippools.yaml", "scope: Cluster"),
        (CILIUM, "ciliumloadbalancerippools.yaml", "scope: Cluster"),
        (METALLB, "metallb.io_ipaddresspools.yaml", "scope: Namespaced"),
        (GATEWAY_API, "gateway.networking.k8s.io_httproutes.yaml", "scope: Namespaced"),
        (CALICO, "projectcalico.org_ippools.yaml", "scope: Cluster"),
        (CALICO, "projectcalico.org_networkpolicies.yaml", "scope: Namespaced"),
    ];
    for (project, file, expected) in table {
        assert_eq!(scope(&project.crds().unwrap(), file), expected, "{} {file}", project.name);
    }
}
