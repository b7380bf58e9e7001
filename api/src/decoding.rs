//! S15: whatever is sent to the door is a value or an error, never a panic; what was read is shown and read back the same.
//! What is private to a module is tried there, in a `decoding` of its own.
//!
//! `BERTH_FUZZ_SECONDS=600 cargo test --workspace --lib decoding -- --nocapture` is the long run.

mod arbitrary;

use std::collections::BTreeMap;

use berth_crds::ConnectionSpec;
use berth_fuzz::{Decoder, Dice};
use http::{HeaderMap, HeaderValue, Uri};
use jiff::civil::date;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::json;
use tonic::Status;

pub use arbitrary::arbitrary;

use crate::{
    clock::Clock,
    convert,
    identity::Certificate,
    limits, name,
    page::Page,
    problem::Problem,
    proto::{dynamic_json, pool, v1 as pb},
    read::{self, Findings, address::End, quantity},
};

/// Decodes a message as a service gets it, and encodes it again.
type Through = fn(&[u8]) -> Option<Vec<u8>>;

fn through<M: prost::Message + Default>(bytes: &[u8]) -> Option<Vec<u8>> {
    M::decode(bytes).ok().map(|message| message.encode_to_vec())
}

macro_rules! requests {
    ($($name:ident),* $(,)?) => { [$((stringify!($name), through::<pb::$name> as Through)),*] };
}

/// What every method takes.
fn requests() -> BTreeMap<&'static str, Through> {
    requests![
        AcknowledgeExportRequest,
        ApproveOnboardingRequest,
        CheckOnboardingRequest,
        CheckReachRequest,
        CorrectOnboardingRequest,
        CreateConnectionRequest,
        CreateOnboardingRequest,
        DecideConnectionRequest,
        ExportAddressesRequest,
        GetAddressPlanRequest,
        GetAgencyRequest,
        GetClassRequest,
        GetConnectionRequest,
        GetDecisionRequest,
        GetDemandRequest,
        GetEnvironmentRequest,
        GetKubeconfigRequest,
        GetOnboardingRequest,
        GetProfileRequest,
        GetSecurityReportRequest,
        GetTenantRequest,
        InterveneEnvironmentRequest,
        JustifyAddressesRequest,
        ListAgenciesRequest,
        ListAuditEntriesRequest,
        ListAuditRecordsRequest,
        ListClassesRequest,
        ListConnectionsRequest,
        ListDecisionsRequest,
        ListEnvironmentsRequest,
        ListOnboardingsRequest,
        ListProfilesRequest,
        ListSimilarSystemsRequest,
        ListTenantsRequest,
        ReconcileOnboardingRequest,
        RejectOnboardingRequest,
        ReturnOnboardingRequest,
        WatchEnvironmentRequest,
        WatchOnboardingRequest,
        WhoisAddressRequest,
        WithdrawOnboardingRequest,
    ]
    .into()
}

#[test]
fn the_messages_of_every_method_are_decoded_or_refused_and_encoded_again() {
    let typed = requests();
    let services = pool().services().filter(|service| service.package_name() == "berth.v1");
    let kinds: BTreeMap<String, MessageDescriptor> = services
        .flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>())
        .map(|kind| (kind.name().to_owned(), kind))
        .collect();
    assert_eq!(kinds.keys().collect::<Vec<_>>(), typed.keys().collect::<Vec<_>>(), "a new method is tried too");
    let kinds: Vec<MessageDescriptor> = kinds.into_values().collect();
    let make = |dice: &mut Dice| {
        let kind = dice.of(&kinds).clone();
        let sound = arbitrary(&kind, dice, 0).encode_to_vec();
        (kind.name().to_owned(), kind, berth_fuzz::edited(dice, &[sound]))
    };
    Decoder::new("messages").made(make, |(name, kind, bytes)| {
        if let Ok(known) = DynamicMessage::decode(kind.clone(), bytes.as_slice()) {
            let again = DynamicMessage::decode(kind.clone(), known.encode_to_vec().as_slice()).unwrap();
            // Compared as JSON: a map has no order, and a number may be none, which is not equal to itself.
            assert_eq!(dynamic_json(&again), dynamic_json(&known), "{name} by its descriptor");
        }
        let once = typed[name.as_str()](bytes);
        if let Some(once) = once {
            assert_eq!(typed[name.as_str()](&once), Some(once), "{name}");
        }
    });
}

