//! Notices: papers and what is recorded → who is to be told what. A notice that is due and not recorded becomes an object;
//! an object with a recipient who has not got it is sent. Which is all that an outbox is.

mod arguments; // what the texts are filled in with
mod event; // the CloudEvent of a notice
mod life; // the stages and days of an environment
mod minutes; // handover minutes as a page
mod occur; // what a paper shows
mod recipients; // who is told
mod text; // the words
mod world; // what is shown, and questions about it

pub use event::{event, event_type};
pub use minutes::minutes;
pub use text::{Letter, Unfilled, fill, letter};
pub use world::World;

use std::collections::{BTreeMap, BTreeSet};

use berth_crds::notice::{Capacity, Channel, Delivery, Language, NoticeSubject, Occasion, Recipient};
use berth_crds::{Connection, Environment, Notice, NoticeSpec, Onboarding, names};
use jiff::Timestamp;
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};
use sha2::{Digest, Sha256};

use crate::dossier::clock::Clocks;

/// Whom the province told to tell, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What happened before is told to nobody: who switches notices on must not tell of old papers.
    pub since: Timestamp,
    /// Whether e-mails are sent.
    pub mail: bool,
    /// Webhooks that are called.
    pub webhooks: Vec<Hook>,
    /// Those who hold papers in the province's name, by [`Holder`](crate::dossier::holder::Holder)'s word.
    pub offices: BTreeMap<String, Office>,
}

impl Rules {
    /// Since when papers are told of; `None` where there is no channel.
    pub fn told_since(&self) -> Option<Timestamp> {
        (self.mail || !self.webhooks.is_empty()).then_some(self.since)
    }
}

/// A webhook, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Agencies whose papers it is told of; all when empty.
    pub agencies: Vec<String>,
    /// Occasions that it is told of; all when empty.
    pub occasions: Vec<Occasion>,
}

/// An office of the province.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Office {
    /// Who acts.
    pub contacts: Vec<Address>,
    /// Who is above them.
    pub superiors: Vec<Address>,
}

/// An address to write to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Name of the person or unit.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Language to write in.
    pub language: Language,
}

/// A notice that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Namespace of the agency that is told.
    pub namespace: String,
    /// Name of the notice: its creation is the lock.
    pub name: String,
    /// The notice.
    pub spec: NoticeSpec,
}

impl Draft {
    /// The object.
    pub fn object(&self) -> Notice {
        let mut notice = Notice::new(&self.name, self.spec.clone());
        notice.metadata.namespace = Some(self.namespace.clone());
        notice
    }
}

/// Namespace and name of a recorded notice.
pub type Key = (String, String);

/// Every notice that is due and not recorded, in order of time.
pub fn due(world: &World, rules: &Rules, recorded: &BTreeSet<Key>) -> Vec<Draft> {
    if rules.told_since().is_none() {
        return Vec::new();
    }
    let requests = world.onboardings.iter().flat_map(|paper| {
        let shown = occur::of_onboarding(paper);
        shown.into_iter().filter_map(|seen| request(world, rules, recorded, paper, &seen))
    });
    let openings = world.connections.iter().flat_map(|paper| {
        let shown = occur::of_connection(paper);
        shown.into_iter().filter_map(|seen| opening(world, rules, recorded, paper, &seen))
    });
    let lives = world.register.environments.values().flat_map(|environment| {
        let shown = occur::of_environment(environment);
        let paper = (!shown.is_empty()).then(|| world.basis(environment)).flatten();
        shown.into_iter().filter_map(move |seen| step(world, rules, recorded, environment, paper?, &seen))
    });
    let mut all: Vec<Draft> = requests.chain(openings).chain(lives).collect();
    all.sort_by(|a, b| (a.spec.at.0, &a.namespace, &a.name).cmp(&(b.spec.at.0, &b.namespace, &b.name)));
    all
}

fn request(
    world: &World,
    rules: &Rules,
    recorded: &BTreeSet<Key>,
    paper: &Onboarding,
    seen: &occur::Seen,
) -> Option<Draft> {
    let agency = asking(paper)?;
    let draft = begin(rules, recorded, &agency, paper, paper.meta().uid.as_ref(), seen)?;
    Some(addressed(world, rules, draft, &agency, paper, seen))
}

/// What becomes of an environment is told to whoever owned it when it happened, under the paper that it stands by: after a
/// change of owner that paper is the former owner's. It is told once, whichever paper the environment stands by since.
fn step(
    world: &World,
    rules: &Rules,
    recorded: &BTreeSet<Key>,
    environment: &Environment,
    paper: &Onboarding,
    seen: &occur::Seen,
) -> Option<Draft> {
    let tenant = world.register.tenants.get(&environment.spec.tenant_ref.name)?;
    let agency = world.owner(tenant, paper, &seen.at);
    let draft = begin(rules, recorded, &agency, paper, environment.meta().uid.as_ref(), seen)?;
    if world.told(recorded, environment, tenant, &draft) {
        return None;
    }
    Some(addressed(world, rules, draft, &agency, paper, seen))
}

