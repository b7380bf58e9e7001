//! The table of occasions: when somebody is told, who, with which values, and in which words. One row per occasion;
//! `berth-plan`'s `notice::occur` says when a paper shows it, `notice::arguments` where its values come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Capacity::{self, Agency, Holder, Superior};
use super::Language;
use crate::profile::ClockStep;

/// Values that every text may use: the paper, the first paper of its dossier, what is asked, the system, the agency.
pub const COMMON: &[&str] = &["paper", "dossier", "action", "system", "agency"];

/// A text with `{name}` where a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Subject, one line.
    pub subject: &'static str,
    /// Body.
    pub body: &'static str,
}

/// What is known of an occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The word in names and in the type of the CloudEvent.
    pub key: &'static str,
    /// When it arises.
    pub when: &'static str,
    /// Who is told by e-mail; the first is whom it is addressed to. Webhooks are told of everything that they ask for.
    pub to: &'static [Capacity],
    /// Values beyond [`COMMON`].
    pub arguments: &'static [&'static str],
    /// The time limit that its delivery starts.
    pub clock: Option<ClockStep>,
    /// Whether the handover minutes go with it.
    pub minutes: Minutes,
    vi: Text,
    en: Text,
}

impl Row {
    /// The text in a language.
    pub fn text(&self, language: Language) -> Text {
        match language {
            Language::Vi => self.vi,
            Language::En => self.en,
        }
    }

    /// Every value that a text may use.
    pub fn values(&self) -> impl Iterator<Item = &'static str> {
        COMMON.iter().chain(self.arguments).copied()
    }
}

/// Whether handover minutes go with a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minutes {
    /// No.
    Without,
    /// Filled in, as a page to print and sign.
    Attached,
}

macro_rules! occasions {
    ($($name:ident $key:literal: $when:literal, to $to:expr, with $arguments:expr, clock $clock:expr, $minutes:ident;
        vi $vi_subject:literal, $vi_body:literal; en $en_subject:literal, $en_body:literal;)*) => {
        /// What somebody is told of.
        #[derive(
            Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash,
        )]
        pub enum Occasion {
            #[default]
            $(#[doc = $when] $name,)*
        }

        impl Occasion {
            /// Every occasion, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its row of the table.
            pub fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        key: $key, when: $when, to: $to, arguments: $arguments, clock: $clock, minutes: Minutes::$minutes,
                        vi: Text { subject: $vi_subject, body: $vi_body },
                        en: Text { subject: $en_subject, body: $en_body },
                    },)*
                }
            }
        }
    };
}

