//! The official form (phiếu đề nghị cấp tài nguyên): its 33 fields (`data/request_form_fields.csv`), grouped, with type
//! and rule, where each stands in the paper, and which of them people must type. What the platform knows is prefilled.

use berth_crds::environment::EnvironmentKind;
use berth_crds::onboarding::Action;

/// Parts of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Who asks, and by which letter.
    Agency,
    /// The information system.
    System,
    /// What is asked for.
    Environment,
    /// Network and data exchange.
    Network,
    /// Backup, logs, growth.
    Operation,
    /// Money, dates, contractors, undertaking, signature.
    Terms,
}

impl Group {
    /// Its title in Vietnamese and in English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Agency => ("Cơ quan đề nghị", "Requesting agency"),
            Self::System => ("Hệ thống thông tin", "Information system"),
            Self::Environment => ("Môi trường và tài nguyên", "Environment and resources"),
            Self::Network => ("Mạng, kết nối và chia sẻ dữ liệu", "Network, connections and data exchange"),
            Self::Operation => ("Sao lưu, nhật ký và tăng trưởng", "Backup, logs and growth"),
            Self::Terms => ("Kinh phí, thời hạn và cam kết", "Money, dates and undertaking"),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// People type it.
    Typed,
    /// The registers know it, once the agency or the system is there.
    Register,
}

/// One field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its number.
    pub number: u8,
    /// Its part.
    pub group: Group,
    /// Its name in Vietnamese.
    pub vi: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// Type, maximum and rule.
    pub rule: &'static str,
    /// Where it stands, as JSON pointers into `spec`.
    pub at: &'static [&'static str],
    /// Where its value comes from for a known system.
    pub source: Source,
}

const fn field(
    number: u8,
    group: Group,
    names: (&'static str, &'static str),
    rule: &'static str,
    at: &'static [&'static str],
    source: Source,
) -> Field {
    Field { number, group, vi: names.0, en: names.1, rule, at, source }
}

use Group::{Agency, Environment, Network, Operation, System, Terms};
use Source::{Register, Typed};

