//! `berth report security`: form 08, twelve columns in its order. For a spreadsheet it is always in the words of the form.

use crate::{
    cli::{
        Exit, Result,
        args::{Format, Language, Security},
        connect::{Session, call},
        create::full,
        failure::Failure,
        output,
        rows::id,
    },
    proto::v1::{
        self as pb,
        level_request::Measures,
        security_entry::{Approval, Assessment},
    },
};

/// Columns of the form.
const COLUMNS: usize = 12;
/// By which a spreadsheet knows that a file is UTF-8.
const MARK: &str = "\u{feff}";

/// Prints the report of a year.
pub async fn report(session: &Session, which: Security) -> Result {
    let client = &session.client.reports;
    let request = pb::GetSecurityReportRequest {
        name: format!("securityReports/{}", which.year),
        agency: which.agency.map(|agency| full("agencies", &agency)).unwrap_or_default(),
    };
    let found =
        call("reporting on security", async || client.clone().get_security_report(request.clone()).await).await?;
    if which.csv {
        output::write(&csv(&found)?)?;
        return Ok(Exit::Done);
    }
    match session.format {
        Format::Table => {
            let words = Words::of(session.language);
            output::table(&words.heads, rows(&found, words).into_iter().map(Vec::from).collect())?;
            eprintln!("{}", words.as_of.replace("{}", &found.as_of_date));
        }
        Format::Name => found.entries.iter().try_for_each(|entry| output::line(&entry.tenant))?,
        format => output::value(&super::json("SecurityReport", &found)?, format)?,
    }
    Ok(Exit::Done)
}

