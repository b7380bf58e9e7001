//! The official form as a page: HTML in Vietnamese, with the hash of its content for the signature.

use berth_crds::OnboardingSpec;
use serde_json::Value;

use super::form::{FIELDS, Field, Group};

/// What the registers add to a paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefilled {
    /// Values by number of the field: they stand where the paper says nothing, or only an id.
    pub values: Vec<(u8, String)>,
}

/// What is said of the paper, and not by it.
const UNSIGNED: [&str; 4] = ["/letter", "/requester", "/requestId", "/onBehalfOf"];

/// What is signed, as canonical JSON: the paper without letter, requester and request id, keys in order. Two papers that
/// ask for the same have the same content, whoever sends them and under which letter.
pub fn content(spec: &OnboardingSpec) -> String {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        for at in UNSIGNED {
            object.remove(&at[1..]);
        }
    }
    sorted(&value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The page; `sha256` is the hash of [`content`].
pub fn html(spec: &OnboardingSpec, prefilled: &Prefilled, sha256: &str) -> String {
    let value = serde_json::to_value(spec).unwrap_or_default();
    let mut rows = String::new();
    let mut group = None;
    for field in &FIELDS {
        if group != Some(field.group) {
            group = Some(field.group);
            rows.push_str(&heading(field.group));
        }
        let text = cell(field, &value, prefilled);
        rows.push_str(&format!(
            "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            field.number,
            escaped(field.vi),
            escaped(&text).replace('\n', "<br>")
        ));
    }
    for (at, text) in rest(&value) {
        if group.take().is_some() {
            rows.push_str(&title("Nội dung khác của hồ sơ"));
        }
        rows.push_str(&format!(
            "<tr><td></td><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            escaped(&at),
            escaped(&text).replace('\n', "<br>")
        ));
    }
    format!(
        "<!doctype html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n<title>Phiếu đề nghị cấp tài nguyên</title>\n\
         <style>\nbody {{ font-family: \"Times New Roman\", serif; max-width: 60em; margin: 2em auto }}\n\
         h1, .motto {{ text-align: center }}\ntable {{ border-collapse: collapse; width: 100% }}\n\
         td, th {{ border: 1px solid #444; padding: .3em .5em; text-align: left; vertical-align: top }}\n\
         th {{ font-weight: normal; width: 38% }}\n.hash {{ font-family: monospace; overflow-wrap: anywhere }}\n</style>\n\
         </head>\n<body>\n<p class=\"motto\">CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM<br>Độc lập – Tự do – Hạnh phúc</p>\n\
         <h1>PHIẾU ĐỀ NGHỊ CẤP TÀI NGUYÊN</h1>\n<table>\n<tbody>\n{rows}</tbody>\n</table>\n\
         <p>Mã băm nội dung (SHA-256), dùng khi ký:</p>\n<p class=\"hash\">{sha256}</p>\n\
         <p>Bản in hỗ trợ lập hồ sơ; không thay cho văn bản đã ký.</p>\n</body>\n</html>\n"
    )
}

fn heading(group: Group) -> String {
    title(group.words().0)
}

fn title(text: &str) -> String {
    format!("<tr><td colspan=\"3\"><strong>{}</strong></td></tr>\n", escaped(text))
}

/// What the paper holds beyond the 33 fields, by its path: whoever signs the hash must have read all of it.
fn rest(spec: &Value) -> Vec<(String, String)> {
    let mut rest = spec.clone();
    let shown = FIELDS.iter().flat_map(|field| field.at).copied();
    for at in shown.chain(UNSIGNED.iter().copied()) {
        let Some((parent, key)) = at.rsplit_once('/') else { continue };
        if let Some(object) = rest.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.remove(key);
        }
    }
    let mut found = Vec::new();
    leaves("", &rest, &mut found);
    found
}

fn leaves(at: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                leaves(&at, value, found);
            }
        }
        Value::Null => {}
        other => {
            let text = said(other, false);
            if !text.is_empty() {
                found.push((at.into(), text));
            }
        }
    }
}

/// What stands in a field: the paper's own values, then what the registers know.
fn cell(field: &Field, spec: &Value, prefilled: &Prefilled) -> String {
    let own = field.at.iter().filter_map(|at| Some(led(at, said(spec.pointer(at)?, CODED.contains(at)))));
    let known = prefilled.values.iter().filter(|(number, _)| *number == field.number).map(|(_, text)| text.clone());
    own.filter(|text| !text.is_empty()).chain(known).collect::<Vec<_>>().join("\n")
}