/// All fields, in the order of the form.
#[rustfmt::skip]
pub const FIELDS: [Field; 33] = [
    field(1, Agency, ("Tên cơ quan, tổ chức", "Agency"), "agency of the register, as of the day", &[], Register),
    field(2, Agency, ("Mã định danh điện tử", "E-identifier"), "code of the register, optional", &[], Register),
    field(3, Agency, ("Địa chỉ", "Address"), "text, at most 300", &["/form/address"], Register),
    field(4, Agency, ("Đầu mối liên hệ: họ tên, chức danh, điện thoại, email", "Contact"), "all four; e-mail in an official domain", &["/form/contact"], Register),
    field(5, Agency, ("Số, ngày công văn; người ký", "Letter number, date, signer"), "number at most 100, unique per issuer and year; date not in the future", &["/letter"], Typed),
    field(6, Agency, ("Loại yêu cầu", "Request kind"), "one of the ten actions", &["/action"], Register),
    field(7, System, ("Tên hệ thống thông tin", "System name"), "text in NFC, at most 300", &["/system/displayName", "/tenantRef/name", "/environmentRef/name"], Register),
    field(8, System, ("Mã hệ thống (NAS)", "Architecture code"), "NAS-…, at most 40, optional", &["/form/architectureCode"], Register),
    field(9, System, ("Chủ quản; đơn vị vận hành", "Governing body; operator"), "exactly one agency each", &["/system/governingBodyRef/name", "/system/operatorRef/name"], Register),
    field(10, System, ("Chức năng, đối tượng sử dụng, phạm vi", "Function, users, scope"), "text, at most 2000; Internal, Agencies, Citizens, Businesses", &["/form/function", "/form/users"], Register),
    field(11, System, ("Loại thông tin xử lý", "Kinds of information"), "Public, Private, PersonalBasic, PersonalSensitive; StateSecret is refused", &["/system/dataKinds"], Register),
    field(12, System, ("Số chủ thể dữ liệu", "Data-subject band"), "Under10k, From10kTo100k, Over100k", &["/system/dataSubjects"], Register),
    field(13, System, ("Cấp độ đề xuất hoặc đã phê duyệt; số, ngày quyết định", "Level, decision"), "1 to 5; the decision is needed from level 3 to go live", &["/system/level", "/level/level"], Register),
    field(14, System, ("Quy chế bảo đảm an ninh mạng", "Security regulation"), "number and date, at most 200", &["/form/regulation", "/level/regulation"], Register),
    field(15, Environment, ("Môi trường", "Environment"), "Prod, Staging, Acceptance, Dev, Training, Recovery; all but Prod end", &["/environment/kind"], Typed),
    field(16, Environment, ("vCPU, RAM, dung lượng, loại lưu trữ, số bản sao", "Resources"), "class of the catalogue, or less with the reason; reason at most 4000", &["/environment/classRef/name", "/environment/quota", "/environment/until", "/justification"], Typed),
    field(17, Environment, ("Hệ điều hành, nền tảng, cơ sở dữ liệu, phiên bản", "OS, middleware, database, version"), "list of at most 32, with the last day of support", &["/form/software"], Register),
    field(18, Network, ("Tên miền", "Domain names"), "list of at most 32", &["/form/domains"], Register),
    field(19, Network, ("Địa chỉ IP hiện tại", "Current addresses"), "list of at most 64, for migration", &["/form/currentAddresses"], Register),
    field(20, Network, ("Cổng, giao thức, chiều, nguồn/đích, mục đích, thời hạn", "Port rules"), "list of at most 64; never \"any\"; purpose and last day", &["/form/ports"], Typed),
    field(21, Network, ("Kết nối: Internet / TSLCD / nội bộ", "Exposure"), "Internet, TSLCD; none is inside only", &["/environment/exposure", "/environment/ipv4Only"], Typed),
    field(22, Network, ("Băng thông", "Bandwidth"), "Mbit/s", &["/form/bandwidthMbps"], Typed),
    field(23, Network, ("Kết nối, chia sẻ dữ liệu: hệ thống, dịch vụ, tần suất", "Data exchange"), "list of at most 32", &["/form/exchanges"], Register),
    field(24, Operation, ("Sao lưu: RPO, RTO, thời gian lưu", "Backup"), "hours, hours, days", &["/form/backup"], Typed),
    field(25, Operation, ("Nhật ký: loại, giao thức, thời gian lưu", "Logs"), "days, at least the level's", &["/form/logs"], Typed),
    field(26, Operation, ("Dự kiến tăng trưởng 12 tháng", "Growth in 12 months"), "percent", &["/form/growthPercent"], Typed),
    field(27, Operation, ("Đã xem xét dùng chung, đám mây? Lý do không", "Reuse and cloud-first answers"), "text, at most 2000; mandatory for a new system", &["/form/reuse"], Register),
    field(28, Terms, ("Nguồn kinh phí, cấp ngân sách", "Budget owner"), "text, at most 300", &["/form/budget"], Register),
    field(29, Terms, ("Thời gian bắt đầu, kết thúc", "From, to"), "dates", &["/form/startDate", "/environment/endDate", "/endDate"], Typed),
    field(30, Terms, ("Ngày chuyển đổi, phương án quay lui", "Cut-over, rollback"), "at least 7 working days ahead", &["/form/cutOver", "/effectiveDate"], Typed),
    field(31, Terms, ("Nhà thầu: tên, tài khoản, thời hạn", "Contractors"), "named persons with a last day", &["/form/contractors"], Typed),
    field(32, Terms, ("Cam kết sử dụng đúng mục đích, an toàn, hiệu quả và tiết kiệm", "Undertaking"), "Given", &["/form/undertaking"], Typed),
    field(33, Terms, ("Ký, họ tên, chức danh, dấu", "Signature"), "signer, capacity, SHA-256 of the signed file", &["/letter/signer", "/letter/capacity", "/letter/sha256"], Register),
];

/// Number of the field that names the person to ask.
pub const CONTACT: u8 = 4;

/// Numbers of the fields that people type for an action; the rest is prefilled or does not apply. The signature comes
/// with the letter.
pub fn typed(action: Action, kind: Option<EnvironmentKind>) -> &'static [u8] {
    match (action, kind) {
        (Action::New, _) => &[
            3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
            32,
        ],
        (Action::AddEnvironment, Some(EnvironmentKind::Prod) | None) => {
            &[5, 15, 16, 20, 21, 22, 24, 25, 26, 29, 31, 32]
        }
        (Action::AddEnvironment, Some(_)) => &[5, 15, 16, 29, 32],
        (Action::Change, _) => &[5, 16, 26, 32],
        (Action::Extend, _) => &[5, 29, 32],
        (Action::RecordLevel, _) => &[5, 13, 14],
        (Action::GoLive, _) => &[5],
        (Action::Suspend | Action::Resume | Action::Decommission | Action::Transfer, _) => &[5, 30],
    }
}

/// Numbers of those without which a form is not complete.
pub fn mandatory(action: Action, kind: Option<EnvironmentKind>) -> Vec<u8> {
    const OPTIONAL: [u8; 11] = [8, 12, 14, 17, 18, 19, 20, 21, 22, 23, 30];
    // Letters are asked for by the rule set's way of signing, not by the form.
    let skipped = |n: &u8| *n == 5 || *n == 29 || *n == 31 || OPTIONAL.contains(n);
    typed(action, kind).iter().copied().filter(|n| !skipped(n)).collect()
}

/// The field of a number.
pub fn of(number: u8) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.number == number)
}
