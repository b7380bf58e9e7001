//! Names are found however they are typed, and come in Vietnamese order (A29).

use berth_api::cli::Exit;
use berth_api::client::Client;
use berth_api::proto::v1 as pb;
use berth_tests::error::Result;
use serde_json::{Value, json};
use tonic::Code;

use crate::way::Way;

/// The province's bodies with Dương or Đường in a name, by the name of today or the last one.
const BODIES: [(&str, &str); 12] = [
    ("ag-19", "Ban Quản lý các Khu công nghiệp Bình Dương"),
    ("ag-34", "Báo Bình Dương"),
    ("ag-46", "Công ty Điện lực Bình Dương"),
    ("ag-33", "Đài Phát thanh – Truyền hình Bình Dương"),
    ("ag-51", "Sở Khoa học và Công nghệ tỉnh Bình Dương"),
    ("ag-55", "Sở Nội vụ tỉnh Bình Dương"),
    ("ag-52", "Sở Nông nghiệp và Môi trường tỉnh Bình Dương"),
    ("ag-54", "Sở Tài chính tỉnh Bình Dương"),
    ("ag-53", "Sở Xây dựng tỉnh Bình Dương"),
    ("ag-21", "Tỉnh ủy Bình Dương"),
    ("xa-103", "UBND phường Bình Dương"),
    ("ag-47", "Ủy ban nhân dân tỉnh Bình Dương"),
];
/// Systems in order, each with its agency; the first word is this story's own.
const SYSTEMS: [(&str, &str); 3] =
    [("ag-66", "Tra29 ăn uống đường phố"), ("ag-62", "Tra29 Dương xỉ"), ("ag-62", "Tra29 Đường bộ")];

/// Pages of agencies for a query, joined.
async fn agencies(client: &mut Client, query: &str, page_size: i32) -> Result<Vec<(String, String)>> {
    let mut request = pb::ListAgenciesRequest { query: query.into(), page_size, ..Default::default() };
    let mut found = Vec::new();
    loop {
        let page = client.catalog.list_agencies(request.clone()).await?.into_inner();
        found.extend(
            page.agencies
                .into_iter()
                .map(|a| (a.name.trim_start_matches("agencies/").to_owned(), a.display_name.unwrap_or_default().vi)),
        );
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(found);
        }
    }
}

async fn systems(client: &mut Client, query: &str) -> Result<Vec<String>> {
    let request = pb::ListTenantsRequest { query: query.into(), ..Default::default() };
    let found = client.tenants.list_tenants(request).await?.into_inner().tenants;
    Ok(found.into_iter().map(|t| t.display_name.unwrap_or_default().vi).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a29_duong_with_and_without_marks_finds_the_same_bodies_and_systems_in_vietnamese_order() -> Result<()> {
    let way = Way::open().await?;
    let mut auditor = way.client("auditor").await?;
    let expected: Vec<_> = BODIES.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec();
    for query in ["duong", "Đường", "dương"] {
        assert_eq!(agencies(&mut auditor, query, 0).await?, expected, "{query}");
    }
    assert_eq!(agencies(&mut auditor, "dương", 5).await?, expected, "page by page");
    let wards = agencies(&mut auditor, "phường bình dương", 0).await?;
    assert_eq!(wards, expected[10..11], "every word counts");

    for (n, (agency, name)) in SYSTEMS.iter().enumerate().rev() {
        let rename = |spec: &mut Value| spec["system"]["displayName"] = json!(name);
        way.world.onboard(agency, &format!("search-{n}"), rename).await?;
    }
    let all = SYSTEMS.map(|(_, name)| name.to_owned());
    for query in ["tra29 duong", "TRA29 Đường", "dương tra29"] {
        assert_eq!(systems(&mut auditor, query).await?, all, "{query}");
    }
    let own = systems(&mut way.client("lead-62").await?, "tra29").await?;
    assert_eq!(own, all[1..], "a search shows nobody more than a list");
    assert_eq!(systems(&mut auditor, "search-2").await?, all[2..], "a code is found too");

    // A token belongs to its query.
    let first = pb::ListAgenciesRequest { query: "duong".into(), page_size: 1, ..Default::default() };
    let token = auditor.catalog.list_agencies(first).await?.into_inner().next_page_token;
    for query in ["", "đường", "–"] {
        let request = pb::ListAgenciesRequest { query: query.into(), page_token: token.clone(), ..Default::default() };
        let refused = auditor.catalog.list_agencies(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{query}");
    }
    let nothing = systems(&mut auditor, " – ").await.unwrap_err().to_string();
    assert!(nothing.contains("has no letter and no digit"), "{nothing}");
    for words in [["agency", "list", "--search", "Đường"], ["tenant", "list", "--search", "dương"]] {
        assert_eq!(way.berth("nobody", &words).await?, Exit::Done, "{words:?}");
    }
    Ok(())
}
