//! The page of the book that follows from the table.

use std::fmt::Write as _;

use crate::children::{self, Others};
use crate::hosts::{self, Hosts};
use crate::shapes::{self, FIELDS, Family};
use crate::{backends, namespace};

/// Text of `docs/src/reference/guards.md`.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    out += "\n## Namespaces\n\n| what | on | written by |\n| --- | --- | --- |\n";
    let on = namespace::RESOURCES.map(|r| format!("`{r}`")).join(", ");
    for (what, by) in NAMESPACE {
        let _ = writeln!(out, "| {what} | {on} | {by} |");
    }
    out += "\n## Objects in namespaces of ours\n\n| kind | what others may do with one that is not ours |\n| --- | --- |\n";
    for child in children::ALL {
        let others = match child.others {
            Others::Free => "anything: it adds nothing against ours",
            Others::NoneBeside => "delete; there is exactly one, ours",
            Others::DeleteOnly => "delete; access comes from `Environment.spec.access`",
        };
        let _ = writeln!(out, "| {} | {others} |", child.kind);
    }
    out += "\nOurs carry `app.kubernetes.io/managed-by: berth-operator`: nobody else writes, deletes or forges them. Exempt: \
            the namespace controller (deletes what is in a namespace that goes), the garbage collector (finishes a \
            foreground deletion), `system:masters` and the break-glass groups (come back as repaired drift). Of the status of quotas the mark alone is \
            guarded.\n";
    out += "\n## Break-glass\n\nThe groups of `guards.breakGlass.groups` (none by default) pass the guards of this page on \
            namespaces, children and accounts, not those on pods, templates and Services, and no other policy. Each use is \
            answered with a warning, annotated in the API server's audit log, and marks what it writes with \
            `berth.dev/break-glass: <username>`, of which the operator makes an Event `BreakGlassUsed`.\n";
    out += "\n## Accounts in namespaces of ours\n\n`default` and `berth-deploy` carry the mark: nobody else deletes them, takes the \
            mark away or sets `automountServiceAccountToken: true`. Everything else in them is the tenant's. Exempt: the same as \
            for objects.\n";
    out += "\n## Fields\n\n| field | on |\n| --- | --- |\n";
    for field in FIELDS {
        let _ = writeln!(out, "| `{}` | {} |", field.name, resources(field.family));
    }
    out += "\n## Host names\n\nAn object of these kinds may name only hosts that an open Connection grants to its namespace \
            (annotation `berth.dev/host-names`), in every part that can name one; a part that names none is for every host, and \
            refused. Annotations with a domain in their key are refused but for those of `guards.gatewayAnnotations`. Judged is \
            what a request makes or changes. Nobody is exempt.\n\n| kind | where its hosts stand |\n| --- | --- |\n";
    for shape in hosts::ALL {
        let at = match shape.hosts {
            Hosts::Ingress => "`spec.rules[].host`, `spec.tls[].hosts`; no default back end",
            Hosts::Route => "`spec.hostnames`",
            Hosts::Listeners => "`spec.listeners[].hostname`",
            Hosts::Every => "nowhere: refused",
        };
        let _ = writeln!(out, "| `{}.{}` | {at} |", shape.resource, shape.group);
    }
    let known = hosts::ANNOTATIONS.iter().map(|key| format!("`{key}*`")).collect::<Vec<_>>().join(" ");
    let _ = writeln!(out, "\nKeys that are allowed: {known}");
    out += "\n## Keys of network back ends\n\nLabels and annotations, on every object below; the accounts are the defaults of \
            `guards.networkIdentities.<value>`.\n\n| back end | value | keys | its own accounts |\n| --- | --- | --- | --- |\n";
    for b in backends::ALL {
        let keys = b.keys.iter().map(|k| format!("`{}`", k.shown())).collect::<Vec<_>>().join(" ");
        let accounts = b.identities.iter().map(|i| i.trim_start_matches("system:serviceaccount:"));
        let accounts = accounts.map(|i| format!("`{i}`")).collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "| {} | `{}` | {keys} | {accounts} |", b.title, b.id);
    }
    out += "\n| objects | resources |\n| --- | --- |\n";
    for (what, family) in [("pods", Family::Pods), ("pod templates", Family::Templates), ("Services", Family::Services)]
    {
        let _ = writeln!(out, "| {what} | {} |", resources(family));
    }
    let _ = writeln!(out, "| our namespaces | {on} |");
    out
}

const HEAD: &str = "<!-- Generated: do not edit. Run `cargo run -p berth-guards --bin guardgen`. -->

# Guards

ValidatingAdmissionPolicies in the API server: they hold while operator and door are down, and fail closed. They compare keys
between the old and the new object and never deny whole objects, so Kubernetes' own controllers and network back ends write
beside them. Everybody is held to them who is not named here by exact name. The same table makes the policies and the
manifests that the stories try (`charts/guards`).

Policies cannot guard policies: rights on `admissionregistration.k8s.io` do. What guards papers, registers, addresses and the
names of namespaces is written by hand in `charts/berth/files/policies`, with its reason in the first line of each file.
";

const NAMESPACE: &[(&str, &str)] = &[
    ("labels and annotations `berth.dev/*`", "the operator"),
    ("annotation `berth.dev/adopt` of a namespace that is not ours", "a platform operator, no contractor"),
    ("label `app.kubernetes.io/managed-by`, to or from `berth-operator`", "the operator"),
    ("finalizers `berth.dev/*`", "the operator"),
    ("labels `pod-security.kubernetes.io/*` of our namespaces", "the operator"),
    ("further `ownerReferences` of our namespaces", "the operator"),
    ("fewer `spec.finalizers` of our namespaces", "the namespace controller; `system:masters`"),
    ("keys of network back ends on our namespaces", "the operator; each back end its own"),
];

fn resources(family: Family) -> String {
    let list = shapes::ALL.iter().filter(|s| s.family == family);
    list.map(|s| format!("`{}`", s.resource)).collect::<Vec<_>>().join(" ")
}
