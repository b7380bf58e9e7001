//! What people call each check, and what to do when it is not in order: one catalogue, in both languages.

use berth_crds::Reason;
use berth_crds::common::Bilingual;

macro_rules! words {
    ($($id:literal: $vi:literal, $en:literal, advice $advice_vi:literal, $advice_en:literal;)*) => {
        /// Ids of every check, in the order in which people read them.
        pub const IDS: &[&str] = &[$($id,)*];

        /// What people call a check.
        pub fn title(id: &str) -> Option<Bilingual> {
            match id {
                $($id => Some(Bilingual { vi: $vi.into(), en: $en.into() }),)*
                _ => None,
            }
        }

        /// What to do when a check is not in order.
        pub fn advice(id: &str) -> Option<Bilingual> {
            match id {
                $($id => Some(Bilingual { vi: $advice_vi.into(), en: $advice_en.into() }),)*
                _ => None,
            }
        }
    };
}

words! {
    "agency": "Cơ quan đề nghị", "Requesting agency",
        advice "Cơ quan kế thừa gửi hồ sơ.", "The successor submits the request.";
    "complete": "Tính đầy đủ, hợp lệ", "Completeness",
        advice "Sửa tất cả lỗi đã nêu rồi gửi lại hồ sơ, dẫn chiếu hồ sơ này.",
        "Correct every defect that is named, then submit again and name this request.";
    "form": "Phiếu đề nghị", "Official form",
        advice "Sửa tất cả lỗi của phiếu rồi gửi lại; xem `berth onboard schema`.",
        "Correct every defect of the form, then submit again; see `berth onboard schema`.";
    "letter": "Công văn", "Letter",
        advice "Kiểm tra số công văn; nếu ghi nhầm, dùng chức năng đính chính.",
        "Look at the letter number; if it is a slip, use `berth onboard correct`.";
    "references": "Đối tượng được dẫn chiếu", "References",
        advice "Sửa tên, hoặc đề nghị đơn vị vận hành cập nhật sổ đăng ký; hồ sơ sẽ được tự động kiểm tra lại.",
        "Correct the name, or ask the platform operator to add it; the request is then checked again by itself.";
    "chain": "Hồ sơ trước", "Earlier submission",
        advice "Dẫn chiếu đúng tên và UID của hồ sơ đã được trả lại.",
        "Name the returned request by name and UID.";
    "ownership": "Quyền sở hữu hệ thống", "Ownership",
        advice "Cơ quan chủ quản hiện tại của hệ thống gửi hồ sơ.", "The agency that owns the system submits the request.";
    "law": "Quy định pháp luật", "Refused by law",
        advice "Không đặt hệ thống này trên hạ tầng dùng chung; trao đổi với đơn vị chuyên trách an ninh mạng.",
        "Do not place this system on shared infrastructure; talk to the security unit.";
    "level": "Năng lực trung tâm dữ liệu", "Level and site",
        advice "Đề nghị trung tâm dữ liệu đủ năng lực cho cấp độ này, hoặc thẩm định lại cấp độ.",
        "Ask for a site that declares this level, or have the level appraised again.";
    "plausible": "Cấp độ đề xuất", "Plausible level",
        advice "Xem lại cấp độ, hoặc nêu căn cứ của cấp độ thấp hơn trong phần thuyết minh.",
        "Look at the level again, or give the ground of the lower one in the justification.";
    "class": "Cấu hình", "Class and runtime",
        advice "Chọn cấu hình khác trong danh mục, hoặc giảm mức đề nghị.",
        "Choose another class of the catalogue, or ask for less.";
    "ipv4": "Ngoại lệ chỉ dùng IPv4", "IPv4-only exception",
        advice "Nêu lý do và ngày cuối của ngoại lệ, hoặc bỏ ngoại lệ để dùng cả IPv4 và IPv6; ngoại lệ do người có thẩm quyền quyết định.",
        "Give the reason and the last day of the exception, or leave it out and use both families; people grant it.";
    "unique": "Trùng hồ sơ", "Uniqueness",
        advice "Đề nghị bổ sung môi trường hoặc thay đổi hệ thống đã có.",
        "Ask for another environment or a change of the system that exists.";
    "function": "Trùng chức năng", "Duplicate function",
        advice "Xem xét dùng chung hệ thống đã có; nếu không, nêu lý do trong phần thuyết minh.",
        "Consider sharing the system that exists; otherwise give the reason in the justification.";
    "consequences": "Hệ quả của quyết định", "Consequences",
        advice "Lập kế hoạch thực hiện những việc đã nêu; quyết định này không tự thay đổi môi trường đang chạy.",
        "Plan what is named here; this decision changes no running environment by itself.";
    "current": "Phiên bản hiện hành", "Current revision",
        advice "Đọc lại môi trường rồi lập hồ sơ thay đổi mới.", "Read the environment again and ask anew.";
    "addresses": "Địa chỉ IPv6", "Addresses",
        advice "Bỏ trống địa chỉ mong muốn: hệ thống tự chọn tiền tố.", "Leave the wish out: a prefix is chosen for you.";
    "headroom": "Tài nguyên còn lại", "Headroom",
        advice "Giảm mức đề nghị, trả lại phần không dùng, hoặc chờ theo thứ tự.",
        "Ask for less, give back what is not used, or wait in the queue.";
    "automatic": "Phê duyệt tự động", "Automatic approval",
        advice "Hồ sơ chuyển người có thẩm quyền quyết định.", "The request goes to the people who decide.";
}

/// What a check or a condition said, for people of both languages. Messages are English: in Vietnamese the catalogues say
/// what is wrong and what to do, and the message follows, because it alone names field, value and number.
pub fn told(id: &str, reason: &str, message: &str) -> Bilingual {
    let wrong = Reason::parse(reason).map(|reason| reason.vi().to_owned());
    let said: Vec<String> = wrong.into_iter().chain(advice(id).map(|advice| advice.vi)).collect();
    Bilingual { vi: format!("{} Chi tiết (tiếng Anh): {message}", said.join(" ")), en: message.to_owned() }
}
