//! Calls that ask and read papers.

use berth_api::proto::v1 as pb;

use berth_plan::report::security::data_year;

use super::{Call, id, onboarding, passed, shown};

/// Each RPC with its call.
pub fn calls() -> Vec<(&'static str, Call)> {
    vec![
        (
            "/berth.v1.OnboardingService/CreateOnboarding",
            asks!(onboardings.create_onboarding, |place, role| pb::CreateOnboardingRequest {
                parent: place.agency,
                onboarding: onboarding(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.OnboardingService/CheckOnboarding",
            asks!(onboardings.check_onboarding, |place, role| pb::CheckOnboardingRequest {
                parent: place.agency,
                onboarding: onboarding(),
            }),
        ),
        (
            "/berth.v1.OnboardingService/GetOnboarding",
            asks!(onboardings.get_onboarding, |place, role| pb::GetOnboardingRequest { name: place.open }),
        ),
        (
            "/berth.v1.OnboardingService/ListOnboardings",
            shows!(
                onboardings.list_onboardings,
                |place| pb::ListOnboardingsRequest {
                    parent: "agencies/-".into(),
                    page_size: 500,
                    ..Default::default()
                },
                open
            ),
        ),
        (
            "/berth.v1.OnboardingService/WatchOnboarding",
            follows!(onboardings.watch_onboarding, |place| pb::WatchOnboardingRequest { name: place.open }),
        ),
        (
            "/berth.v1.OnboardingService/GetDecision",
            asks!(onboardings.get_decision, |place, role| pb::GetDecisionRequest {
                name: format!("{0}/decisions/{1}.approver.1", place.decided, id(&place.decided)),
            }),
        ),
        (
            "/berth.v1.OnboardingService/ListDecisions",
            shows!(
                onboardings.list_decisions,
                |place| pb::ListDecisionsRequest { parent: place.decided.clone(), ..Default::default() },
                decided
            ),
        ),
        (
            "/berth.v1.ConnectionService/GetConnection",
            asks!(connections.get_connection, |place, role| pb::GetConnectionRequest { name: place.connection }),
        ),
        (
            "/berth.v1.ConnectionService/ListConnections",
            shows!(
                connections.list_connections,
                |place| pb::ListConnectionsRequest { parent: "agencies/-".into(), ..Default::default() },
                connection
            ),
        ),
        (
            "/berth.v1.ReportService/GetSecurityReport",
            shows!(
                reports.get_security_report,
                |place| pb::GetSecurityReportRequest {
                    name: format!("securityReports/{}", data_year(berth_api::clock::Clock::system().today())),
                    ..Default::default()
                },
                tenant
            ),
        ),
        (
            "/berth.v1.ReportService/GetDemand",
            shows!(
                reports.get_demand,
                |place| pb::GetDemandRequest {
                    name: format!("demandReports/{}", berth_api::clock::Clock::system().today().year()),
                    ..Default::default()
                },
                open
            ),
        ),
    ]
}
