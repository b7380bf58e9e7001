//! scratch
use berth_api::proto::v1 as pb;
#[tokio::main]
async fn main() {
    let t = |n: &str| std::fs::read_to_string(format!("/tmp/berth-try/{n}")).unwrap();
    let c = berth_api::client::Client::connect("http://127.0.0.1:18443", &t("lan")).await.unwrap();
    let spec = pb::OnboardingSpec { action: 1, justification: "x".repeat(5 << 20), ..Default::default() };
    let r = c
        .onboardings
        .clone()
        .create_onboarding(pb::CreateOnboardingRequest {
            parent: "agencies/ag-62".into(),
            onboarding: Some(pb::Onboarding { spec: Some(spec), ..Default::default() }),
            ..Default::default()
        })
        .await;
    let e = r.unwrap_err();
    println!("big: {:?} {}", e.code(), e.message());
    let spec = pb::OnboardingSpec { action: 5, justification: "x".into(), ..Default::default() };
    let r = c
        .onboardings
        .clone()
        .create_onboarding(pb::CreateOnboardingRequest {
            parent: "agencies/ag-62".into(),
            onboarding: Some(pb::Onboarding { spec: Some(spec), ..Default::default() }),
            ..Default::default()
        })
        .await;
    let e = r.unwrap_err();
    println!("action: {:?} {}", e.code(), e.message());
    let many: Vec<pb::DatedAgency> = (0..16)
        .map(|_| pb::DatedAgency {
            agency: "ế".repeat(100),
            from: "ế".repeat(100),
            to: "ế".repeat(100),
            mark: "ế".repeat(100),
        })
        .collect();
    let spec = pb::OnboardingSpec {
        action: 1,
        justification: "ế\u{7}".repeat(5000),
        system: Some(pb::SystemRequest { former_owners: many, ..Default::default() }),
        ..Default::default()
    };
    let r = c
        .onboardings
        .clone()
        .create_onboarding(pb::CreateOnboardingRequest {
            parent: "agencies/ag-62".into(),
            onboarding: Some(pb::Onboarding { spec: Some(spec), ..Default::default() }),
            ..Default::default()
        })
        .await;
    let e = r.unwrap_err();
    println!("many: {:?} {}", e.code(), e.message());
    for who in ["lan", "stranger"] {
        let begin = std::time::Instant::now();
        let c = berth_api::client::Client::connect("http://127.0.0.1:18443", &t(who)).await.unwrap();
        for _ in 0..50 {
            let _ = c
                .onboardings
                .clone()
                .list_onboardings(pb::ListOnboardingsRequest { parent: "agencies/ag-62".into(), ..Default::default() })
                .await;
        }
        println!("{who}: 50 lists {:?}", begin.elapsed());
    }
    let mut s = c
        .onboardings
        .clone()
        .watch_onboarding(pb::WatchOnboardingRequest { name: std::env::args().nth(1).unwrap() })
        .await
        .unwrap()
        .into_inner();
    loop {
        match s.message().await {
            Ok(Some(o)) => println!("seen {} {}", o.name, o.etag),
            other => {
                println!("end {other:?}");
                break;
            }
        }
    }
}
