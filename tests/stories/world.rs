//! One cluster with Berth and the province installed, and what stories do on it again and again.

mod common;
mod people;

pub use common::{Common, Manned, changed, shared};

use std::time::Duration;

use berth_cluster::{Cluster, Options, Person, Snapshot, until};
use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Decision, Environment, Onboarding, condition};
use berth_tests::error::Result;
use berth_tests::stack::Operator;
use berth_tests::{canary, install};
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Longest wait for anything that should happen by itself: it must hold on a machine that does much else, and costs
/// nothing where nothing fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A cluster with Berth on it.
pub struct World {
    pub cluster: Cluster,
    pub people: Vec<Person>,
}

/// What etcd holds once the chart's files (but for policies with parameters) and the province are installed and every
/// agency is ready: worlds begin with it, each on a control plane of its own.
static INSTALLED: OnceCell<Snapshot> = OnceCell::const_new();

async fn installed() -> Result<&'static Snapshot> {
    canary::watch();
    let install = async || -> Result<_> {
        let cluster = Cluster::start(Options::default()).await?;
        install::stored(&cluster).await?;
        install::province(&cluster).await?;
        let operator = Operator::start(&cluster).await?;
        install::agencies_ready(&cluster).await?;
        operator.stop().await?;
        cluster.snapshot().await.map_err(Into::into)
    };
    INSTALLED.get_or_try_init(install).await
}

impl Drop for World {
    fn drop(&mut self) {
        canary::silent();
    }
}

impl World {
    /// Starts a control plane with the chart's files and the province.
    pub async fn start() -> Result<Self> {
        Self::start_with(Vec::new(), Options::default()).await
    }

    /// The same for tens of thousands of objects.
    pub async fn start_large() -> Result<Self> {
        Self::start_with(Vec::new(), Options { heap_mib: 8000, ..Options::default() }).await
    }

    /// The same, with further people and other choices.
    async fn start_with(further: Vec<Person>, options: Options) -> Result<Self> {
        let people: Vec<Person> = people::all().into_iter().chain(further).collect();
        let store = Some(installed().await?.path());
        let cluster = Cluster::start(Options { people: people.clone(), store, ..options }).await?;
        install::parameters(&cluster).await?;
        Ok(Self { cluster, people })
    }

    /// A world of one's own, with its operator.
    pub async fn own() -> Result<(Self, Operator)> {
        Self::own_with(Vec::new()).await
    }

