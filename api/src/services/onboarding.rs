//! OnboardingService.

use berth_crds::{
    DecisionSpec, Onboarding,
    common::UidRef,
    decision::{DecisionVerdict, SignerRole},
};
use futures::StreamExt as _;
use kube::{ResourceExt as _, api::WatchParams};
use tonic::{Request, Response, Status};

use super::{
    acts,
    create::{check, create},
    decide::{Act, decide},
    list::{list, placed_one},
    papers::Papers,
    watch::{Changes, Messages, Watched, watch},
};
use crate::{
    access::{Ticket, caller, ticket},
    door::Door,
    identity::Caller,
    name,
    page::Page,
    problem::{As, Problem, Result, Thing, from_kube},
    proto::v1::{self as pb, onboarding_service_server::OnboardingService},
    read::{self, Findings, optional, text},
};

/// The service.
#[derive(Clone)]
pub struct Onboardings {
    door: Door,
}

impl Onboardings {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    /// The papers of the agency in a name, and the id in it; an alias of the agency is resolved.
    async fn papers(&self, caller: &Caller, field: &str, given: &str) -> Result<(Papers, String)> {
        let (agency, id) = self.paper(field, given).await?;
        Ok((Papers::open(&self.door, caller, &agency)?, id))
    }

    async fn paper(&self, field: &str, given: &str) -> Result<(String, String)> {
        let mut findings = Findings::default();
        let [agency, id] = read::decision::onboarding_name(&mut findings, field, given);
        let (agency, id) = findings.or((agency, id))?;
        Ok((self.door.registers().agency_id(&agency).await?, id))
    }

    async fn decide(
        &self,
        caller: &Caller,
        given: &str,
        uid: String,
        dry: bool,
        mut spec: DecisionSpec,
    ) -> Result<pb::Onboarding> {
        let (agency, id) = self.paper("name", given).await?;
        spec.onboarding_ref = Some(UidRef { name: id, uid: String::new() });
        let papers = Papers::open(&self.door, caller, &agency)?;
        let onboarding = decide(&self.door, caller, Act { agency, uid, spec, dry }).await?;
        Ok(placed_one(&papers, onboarding).await)
    }

    async fn approve(&self, caller: &Caller, request: pb::ApproveOnboardingRequest) -> Result<pb::Onboarding> {
        let mut findings = Findings::default();
        read::request_id(&mut findings, &request.request_id);
        let granted = request.granted.as_ref().map(|g| read::decision::granted(&mut findings, g));
        if let Some(granted) = &granted {
            read::world::check_grant(&mut findings, &self.door.registers(), granted).await?;
        }
        let verdict = if granted.is_some() { DecisionVerdict::ApproveWithChanges } else { DecisionVerdict::Approve };
        let spec = DecisionSpec {
            role: read::decision::role(&mut findings, &request.role),
            verdict,
            granted,
            reason: optional(&text::check(&mut findings, "reason", &request.reason, text::maybe_lines(4000))),
            legal_basis: optional(&text::check(
                &mut findings,
                "legal_basis",
                &request.legal_basis,
                text::maybe_lines(1000),
            )),
            document: request.document.as_ref().map(|d| read::spec::document(&mut findings, "document", d)),
            on_behalf_of: read::decision::on_behalf_of(&mut findings, &request.on_behalf_of),
            request_id: optional(&request.request_id),
            ..DecisionSpec::default()
        };
        let spec = findings.or(spec)?;
        self.decide(caller, &request.name, request.uid, request.validate_only, spec).await
    }

    async fn reject(&self, caller: &Caller, request: pb::RejectOnboardingRequest) -> Result<pb::Onboarding> {
        let mut findings = Findings::default();
        read::request_id(&mut findings, &request.request_id);
        let spec = DecisionSpec {
            role: read::decision::role(&mut findings, &request.role),
            verdict: DecisionVerdict::Reject,
            reason: Some(text::check(&mut findings, "reason", &request.reason, text::lines(4000))),
            legal_basis: Some(text::check(&mut findings, "legal_basis", &request.legal_basis, text::lines(1000))),
            document: request.document.as_ref().map(|d| read::spec::document(&mut findings, "document", d)),
            on_behalf_of: read::decision::on_behalf_of(&mut findings, &request.on_behalf_of),
            request_id: optional(&request.request_id),
            ..DecisionSpec::default()
        };
        let spec = findings.or(spec)?;
        self.decide(caller, &request.name, request.uid, request.validate_only, spec).await
    }

    async fn withdraw(&self, caller: &Caller, request: pb::WithdrawOnboardingRequest) -> Result<pb::Onboarding> {
        let mut findings = Findings::default();
        read::request_id(&mut findings, &request.request_id);
        let spec = DecisionSpec {
            role: SignerRole::Requester,
            verdict: DecisionVerdict::Withdraw,
            reason: optional(&text::check(&mut findings, "reason", &request.reason, text::maybe_lines(4000))),
            request_id: optional(&request.request_id),
            ..DecisionSpec::default()
        };
        let spec = findings.or(spec)?;
        self.decide(caller, &request.name, request.uid, request.validate_only, spec).await
    }

    async fn decision(&self, caller: &Caller, given: &str) -> Result<pb::Decision> {
        let Some([agency, onboarding, id]) = name::ids::<3>(given, "agencies/*/onboardings/*/decisions/*") else {
            let what = format!(
                "{} is not a name like agencies/ag-62/onboardings/onb-x/decisions/onb-x.approver.1",
                read::shown(given)
            );
            return Err(Problem::field("name", what));
        };
        let (papers, _) = self.papers(caller, "name", &format!("agencies/{agency}/onboardings/{onboarding}")).await?;
        let thing = || Thing::new("Decision", given);
        let found = papers.decisions().get(id).await.map_err(|e| from_kube(e, As::Caller, "read", thing()))?;
        if !found.spec.is_about_onboarding(onboarding) {
            return Err(Problem::NotFound(thing()));
        }
        Ok(acts::messages(&self.door, &papers, &[found]).await?.remove(0))
    }

