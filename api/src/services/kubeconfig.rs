//! The kubeconfig of an environment: where, which namespaces, and the caller's own token file. No secret.

use berth_crds::{Environment, Reason};
use kube::ResourceExt as _;
use serde_json::json;

use crate::{
    door::ClusterEnd,
    name,
    problem::{Problem, Result, Thing},
    proto::v1 as pb,
    read::{Findings, text},
};

/// Builds it; one context per namespace, the first is current.
pub fn kubeconfig(cluster: Option<&ClusterEnd>, environment: &Environment, token_file: &str) -> Result<pb::Kubeconfig> {
    let mut findings = Findings::default();
    let token_file = text::check(&mut findings, "token_file", token_file, text::line(4096));
    let token_file = findings.or(token_file)?;
    let Some(cluster) = cluster else {
        return Err(Problem::NotSupported("this door does not know the cluster's address: set `--cluster-url`".into()));
    };
    let namespaces: Vec<_> = environment.status.iter().flat_map(|s| &s.namespaces).map(|n| n.name.clone()).collect();
    let Some(first) = namespaces.first() else {
        let thing = Thing::new("Environment", name::environment(&environment.name_any()));
        let message = format!("{} has no namespaces yet: wait until it is ready", thing.name);
        return Err(Problem::Refused { reason: Reason::Provisioning, thing, message });
    };
    let context = |namespace: &String| json!({"name": namespace, "context": {"cluster": "berth", "user": "berth", "namespace": namespace}});
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "berth", "cluster": {
            "server": cluster.url,
            "certificate-authority-data": base64(cluster.ca_pem.as_bytes()),
        }}],
        "users": [{"name": "berth", "user": {"tokenFile": token_file}}],
        "contexts": namespaces.iter().map(context).collect::<Vec<_>>(),
        "current-context": first,
    });
    let kubeconfig = serde_yaml::to_string(&config).map_err(|e| Problem::bug("writing a kubeconfig", &e))?;
    Ok(pb::Kubeconfig { kubeconfig })
}

/// RFC 4648 base64 with padding; kubeconfigs hold certificates in it.
fn base64(bytes: &[u8]) -> String {
    // `ByteString` is the one type at hand that is written in base64.
    let text = serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec()));
    text.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use berth_crds::environment::{EnvironmentStatus, NamespaceStatus};

    use super::*;

    fn environment(namespaces: &[&str]) -> Environment {
        let namespaces =
            namespaces.iter().map(|n| NamespaceStatus { name: (*n).into(), ..Default::default() }).collect();
        let mut environment = Environment::new("abcdef-prod", Default::default());
        environment.status = Some(EnvironmentStatus { namespaces, ..Default::default() });
        environment
    }

    #[test]
    fn a_kubeconfig_names_the_token_file_and_every_namespace() {
        let end = ClusterEnd { url: "https://10.0.0.1:6443".into(), ca_pem: "PEM".into() };
        let answer = kubeconfig(Some(&end), &environment(&["abcdef-prod-app", "abcdef-prod-db"]), "/t/token").unwrap();
        let config = kube::config::Kubeconfig::from_yaml(&answer.kubeconfig).unwrap();
        assert_eq!(config.current_context.as_deref(), Some("abcdef-prod-app"));
        let user = config.auth_infos[0].auth_info.as_ref().unwrap();
        assert_eq!((user.token_file.as_deref(), user.token.is_none()), (Some("/t/token"), true));
        assert_eq!(config.clusters[0].cluster.as_ref().unwrap().certificate_authority_data.as_deref(), Some("UEVN"));
    }

    #[test]
    fn without_namespaces_or_address_there_is_none() {
        let end = ClusterEnd { url: "https://10.0.0.1:6443".into(), ca_pem: String::new() };
        assert!(matches!(kubeconfig(Some(&end), &environment(&[]), "/t"), Err(Problem::Refused { .. })));
        assert!(matches!(kubeconfig(None, &environment(&["a"]), "/t"), Err(Problem::NotSupported(_))));
        assert!(matches!(kubeconfig(None, &environment(&["a"]), ""), Err(Problem::Invalid(_))));
    }
}
