//! Calls that read registers, addresses, the ledger and reports.

use berth_api::proto::v1 as pb;

use super::{Call, id, passed, shown};

/// Each RPC with its call.
pub fn calls() -> Vec<(&'static str, Call)> {
    vec![
        (
            "/berth.v1.ConnectionService/CheckReach",
            asks!(connections.check_reach, |place, role| pb::CheckReachRequest {
                source: id(&place.environment).into(),
                destination: id(&place.environment).into(),
                port: 443,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.TenantService/GetTenant",
            asks!(tenants.get_tenant, |place, role| pb::GetTenantRequest { name: place.tenant, ..Default::default() }),
        ),
        (
            "/berth.v1.TenantService/ListTenants",
            shows!(
                tenants.list_tenants,
                |place| pb::ListTenantsRequest { page_size: 500, ..Default::default() },
                tenant
            ),
        ),
        (
            "/berth.v1.EnvironmentService/GetEnvironment",
            asks!(environments.get_environment, |place, role| pb::GetEnvironmentRequest { name: place.environment }),
        ),
        (
            "/berth.v1.EnvironmentService/ListEnvironments",
            shows!(
                environments.list_environments,
                |place| pb::ListEnvironmentsRequest { page_size: 500, ..Default::default() },
                environment
            ),
        ),
        (
            "/berth.v1.EnvironmentService/WatchEnvironment",
            follows!(environments.watch_environment, |place| pb::WatchEnvironmentRequest { name: place.environment }),
        ),
        (
            "/berth.v1.EnvironmentService/GetKubeconfig",
            asks!(environments.get_kubeconfig, |place, role| pb::GetKubeconfigRequest {
                name: place.environment,
                token_file: "token".into(),
            }),
        ),
        (
            "/berth.v1.CatalogService/GetAgency",
            asks!(catalog.get_agency, |place, role| pb::GetAgencyRequest { name: place.agency, ..Default::default() }),
        ),
        (
            "/berth.v1.CatalogService/ListAgencies",
            shows!(
                catalog.list_agencies,
                |place| pb::ListAgenciesRequest { page_size: 500, ..Default::default() },
                agency
            ),
        ),
        (
            "/berth.v1.CatalogService/GetClass",
            asks!(catalog.get_class, |place, role| pb::GetClassRequest { name: "classes/xs".into() }),
        ),
        (
            "/berth.v1.CatalogService/ListClasses",
            asks!(catalog.list_classes, |place, role| pb::ListClassesRequest::default()),
        ),
        (
            "/berth.v1.CatalogService/GetProfile",
            asks!(catalog.get_profile, |place, role| pb::GetProfileRequest { name: "profiles/vn-2026".into() }),
        ),
        (
            "/berth.v1.CatalogService/ListProfiles",
            asks!(catalog.list_profiles, |place, role| pb::ListProfilesRequest::default()),
        ),
        (
            "/berth.v1.AuditService/ListAuditEntries",
            shows!(
                audits.list_audit_entries,
                |place| pb::ListAuditEntriesRequest { page_size: 500, ..Default::default() },
                decided
            ),
        ),
        (
            "/berth.v1.AuditService/ListAuditRecords",
            asks!(audits.list_audit_records, |place, role| pb::ListAuditRecordsRequest::default()),
        ),
        (
            "/berth.v1.AddressService/GetAddressPlan",
            shows!(
                addresses.get_address_plan,
                |place| pb::GetAddressPlanRequest { name: "addressPlans/default".into(), ..Default::default() },
                tenant
            ),
        ),
        (
            "/berth.v1.AddressService/WhoisAddress",
            shows!(
                addresses.whois_address,
                |place| pb::WhoisAddressRequest { address: place.prefix.clone(), ..Default::default() },
                tenant
            ),
        ),
        (
            "/berth.v1.AddressService/ExportAddresses",
            shows!(addresses.export_addresses, |place| pb::ExportAddressesRequest::default(), agency),
        ),
        (
            "/berth.v1.AddressService/JustifyAddresses",
            asks!(addresses.justify_addresses, |place, role| pb::JustifyAddressesRequest::default()),
        ),
        (
            "/berth.v1.ReportService/ListSimilarSystems",
            asks!(reports.list_similar_systems, |place, role| pb::ListSimilarSystemsRequest::default()),
        ),
    ]
}
