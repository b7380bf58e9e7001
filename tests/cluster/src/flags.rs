//! The command line of every component. Values, no I/O.

use std::fmt::Display;

use crate::{Component, Options, folder::Layout, ports::Ports};

/// Tokens of the components and of people are only for this cluster; `berth` is the audience of the door.
const AUDIENCES: &str = "https://kubernetes.default.svc,berth";
const ISSUER: &str = "https://kubernetes.default.svc";
/// Dual stack, as in the data centre. The IPv6 half is a documentation prefix: no address of it is anybody's.
const SERVICE_RANGE: &str = "10.0.0.0/24,3fff:a10:1000::/112";

/// Everything that is written to the audit log: each request for a resource, once, when it is answered.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    nonResourceURLs: ['*']
  - level: Metadata
";

/// What flags are made of.
pub(crate) struct Inputs<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) ports: Ports,
    pub(crate) options: &'a Options,
}

impl Inputs<'_> {
    /// The arguments after the component's name.
    pub(crate) fn of(&self, component: Component) -> Vec<String> {
        match component {
            Component::Etcd => self.etcd(),
            Component::ApiServer => self.api_server(),
            Component::ControllerManager => self.controller_manager(),
        }
    }

    fn etcd(&self) -> Vec<String> {
        let Self { layout, ports, options } = self;
        let client = format!("https://127.0.0.1:{}", ports.etcd);
        let peer = format!("https://127.0.0.1:{}", ports.etcd_peer);
        let mut flags = vec![
            flag("name", "berth"),
            flag("data-dir", layout.store().display()),
            flag("listen-client-urls", &client),
            flag("advertise-client-urls", &client),
            flag("listen-peer-urls", &peer),
            flag("initial-advertise-peer-urls", &peer),
            flag("initial-cluster", format!("berth={peer}")),
        ];
        for side in ["", "peer-"] {
            flags.extend([
                flag(&format!("{side}cert-file"), layout.certificate().display()),
                flag(&format!("{side}key-file"), layout.key().display()),
                flag(&format!("{side}trusted-ca-file"), layout.ca().display()),
                flag(&format!("{side}client-cert-auth"), true),
            ]);
        }
        if options.unsafe_no_fsync {
            flags.push(flag("unsafe-no-fsync", true));
        }
        flags
    }

    fn api_server(&self) -> Vec<String> {
        let Self { layout, ports, options } = self;
        let mut flags = vec![
            flag("etcd-servers", format!("https://127.0.0.1:{}", ports.etcd)),
            flag("etcd-cafile", layout.ca().display()),
            flag("etcd-certfile", layout.certificate().display()),
            flag("etcd-keyfile", layout.key().display()),
            flag("bind-address", "127.0.0.1"),
            flag("advertise-address", "127.0.0.1"),
            // A loopback address may not be an endpoint of the Service `kubernetes`.
            flag("endpoint-reconciler-type", "none"),
            flag("secure-port", ports.api_server),
            flag("tls-cert-file", layout.certificate().display()),
            flag("tls-private-key-file", layout.key().display()),
            flag("client-ca-file", layout.ca().display()),
            flag("token-auth-file", layout.tokens().display()),
            flag("authorization-mode", "RBAC"),
            flag("api-audiences", AUDIENCES),
            flag("service-account-issuer", ISSUER),
            flag("service-account-key-file", layout.accounts_public_key().display()),
            flag("service-account-signing-key-file", layout.accounts_key().display()),
            flag("service-cluster-ip-range", SERVICE_RANGE),
            flag("allow-privileged", true),
            flag("audit-policy-file", layout.audit_policy().display()),
            flag("audit-log-path", layout.audit_log().display()),
            // Never rotated: marks are offsets into one file.
            flag("audit-log-maxsize", 1_000_000),
        ];
        flags.extend(options.api_server_flags.iter().cloned());
        flags
    }

    fn controller_manager(&self) -> Vec<String> {
        let Self { layout, ports, options } = self;
        let kubeconfig = layout.manager_kubeconfig();
        let mut flags = vec![
            flag("kubeconfig", kubeconfig.display()),
            flag("authentication-kubeconfig", kubeconfig.display()),
            flag("authorization-kubeconfig", kubeconfig.display()),
            flag("bind-address", "127.0.0.1"),
            flag("secure-port", ports.controller_manager),
            flag("tls-cert-file", layout.certificate().display()),
            flag("tls-private-key-file", layout.key().display()),
            flag("root-ca-file", layout.ca().display()),
            flag("cluster-signing-cert-file", layout.ca().display()),
            flag("cluster-signing-key-file", layout.ca_key().display()),
            flag("service-account-private-key-file", layout.accounts_key().display()),
            flag("use-service-account-credentials", true),
            flag("leader-elect", false),
            flag("kube-api-qps", 500),
            flag("kube-api-burst", 1000),
        ];
        flags.extend(options.controller_manager_flags.iter().cloned());
        flags
    }
}

fn flag(name: &str, value: impl Display) -> String {
    format!("--{name}={value}")
}