occasions! {
    Receipt "receipt":
        "A request passed the checks of its form: the receipt with the promised date.",
        to &[Agency], with &["submitted", "promised", "holder"], clock None, Without;
        vi "Giấy tiếp nhận hồ sơ và hẹn trả kết quả: {dossier}",
            "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ\n\n\
            Kính gửi: {agency}\n\n\
            Hồ sơ: {dossier} (lần gửi: {paper})\n\
            Nội dung: {action}\n\
            Hệ thống thông tin: {system}\n\
            Ngày tiếp nhận: {submitted}\n\
            Ngày hẹn trả kết quả: {promised}\n\
            Hồ sơ đang ở: {holder}";
        en "Receipt with the promised date: {dossier}",
            "RECEIPT WITH THE PROMISED DATE\n\n\
            To: {agency}\n\n\
            Dossier: {dossier} (submission: {paper})\n\
            Request: {action}\n\
            Information system: {system}\n\
            Received on: {submitted}\n\
            Answer promised by: {promised}\n\
            Held by: {holder}";
    Returned "returned":
        "A request was returned for supplements, with all its defects.",
        to &[Agency], with &["reason", "defects", "limit"], clock Some(ClockStep::Supplement), Without;
        vi "Yêu cầu bổ sung, hoàn thiện hồ sơ: {dossier}",
            "YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ\n\n\
            Kính gửi: {agency}\n\n\
            Hồ sơ {dossier} (lần gửi: {paper}), {action}, hệ thống {system}, cần được bổ sung.\n\n\
            Lý do: {reason}\n\
            Nội dung cần bổ sung:\n\
            {defects}\n\n\
            Thời hạn bổ sung, kể từ khi nhận thông báo này: {limit}.\n\
            Khi gửi lại, đề nghị dẫn chiếu lần gửi {paper}. Thời gian bổ sung không tính vào thời hạn giải quyết.";
        en "Returned for supplements: {dossier}",
            "RETURNED FOR SUPPLEMENTS\n\n\
            To: {agency}\n\n\
            Dossier {dossier} (submission: {paper}), {action}, system {system}, must be supplemented.\n\n\
            Reason: {reason}\n\
            To supplement:\n\
            {defects}\n\n\
            Time for it, from the receipt of this notice: {limit}.\n\
            Name submission {paper} when you submit again. The time for supplements does not count for the answer.";
    Approved "approved":
        "A request was approved.",
        to &[Agency], with &["granted", "changes"], clock None, Without;
        vi "Hồ sơ được phê duyệt: {dossier}",
            "Kính gửi: {agency}\n\n\
            Hồ sơ {dossier} (lần gửi: {paper}), {action}, hệ thống {system}, đã được phê duyệt.\n\n\
            Được cấp: {granted}\n\
            Khác với đề nghị: {changes}\n\n\
            Hệ thống sẽ cấp phát, sau đó gửi biên bản bàn giao.";
        en "Approved: {dossier}",
            "To: {agency}\n\n\
            Dossier {dossier} (submission: {paper}), {action}, system {system}, is approved.\n\n\
            Granted: {granted}\n\
            Other than asked: {changes}\n\n\
            It is provisioned next; the handover minutes follow.";
    Refused "refused":
        "A request was refused, by people or by law, with reason and legal basis.",
        to &[Agency], with &["reason", "legalBasis"], clock None, Without;
        vi "Hồ sơ bị từ chối: {dossier}",
            "Kính gửi: {agency}\n\n\
            Hồ sơ {dossier} (lần gửi: {paper}), {action}, hệ thống {system}, bị từ chối.\n\n\
            Lý do: {reason}\n\
            Căn cứ: {legalBasis}\n\n\
            Có thể gửi hồ sơ mới sau khi khắc phục lý do.";
        en "Refused: {dossier}",
            "To: {agency}\n\n\
            Dossier {dossier} (submission: {paper}), {action}, system {system}, is refused.\n\n\
            Reason: {reason}\n\
            Legal basis: {legalBasis}\n\n\
            A new dossier may be submitted once the reason is remedied.";
    Waiting "waiting":
        "An approved request waits for headroom.",
        to &[Agency, Holder], with &["lacks", "promised"], clock None, Without;
        vi "Hồ sơ chờ năng lực: {dossier}",
            "Kính gửi: {agency}\n\n\
            Hồ sơ {dossier} (lần gửi: {paper}), {action}, hệ thống {system}, đã được phê duyệt nhưng trung tâm dữ liệu chưa đủ năng lực.\n\n\
            Còn thiếu: {lacks}\n\
            Đơn vị vận hành trả lời thời điểm đáp ứng trước: {promised}\n\n\
            Hồ sơ giữ thứ tự trong hàng chờ; không phải gửi lại.";
        en "Waiting for capacity: {dossier}",
            "To: {agency}\n\n\
            Dossier {dossier} (submission: {paper}), {action}, system {system}, is approved, but the data centre has no room for it yet.\n\n\
            What lacks: {lacks}\n\
            The platform operator answers with a date by: {promised}\n\n\
            The dossier keeps its place in the queue; it need not be sent again.";
    Overdue "overdue":
        "The time limit of the holder passed. It decides nothing by itself.",
        to &[Holder, Superior, Agency], with &["holder", "due"], clock None, Without;
        vi "Hồ sơ quá hạn xử lý: {dossier}",
            "Hồ sơ {dossier} (lần gửi: {paper}), {action}, hệ thống {system}, của {agency}, đã quá hạn xử lý.\n\n\
            Đang ở: {holder}\n\
            Hạn xử lý: {due}\n\n\
            Quá hạn không phải là phê duyệt: đề nghị đơn vị đang giữ hồ sơ xử lý, và cấp trên của đơn vị đôn đốc.";
        en "Overdue: {dossier}",
            "Dossier {dossier} (submission: {paper}), {action}, system {system}, of {agency}, is overdue.\n\n\
            Held by: {holder}\n\
            Due on: {due}\n\n\
            Silence is no approval: who holds the dossier should act, and their superior should see to it.";
    HandedOver "handed-over":
        "What was approved is there: the handover minutes, filled in.",
        to &[Agency], with &["environment", "class", "granted", "prefix", "namespaces", "access", "backup", "logs", "level", "rules", "site", "handingOver", "receiving", "basis", "day"], clock None, Attached;
        vi "Biên bản bàn giao: {environment}",
            "Kính gửi: {agency}\n\n\
            Môi trường {environment} của hệ thống {system} đã sẵn sàng. Biên bản bàn giao đã điền sẵn ở tệp đính kèm; đề nghị kiểm tra, ký và gửi lại.\n\n\
            Tài nguyên: {granted} (gói {class})\n\
            Tiền tố IPv6: {prefix}\n\
            Không gian tên:\n\
            {namespaces}\n\n\
            Bàn giao kỹ thuật không phải là cho phép vận hành.";
        en "Handover minutes: {environment}",
            "To: {agency}\n\n\
            Environment {environment} of system {system} is ready. The handover minutes are attached, filled in (in Vietnamese, as they are signed); check, sign and send them back.\n\n\
            Resources: {granted} (class {class})\n\
            IPv6 prefix: {prefix}\n\
            Namespaces:\n\
            {namespaces}\n\n\
            The technical handover is no permission to operate.";
    Expiring "expiring":
        "A connection ends soon.",
        to &[Agency], with &["from", "to", "ports", "ends"], clock None, Without;
        vi "Kết nối sắp hết hạn: {paper}",
            "Kính gửi: {agency}\n\n\
            Kết nối {paper} sắp hết hạn và sẽ tự đóng.\n\n\
            Từ: {from}\n\
            Đến: {to}\n\
            Cổng: {ports}\n\
            Hết hạn: {ends}\n\n\
            Nếu còn cần, đề nghị gửi đề nghị kết nối mới trước ngày đó.";
        en "A connection ends soon: {paper}",
            "To: {agency}\n\n\
            Connection {paper} ends soon and will close by itself.\n\n\
            From: {from}\n\
            To: {to}\n\
            Ports: {ports}\n\
            Ends: {ends}\n\n\
            If it is still needed, ask for a new one before that day.";
    Scheduled "scheduled":
        "A stop or a return has its days.",
        to &[Agency], with &["environment", "suspendsOn", "haltsOn", "removedFrom"], clock None, Without;
        vi "Lịch tạm dừng, thu hồi: {environment}",
            "Kính gửi: {agency}\n\n\
            Hồ sơ {dossier} (lần gửi: {paper}), {action}, hệ thống {system}, được thực hiện với môi trường {environment} theo các ngày sau.\n\n\
            Tạm dừng từ ngày: {suspendsOn}\n\
            Dừng hẳn các tiến trình từ ngày: {haltsOn}\n\
            Có thể xóa từ ngày: {removedFrom}, sau khi ký biên bản đối chiếu\n\n\
            Trước khi xóa, có thể đề nghị hoạt động trở lại.";
        en "The days of a stop or a return: {environment}",
            "To: {agency}\n\n\
            Dossier {dossier} (submission: {paper}), {action}, system {system}, is carried out on environment {environment} on these days.\n\n\
            Suspended from: {suspendsOn}\n\
            Workloads scaled to zero from: {haltsOn}\n\
            May be removed from: {removedFrom}, once the reconciliation is signed\n\n\
            Until it is removed, a resumption may be asked for.";
    Stage "stage":
        "A step in the life of an environment was reached: suspended, halted, removed, or in use again.",
        to &[Agency], with &["environment", "stage", "next"], clock None, Without;
        vi "Môi trường {environment}: {stage}",
            "Kính gửi: {agency}\n\n\
            Môi trường {environment} của hệ thống {system}: {stage}.\n\n\
            Căn cứ: hồ sơ {dossier} (lần gửi: {paper}), {action}\n\
            Bước tiếp theo: {next}";
        en "Environment {environment}: {stage}",
            "To: {agency}\n\n\
            Environment {environment} of system {system}: {stage}.\n\n\
            By: dossier {dossier} (submission: {paper}), {action}\n\
            Next step: {next}";
    Ending "ending":
        "The last day of an environment is near.",
        to &[Agency], with &["environment", "lastDay"], clock None, Without;
        vi "Môi trường sắp hết thời hạn: {environment}",
            "Kính gửi: {agency}\n\n\
            Môi trường {environment} của hệ thống {system} (hồ sơ {dossier}, lần gửi {paper}, {action}) sắp hết thời hạn.\n\n\
            Ngày cuối: {lastDay}\n\n\
            Sau ngày đó môi trường tự tạm dừng. Nếu còn cần, đề nghị gia hạn trước ngày đó.";
        en "An environment ends soon: {environment}",
            "To: {agency}\n\n\
            Environment {environment} of system {system} (dossier {dossier}, submission {paper}, {action}) ends soon.\n\n\
            Last day: {lastDay}\n\n\
            After it the environment is suspended by itself. If it is still needed, ask for an extension before.";
}
