//! `berth report`: how much of the demand was met, how secure the systems are, and which sound alike.

mod security;

use serde_json::{Value, json};

use super::{
    Exit, Result,
    args::{Demand, Format, Language, Report},
    connect::{Session, call},
    create::full,
    failure::Failure,
    output,
    rows::id,
};
use crate::proto::{to_json, v1 as pb};

/// Entries of a page.
const PAGE: i32 = 500;

/// Runs one command.
pub async fn run(session: &Session, command: Report) -> Result {
    match command {
        Report::Demand(which) => demand(session, which).await,
        Report::Security(which) => security::report(session, which).await,
        Report::Reuse => reuse(session).await,
    }
}

async fn demand(session: &Session, which: Demand) -> Result {
    let client = &session.client.reports;
    let request = pb::GetDemandRequest {
        name: format!("demandReports/{}", which.year),
        agency: which.agency.map(|agency| full("agencies", &agency)).unwrap_or_default(),
    };
    let found = call("counting the demand", async || client.clone().get_demand(request.clone()).await).await?;
    match session.format {
        Format::Table => {
            let words = Words::of(session.language);
            output::table(&[&words.title.replace("{}", &id(&found.name)), ""], counts(&found, words))?;
            output::line("")?;
            output::table(&words.heads, resources(&found, words))?;
            let at = found.as_of_time.map(|at| at.to_string()).unwrap_or_default();
            eprintln!("{}", words.as_of.replace("{}", &at));
        }
        Format::Name => found.requests.iter().try_for_each(|request| output::line(&request.onboarding))?,
        format => output::value(&json("DemandReport", &found)?, format)?,
    }
    Ok(Exit::Done)
}