/// A notice about a request with its words and recipients.
fn addressed(
    world: &World,
    rules: &Rules,
    mut draft: Draft,
    agency: &str,
    paper: &Onboarding,
    seen: &occur::Seen,
) -> Draft {
    let told = recipients::Told { rules, agency, occasion: seen.occasion };
    draft.spec.arguments = arguments::of_onboarding(world, paper, agency, seen);
    draft.spec.recipients = recipients::of_onboarding(world, &told, paper);
    draft
}

fn opening(
    world: &World,
    rules: &Rules,
    recorded: &BTreeSet<Key>,
    paper: &Connection,
    seen: &occur::Seen,
) -> Option<Draft> {
    let agency = asking(paper)?;
    let mut draft = begin(rules, recorded, &agency, paper, paper.meta().uid.as_ref(), seen)?;
    let told = recipients::Told { rules, agency: &agency, occasion: seen.occasion };
    draft.spec.arguments = arguments::of_connection(world, paper, &agency, seen);
    draft.spec.recipients = recipients::of_connection(world, &told);
    Some(draft)
}

/// The agency whose paper it is; none of one that lies in no agency's namespace.
fn asking<K: Resource>(paper: &K) -> Option<String> {
    names::agency_of_namespace(&paper.namespace()?).map(str::to_owned)
}

/// A notice to an agency without its words and recipients, unless it is recorded or too old. It is about a paper; `uid` is
/// that of what it happened to.
fn begin<K>(
    rules: &Rules,
    recorded: &BTreeSet<Key>,
    agency: &str,
    paper: &K,
    uid: Option<&String>,
    seen: &occur::Seen,
) -> Option<Draft>
where
    K: Resource<DynamicType = ()>,
{
    if seen.at.0 < rules.since {
        return None;
    }
    let id = id(uid?, seen);
    let uid = paper.meta().uid.clone()?;
    let about = NoticeSubject { kind: K::kind(&()).into_owned(), name: paper.name_any(), uid };
    let name = names::notice(&about.name, seen.occasion.row().key, &id);
    let key = (names::agency_namespace(agency), name);
    if recorded.contains(&key) {
        return None;
    }
    let (namespace, name) = key;
    let (arguments, recipients) = (Vec::new(), Vec::new());
    let spec = NoticeSpec { id, occasion: seen.occasion, about, at: seen.at.clone(), arguments, recipients };
    Some(Draft { namespace, name, spec })
}

/// The same for the same thing that happened to the same object, whoever computes it and whenever.
fn id(uid: &str, seen: &occur::Seen) -> String {
    let text = format!("{uid}\n{}\n{}", seen.occasion.row().key, seen.mark);
    format!("{:x}", Sha256::digest(text.as_bytes())).chars().take(32).collect()
}

/// Recipients who have not got a notice yet.
pub fn pending(notice: &Notice) -> Vec<&Recipient> {
    let deliveries = notice.status.as_ref().map(|s| s.deliveries.as_slice()).unwrap_or_default();
    let has = |r: &Recipient| deliveries.iter().any(|d| d.at.is_some() && d.channel == r.channel && d.to == r.to);
    notice.spec.recipients.iter().filter(|r| !has(r)).collect()
}

/// When a notice arrived: at the first of those whom it is addressed to, by e-mail; where nobody is told by e-mail, at
/// the first system. Time limits that a notice starts begin then, never when it was written or sent.
pub fn delivered_at(spec: &NoticeSpec, deliveries: &[Delivery]) -> Option<Time> {
    let row = spec.occasion.row();
    let addressed = |r: &&Recipient| r.channel == Channel::Mail && row.to.first() == Some(&r.capacity);
    let mut counts: Vec<&Recipient> = spec.recipients.iter().filter(addressed).collect();
    if counts.is_empty() {
        counts = spec.recipients.iter().filter(|r| r.capacity == Capacity::System).collect();
    }
    let of = |d: &&Delivery| counts.iter().any(|r| r.channel == d.channel && r.to == d.to);
    deliveries.iter().filter(of).filter_map(|d| d.at.clone()).min_by_key(|at| at.0)
}

/// The last day of the time limit that the arrival of a notice starts; `None` where it starts none.
pub fn clock(world: &World, spec: &NoticeSpec, arrived: &Time) -> Option<Date> {
    let step = spec.occasion.row().clock?;
    let paper = world.onboardings.iter().find(|p| p.uid().as_deref() == Some(spec.about.uid.as_str()))?;
    let profile = world.chain(paper).1?;
    let calendar = world.register.calendar();
    Clocks { profile, calendar: &calendar }.after((world.day_of)(arrived), step)
}
