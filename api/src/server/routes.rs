//! What answers where: gRPC by content type, REST for the rest.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use kube::Client;
use tonic::{Status, service::Routes};
use tonic_health::{ServingStatus, server::HealthReporter};
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, Service as _, ServiceExt as _};

use super::Result;
use crate::{
    access::{self, Gate},
    door::Door,
    limits,
    problem::Problem,
    proto::{self, v1 as pb},
    rest::Rest,
    services::{Addresses, Audits, Catalog, Connections, Environments, Onboardings, Reports, Tenants},
};

/// Between two looks at an API server that does not answer yet.
const PROBE: Duration = Duration::from_secs(1);

/// Everything that is served, and where its health is reported.
pub fn routes(door: Door, gate: Gate) -> Result<(Routes, HealthReporter)> {
    let gate = Arc::new(gate);
    let grpc = berth(door, gate.clone());
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let open = Routes::new(health).add_service(reflection).into_axum_router().reset_fallback();
    let rest = Router::new().fallback_service(Rest::new(grpc.clone(), gate));
    let grpc =
        Router::new().fallback_service(GrpcWebLayer::new().layer(grpc.merge(open).layer(middleware::from_fn(bounded))));
    Ok((Router::new().fallback(move |request| dispatch(grpc.clone(), rest.clone(), request)).into(), reporter))
}

/// The services of `berth.v1` behind the guard.
fn berth(door: Door, gate: Arc<Gate>) -> Router {
    macro_rules! limited {
        ($server:ty, $service:expr) => {
            <$server>::new($service)
                .max_decoding_message_size(limits::MESSAGE)
                .max_encoding_message_size(limits::ANSWER)
        };
    }
    Routes::new(limited!(pb::onboarding_service_server::OnboardingServiceServer<_>, Onboardings::new(door.clone())))
        .add_service(limited!(
            pb::connection_service_server::ConnectionServiceServer<_>,
            Connections::new(door.clone())
        ))
        .add_service(limited!(pb::tenant_service_server::TenantServiceServer<_>, Tenants::new(door.clone())))
        .add_service(limited!(
            pb::environment_service_server::EnvironmentServiceServer<_>,
            Environments::new(door.clone())
        ))
        .add_service(limited!(pb::catalog_service_server::CatalogServiceServer<_>, Catalog::new(door.clone())))
        .add_service(limited!(pb::audit_service_server::AuditServiceServer<_>, Audits::new(door.clone())))
        .add_service(limited!(pb::address_service_server::AddressServiceServer<_>, Addresses::new(door.clone())))
        .add_service(limited!(pb::report_service_server::ReportServiceServer<_>, Reports::new(door)))
        .into_axum_router()
        .layer(middleware::map_response(clear))
        .layer(middleware::from_fn_with_state(gate, access::guard))
}

/// Errors of the transport in our words: what tonic says about sizes and syntax has no reason and no remedy.
async fn clear(response: Response) -> Response {
    let code = response.headers().get(Status::GRPC_STATUS).and_then(|code| code.to_str().ok());
    let ours = response.headers().contains_key(Status::GRPC_STATUS_DETAILS);
    match code {
        // OUT_OF_RANGE: nothing of ours answers so; tonic does for messages that are too large.
        Some("11") if !ours => {
            Status::from(Problem::TooLarge { what: "the message", most: limits::MESSAGE }).into_http()
        }
        // INTERNAL without details: the message could not be decoded.
        Some("13") if !ours => {
            let what =
                Problem::field("", "the message cannot be decoded: use the proto files of this version of the API");
            Status::from(what).into_http()
        }
        _ => response,
    }
}

/// Size of the headers and the deadline of a call; REST asks the same.
async fn bounded(request: Request, next: Next) -> Response {
    let answer = async {
        let longest = limits::admit(request.headers(), request.uri())?;
        limits::within(longest, next.run(request)).await
    };
    answer.await.unwrap_or_else(|problem| Status::from(problem).into_http())
}

async fn dispatch(mut grpc: Router, mut rest: Router, mut request: Request) -> Response {
    conceal(request.headers_mut());
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let router = if kind.is_some_and(|kind| kind.starts_with("application/grpc")) { &mut grpc } else { &mut rest };
    match router.as_service::<axum::body::Body>().ready().await {
        Ok(service) => service.call(request).await.unwrap_or_else(|never| match never {}),
        Err(never) => match never {},
    }
}

/// Whatever prints these headers from here on prints no token.
fn conceal(headers: &mut HeaderMap) {
    let tokens = headers.iter_mut().filter(|(name, _)| *name == AUTHORIZATION);
    tokens.for_each(|(_, token)| token.set_sensitive(true));
}

/// Serving once the API server answers: before, callers would only get errors.
pub async fn report_when_ready(client: Client, reporter: HealthReporter) {
    let everything = || proto::SERVICES.iter().copied().chain([""]);
    for service in everything() {
        reporter.set_service_status(service, ServingStatus::NotServing).await;
    }
    while let Err(error) = client.apiserver_version().await {
        tracing::warn!(%error, "the API server does not answer yet");
        tokio::time::sleep(PROBE).await;
    }
    for service in everything() {
        reporter.set_service_status(service, ServingStatus::Serving).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_of_a_request_is_printed_and_each_is_still_read() {
        let sent = [("authorization", "Bearer secret"), ("authorization", "secret"), ("accept", "*/*")];
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(name, value.parse().unwrap());
        }
        conceal(&mut headers);
        assert_eq!(
            format!("{headers:?}"),
            r#"{"authorization": Sensitive, "authorization": Sensitive, "accept": "*/*"}"#
        );
        let read: Vec<_> = headers.get_all(AUTHORIZATION).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(read, ["Bearer secret", "secret"]);
    }
}