/// The words of the form, and their English.
struct Words {
    heads: [&'static str; COLUMNS],
    approval: [&'static str; 4],
    measures: [&'static str; 3],
    assessment: [&'static str; 2],
    as_of: &'static str,
    vi: bool,
}

const ENGLISH: Words = Words {
    heads: [
        "NO",
        "SYSTEM",
        "GOVERNING BODY",
        "OPERATOR",
        "LEVEL",
        "APPROVAL",
        "DECISION",
        "REGULATION",
        "EXPECTED",
        "MEASURES",
        "COMPLETE",
        "CHECKED",
    ],
    approval: ["drafting", "sent for appraisal", "appraised", "approved"],
    measures: ["none", "some", "all"],
    assessment: ["before use", "periodic"],
    as_of: "As of {}.",
    vi: false,
};

const VIETNAMESE: Words = Words {
    heads: [
        "STT",
        "Tên hệ thống thông tin",
        "Chủ quản",
        "Đơn vị vận hành",
        "Cấp độ đề xuất",
        "Tình trạng phê duyệt",
        "Quyết định phê duyệt",
        "Quy chế",
        "Dự kiến phê duyệt",
        "Triển khai phương án",
        "Dự kiến đủ",
        "Đã kiểm tra, đánh giá",
    ],
    approval: ["Đang dự thảo", "Đã gửi thẩm định", "Đã thẩm định", "Đã được phê duyệt"],
    measures: ["Chưa", "Một số hạng mục", "Đầy đủ"],
    assessment: ["Trước khi sử dụng", "Định kỳ"],
    as_of: "Tính đến {}.",
    vi: true,
};

impl Words {
    fn of(language: Language) -> &'static Self {
        if language == Language::Vi { &VIETNAMESE } else { &ENGLISH }
    }
}

fn rows(report: &pb::SecurityReport, words: &Words) -> Vec<[String; COLUMNS]> {
    report.entries.iter().enumerate().map(|(n, entry)| row(n + 1, entry, words)).collect()
}

fn row(number: usize, entry: &pb::SecurityEntry, words: &Words) -> [String; COLUMNS] {
    let name = |text: &Option<pb::Bilingual>| {
        let text = text.clone().unwrap_or_default();
        if words.vi || text.en.is_empty() { text.vi } else { text.en }
    };
    // A body without a name on the day is told by its id.
    let body = |name: String, of: &str| if name.is_empty() { id(of) } else { name };
    let word = |list: &[&'static str], at: Option<usize>| at.map(|at| list[at]).unwrap_or_default().to_owned();
    let approval = match entry.approval() {
        Approval::Unspecified => None,
        Approval::Drafting => Some(0),
        Approval::Sent => Some(1),
        Approval::Appraised => Some(2),
        Approval::Approved => Some(3),
    };
    let measures = match entry.measures() {
        Measures::Unspecified | Measures::None => 0,
        Measures::Some => 1,
        Measures::Full => 2,
    };
    let assessment = match entry.assessment() {
        Assessment::Unspecified => None,
        Assessment::BeforeUse => Some(0),
        Assessment::Periodic => Some(1),
    };
    let decision = entry.decision.as_ref().map(|document| format!("{}, {}", document.number, document.date));
    [
        number.to_string(),
        name(&entry.display_name),
        body(name(&entry.governing_body_display_name), &entry.governing_body),
        body(name(&entry.operator_display_name), &entry.operator),
        entry.level.to_string(),
        word(&words.approval, approval),
        decision.unwrap_or_default(),
        entry.regulation.clone(),
        entry.expected_date.clone(),
        word(&words.measures, Some(measures)),
        entry.measures_date.clone(),
        word(&words.assessment, assessment),
    ]
}

fn csv(report: &pb::SecurityReport) -> Result<String> {
    let failed = |e: &dyn std::fmt::Display| Failure::Local(format!("cannot write the spreadsheet: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(VIETNAMESE.heads).map_err(|e| failed(&e))?;
    for row in rows(report, &VIETNAMESE) {
        writer.write_record(row.map(harmless)).map_err(|e| failed(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(&e))?;
    Ok(format!("{MARK}{}", String::from_utf8_lossy(&bytes)))
}

/// A cell that no spreadsheet takes for a formula: whoever names a system must not run anything where the report is read.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(vi: &str) -> Option<pb::Bilingual> {
        Some(pb::Bilingual { vi: vi.into(), en: String::new() })
    }

    fn found() -> pb::SecurityReport {
        let approved = pb::SecurityEntry {
            display_name: both("Cổng dịch vụ công"),
            governing_body: "agencies/ag-70".into(),
            governing_body_display_name: both("Ủy ban nhân dân"),
            operator: "agencies/ag-69".into(),
            level: 3,
            approval: Approval::Approved.into(),
            decision: Some(pb::Document {
                number: "12/QĐ-UBND".into(),
                date: "2026-03-02".into(),
                ..Default::default()
            }),
            regulation: "QC-01".into(),
            measures: Measures::Full.into(),
            assessment: Assessment::BeforeUse.into(),
            ..Default::default()
        };
        let sent = pb::SecurityEntry {
            display_name: both("=HYPERLINK(\"x\")"),
            level: 2,
            approval: Approval::Sent.into(),
            expected_date: "2026-12-01".into(),
            measures: Measures::Some.into(),
            measures_date: "2027-06-30".into(),
            ..Default::default()
        };
        pb::SecurityReport { entries: vec![approved, sent], ..Default::default() }
    }

    #[test]
    fn a_row_has_the_twelve_columns_of_the_form_in_its_words() {
        let [first, second] = rows(&found(), &VIETNAMESE).try_into().unwrap();
        let (approved, sent) = (
            [
                "1",
                "Cổng dịch vụ công",
                "Ủy ban nhân dân",
                "ag-69",
                "3",
                "Đã được phê duyệt",
                "12/QĐ-UBND, 2026-03-02",
                "QC-01",
                "",
                "Đầy đủ",
                "",
                "Trước khi sử dụng",
            ],
            [
                "2",
                "=HYPERLINK(\"x\")",
                "",
                "",
                "2",
                "Đã gửi thẩm định",
                "",
                "",
                "2026-12-01",
                "Một số hạng mục",
                "2027-06-30",
                "",
            ],
        );
        assert_eq!((first, second), (approved.map(String::from), sent.map(String::from)));
    }

    #[test]
    fn a_spreadsheet_takes_no_cell_for_a_formula() {
        let text = csv(&found()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("\u{feff}STT,Tên hệ thống thông tin,Chủ quản"), "{text}");
        assert_eq!(
            lines[2],
            "2,\"'=HYPERLINK(\"\"x\"\")\",,,2,Đã gửi thẩm định,,,2026-12-01,Một số hạng mục,2027-06-30,"
        );
    }
}
