//! A spreadsheet as text: which list it is, its columns by either language's head, its rows. No file is read here.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::Defect;

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bodies.
    Agencies,
    /// Running information systems.
    Systems,
}

/// A column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head in English, by which messages name it.
    pub key: &'static str,
    /// Its head in Vietnamese, without capitals.
    pub vi: &'static str,
    /// Whether the head must be there and every cell filled.
    pub required: bool,
    /// What a cell holds.
    pub rule: &'static str,
}

const fn must(key: &'static str, vi: &'static str, rule: &'static str) -> Column {
    Column { key, vi, required: true, rule }
}

const fn may(key: &'static str, vi: &'static str, rule: &'static str) -> Column {
    Column { key, vi, required: false, rule }
}

/// Columns of an inventory of systems.
pub const SYSTEMS: [Column; 20] = [
    must("code", "mã hệ thống", "code in the province's register, such as IS-01"),
    must("name", "tên hệ thống", "name in Vietnamese, at most 300 characters"),
    may("name_en", "tên tiếng anh", "name in English, at most 300 characters"),
    must("agency", "cơ quan", "id or alias of the agency that owns it today, such as ag-62"),
    must("level", "cấp độ", "security level, 1 to 5; recorded as proposed"),
    must("effective", "ngày hiệu lực", "day on which the row's facts held, YYYY-MM-DD or DD/MM/YYYY"),
    may("governing_body", "chủ quản", "id or alias of the governing body"),
    may("operator", "đơn vị vận hành", "id or alias of the unit that operates it"),
    may(
        "data_kinds",
        "loại thông tin",
        "Public, Private, PersonalBasic, PersonalSensitive, StateSecret, separated by `;`",
    ),
    may("ipv4", "địa chỉ ipv4", "IPv4 addresses or prefixes, separated by `;`"),
    may("ipv6", "địa chỉ ipv6", "IPv6 addresses or prefixes, separated by `;`"),
    may("network", "mạng", "network of the addresses, such as TSLCD or Internet"),
    may("authority", "cơ quan cấp địa chỉ", "authority that assigned the addresses"),
    may("letter_number", "số văn bản", "number of its letter"),
    may("letter_date", "ngày văn bản", "date of its letter"),
    may("ipv6_stage", "giai đoạn ipv6", "S0 to S7; S0 without IPv6 addresses"),
    may("domains", "tên miền", "domain names, separated by `;`"),
    may("hosting", "nơi đặt", "where and on what it runs, at most 200 characters"),
    may("site", "trung tâm dữ liệu", "site that will host it; the agency's without it"),
    may("source", "nguồn", "where the row comes from, at most 300 characters"),
];

/// Columns of a list of bodies.
pub const AGENCIES: [Column; 13] = [
    must("id", "mã cơ quan", "opaque, permanent id, such as ag-62"),
    must("name", "tên cơ quan", "name in Vietnamese, at most 300 characters"),
    may("name_en", "tên tiếng anh", "name in English, at most 300 characters"),
    must("type", "loại", "Department, PeoplesCommittee, District, Commune, ServiceUnit, PartyBody or Enterprise"),
    must("effective", "ngày hiệu lực", "first day of the body under this name, YYYY-MM-DD or DD/MM/YYYY"),
    may("until", "ngày kết thúc", "last day of the body"),
    may("alias", "tên tắt", "short name that people type, such as so-y-te"),
    may("parent", "cấp trên", "id of the body above it"),
    may("contact", "đầu mối", "name of the person who answers for its dossiers"),
    may("contact_title", "chức danh đầu mối", "office that the person holds"),
    may("contact_phone", "điện thoại đầu mối", "telephone of the person"),
    may("contact_email", "email đầu mối", "one address of the person in an official domain (….gov.vn)"),
    may("mark", "độ tin cậy", "certainty mark, such as N, K or A"),
];

