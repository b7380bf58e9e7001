//! AddressService: registers, blocks and, for what has passed, the ledger, read with the door's own rights and filtered by
//! what the caller may see.

use std::sync::Arc;

use berth_crds::audit::AuditEntry;
use berth_crds::{Agency, AuditRecord, Environment, PrefixBlock, Reason, Site, Tenant};
use berth_plan::network::export::{self, Line};
use berth_plan::network::whois::{Answer, whois};
use berth_plan::network::{Moment, View, World, justify, picture, tree};
use berth_plan::register::Register;
use ipnet::IpNet;
use jiff::Timestamp;
use tonic::{Request, Response, Status};

use super::{acknowledge::acknowledge, tenant::agency_filter};
use crate::{
    access::caller,
    clock::Clock,
    convert::{address as convert, timestamp},
    door::Door,
    identity::Caller,
    problem::{Problem, Result, Thing},
    proto::v1::{self as pb, address_service_server::AddressService},
    read::{
        Findings,
        address::{End, moment, net},
        shown,
    },
    registers::{Sight, named},
};

/// The only plan.
const PLAN: &str = "addressPlans/default";
/// Growth that a justification reckons with when none is asked for, and the most.
const GROWTH: (i32, i32) = (10, 1000);

/// The service.
#[derive(Clone)]
pub struct Addresses {
    door: Door,
}

impl Addresses {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    /// What answers are made from; the ledger only where the past is asked about, for it may be long. With the instant
    /// at which the ledger begins, if what is asked about lies before it: then answers rest on what still stands.
    async fn as_of(&self, past: Option<Moment>) -> Result<(World, Option<prost_types::Timestamp>)> {
        let Some(past) = past else { return Ok((self.world(Vec::new()).await?, None)) };
        let segments = self.door.registers().all::<AuditRecord>(None).await?;
        let pruned = segments.first().filter(|first| first.spec.number > 1);
        let begins = pruned.and_then(|first| first.spec.entries.first()?.recorded_at.parse().ok());
        let begins = begins.filter(|begins: &Timestamp| past.at < *begins).map(timestamp);
        let ledger = segments.into_iter().flat_map(|segment| segment.spec.entries).collect();
        Ok((self.world(ledger).await?, begins))
    }

    async fn world(&self, ledger: Vec<AuditEntry>) -> Result<World> {
        let registers = self.door.registers();
        Ok(World {
            register: Register {
                agencies: named(registers.all::<Agency>(None).await?),
                sites: named(registers.all::<Site>(None).await?),
                tenants: named(registers.all::<Tenant>(None).await?),
                environments: named(registers.all::<Environment>(None).await?),
                ..Register::default()
            },
            plan: registers.address_plan().await?.map(Arc::new),
            blocks: registers.all::<PrefixBlock>(None).await?.into_iter().map(Arc::new).collect(),
            ledger,
        })
    }

    fn now(&self) -> Moment {
        Moment::new(self.door.clock.now(), &Clock::zone())
    }

    async fn whois(&self, caller: &Caller, request: &pb::WhoisAddressRequest) -> Result<pb::WhoisAddressResponse> {
        let mut findings = Findings::default();
        let asked = net(&mut findings, "address", &request.address);
        let at = moment(&mut findings, "at", &request.at, End::Last, &self.door.clock);
        let Some(asked) = findings.or(asked)? else { return Ok(pb::WhoisAddressResponse::default()) };
        let sight = self.door.registers().sight(caller).await?;
        let (world, ledger_begin_time) = self.as_of(at).await?;
        let at = at.unwrap_or_else(|| self.now());
        let mut answers = whois(&View::new(&world, at), asked);
        answers.retain(|answer| seen(&sight, &world, answer));
        if answers.is_empty() {
            return Err(not_theirs(asked));
        }
        let told = answers.iter().map(|answer| convert::answer(asked, answer, &world.register, at.day));
        Ok(pb::WhoisAddressResponse { answers: told.collect(), ledger_begin_time })
    }

    async fn tree(&self, caller: &Caller, request: &pb::GetAddressPlanRequest) -> Result<pb::AddressTree> {
        if request.name != PLAN {
            return Err(Problem::NotFound(Thing::new("AddressPlan", request.name.clone())));
        }
        let mut findings = Findings::default();
        let at = moment(&mut findings, "at", &request.at, End::Last, &self.door.clock);
        let drawn =
            (!request.picture_root.is_empty()).then(|| net(&mut findings, "picture_root", &request.picture_root));
        let drawn = findings.or(drawn.flatten())?;
        let sight = self.door.registers().sight(caller).await?;
        if drawn.is_some() {
            province(&sight, "drawings of a root show every agency's blocks")?;
        }
        let (world, ledger_begin_time) = self.as_of(at).await?;
        let mut nodes = tree::tree(&View::new(&world, at.unwrap_or_else(|| self.now())));
        let picture = drawn.map(|root| {
            let drawn = nodes.iter().find(|node| node.net == root).and_then(picture::svg);
            drawn.ok_or_else(|| {
                Problem::field("picture_root", format!("{} is no root of the plan", shown(&request.picture_root)))
            })
        });
        if sight != Sight::Province {
            nodes = tree::seen_by(nodes, &|agency: &str| sight.covers(agency));
        }
        let nodes = nodes.iter().flat_map(tree::Node::flat).map(|(depth, node)| convert::node(depth, node)).collect();
        let picture = picture.transpose()?.unwrap_or_default();
        Ok(pb::AddressTree { name: PLAN.into(), nodes, picture, ledger_begin_time })
    }

