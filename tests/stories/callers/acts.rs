//! Calls that decide and act.

use berth_api::proto::v1::decide_connection_request::Verdict;
use berth_api::proto::v1::{self as pb, intervention};

use super::{Call, connection, document, id, passed};

/// Each RPC with its call.
pub fn calls() -> Vec<(&'static str, Call)> {
    vec![
        (
            "/berth.v1.OnboardingService/ApproveOnboarding",
            asks!(onboardings.approve_onboarding, |place, role| pb::ApproveOnboardingRequest {
                name: place.open,
                role,
                document: document(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.OnboardingService/RejectOnboarding",
            asks!(onboardings.reject_onboarding, |place, role| pb::RejectOnboardingRequest {
                name: place.open,
                role,
                reason: "Chưa cần.".into(),
                legal_basis: "Quy chế [A]".into(),
                document: document(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.OnboardingService/ReturnOnboarding",
            asks!(onboardings.return_onboarding, |place, role| pb::ReturnOnboardingRequest {
                name: place.open,
                role,
                reason: "Thiếu.".into(),
                defects: vec!["Thiếu cam kết.".into()],
                document: document(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.OnboardingService/CorrectOnboarding",
            asks!(onboardings.correct_onboarding, |place, role| pb::CorrectOnboardingRequest {
                name: place.open,
                letter: document(),
                reason: "Ghi sai số.".into(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.OnboardingService/WithdrawOnboarding",
            asks!(onboardings.withdraw_onboarding, |place, role| pb::WithdrawOnboardingRequest {
                name: place.open,
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.OnboardingService/ReconcileOnboarding",
            asks!(onboardings.reconcile_onboarding, |place, role| pb::ReconcileOnboardingRequest {
                name: place.leaving,
                minutes: document(),
                saved: Some(pb::Saved { statistics_sha256: "1".repeat(64), backup_sha256: "2".repeat(64) }),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.ConnectionService/CreateConnection",
            asks!(connections.create_connection, |place, role| pb::CreateConnectionRequest {
                parent: place.agency.clone(),
                connection: Some(connection(&place)),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.ConnectionService/DecideConnection",
            asks!(connections.decide_connection, |place, role| pb::DecideConnectionRequest {
                name: place.connection,
                // On a connection one signs as its owner or for the network.
                role: if role == "network" { role } else { String::new() },
                verdict: Verdict::Close.into(),
                reason: "Không cần nữa.".into(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.EnvironmentService/InterveneEnvironment",
            asks!(environments.intervene_environment, |place, role| pb::InterveneEnvironmentRequest {
                name: place.environment,
                act: intervention::Act::Isolate.into(),
                reason: "Sự cố.".into(),
                validate_only: true,
                ..Default::default()
            }),
        ),
        (
            "/berth.v1.AddressService/AcknowledgeExport",
            asks!(addresses.acknowledge_export, |place, role| pb::AcknowledgeExportRequest {
                reference: format!("CR-{}", id(&place.agency)),
                validate_only: true,
                ..Default::default()
            }),
        ),
    ]
}