impl Kind {
    /// Columns of such a list.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Agencies => &AGENCIES,
            Self::Systems => &SYSTEMS,
        }
    }

    /// The column of a key.
    pub fn column(self, key: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.key == key)
    }
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the file on which it begins; the head is line 1.
    pub line: u64,
    /// Filled cells by the key of their column: trimmed, in Unicode normal form NFC.
    pub cells: BTreeMap<&'static str, String>,
    /// Why the row cannot be read at all.
    pub broken: Option<Defect>,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What it holds.
    pub kind: Kind,
    /// Its rows, empty ones left out.
    pub rows: Vec<Row>,
}

/// Reads a list from the text of a CSV file: separated by commas or semicolons, with a head.
///
/// # Errors
/// A sentence that says why the file is no such list and what to do.
pub fn read(text: &str) -> Result<Sheet, String> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().unwrap_or_default();
    // A spreadsheet writes what its country separates lists by.
    let semicolons = head.matches(';').count() > head.matches(',').count();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if semicolons { b';' } else { b',' })
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| format!("the head cannot be read: {error}; save the file as CSV"))?;
    let (kind, columns) = columns(heads)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("the file cannot be read on: {error}; save it as CSV in UTF-8"))?;
        let byte = record.position().map_or(0, csv::Position::byte);
        rows.extend(row(&record, &columns, line_of(text, byte)));
    }
    if rows.is_empty() {
        return Err("the list has a head and no rows: add a row for each entry".into());
    }
    Ok(Sheet { kind, rows })
}

fn columns(heads: &csv::StringRecord) -> Result<(Kind, Vec<&'static Column>), String> {
    let heads: Vec<String> = heads.iter().map(|head| head.nfc().collect::<String>().to_lowercase()).collect();
    let is = |column: &Column, head: &str| column.key == head || column.vi == head;
    let kinds = [(Kind::Systems, &SYSTEMS[0]), (Kind::Agencies, &AGENCIES[0])];
    let kind = kinds.iter().find(|(_, first)| heads.iter().any(|head| is(first, head))).map(|(kind, _)| *kind);
    let kind = kind.ok_or(
        "the head has neither a column `code` (an inventory of systems) nor `id` (a list of agencies): name the columns in the first line",
    )?;
    let keys = || kind.columns().iter().map(|column| column.key).collect::<Vec<_>>().join(", ");
    let mut found: Vec<&'static Column> = Vec::new();
    for head in &heads {
        let Some(column) = kind.columns().iter().find(|column| is(column, head)) else {
            return Err(format!("the head has an unknown column {head:?}: remove it, or name one of {}", keys()));
        };
        if found.contains(&column) {
            return Err(format!("the head has the column `{}` twice: remove one", column.key));
        }
        found.push(column);
    }
    let missing = kind.columns().iter().filter(|column| column.required && !found.contains(column));
    let missing: Vec<&str> = missing.map(|column| column.key).collect();
    if missing.is_empty() {
        Ok((kind, found))
    } else {
        Err(format!("the head lacks the columns {}", missing.join(", ")))
    }
}

/// The line of the record that is read from a byte on: what ended the one before may still stand in front of it.
fn line_of(text: &str, byte: u64) -> u64 {
    let bytes = text.as_bytes();
    let from = usize::try_from(byte).unwrap_or(bytes.len()).min(bytes.len());
    let skipped = bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + bytes[..from + skipped].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// A row; nothing where every cell is empty, as spreadsheets leave below a list.
fn row(record: &csv::StringRecord, columns: &[&'static Column], line: u64) -> Option<Row> {
    if record.iter().all(str::is_empty) {
        return None;
    }
    let filled = columns.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
    let cells = filled.map(|(column, cell)| (column.key, cell.nfc().collect())).collect();
    let (has, wants) = (record.len(), columns.len());
    let broken = (has != wants).then(|| Defect {
        column: String::new(),
        value: String::new(),
        message: format!(
            "the row has {has} cells, the head has {wants}: quote a cell that holds the separator, or fill the row up"
        ),
    });
    Some(Row { line, cells, broken })
}
