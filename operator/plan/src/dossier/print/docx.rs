//! The form as a DOCX file: WordprocessingML in a zip, the same bytes for the same paper. A4, Times New Roman 13 and 14,
//! margins and head as NĐ 30/2020 has them [K].

use berth_crds::OnboardingSpec;

use super::archive::stored;
use super::{COUNTRY, HASH, MOTTO, NO_ORIGINAL, Prefilled, Row, TITLE, rows};

/// Sizes in half points.
const SMALL: u8 = 26;
const LARGE: u8 = 28;
/// Widths of the columns in twentieths of a point; together what A4 leaves between 30 mm and 15 mm.
const COLUMNS: [u16; 3] = [620, 3260, 5475];

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>"#;
const PACKAGE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
const DOCUMENT: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="Times New Roman" w:cs="Times New Roman"/><w:sz w:val="26"/><w:szCs w:val="26"/><w:lang w:val="vi-VN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:before="60" w:after="60"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style></w:styles>"#;

/// The form as a file; `sha256` is the hash of [`content`](super::content). `None` where it is too large for a zip.
pub fn docx(spec: &OnboardingSpec, prefilled: &Prefilled, sha256: &str) -> Option<Vec<u8>> {
    let body = document(&rows(spec, prefilled), sha256);
    let parts = [
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", PACKAGE),
        ("word/_rels/document.xml.rels", DOCUMENT),
        ("word/styles.xml", STYLES),
        ("word/document.xml", body.as_str()),
    ];
    stored(&parts)
}

fn document(rows: &[Row], sha256: &str) -> String {
    let table: String = rows.iter().map(row).collect();
    let grid: String = COLUMNS.iter().map(|width| format!("<w:gridCol w:w=\"{width}\"/>")).collect();
    let edge = |side: &str| format!("<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"444444\"/>");
    let edges: String = ["top", "left", "bottom", "right", "insideH", "insideV"].map(edge).concat();
    // The line below the motto is as long as the motto.
    let line = "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"auto\"/></w:pBdr>";
    let motto = format!("{line}<w:spacing w:after=\"240\"/><w:ind w:left=\"2900\" w:right=\"2900\"/>{CENTRE}");
    let title = format!("<w:spacing w:before=\"240\" w:after=\"240\"/>{CENTRE}");
    let parts = [
        paragraph(CENTRE, &bold(SMALL), COUNTRY),
        paragraph(&motto, &bold(LARGE), MOTTO),
        paragraph(&title, &bold(LARGE), TITLE),
        format!(
            "<w:tbl><w:tblPr><w:tblW w:w=\"{}\" w:type=\"dxa\"/><w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{table}</w:tbl>",
            COLUMNS.iter().sum::<u16>()
        ),
        paragraph("<w:spacing w:before=\"240\"/>", "", HASH),
        paragraph("", "", sha256),
        paragraph("", "<w:i/>", NO_ORIGINAL),
    ];
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{}{PAGE}</w:body></w:document>",
        parts.concat()
    )
}

/// A4 with margins of 20, 15, 20 and 30 mm.
const PAGE: &str = "<w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"1134\" w:right=\"850\" w:bottom=\"1134\" w:left=\"1701\" w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/></w:sectPr>";
const CENTRE: &str = "<w:jc w:val=\"center\"/>";

fn bold(size: u8) -> String {
    format!("<w:b/><w:sz w:val=\"{size}\"/><w:szCs w:val=\"{size}\"/>")
}

fn row(row: &Row) -> String {
    let cells = match row {
        Row::Part(title) => {
            let width = COLUMNS.iter().sum();
            cell(width, "<w:gridSpan w:val=\"3\"/>", &paragraph("<w:keepNext/>", "<w:b/>", title))
        }
        Row::Field { number, name, value } => {
            let number = number.map(|n| n.to_string()).unwrap_or_default();
            let texts = COLUMNS.into_iter().zip([number.as_str(), name, value]);
            texts.map(|(width, text)| cell(width, "", &paragraph("", "", text))).collect()
        }
    };
    // A row is not split between pages.
    format!("<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>")
}

fn cell(width: u16, more: &str, paragraph: &str) -> String {
    format!("<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{more}</w:tcPr>{paragraph}</w:tc>")
}

/// A paragraph; a line of its text is a line in it.
fn paragraph(properties: &str, run: &str, text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr>{}</w:r></w:p>", lines.join("<w:br/>"))
}

fn line(text: &str) -> String {
    let parts: Vec<String> =
        text.split('\t').map(|part| format!("<w:t xml:space=\"preserve\">{}</w:t>", super::escaped(part))).collect();
    parts.join("<w:tab/>")
}
