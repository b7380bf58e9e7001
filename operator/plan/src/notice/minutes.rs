//! Handover minutes (biên bản bàn giao): what was granted, addresses, zones, accounts (names only, never secrets), backup,
//! logs, level and rule set, both sides, date (domain §4.3). Filled in from the values of the notice alone, so that the
//! page is the same however often it is sent.

use berth_crds::common::Bilingual;
use berth_crds::environment::{AccessRole, Zone};
use berth_crds::notice::Language;
use berth_crds::onboarding::Grant;
use berth_crds::{Decision, Environment, NoticeSpec, Onboarding, Tenant};
use jiff::civil::Date;
use kube::ResourceExt;

use super::World;
use super::arguments::{both, listed, same, title};
use super::text::value as filled;
use crate::dossier::print::{COUNTRY, MOTTO, escaped};

/// What is handed over.
pub(super) struct Handover<'a> {
    pub world: &'a World<'a>,
    pub paper: &'a Onboarding,
    pub agency: &'a str,
    pub tenant: Option<&'a Tenant>,
    pub environment: Option<&'a Environment>,
    pub decision: Option<&'a Decision>,
    pub day: Date,
}

/// A value of the minutes; `None` for a name that is none of theirs.
pub(super) fn value(name: &str, h: &Handover) -> Option<Bilingual> {
    let form = h.paper.spec.form.as_ref();
    let spec = h.environment.map(|e| &e.spec);
    let status = h.environment.and_then(|e| e.status.as_ref());
    Some(match name {
        "environment" => same(h.environment.map(|e| e.name_any()).unwrap_or_default()),
        "class" => same(spec.map(|s| s.class_ref.name.clone()).unwrap_or_default()),
        "prefix" => or_none(status.and_then(|s| s.prefix.clone())),
        "namespaces" => some(namespaces(h.environment)),
        "access" => some(accounts(h.environment)),
        "backup" => match form.and_then(|f| f.backup.as_ref()) {
            Some(b) => both(
                &format!("RPO {} giờ, RTO {} giờ, lưu {} ngày", b.rpo_hours, b.rto_hours, b.keep_days),
                &format!("RPO {} h, RTO {} h, kept {} days", b.rpo_hours, b.rto_hours, b.keep_days),
            ),
            None => none(),
        },
        "logs" => logs(h),
        "level" => same(h.tenant.map(|t| t.spec.level.to_string()).unwrap_or_default()),
        "rules" => same(spec.map(|s| s.profile_ref.name.clone()).unwrap_or_default()),
        "site" => same(h.tenant.map(|t| t.spec.site_ref.name.clone()).unwrap_or_default()),
        "handingOver" => {
            let operating = h.tenant.and_then(|t| t.spec.operators.last()).map(|o| o.agency_ref.name.clone());
            operating.map_or_else(none, |agency| title(h.world, &agency, h.day))
        }
        "receiving" => title(h.world, h.agency, h.day),
        "basis" => basis(h),
        "day" => same(h.day.to_string()),
        _ => return None,
    })
}

fn none() -> Bilingual {
    both("không có", "none")
}

/// A list that may be empty.
fn some(text: String) -> Bilingual {
    if text.is_empty() { none() } else { same(text) }
}

fn or_none(text: Option<String>) -> Bilingual {
    text.map_or_else(none, same)
}

/// What a class grants, in one line.
pub(super) fn granted(grant: &Grant) -> Bilingual {
    let (class, quota) = (&grant.class_ref.name, &grant.quota);
    let gpus = quota.gpus.filter(|n| *n > 0).map(|n| format!(", {n} GPU")).unwrap_or_default();
    let line = |storage: &str, objects: &str| {
        let objects = quota.object_storage.as_ref().map(|o| format!(", {objects} {o}")).unwrap_or_default();
        format!("{class}: {} vCPU, RAM {}, {storage} {}{objects}{gpus}", quota.cpu, quota.memory, quota.storage)
    };
    both(&line("dung lượng", "lưu trữ đối tượng"), &line("storage", "object storage"))
}

fn namespaces(environment: Option<&Environment>) -> String {
    let all = environment.and_then(|e| e.status.as_ref()).map(|s| s.namespaces.as_slice()).unwrap_or_default();
    let one = |n: &berth_crds::environment::NamespaceStatus| {
        let zone = n.zone.map(|z: Zone| format!(", {}", z.as_str())).unwrap_or_default();
        let prefix = n.prefix.as_ref().map(|p| format!(", {p}")).unwrap_or_default();
        format!("{}{zone}{prefix}", n.name)
    };
    listed(&all.iter().map(one).collect::<Vec<_>>())
}

