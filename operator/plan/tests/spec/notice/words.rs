//! A Vietnamese text is Vietnamese: what it shares with the English one are names, numbers, days, and what people typed.

use super::*;

/// Values that are names, numbers or days.
const ALIKE: [&str; 27] = [
    "paper",
    "dossier",
    "system",
    "agency",
    "submitted",
    "promised",
    "due",
    "environment",
    "class",
    "prefix",
    "namespaces",
    "access",
    "level",
    "rules",
    "site",
    "handingOver",
    "receiving",
    "basis",
    "day",
    "from",
    "to",
    "ports",
    "ends",
    "suspendsOn",
    "haltsOn",
    "removedFrom",
    "lastDay",
];

/// What the people who decided wrote.
fn typed() -> BTreeSet<String> {
    let of = |decision: &Arc<Decision>| {
        let spec = &decision.spec;
        let defects: Vec<String> = spec.defects.iter().map(|defect| format!("- {defect}")).collect();
        [spec.reason.clone(), spec.legal_basis.clone(), Some(defects.join("\n"))].into_iter().flatten().collect()
    };
    let all: Vec<Vec<String>> = shown().iter().flat_map(|(_, _, decisions)| decisions.iter().map(of)).collect();
    all.into_iter().flatten().collect()
}

#[test]
fn nothing_that_is_not_a_name_nor_typed_by_people_is_in_vietnamese_word_for_word_the_english() {
    let typed = typed();
    let english = |argument: &&NoticeArgument| {
        let alike = argument.en.as_ref().is_none_or(|en| *en == argument.vi);
        alike && !ALIKE.contains(&argument.name.as_str()) && !typed.contains(&argument.vi)
    };
    for Draft { spec, .. } in every() {
        let found: Vec<&NoticeArgument> = spec.arguments.iter().filter(english).collect();
        assert_eq!(found, Vec::<&NoticeArgument>::new(), "{:?}", spec.occasion);
        let (vi, en) = (letter(&spec, Language::Vi).unwrap(), letter(&spec, Language::En).unwrap());
        assert!(vi.subject != en.subject && vi.body != en.body, "{vi:?}");
    }
}

/// A value in both languages of the notice of an occasion.
fn value(paper: Onboarding, occasion: Occasion, name: &str) -> [String; 2] {
    let all = drafts(&peopled(), &[paper], &[], &rules());
    let spec = all.into_iter().find(|draft| draft.spec.occasion == occasion).unwrap().spec;
    let template = format!("{{{name}}}");
    [Language::Vi, Language::En].map(|language| fill(&template, &spec.arguments, language).unwrap())
}

#[test]
fn what_the_rules_say_is_told_with_reason_and_advice_in_vietnamese_and_then_as_it_was_found() {
    let secret = "`spec.system.dataKinds` holds StateSecret, which may not be hosted here: Luật 117/2025/QH15.";
    let why = format!(
        "Pháp luật không cho phép. Không đặt hệ thống này trên hạ tầng dùng chung; trao đổi với đơn vị chuyên trách an \
         ninh mạng. Chi tiết (tiếng Anh): {secret}"
    );
    assert_eq!(value(by_rule(), Occasion::Refused, "reason"), [why, secret.to_owned()]);
    let full = said("Booked", "False", "NoHeadroom");
    let waits = checked(merge(outcome(Approved, &["d"]), json!({"conditions": [full]})));
    let lacks = "Chưa đủ tài nguyên; đang chờ theo thứ tự. Giảm mức đề nghị, trả lại phần không dùng, hoặc chờ theo thứ tự. \
                 Chi tiết (tiếng Anh): Not enough cpu is left.";
    assert_eq!(value(waits, Occasion::Waiting, "lacks"), [lacks, "Not enough cpu is left."]);
}

#[test]
fn what_was_decided_otherwise_is_told_in_the_words_of_the_form() {
    let mut granted = outcome(Approved, &["d"]);
    granted["outcome"]["granted"] = json!({"classRef": {"name": "m"},
        "quota": {"cpu": "1", "memory": "2Gi", "storage": "40Gi", "objectStorage": "1Gi", "gpus": 1}});
    let of = |name: &str| value(checked(granted.clone()), Occasion::Approved, name);
    let changes = [
        "gói tài nguyên xs → m, vCPU 2 → 1, RAM 4Gi → 2Gi, dung lượng 50Gi → 40Gi, lưu trữ đối tượng 0 → 1Gi, GPU 0 → 1",
        "class xs → m, cpu 2 → 1, memory 4Gi → 2Gi, storage 50Gi → 40Gi, objectStorage 0 → 1Gi, gpus 0 → 1",
    ];
    assert_eq!(of("changes"), changes);
    let line = |storage: &str, objects: &str| format!("m: 1 vCPU, RAM 2Gi, {storage} 40Gi, {objects} 1Gi, 1 GPU");
    assert_eq!(of("granted"), [line("dung lượng", "lưu trữ đối tượng"), line("storage", "object storage")]);
}