    async fn decisions(&self, caller: &Caller, request: pb::ListDecisionsRequest) -> Result<pb::ListDecisionsResponse> {
        let page = Page::read(request.page_size, &request.page_token, &format!("decisions {}", request.parent))?;
        let (papers, id) = self.papers(caller, "parent", &request.parent).await?;
        let all = papers.decisions_about(&id).await?;
        let key = |d: &berth_crds::Decision| {
            format!("{} {}", d.creation_timestamp().map(|t| t.0.to_string()).unwrap_or_default(), d.name_any())
        };
        let (found, next_page_token) = page.cut(all, key);
        Ok(pb::ListDecisionsResponse { decisions: acts::messages(&self.door, &papers, &found).await?, next_page_token })
    }

    async fn watch(&self, caller: &Caller, given: &str, ticket: Ticket) -> Result<Messages<pb::Onboarding>> {
        let (papers, id) = self.papers(caller, "name", given).await?;
        watch(WatchedOnboarding { papers, id }, ticket).await
    }
}

struct WatchedOnboarding {
    papers: Papers,
    id: String,
}

impl Watched for WatchedOnboarding {
    type Noun = Onboarding;
    type Message = pb::Onboarding;

    async fn get(&self) -> Result<Onboarding> {
        self.papers.onboarding(&self.id).await
    }

    async fn changes(&self, version: &str) -> Result<Changes<Onboarding>> {
        let params = WatchParams::default().fields(&format!("metadata.name={}", self.id));
        let changes = self.papers.onboardings().watch(&params, version).await;
        Ok(changes.map_err(|e| from_kube(e, As::Caller, "watch", self.thing()))?.boxed())
    }

    async fn message(&self, noun: Onboarding) -> pb::Onboarding {
        placed_one(&self.papers, noun).await
    }

    fn thing(&self) -> Thing {
        Thing::new("Onboarding", name::onboarding(&self.papers.namespace, &self.id))
    }
}

#[tonic::async_trait]
impl OnboardingService for Onboardings {
    type WatchOnboardingStream = Messages<pb::Onboarding>;

    async fn create_onboarding(
        &self,
        r: Request<pb::CreateOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(create(&self.door, &caller, r.into_inner()).await?))
    }

    async fn get_onboarding(&self, r: Request<pb::GetOnboardingRequest>) -> Result<Response<pb::Onboarding>, Status> {
        let (papers, id) = self.papers(&caller(&r)?, "name", &r.get_ref().name).await?;
        let found = papers.onboarding(&id).await?;
        Ok(Response::new(placed_one(&papers, found).await))
    }

    async fn list_onboardings(
        &self,
        r: Request<pb::ListOnboardingsRequest>,
    ) -> Result<Response<pb::ListOnboardingsResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(list(&self.door, &caller, r.into_inner()).await?))
    }

    async fn watch_onboarding(
        &self,
        r: Request<pb::WatchOnboardingRequest>,
    ) -> Result<Response<Self::WatchOnboardingStream>, Status> {
        Ok(Response::new(self.watch(&caller(&r)?, &r.get_ref().name, ticket(&r)?).await?))
    }

    async fn approve_onboarding(
        &self,
        r: Request<pb::ApproveOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.approve(&caller, r.into_inner()).await?))
    }

    async fn reject_onboarding(
        &self,
        r: Request<pb::RejectOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.reject(&caller, r.into_inner()).await?))
    }

    async fn return_onboarding(
        &self,
        r: Request<pb::ReturnOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let (caller, r) = (caller(&r)?, r.into_inner());
        let spec = acts::give_back(&r)?;
        Ok(Response::new(self.decide(&caller, &r.name, r.uid, r.validate_only, spec).await?))
    }

    async fn correct_onboarding(
        &self,
        r: Request<pb::CorrectOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let (caller, r) = (caller(&r)?, r.into_inner());
        let spec = acts::correct(&r)?;
        Ok(Response::new(self.decide(&caller, &r.name, r.uid, r.validate_only, spec).await?))
    }

    async fn check_onboarding(
        &self,
        r: Request<pb::CheckOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(check(&self.door, &caller, r.into_inner()).await?))
    }

    async fn withdraw_onboarding(
        &self,
        r: Request<pb::WithdrawOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.withdraw(&caller, r.into_inner()).await?))
    }

    async fn reconcile_onboarding(
        &self,
        r: Request<pb::ReconcileOnboardingRequest>,
    ) -> Result<Response<pb::Onboarding>, Status> {
        let (caller, r) = (caller(&r)?, r.into_inner());
        let spec = acts::reconcile(&r)?;
        Ok(Response::new(self.decide(&caller, &r.name, r.uid, r.validate_only, spec).await?))
    }

    async fn get_decision(&self, r: Request<pb::GetDecisionRequest>) -> Result<Response<pb::Decision>, Status> {
        Ok(Response::new(self.decision(&caller(&r)?, &r.get_ref().name).await?))
    }

    async fn list_decisions(
        &self,
        r: Request<pb::ListDecisionsRequest>,
    ) -> Result<Response<pb::ListDecisionsResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.decisions(&caller, r.into_inner()).await?))
    }
}