/// What stands in a table, in one language.
struct Words {
    title: &'static str,
    /// From what was submitted to what was met.
    counts: [&'static str; 10],
    nothing: &'static str,
    heads: [&'static str; 4],
    resources: [&'static str; 3],
    as_of: &'static str,
}

const ENGLISH: Words = Words {
    title: "DEMAND {}",
    counts: [
        "submitted",
        "withdrawn",
        "refused by law",
        "refused otherwise",
        "granted in time",
        "granted late",
        "waiting for capacity",
        "open",
        "met in time",
        "met at all",
    ],
    nothing: "nothing was demanded",
    heads: ["RESOURCE", "ASKED", "APPROVED", "GRANTED"],
    resources: ["vCPU", "memory", "storage"],
    as_of: "As of {}.",
};

const VIETNAMESE: Words = Words {
    title: "NHU CẦU {}",
    counts: [
        "đã gửi",
        "đã rút",
        "từ chối theo luật",
        "từ chối vì lý do khác",
        "đáp ứng đúng hạn",
        "đáp ứng quá hạn",
        "chờ năng lực",
        "chưa xong",
        "tỷ lệ đúng hạn",
        "tỷ lệ đáp ứng",
    ],
    nothing: "không có nhu cầu",
    heads: ["TÀI NGUYÊN", "ĐỀ NGHỊ", "PHÊ DUYỆT", "ĐÃ CẤP"],
    resources: ["vCPU", "bộ nhớ", "lưu trữ"],
    as_of: "Tính đến {}.",
};

impl Words {
    fn of(language: Language) -> &'static Self {
        if language == Language::Vi { &VIETNAMESE } else { &ENGLISH }
    }
}

fn counts(report: &pb::DemandReport, words: &Words) -> Vec<Vec<String>> {
    let fraction = |fraction: Option<pb::Fraction>| match fraction {
        Some(f) => format!("{}/{}", f.numerator, f.denominator),
        None => words.nothing.to_owned(),
    };
    let numbers = [
        report.submitted,
        report.withdrawn,
        report.refused_by_law,
        report.refused,
        report.granted_in_time,
        report.granted_late,
        report.waiting,
        report.open,
    ];
    let values = numbers.iter().map(ToString::to_string).chain([fraction(report.in_time), fraction(report.met)]);
    words.counts.iter().zip(values).map(|(word, value)| vec![(*word).to_owned(), value]).collect()
}

fn resources(report: &pb::DemandReport, words: &Words) -> Vec<Vec<String>> {
    let all = [&report.asked_resources, &report.approved_resources, &report.granted_resources];
    let of: [fn(&pb::Resources) -> &String; 3] = [|r| &r.cpu, |r| &r.memory, |r| &r.storage];
    let row = |(word, of): (&&str, fn(&pb::Resources) -> &String)| {
        let amounts = all.iter().map(|amounts| amounts.as_ref().map(of).cloned().unwrap_or_default());
        std::iter::once((*word).to_owned()).chain(amounts).collect()
    };
    words.resources.iter().zip(of).map(row).collect()
}

async fn reuse(session: &Session) -> Result {
    let mut request = pb::ListSimilarSystemsRequest { page_size: PAGE, page_token: String::new() };
    let (client, mut all) = (&session.client.reports, Vec::new());
    loop {
        let page =
            call("comparing the systems", async || client.clone().list_similar_systems(request.clone()).await).await?;
        all.extend(page.similar_systems);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    match session.format {
        Format::Table => {
            let heads = ["ALIKE", "NAME", "CODE", "SYSTEM", "AGENCY", "NAME", "CODE", "SYSTEM", "AGENCY"];
            output::table(&heads, all.iter().map(pair).collect())?;
        }
        Format::Name => all.iter().try_for_each(|pair| {
            let names = [&pair.first, &pair.second].map(|s| s.as_ref().map(|s| s.tenant.as_str()).unwrap_or_default());
            output::line(&names.join(" "))
        })?,
        format => {
            let all = all.iter().map(|pair| json("SimilarSystems", pair)).collect::<Result<Vec<_>>>()?;
            output::value(&json!({ "similarSystems": all }), format)?;
        }
    }
    Ok(Exit::Done)
}

fn pair(pair: &pb::SimilarSystems) -> Vec<String> {
    let system = |system: &Option<pb::SimilarSystem>| {
        let system = system.clone().unwrap_or_default();
        [id(&system.tenant), system.code, system.display_name.unwrap_or_default().vi, id(&system.agency)]
    };
    let percent = format!("{} %", pair.alike_percent);
    std::iter::once(percent).chain(system(&pair.first)).chain(system(&pair.second)).collect()
}

fn json(message: &str, of: &impl prost::Message) -> Result<Value> {
    to_json(message, of).ok_or_else(|| Failure::Local(format!("cannot write {message} as JSON")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_in_whole_numbers_and_an_empty_year_in_none() {
        let amounts = |cpu: &str, memory: &str, storage: &str| {
            Some(pb::Resources {
                cpu: cpu.into(),
                memory: memory.into(),
                storage: storage.into(),
                ..Default::default()
            })
        };
        let report = pb::DemandReport {
            submitted: 20,
            withdrawn: 1,
            refused_by_law: 1,
            granted_in_time: 15,
            granted_late: 2,
            waiting: 1,
            in_time: Some(pb::Fraction { numerator: 15, denominator: 18 }),
            met: Some(pb::Fraction { numerator: 17, denominator: 18 }),
            asked_resources: amounts("48", "128Gi", "1800Gi"),
            approved_resources: amounts("42", "100Gi", "1350Gi"),
            granted_resources: amounts("34", "68Gi", "850Gi"),
            ..Default::default()
        };
        let values = |report: &pb::DemandReport| -> Vec<String> {
            counts(report, &VIETNAMESE).into_iter().filter_map(|row| row.into_iter().nth(1)).collect()
        };
        assert_eq!(values(&report), ["20", "1", "1", "0", "15", "2", "1", "0", "15/18", "17/18"]);
        assert_eq!(
            resources(&report, &VIETNAMESE),
            [
                ["vCPU", "48", "42", "34"],
                ["bộ nhớ", "128Gi", "100Gi", "68Gi"],
                ["lưu trữ", "1800Gi", "1350Gi", "850Gi"]
            ]
        );
        assert_eq!(values(&pb::DemandReport::default())[8..], ["không có nhu cầu", "không có nhu cầu"]);
    }
}
