//! One cluster with Berth and the province installed, and what stories do on it again and again.

use std::time::Duration;

use berth_cluster::{Cluster, Options, Person, until};
use berth_crds::{ConditionType, Environment, Onboarding, condition};
use berth_tests::error::Result;
use berth_tests::install;
use berth_tests::stack::Operator;
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

/// Longest wait for anything that should happen by itself.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster with Berth on it.
pub struct World {
    pub cluster: Cluster,
    pub people: Vec<Person>,
}

impl World {
    /// Starts a control plane, installs the chart's files and the province.
    pub async fn start() -> Result<Self> {
        let people = vec![
            Person::new("lead-62", ["berth:ag-62:requester"]),
            Person::new("lead-67", ["berth:ag-67:requester"]),
            Person::new("approver", ["berth:approver"]),
            Person::new("contractor", ["berth:approver", "berth:contractor"]),
            Person::new("both", ["berth:ag-62:requester", "berth:approver"]),
            Person::new("nobody", Vec::<String>::new()),
        ];
        let cluster = Cluster::start(Options { people: people.clone(), ..Default::default() }).await?;
        install::berth(&cluster).await?;
        install::province(&cluster).await?;
        Ok(Self { cluster, people })
    }

    /// The client of a person.
    pub fn client(&self, name: &str) -> Client {
        let person = self.people.iter().find(|p| p.name == name).expect("the person is declared above");
        self.cluster.client_for(person)
    }

    /// An operator under the chart's account.
    pub async fn operator(&self) -> Result<Operator> {
        Operator::start(&self.cluster).await
    }

    /// Creates an object as a person and returns it.
    pub async fn create(&self, who: &str, body: Value) -> std::result::Result<DynamicObject, kube::Error> {
        self.create_with(self.client(who), body).await
    }

    async fn create_with(&self, client: Client, body: Value) -> std::result::Result<DynamicObject, kube::Error> {
        let kind = body["kind"].as_str().unwrap_or_default();
        let resource = ApiResource {
            group: "berth.dev".into(),
            version: "v1alpha1".into(),
            api_version: "berth.dev/v1alpha1".into(),
            kind: kind.into(),
            plural: match kind {
                "Onboarding" => "onboardings",
                _ => "decisions",
            }
            .into(),
        };
        let object: DynamicObject = serde_json::from_value(body).map_err(kube::Error::SerdeError)?;
        let namespace = object.namespace().unwrap_or_default();
        Api::<DynamicObject>::namespaced_with(client, &namespace, &resource)
            .create(&PostParams::default(), &object)
            .await
    }

    /// Waits until people of an agency can submit.
    pub async fn until_namespace(&self, agency: &str) -> Result<()> {
        let api: Api<berth_crds::Agency> = Api::all(self.cluster.admin());
        until("the agency has its namespace", PATIENCE, async || {
            let status = api.get(agency).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
            let ready = condition::is_true(&status.conditions, ConditionType::NamespaceReady);
            if ready { Ok(()) } else { Err(format!("{:?}", status.conditions)) }
        })
        .await?;
        Ok(())
    }

    /// Submits a request for a new system and returns its paper.
    pub async fn ask(
        &self,
        who: &str,
        agency: &str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Onboarding> {
        let mut body = request(agency, name);
        change(&mut body["spec"]);
        self.create(who, body).await?;
        Ok(self.onboarding(agency, name).await?)
    }

    /// Decides a request.
    pub async fn decide(
        &self,
        who: &str,
        paper: &Onboarding,
        verdict: &str,
    ) -> std::result::Result<DynamicObject, kube::Error> {
        self.create(who, decision(paper, "approver", 1, verdict)).await
    }

    /// The paper as it is now.
    pub async fn onboarding(&self, agency: &str, name: &str) -> std::result::Result<Onboarding, kube::Error> {
        Api::namespaced(self.cluster.admin(), &format!("agency-{agency}")).get(name).await
    }

    /// Waits until a condition of a paper is true, and returns the paper.
    pub async fn until(&self, paper: &Onboarding, type_: ConditionType) -> Result<Onboarding> {
        let (namespace, name) = (paper.namespace().unwrap_or_default(), paper.name_any());
        let api: Api<Onboarding> = Api::namespaced(self.cluster.admin(), &namespace);
        let what = format!("{name} is {}", type_.as_str());
        Ok(until(&what, PATIENCE, async || {
            let paper = api.get(&name).await.map_err(|e| e.to_string())?;
            let status = paper.status.clone().unwrap_or_default();
            if condition::is_true(&status.conditions, type_) { Ok(paper) } else { Err(format!("{:?}", status)) }
        })
        .await?)
    }

    /// Asks, approves and waits until the environment is ready.
    pub async fn onboard(&self, agency: &str, name: &str, change: impl FnOnce(&mut Value)) -> Result<Environment> {
        let who = format!("lead-{}", agency.trim_start_matches("ag-"));
        let paper = self.ask(&who, agency, name, change).await?;
        self.decide("approver", &paper, "Approve").await?;
        let paper = self.until(&paper, ConditionType::Ready).await?;
        let name = paper.status.and_then(|s| s.environment_ref).ok_or("no environment")?.name;
        Ok(Api::all(self.cluster.admin()).get(&name).await?)
    }
}

/// A request for a small system of level 1; the name is the system's code too.
pub fn request(agency: &str, name: &str) -> Value {
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding",
        "metadata": {"name": name, "namespace": format!("agency-{agency}")},
        "spec": {
            "action": "New",
            "system": {
                "code": name, "displayName": "Hệ thống thử", "level": 1, "dataKinds": ["Public"],
                "governingBodyRef": {"name": "ag-70"}, "operatorRef": {"name": "ag-69"}
            },
            "environment": {"kind": "Prod", "classRef": {"name": "xs"}},
            "justification": "Cần môi trường để vận hành."
        }
    })
}

/// A Decision on a paper.
pub fn decision(paper: &Onboarding, role: &str, n: u32, verdict: &str) -> Value {
    let (name, namespace) = (paper.name_any(), paper.namespace().unwrap_or_default());
    let mut spec = json!({"onboardingRef": {"name": name, "uid": paper.uid()}, "role": role, "verdict": verdict});
    if verdict == "Reject" {
        spec["reason"] = json!("Chưa cần thiết.");
        spec["legalBasis"] = json!("Quy chế của tỉnh [A]");
    }
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Decision",
        "metadata": {"name": format!("{name}.{role}.{n}"), "namespace": namespace}, "spec": spec
    })
}