    /// A world of one's own, with its operator and further people.
    pub async fn own_with(further: Vec<Person>) -> Result<(Self, Operator)> {
        let world = Self::start_with(further, Options::default()).await?;
        let operator = world.operator().await?;
        Ok((world, operator))
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

    /// The same with a client of one's own.
    pub async fn create_with(&self, client: Client, body: Value) -> std::result::Result<DynamicObject, kube::Error> {
        let api = papers(client, &body);
        let object: DynamicObject = serde_json::from_value(body).map_err(kube::Error::SerdeError)?;
        api.create(&PostParams::default(), &object).await
    }

    /// The paper that has the name of this one.
    pub async fn read(&self, client: Client, body: &Value) -> std::result::Result<DynamicObject, kube::Error> {
        papers(client, body).get(body["metadata"]["name"].as_str().unwrap_or_default()).await
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

    /// Decides a request once the policies see it: their view of the papers is a moment behind.
    pub async fn decide(&self, who: &str, paper: &Onboarding, verdict: &str) -> Result<Decision> {
        self.sign(who, decision(paper, "approver", 1, verdict)).await
    }

    /// Creates a Decision; "no params" means that the policies do not see the Onboarding yet.
    pub async fn sign(&self, who: &str, body: Value) -> Result<Decision> {
        Ok(serde_json::from_value(serde_json::to_value(self.try_sign(who, body).await??)?)?)
    }

    /// The same, where the API server may refuse for another reason.
    pub async fn try_sign(&self, who: &str, body: Value) -> Result<std::result::Result<DynamicObject, kube::Error>> {
        let unseen = |e: &kube::Error| e.to_string().contains("no params found");
        let created =
            until("the policies see the paper", PATIENCE, async || match self.create(who, body.clone()).await {
                Err(error) if unseen(&error) => Err(error.to_string()),
                other => Ok(other),
            });
        Ok(created.await?)
    }

    /// Waits until a Decision has its effect, and returns effect and reason.
    pub async fn effect(&self, decision: &Decision) -> Result<(Effect, String)> {
        let api: Api<Decision> = Api::namespaced(self.cluster.admin(), &decision.namespace().unwrap_or_default());
        let name = decision.name_any();
        Ok(until(&format!("{name} has its effect"), PATIENCE, async || {
            let status = api.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
            status.effect.zip(status.reason.clone()).ok_or_else(|| format!("{status:?}"))
        })
        .await?)
    }

    /// Waits until the checks of a paper are made.
    pub async fn checked(&self, paper: &Onboarding) -> Result<Onboarding> {
        let api: Api<Onboarding> = Api::namespaced(self.cluster.admin(), &paper.namespace().unwrap_or_default());
        let name = paper.name_any();
        Ok(until(&format!("{name} is checked"), PATIENCE, async || {
            let paper = api.get(&name).await.map_err(|e| e.to_string())?;
            let checked = paper.status.as_ref().is_some_and(|s| !s.checks.is_empty());
            if checked { Ok(paper) } else { Err("no checks yet".to_owned()) }
        })
        .await?)
    }

    /// Everything of a kind, as the administrator sees it.
    pub async fn all<K>(&self) -> Result<Vec<K>>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let api = Api::<K>::all(self.cluster.admin());
        let listed = until("the list is served", PATIENCE, async || match api.list(&Default::default()).await {
            // An API server that has just started fills its caches kind by kind, and says so.
            Err(kube::Error::Api(status)) if status.code == 429 => Err(status.message),
            answer => Ok(answer),
        });
        Ok(listed.await??.items)
    }

    /// Everything of a kind in a namespace, as the administrator sees it.
    pub async fn within<K>(&self, namespace: &str) -> Result<Vec<K>>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        Ok(Api::<K>::namespaced(self.cluster.admin(), namespace).list(&Default::default()).await?.items)
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

/// Papers of the kind and namespace of this one.
fn papers(client: Client, body: &Value) -> Api<DynamicObject> {
    let kind = body["kind"].as_str().unwrap_or_default();
    let resource = ApiResource {
        group: "berth.dev".into(),
        version: "v1alpha1".into(),
        api_version: "berth.dev/v1alpha1".into(),
        kind: kind.into(),
        plural: match kind {
            "Onboarding" => "onboardings",
            "Connection" => "connections",
            _ => "decisions",
        }
        .into(),
    };
    Api::namespaced_with(client, body["metadata"]["namespace"].as_str().unwrap_or_default(), &resource)
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

/// A request for one more environment of a system.
pub fn addition(agency: &str, name: &str, tenant: &str, environment: Value) -> Value {
    let mut body = request(agency, name);
    let spec = &mut body["spec"];
    spec["action"] = json!("AddEnvironment");
    spec["tenantRef"] = json!({"name": tenant});
    spec["environment"] = environment;
    let asked = &mut spec["environment"];
    if asked["kind"] != "Prod" && asked["endDate"].is_null() {
        asked["endDate"] = json!("2036-12-31");
    }
    spec.as_object_mut().expect("a request has a spec").remove("system");
    body
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

/// The status code of a refusal; panics on success, which is never what a caller of this expects.
pub fn code<T>(result: std::result::Result<T, kube::Error>) -> u16 {
    match result {
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("no answer of the API server: {error}"),
        Ok(_) => panic!("accepted"),
    }
}

/// The message of a refusal.
pub fn message<T>(result: std::result::Result<T, kube::Error>) -> String {
    match result {
        Err(kube::Error::Api(status)) => status.message.clone(),
        Err(error) => panic!("no answer of the API server: {error}"),
        Ok(_) => panic!("accepted"),
    }
}