    async fn export(&self, caller: &Caller, request: &pb::ExportAddressesRequest) -> Result<pb::AddressExport> {
        let mut findings = Findings::default();
        let at = moment(&mut findings, "at", &request.at, End::Last, &self.door.clock);
        let since = moment(&mut findings, "since", &request.since, End::First, &self.door.clock);
        let suffix = request.pointer_suffix.trim_end_matches('.');
        if !suffix.is_empty() && !is_domain(suffix) {
            findings.bad("pointer_suffix", suffix, "is no domain name: write for example cloud.example.vn");
        }
        let until = at.unwrap_or_else(|| self.now());
        if since.is_some_and(|since| since.at > until.at) {
            findings.bad("since", &request.since, "lies after `at`: what changed from then on is not known");
        }
        findings.or(())?;
        let registers = self.door.registers();
        let (sight, agency) = (registers.sight(caller).await?, agency_filter(&registers, &request.agency).await?);
        let (world, ledger_begin_time) = self.as_of(since.or(at)).await?;
        let suffix = (!suffix.is_empty()).then_some(suffix);
        let (view, before) = (View::new(&world, until), since.map(|since| View::new(&world, since)));
        let etag = export::fingerprint(&export::lines(&view, None));
        let theirs = |line: &Line| match &agency {
            Some(agency) => line.agency == *agency && sight.covers(agency),
            None => sight == Sight::Province || sight.covers(&line.agency),
        };
        let lines = |view: &View| export::lines(view, suffix).into_iter().filter(theirs).collect();
        let changes = export::difference(before.as_ref().map(lines).as_ref(), &lines(&view));
        let lines = changes.iter().map(|(change, line)| convert::line(*change, line)).collect();
        Ok(pb::AddressExport { lines, etag: format!("\"{etag}\""), ledger_begin_time })
    }

    async fn justify(&self, caller: &Caller, growth: i32) -> Result<pb::JustifyAddressesResponse> {
        province(&self.door.registers().sight(caller).await?, "a justification counts every agency's blocks")?;
        if !(0..=GROWTH.1).contains(&growth) {
            let what = format!("{growth} is not from 0 to {}: how many times as much as today", GROWTH.1);
            return Err(Problem::field("growth", what));
        }
        let growth = u32::try_from(if growth == 0 { GROWTH.0 } else { growth }).unwrap_or(1);
        let world = self.world(Vec::new()).await?;
        let found = justify::justify(&View::new(&world, self.now()), growth);
        Ok(pb::JustifyAddressesResponse { justifications: found.iter().map(convert::justification).collect() })
    }
}

/// An agency sees what was its own at the instant, and what its systems of today had before they came to it.
fn seen(sight: &Sight, world: &World, answer: &Answer) -> bool {
    let tenant = answer.system.as_ref().and_then(|system| world.register.tenants.get(&system.tenant));
    let today = tenant.map(|tenant| &tenant.spec.agency_ref.name);
    *sight == Sight::Province || answer.agency.iter().chain(today).any(|agency| sight.covers(agency))
}

/// The same answer for what is another's and what is nobody's: it tells nobody which addresses are taken.
fn not_theirs(asked: IpNet) -> Problem {
    let message = format!("{asked} is of no agency that you act for: ask a network engineer of the province");
    Problem::NotAllowed { reason: Reason::PermissionDenied, message }
}

fn province(sight: &Sight, why: &str) -> Result<()> {
    match sight {
        Sight::Province => Ok(()),
        Sight::Agencies(_) => Err(Problem::NotAllowed {
            reason: Reason::PermissionDenied,
            message: format!("this is for the roles of the province: {why}"),
        }),
    }
}

/// Labels of letters, digits and hyphens, as DNS names hosts (RFC 1123 §2.1).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let hyphens = label.starts_with('-') || label.ends_with('-');
        !label.is_empty()
            && label.len() <= 63
            && !hyphens
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 190 && text.split('.').all(label)
}

#[tonic::async_trait]
impl AddressService for Addresses {
    async fn get_address_plan(
        &self,
        r: Request<pb::GetAddressPlanRequest>,
    ) -> Result<Response<pb::AddressTree>, Status> {
        Ok(Response::new(self.tree(&caller(&r)?, r.get_ref()).await?))
    }

    async fn whois_address(
        &self,
        r: Request<pb::WhoisAddressRequest>,
    ) -> Result<Response<pb::WhoisAddressResponse>, Status> {
        Ok(Response::new(self.whois(&caller(&r)?, r.get_ref()).await?))
    }

    async fn export_addresses(
        &self,
        r: Request<pb::ExportAddressesRequest>,
    ) -> Result<Response<pb::AddressExport>, Status> {
        Ok(Response::new(self.export(&caller(&r)?, r.get_ref()).await?))
    }

    async fn acknowledge_export(
        &self,
        r: Request<pb::AcknowledgeExportRequest>,
    ) -> Result<Response<pb::NetworkChange>, Status> {
        let caller = caller(&r)?;
        // Read only once the caller is known to be somebody who may say so.
        let world = self.world(Vec::new());
        Ok(Response::new(acknowledge(&self.door, &caller, world, self.now(), r.into_inner()).await?))
    }

    async fn justify_addresses(
        &self,
        r: Request<pb::JustifyAddressesRequest>,
    ) -> Result<Response<pb::JustifyAddressesResponse>, Status> {
        Ok(Response::new(self.justify(&caller(&r)?, r.get_ref().growth).await?))
    }
}
