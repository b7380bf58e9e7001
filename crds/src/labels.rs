//! Every string that another component may see: group, labels, annotations, managers, fixed names.

/// API group of all kinds.
pub const GROUP: &str = "berth.dev";
/// API version of all kinds.
pub const VERSION: &str = "v1alpha1";

/// Agency that owns the namespace today (`ag-62`).
pub const AGENCY: &str = "berth.dev/agency";
/// Tenant (plate) of the namespace.
pub const TENANT: &str = "berth.dev/tenant";
/// Environment of the namespace (`<plate>-prod`).
pub const ENVIRONMENT: &str = "berth.dev/environment";
/// Zone of the namespace (`dmz`, `app`, `db`, `mgmt`); absent when the environment is not zoned.
pub const ZONE: &str = "berth.dev/zone";
/// Security level of the tenant, `1` to `5`.
pub const LEVEL: &str = "berth.dev/level";
/// UID of the Environment that a namespace was created for or adopted by: the proof of ownership that only we can write.
pub const ENVIRONMENT_UID: &str = "berth.dev/environment-uid";
/// Annotation of a namespace: the Environment to which a platform operator gives it; what carries it is never deleted by us.
pub const ADOPT: &str = "berth.dev/adopt";
/// Who last changed a register by hand.
pub const CHANGED_BY: &str = "berth.dev/changed-by";
/// Who last wrote the object past the guards, by break-glass; stamped by admission.
pub const BREAK_GLASS: &str = "berth.dev/break-glass";
/// Name of the Onboarding that a Decision is about, for lists by label.
pub const ONBOARDING: &str = "berth.dev/onboarding";
/// UID of the Connection that a NetworkPolicy stands for.
pub const CONNECTION: &str = "berth.dev/connection";
/// Annotation of a NetworkPolicy: the paper that it stands for, as `namespace/name`.
pub const PAPER: &str = "berth.dev/paper";
/// Annotation of a tenant's namespace: host names that its Ingresses and routes may have, with commas between them; absent:
/// none.
pub const HOST_NAMES: &str = "berth.dev/host-names";
/// 32 hexadecimal digits of a block's network address: lists sort by address.
pub const ADDRESS_HEX: &str = "berth.dev/address";

/// Label by which the platform's BGP peers select announcements of tenants' prefixes (value `tenant`).
pub const ADVERTISE: &str = "berth.dev/advertise";
/// Label that a platform operator puts on a back end's pool for all tenants; its value is the family (`IPv4`).
pub const SHARED_POOL: &str = "berth.dev/shared-pool";

/// Annotation of a NetworkPolicy whose rules have no IPv4 blocks: why.
pub const NO_IPV4: &str = "berth.dev/no-ipv4";
/// Annotation of a NetworkPolicy whose rules have no IPv6 blocks: why.
pub const NO_IPV6: &str = "berth.dev/no-ipv6";

/// Standard label: who manages the object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Value of [`MANAGED_BY`] and server-side apply field manager.
pub const OPERATOR: &str = "berth-operator";
/// Standard label: what the object is part of.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Value of [`PART_OF`].
pub const BERTH: &str = "berth";

/// Namespace of operator, door and lease.
pub const SYSTEM_NAMESPACE: &str = "berth-system";
/// ServiceAccount and Lease of the operator.
pub const OPERATOR_ACCOUNT: &str = "berth-operator";
/// ServiceAccount of the door.
pub const DOOR_ACCOUNT: &str = "berth-api";
/// Field manager of what the door writes.
pub const DOOR: &str = "berth-api";
/// Field manager of what the command line writes with its caller's own kubeconfig.
pub const CLI: &str = "berth-cli";
/// Name of the only AddressPlan.
pub const ADDRESS_PLAN: &str = "default";
/// Username under which the operator's own decisions are recorded.
pub const AUTO_USER: &str = "berth:auto";
/// What names of users and groups begin with that stand for everybody, for nobody or for the cluster itself. Kubernetes' own.
pub const SYSTEM_SUBJECT: &str = "system:";
/// What usernames of service accounts begin with; namespace, `:` and name follow. Kubernetes' own.
pub const SERVICE_ACCOUNT_USER: &str = "system:serviceaccount:";
/// Prefix of all groups that Berth gives a meaning to.
pub const GROUP_PREFIX: &str = "berth:";
/// API group of roles, bindings, users and groups in RBAC.
pub const RBAC_GROUP: &str = "rbac.authorization.k8s.io";
/// Group of contractors, who never decide.
pub const CONTRACTORS: &str = "berth:contractor";
/// Finalizer of a claim: its block goes to quarantine before the claim goes.
pub const PREFIX_FINALIZER: &str = "berth.dev/prefix";
/// Annotation of a block that counts its adoptions.
pub const ADOPTIONS: &str = "berth.dev/adoptions";
/// Audience of tokens for the door.
pub const AUDIENCE: &str = "berth";

/// ClusterRole of the chart for `Admin` access in a tenant namespace.
pub const ROLE_ADMIN: &str = "berth-tenant-admin";
/// ClusterRole of the chart for `Edit` access in a tenant namespace.
pub const ROLE_EDIT: &str = "berth-tenant-edit";
/// ClusterRole of the chart for `View` access in a tenant namespace.
pub const ROLE_VIEW: &str = "berth-tenant-view";
/// ClusterRole of the chart for whoever looks at running namespaces and gives them to Environments; the chart binds it to nobody.
pub const ROLE_ADOPTER: &str = "berth-adopter";
/// ServiceAccount for deployments in a tenant namespace, and its binding.
pub const DEPLOY_ACCOUNT: &str = "berth-deploy";
/// ClusterRole of the chart: create and read papers for an agency.
pub const ROLE_REQUESTER: &str = "berth-requester";
/// ClusterRole of the chart: read papers of an agency.
pub const ROLE_READER: &str = "berth-paper-reader";
/// Prefix of the chart's ClusterRoles for signers: `berth-signer-<role>`.
pub const ROLE_SIGNER_PREFIX: &str = "berth-signer-";
/// Virtual resource whose verb `approve` lets a person sign as a role.
pub const SIGNOFF_ROLES: &str = "signoffroles";

/// Group of an agency's people in one role: `berth:ag-62:requester`.
pub fn agency_group(agency: &str, role: &str) -> String {
    format!("{GROUP_PREFIX}{agency}:{role}")
}
