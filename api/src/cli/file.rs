//! `create -f`: one YAML document of kind Onboarding, as kubectl would take it. Unknown fields and a second document are
//! errors that name them.

use std::{fs, io::Read as _, path::Path};

use berth_crds::{OnboardingSpec, labels, names};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Result, failure::Failure};

/// What the document says.
#[derive(Debug, PartialEq)]
pub struct Document {
    /// Agency of its namespace.
    pub agency: Option<String>,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What is asked.
    pub spec: OnboardingSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    // kubectl's own; the door has no use for them.
    #[serde(default, rename = "labels")]
    _labels: Value,
    #[serde(default, rename = "annotations")]
    _annotations: Value,
}

/// Reads a file, or standard input for `-`.
pub fn read(path: &Path) -> Result<Document> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text).map(drop),
        _ => fs::read_to_string(path).map(|content| text = content),
    };
    read.map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))?;
    parse(&text).map_err(|what| Failure::Usage(format!("{}: {what}", path.display())))
}

fn parse(text: &str) -> Result<Document, String> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = serde_yaml::Value::deserialize(document).map_err(|e| e.to_string())?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    let written = match documents.as_slice() {
        [only] => serde_yaml::from_value::<Written>(only.clone()).map_err(|e| e.to_string())?,
        [] => return Err("there is no document: write one of kind Onboarding".into()),
        many => {
            return Err(format!(
                "there are {} documents where one is expected: put each into a file of its own",
                many.len()
            ));
        }
    };
    let expected = format!("{}/{}", labels::GROUP, labels::VERSION);
    if (written.api_version.as_str(), written.kind.as_str()) != (expected.as_str(), "Onboarding") {
        let found = format!("{} {}", written.api_version, written.kind);
        return Err(format!("it is a {found:?}: write `apiVersion: {expected}` and `kind: Onboarding`"));
    }
    Ok(Document { agency: agency(&written.metadata)?, name: written.metadata.name, spec: spec(written.spec)? })
}

fn agency(metadata: &Metadata) -> Result<Option<String>, String> {
    let Some(namespace) = &metadata.namespace else { return Ok(None) };
    match names::agency_of_namespace(namespace) {
        Some(agency) => Ok(Some(agency.to_owned())),
        None => Err(format!("metadata.namespace {namespace:?} is not an agency's: write agency-<id>")),
    }
}

fn spec(mut spec: Value) -> Result<OnboardingSpec, String> {
    let Some(object) = spec.as_object_mut() else { return Err("`spec` is not a mapping".into()) };
    if object.contains_key("requester") {
        return Err("spec.requester: leave it out, the server stamps who submits".into());
    }
    object.insert("requester".into(), json!({"username": "-"}));
    serde_json::from_value(spec).map_err(|error| format!("spec: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: berth.dev/v1alpha1\nkind: Onboarding\nmetadata: {namespace: agency-ag-62}\n\
        spec:\n  action: New\n  justification: vì\n  requestId: seed-1\n";

    #[test]
    fn a_document_is_read_as_kubectl_would() {
        let document = parse(&format!("# IS-01\n---\n{GOOD}")).unwrap();
        assert_eq!((document.agency.as_deref(), document.spec.request_id.as_deref()), (Some("ag-62"), Some("seed-1")));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let error = |text: &str| parse(text).unwrap_err();
        assert!(error(&GOOD.replace("justification", "justifikation")).contains("justifikation"));
        assert!(error(&GOOD.replace("metadata:", "bogus: 1\nmetadata:")).contains("bogus"));
        assert!(error(&format!("{GOOD}---\n{GOOD}")).contains("2 documents"));
        assert!(error("").contains("no document"));
        assert!(error(&GOOD.replace("Onboarding", "Pod")).contains("kind: Onboarding"));
        assert!(error(&GOOD.replace("agency-ag-62", "default")).contains("agency-<id>"));
        assert!(error(&GOOD.replace("requestId: seed-1", "requester: {username: x}")).contains("requester"));
        assert!(!error("a: b: c").is_empty());
    }

    #[test]
    fn decoding_a_document_ends_with_what_it_says_or_a_sentence() {
        let full = "apiVersion: berth.dev/v1alpha1\nkind: Onboarding\nmetadata: {name: onb-a, namespace: agency-ag-62, labels: {a: b}}\n\
            spec:\n  action: New\n  justification: |\n    vì\n    thế\n  system: {code: IS-01, displayName: Cổng, level: 1,\n    \
            dataKinds: [Public], governingBodyRef: {name: ag-70}, operatorRef: {name: ag-69}}\n  \
            environment: &e {kind: Prod, classRef: {name: m}}\n";
        berth_fuzz::Decoder::new("documents").texts(&[GOOD, full], |text| {
            let Ok(document) = parse(text) else { return };
            let mut spec = serde_json::to_value(&document.spec).unwrap();
            spec.as_object_mut().unwrap().remove("requester");
            let namespace = document.agency.as_deref().map(names::agency_namespace);
            let written = json!({"apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding",
                "metadata": {"name": document.name, "namespace": namespace}, "spec": spec});
            assert_eq!(parse(&serde_yaml::to_string(&written).unwrap()), Ok(document));
        });
    }
}