/// Names and roles; there is nothing secret to hand over.
fn accounts(environment: Option<&Environment>) -> String {
    let all = environment.map(|e| e.spec.access.as_slice()).unwrap_or_default();
    let role = |role| match role {
        AccessRole::Admin => "Admin",
        AccessRole::Edit => "Edit",
        AccessRole::View => "View",
    };
    listed(&all.iter().map(|a| format!("{}: {}", a.subject.name, role(a.role))).collect::<Vec<_>>())
}

/// What the level demands, and what the dossier says where it says something.
fn logs(h: &Handover) -> Bilingual {
    let asked = h.paper.spec.form.as_ref().and_then(|f| f.logs.as_ref()).map(|l| l.keep_days);
    let profile = h.environment.and_then(|e| h.world.register.profiles.get(&e.spec.profile_ref.name));
    let level = h.tenant.map(|t| t.spec.level);
    let rule =
        profile.and_then(|p| p.spec.levels.iter().find(|l| Some(l.level) == level)).map(|l| l.log_retention_days);
    match asked.max(rule) {
        Some(days) => both(&format!("lưu ít nhất {days} ngày"), &format!("kept at least {days} days")),
        None => none(),
    }
}

/// The paper and who decided on it, by which document.
fn basis(h: &Handover) -> Bilingual {
    let paper = h.paper.name_any();
    let Some(decision) = h.decision else { return same(paper) };
    let document = decision.spec.document.as_ref();
    let document = document.map(|d| format!(", {} {}", d.number, d.date)).unwrap_or_default();
    same(format!("{paper}, {}{document}", decision.name_any()))
}

/// The rows of the page: what people call a value, and its name.
const ROWS: [(&str, &str); 14] = [
    ("Hệ thống thông tin", "system"),
    ("Môi trường", "environment"),
    ("Căn cứ", "basis"),
    ("Gói tài nguyên", "class"),
    ("Tài nguyên được cấp", "granted"),
    ("Trung tâm dữ liệu", "site"),
    ("Tiền tố IPv6", "prefix"),
    ("Không gian tên, vùng mạng, địa chỉ", "namespaces"),
    ("Tài khoản (chỉ tên, không có mật khẩu)", "access"),
    ("Sao lưu", "backup"),
    ("Nhật ký", "logs"),
    ("Cấp độ an toàn thông tin", "level"),
    ("Bộ quy định áp dụng", "rules"),
    ("Ngày bàn giao kỹ thuật", "day"),
];

/// The page, in the language in which it is signed.
pub fn minutes(spec: &NoticeSpec) -> String {
    let text = |name| escaped(filled(name, &spec.arguments, Language::Vi).unwrap_or_default()).replace('\n', "<br>");
    let row = |(label, name): &(&str, &'static str)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(label), text(name))
    };
    let rows: String = ROWS.iter().map(row).collect();
    format!(
        "<!doctype html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n<title>Biên bản bàn giao</title>\n\
         <style>\nbody {{ font-family: \"Times New Roman\", serif; max-width: 60em; margin: 2em auto }}\n\
         h1, .motto {{ text-align: center }}\ntable {{ border-collapse: collapse; width: 100% }}\n\
         td, th {{ border: 1px solid #444; padding: .3em .5em; text-align: left; vertical-align: top }}\n\
         th {{ font-weight: normal; width: 38% }}\n.sign td {{ height: 8em; text-align: center; width: 50% }}\n</style>\n\
         </head>\n<body>\n<p class=\"motto\">{COUNTRY}<br>{MOTTO}</p>\n\
         <h1>BIÊN BẢN BÀN GIAO</h1>\n\
         <p>Bên giao: {}<br>Bên nhận: {}</p>\n<table>\n<tbody>\n{rows}</tbody>\n</table>\n\
         <p>Bên nhận quản lý ứng dụng, dữ liệu và tài khoản trong môi trường; bên giao quản lý hạ tầng. Bàn giao kỹ thuật \
         không phải là cho phép vận hành.</p>\n\
         <table class=\"sign\">\n<tbody>\n<tr><td>ĐẠI DIỆN BÊN GIAO<br>(ký, ghi rõ họ tên)</td>\
         <td>ĐẠI DIỆN BÊN NHẬN<br>(ký, ghi rõ họ tên)</td></tr>\n</tbody>\n</table>\n</body>\n</html>\n",
        text("handingOver"),
        text("receiving"),
    )
}