/// A message from its JSON, if it is one.
fn message<M: prost::Message + Default>(name: &str, value: &serde_json::Value) -> Option<M> {
    let kind = pool().get_message_by_name(&format!("berth.v1.{name}")).unwrap();
    DynamicMessage::deserialize(kind, value).ok()?.transcode_to().ok()
}

/// What a caller is told, as it is sent.
fn told(findings: Findings) -> bool {
    let refused = findings.or(()).map_err(Status::from);
    refused.is_err_and(|status| !status.message().is_empty() && !status.details().is_empty())
}

#[test]
fn what_is_asked_is_read_with_every_defect_and_what_has_none_is_shown_and_read_back() {
    let system = json!({"code": "IS-01", "displayName": "Cổng", "level": 1, "dataKinds": ["PUBLIC"],
        "governingBody": "agencies/ag-70", "operator": "agencies/ag-69",
        "formerOwners": [{"agency": "agencies/ag-01", "from": "2023-01-01", "to": "2025-06-30", "mark": "N"}]});
    let environment = json!({"kind": "PROD", "class": "classes/m", "exposure": ["INTERNET"], "requestedPrefix": "3fff:0:0:100::/56",
        "quota": {"cpu": "500m", "memory": "32Gi", "storage": "1Ti", "gpus": 1}, "endDate": "2027-12-31",
        "ipv4Only": {"reason": "Thiết bị cũ.", "until": "2027-06-30"}});
    let letter = json!({"issuer": "Sở Y tế", "number": "12/TTr", "date": "2026-11-20", "signer": "Lan"});
    let form = json!({"function": "Một cửa", "bandwidthMbps": 100, "users": ["Citizens"], "backup": {"rpoHours": 24, "rtoHours": 8, "keepDays": 30}});
    let target = json!({"name": "environments/aaaaaa-prod", "uid": "u", "revision": 3});
    let seeds = [
        json!({"action": "NEW", "system": system, "environment": environment, "justification": "vì", "letter": letter, "form": form}),
        json!({"action": "SUSPEND", "target": target, "effectiveDate": "2027-01-31", "justification": "vì"}),
        json!({"action": "TRANSFER", "tenant": "tenants/aaaaaa", "justification": "vì",
            "transfer": {"fromAgency": "agencies/ag-62", "toAgency": "agencies/ag-63"}}),
    ];
    let today = date(2026, 11, 24);
    let mut sound = 0;
    Decoder::new("what is asked").values(&seeds, |value| {
        let Some(asked) = message::<pb::OnboardingSpec>("OnboardingSpec", value) else { return };
        let mut findings = Findings::default();
        let spec = read::spec::spec(&mut findings, &asked, "r-1", today);
        if findings != Findings::default() {
            return assert!(told(findings));
        }
        sound += 1;
        let stored = serde_json::to_value(&spec).unwrap();
        assert_eq!(serde_json::from_value::<berth_crds::OnboardingSpec>(stored).unwrap(), spec);
        let mut again = Findings::default();
        let shown = convert::onboarding::spec(&spec, "agency-ag-62");
        assert_eq!((read::spec::spec(&mut again, &shown, "r-1", today), again), (spec, Findings::default()));
    });
    assert!(sound > 0, "some must be in order to show anything");
}

#[test]
fn a_connection_and_a_decision_about_it_are_read_with_every_defect() {
    let clock = Clock::fixed("2026-11-24T09:00:00Z".parse().unwrap());
    let outside = json!({"outside": {"kind": "NAMED", "title": "Cổng", "runBy": "Ngân hàng", "ipv4": {"blocks": ["203.0.113.7/32"]},
        "ipv6": {"none": "Chưa có."}}});
    let asked = json!({"source": {"environment": "environments/aaaaaa-prod", "zone": "app"}, "destination": outside,
        "ports": [{"protocol": "TCP", "port": 443}], "purpose": "Tra cứu.", "expires": "2027-03-31", "legalBasis": "NĐ 47/2020"});
    let mut instant = asked.clone();
    instant["expires"] = json!("2027-03-31T17:00:00Z");
    Decoder::new("connections that are asked for").values(&[asked, instant], |value| {
        let Some(asked) = message::<pb::ConnectionSpec>("ConnectionSpec", value) else { return };
        let mut findings = Findings::default();
        let spec = read::connection::spec(&mut findings, &asked, "r-1", &clock);
        if findings != Findings::default() {
            return assert!(told(findings));
        }
        assert!(spec.expires_at.0 >= clock.now(), "{value}");
        let stored = serde_json::to_value(&spec).unwrap();
        assert_eq!(serde_json::from_value::<ConnectionSpec>(stored).unwrap(), spec);
    });
    let decided = json!({"name": "agencies/ag-62/connections/conn-a", "verdict": "REJECT", "role": "network", "reason": "vì",
        "legalBasis": "Quy chế", "requestId": "r-1", "document": {"issuer": "a", "number": "1", "date": "2026-11-20", "signer": "b"}});
    Decoder::new("decisions about connections").values(&[decided], |value| {
        let Some(decided) = message::<pb::DecideConnectionRequest>("DecideConnectionRequest", value) else { return };
        let mut findings = Findings::default();
        read::connection::connection_name(&mut findings, "name", &decided.name);
        read::connection::decision(&mut findings, &decided);
        let _ = told(findings);
    });
}

