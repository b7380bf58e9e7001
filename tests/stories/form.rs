//! The official form on paper: what is on record of the agency's contact is not typed again and not everybody's to read, and
//! the form is printed as a page and as a document.

use berth_api::cli::Exit;
use berth_api::proto::v1 as pb;
use berth_crds::onboarding::Verdict;
use berth_crds::{ConditionType, OnboardingSpec};
use berth_tests::error::Result;
use serde_json::json;

use crate::attack::{MERGE, send};
use crate::way::Way;
use crate::world::request;

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_on_record_is_in_draft_print_and_check_and_shown_to_its_own_agency_alone() -> Result<()> {
    let way = Way::open().await?;
    let (world, folder) = (way.world, tempfile::tempdir()?);
    let contact = json!({"duty": "Dossiers", "name": "Phạm Văn Đầu Mối", "title": "Chánh Văn phòng",
        "phone": "0274 123 456", "email": "dau-moi@tinh.gov.vn"});
    let path = "/apis/berth.dev/v1alpha1/agencies/ag-66";
    let named = json!({"spec": {"contacts": [contact]}});
    let entered = send(&world.client("platform"), "PATCH", path, MERGE, &named).await;
    assert!(entered.accepted(), "{entered:?}");

    let seen = async |who: &str, as_of: &str| -> Result<Option<String>> {
        let get = pb::GetAgencyRequest { name: "agencies/ag-66".into(), as_of: as_of.into() };
        let agency = way.client(who).await?.catalog.get_agency(get).await?.into_inner();
        Ok(agency.contact.map(|contact| contact.phone))
    };
    let today = berth_api::clock::Clock::system().today().to_string();
    assert_eq!(seen("lead-66", "").await?.as_deref(), Some("0274 123 456"));
    assert_eq!(seen("approver", "").await?.as_deref(), Some("0274 123 456"));
    assert_eq!((seen("lead-62", "").await?, seen("lead-66", &today).await?), (None, None));

    let berth = async |words: &[&str]| way.berth("lead-66", &[&["onboard"], words].concat()).await;
    let place = |name: &str| folder.path().join(name).display().to_string();
    let draft = place("draft.yaml");
    let mut body = request("ag-66", "story-contact");
    body["metadata"] = json!({"namespace": "agency-ag-66"});
    body["spec"]["form"] = json!({"undertaking": "Given"});
    std::fs::write(&draft, body.to_string())?;
    assert_eq!(berth(&["draft", "-f", &draft]).await?, Exit::Done);
    for (format, name) in [("html", "form.html"), ("docx", "form.docx"), ("docx", "again.docx")] {
        let to = place(name);
        assert_eq!(berth(&["print", "-f", &draft, "--format", format, "--to", &to]).await?, Exit::Done);
        let printed = String::from_utf8_lossy(&std::fs::read(&to)?).into_owned();
        assert!(printed.contains("Phạm Văn Đầu Mối") && printed.contains("0274 123 456"), "{name}");
    }
    assert_eq!(std::fs::read(place("form.docx"))?, std::fs::read(place("again.docx"))?);

    // The operator judges by the same register: all that is missing is named, and the contact is not.
    body["metadata"]["name"] = json!("story-contact");
    world.create("lead-66", body.clone()).await?;
    let paper = world.until(&world.onboarding("ag-66", "story-contact").await?, ConditionType::Rejected).await?;
    let checks = paper.status.unwrap_or_default().checks;
    let form = checks.iter().find(|check| check.id == "form").ok_or("no check of the form")?;
    assert_eq!(form.result, Verdict::Failed);
    assert!(form.message.contains("Field 3 (") && !form.message.contains("Field 4 ("), "{}", form.message);
    let mut lead = way.client("lead-66").await?;
    body["spec"]["requester"] = json!({"username": "stamped"});
    let spec: OnboardingSpec = serde_json::from_value(body["spec"].take())?;
    let check = pb::CheckOnboardingRequest {
        parent: "agencies/ag-66".into(),
        onboarding: Some(pb::Onboarding {
            spec: Some(berth_api::convert::onboarding::spec(&spec, "agency-ag-66")),
            ..Default::default()
        }),
    };
    let told = lead.onboardings.check_onboarding(check).await?.into_inner();
    let same = told.checks.iter().find(|check| check.id == "form").map(|check| check.message.clone());
    assert_eq!(same.as_ref(), Some(&form.message));
    Ok(())
}