/// A value with what must be said before it.
fn led(at: &str, text: String) -> String {
    if at == IPV4_ONLY && !text.is_empty() { format!("Ngoại lệ chỉ dùng IPv4: {text}") } else { text }
}

/// Where the exception for IPv4 only stands, beside the exposure that it is for.
const IPV4_ONLY: &str = "/environment/ipv4Only";

/// Where a value is one of a closed list, and reads as [`word`]; anywhere else it is what somebody wrote.
const CODED: [&str; 7] = [
    "/action",
    "/system/dataKinds",
    "/system/dataSubjects",
    "/environment/kind",
    "/environment/exposure",
    "/form/users",
    "/form/undertaking",
];
/// The same, for parts of an entry.
const CODED_PARTS: [&str; 2] = ["protocol", "direction"];

/// A value as people read it.
fn said(value: &Value, coded: bool) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if coded => word(text).map_or_else(|| text.clone(), str::to_owned),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(|entry| said(entry, coded)).collect::<Vec<_>>().join("\n"),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", label(key).unwrap_or(key), said(value, CODED_PARTS.contains(&key.as_str())))
            };
            map.iter().map(entry).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What people call a part of a field.
pub fn label(key: &str) -> Option<&'static str> {
    Some(match key {
        "name" => "tên",
        "title" => "chức danh",
        "phone" => "điện thoại",
        "email" => "email",
        "issuer" => "cơ quan ban hành",
        "number" => "số",
        "date" => "ngày",
        "signer" => "người ký",
        "capacity" => "chức vụ",
        "sha256" => "mã băm bản ký",
        "cpu" => "vCPU",
        "memory" => "RAM",
        "storage" => "dung lượng",
        "objectStorage" => "lưu trữ đối tượng",
        "gpus" => "GPU",
        "version" => "phiên bản",
        "supportedUntil" => "hỗ trợ đến",
        "port" => "cổng",
        "protocol" => "giao thức",
        "direction" => "chiều",
        "peer" => "nguồn/đích",
        "purpose" => "mục đích",
        "until" => "đến ngày",
        "reason" => "lý do",
        "system" => "hệ thống",
        "service" => "dịch vụ",
        "frequency" => "tần suất",
        "rpoHours" => "RPO (giờ)",
        "rtoHours" => "RTO (giờ)",
        "keepDays" => "lưu (ngày)",
        "kinds" => "loại, giao thức",
        "day" => "ngày chuyển đổi",
        "rollback" => "phương án quay lui",
        "account" => "tài khoản",
        _ => return None,
    })
}

/// What people call a value.
pub fn word(value: &str) -> Option<&'static str> {
    Some(match value {
        "New" => "Cấp mới",
        "AddEnvironment" => "Bổ sung môi trường",
        "Change" => "Thay đổi",
        "Extend" => "Gia hạn",
        "Suspend" => "Tạm dừng",
        "Resume" => "Hoạt động lại",
        "Decommission" => "Thu hồi",
        "Transfer" => "Chuyển giao",
        "RecordLevel" => "Ghi nhận cấp độ",
        "GoLive" => "Đưa vào vận hành, khai thác",
        "Public" => "thông tin công cộng",
        "Private" => "thông tin riêng",
        "PersonalBasic" => "dữ liệu cá nhân cơ bản",
        "PersonalSensitive" => "dữ liệu cá nhân nhạy cảm",
        "StateSecret" => "bí mật nhà nước",
        "Under10k" => "dưới 10.000",
        "From10kTo100k" => "từ 10.000 đến dưới 100.000",
        "Over100k" => "từ 100.000 trở lên",
        "Prod" => "vận hành chính thức",
        "Staging" => "tiền vận hành",
        "Acceptance" => "nghiệm thu",
        "Dev" => "phát triển",
        "Training" => "đào tạo",
        "Recovery" => "dự phòng thảm họa",
        "Internet" => "Internet",
        "TSLCD" => "mạng TSLCD",
        "Internal" => "cán bộ trong cơ quan",
        "Agencies" => "cơ quan khác",
        "Citizens" => "người dân",
        "Businesses" => "doanh nghiệp",
        "Tcp" => "TCP",
        "Udp" => "UDP",
        "In" => "vào",
        "Out" => "ra",
        "Given" => "Cam kết sử dụng đúng mục đích, an toàn, hiệu quả và tiết kiệm",
        _ => return None,
    })
}

/// Text as it stands in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