#[test]
fn texts_of_a_request_are_read_or_named_as_a_defect() {
    let clock = Clock::system();
    let seeds = [
        "2026-11-24",
        "2026-11-24T09:00:00+07:00",
        "-009999-01-01",
        "9999-12-31",
        "3fff:a10::/32",
        "500m",
        "32Gi",
        "agencies/ag-62/onboardings/onb-a",
        "Sở Y tế",
        "r-1",
    ];
    Decoder::new("texts of a request").texts(&seeds, |given| {
        let mut findings = Findings::default();
        if let Some(net) = read::address::net(&mut findings, "address", given) {
            assert!(given.starts_with(&net.addr().to_string()));
        }
        for end in [End::First, End::Last] {
            read::address::moment(&mut findings, "at", given, end, &clock);
        }
        if let Some(day) = read::date(&mut findings, "on", given) {
            assert_eq!(day.to_string(), given);
            assert!(clock.end_of(day).is_none_or(|end| clock.day_of(end) == day));
        }
        read::request_id(&mut findings, given);
        read::query(&mut findings, given);
        read::decision::role(&mut findings, given);
        if let Some([agency, paper]) = name::ids(given, "agencies/*/onboardings/*") {
            assert_eq!(format!("agencies/{agency}/onboardings/{paper}"), given);
        }
        let _ = (quantity::cpu(given), quantity::bytes(given));
        let _ = (told(findings), Status::from(Problem::field(given, given)), read::shown(given));
    });
}

#[test]
fn a_page_token_is_taken_by_its_own_list_only_and_goes_on_where_it_says() {
    let first = Page::read(1, "", "a").unwrap();
    let good = first.token("agency-ag-62", "onb-a");
    Decoder::new("page tokens").texts(&[good.as_str(), "", "a~b~c"], |given| match Page::read(0, given, "a") {
        Ok(page) => {
            let again = page.at.as_ref().map(|(collection, place)| page.token(collection, place)).unwrap_or_default();
            assert_eq!(again, given);
        }
        Err(problem) => assert_eq!(problem, Problem::PageToken),
    });
}

#[test]
fn headers_and_flags_are_read_or_refused() {
    Decoder::new("grpc-timeout").bytes(&[b"250m".to_vec(), b"99999999H".to_vec(), b"1S".to_vec()], |given| {
        let Ok(value) = HeaderValue::from_bytes(given) else { return };
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), value)]);
        if let Ok(longest) = limits::admit(&headers, &Uri::from_static("/")) {
            assert!(longest <= limits::CALL);
        }
    });
    Decoder::new("rates").texts(&["100/400", "1/1000000"], |given| {
        if let Ok(rate) = given.parse::<limits::Rate>() {
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    });
}

#[test]
fn a_certificate_says_who_somebody_is_or_nothing() {
    let mut params = rcgen::CertificateParams::new(vec!["lan".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "lan");
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "berth:approver");
    let key = rcgen::KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    assert!(Certificate::read(&der).is_some());
    Decoder::new("certificates").bytes(&[der], |given| {
        let Some(certificate) = Certificate::read(given) else { return };
        if let Ok(caller) = certificate.caller(jiff::Timestamp::UNIX_EPOCH) {
            assert!(!caller.username.is_empty() && !caller.username.starts_with("system:"));
            assert!(caller.groups.iter().all(|group| !group.is_empty() && !group.starts_with("system:")));
        }
    });
}
