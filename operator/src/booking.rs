//! Booking on the one object that holds the list: an agency with a budget, or its site.

use std::sync::Arc;

use berth_crds::common::{Booking, HolderKind, PaperRef};
use berth_crds::{Agency, Site};
use berth_plan::amounts::Amounts;
use berth_plan::booking::{Booked, Ledger, Wish, book, book_all, release};
use berth_plan::booking::{free as free_of, settle as settled, take_back as take_back_from};
use kube::ResourceExt;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::{apply, record};

/// Where an agency books.
#[derive(Clone)]
pub enum Place {
    /// In its own budget, as far as its site has booked that.
    Agency(Arc<Agency>, Arc<Site>),
    /// At the site.
    Site(Arc<Site>),
}

impl Place {
    /// What the object can promise.
    pub fn ledger(&self) -> Ledger {
        match self {
            Self::Agency(agency, site) => Ledger::of_agency(agency, &Ledger::of_site(site))
                .unwrap_or(Ledger { limit: Amounts::default(), booked: vec![] }),
            Self::Site(site) => Ledger::of_site(site),
        }
    }

    /// Whether two agencies stand in one queue.
    pub fn key(&self) -> String {
        match self {
            Self::Agency(agency, _) => format!("agency/{}", agency.name_any()),
            Self::Site(site) => format!("site/{}", site.name_any()),
        }
    }
}

/// Where an agency's environments on a site are booked.
pub fn place(ctx: &Context, agency: &str, site: &str) -> Option<Place> {
    let agency = ctx.caches.agencies.get(agency, None)?;
    let site = ctx.caches.sites.get(site, None)?;
    Some(if agency.spec.budget.is_some() { Place::Agency(agency, site) } else { Place::Site(site) })
}

/// Books by compare-and-swap on what was read: of two that want the last core, one reads again and finds it gone.
pub async fn take(ctx: &Context, place: &Place, wish: &Wish<'_>) -> Result<Booked> {
    let _line = ctx.booking.lock().await;
    for attempt in 0..5 {
        let now = if attempt == 0 { newest(ctx, place) } else { live(ctx, place).await? };
        let outcome = book(&now.ledger(), wish);
        let Booked::Write(list) = outcome else { return Ok(outcome) };
        match write(ctx, &now, list.clone()).await {
            Ok(()) => return Ok(Booked::Write(list)),
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict { what: place.key() })
}

/// Books several wishes in one write, all or none; the first resource that lacks, where one does.
pub async fn take_all(ctx: &Context, place: &Place, wishes: &[Wish<'_>]) -> Result<Option<&'static str>> {
    let _line = ctx.booking.lock().await;
    for attempt in 0..5 {
        let now = if attempt == 0 { newest(ctx, place) } else { live(ctx, place).await? };
        let list = match book_all(&now.ledger(), wishes) {
            Booked::Write(list) => list,
            Booked::Already => return Ok(None),
            Booked::NoHeadroom { resource, .. } => return Ok(Some(resource)),
        };
        match write(ctx, &now, list).await {
            Ok(()) => return Ok(None),
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict { what: place.key() })
}

/// Takes environments off a list where they were booked for an owner that will not come.
pub async fn drop_all(ctx: &Context, place: &Place, names: &[String]) -> Result<()> {
    let _line = ctx.booking.lock().await;
    let now = newest(ctx, place);
    let booked = now.ledger().booked;
    let gone = |b: &Booking| b.kind == HolderKind::Environment && names.contains(&b.name);
    let kept: Vec<Booking> = booked.iter().filter(|b| !gone(b)).cloned().collect();
    if kept == booked { Ok(()) } else { write(ctx, &now, kept).await }
}

/// Gives back what is neither granted nor used any more of what `paper` booked.
pub async fn give_back(
    ctx: &Context,
    place: &Place,
    name: &str,
    paper: Option<&PaperRef>,
    granted: Amounts,
    used: Amounts,
) -> Result<()> {
    let _line = ctx.booking.lock().await;
    let now = newest(ctx, place);
    match release(&now.ledger(), name, paper, granted, used) {
        Some(list) => write(ctx, &now, list).await,
        None => Ok(()),
    }
}

/// Frees what is booked for an environment that is gone.
pub async fn free(ctx: &Context, place: &Place, name: &str) -> Result<()> {
    let _line = ctx.booking.lock().await;
    let now = newest(ctx, place);
    match free_of(&now.ledger(), name) {
        Some(list) => write(ctx, &now, list).await,
        None => Ok(()),
    }
}

/// Brings an agency's bookings to where its budget says; the resource that the site lacks for the budget, if it does.
pub async fn settle(
    ctx: &Context,
    agency: &str,
    site: &str,
    budget: Option<Amounts>,
    belongs: impl Fn(&Booking) -> bool,
    moved: impl Fn(&Booking) -> bool,
) -> Result<Option<&'static str>> {
    let _line = ctx.booking.lock().await;
    let (Some(agency), Some(site)) = (ctx.caches.agencies.get(agency, None), ctx.caches.sites.get(site, None)) else {
        return Ok(None);
    };
    let own = agency.status.clone().unwrap_or_default().booked;
    let (ledger, name) = (Ledger::of_site(&site), agency.name_any());
    let settled = settled(&ledger, &name, budget, &own, belongs, moved);
    let (at_agency, at_site) = (Place::Agency(agency, site.clone()), Place::Site(site));
    let own_first = budget.is_some();
    if own_first && settled.own != own {
        write(ctx, &at_agency, settled.own.clone()).await?;
    }
    if settled.lacking.is_none() && settled.site != ledger.booked {
        write(ctx, &at_site, settled.site).await?;
    }
    if !own_first && settled.own != own {
        write(ctx, &at_agency, settled.own).await?;
    }
    Ok(settled.lacking)
}

/// Takes back what a paper booked and could not carry out; `standing` is what its environment has, and by which paper.
pub async fn take_back(
    ctx: &Context,
    place: &Place,
    name: &str,
    uid: &str,
    standing: Option<(Amounts, Option<PaperRef>)>,
) -> Result<()> {
    let _line = ctx.booking.lock().await;
    let now = newest(ctx, place);
    match take_back_from(&now.ledger(), name, uid, standing) {
        Some(list) => write(ctx, &now, list).await,
        None => Ok(()),
    }
}

fn newest(ctx: &Context, place: &Place) -> Place {
    let again = match place {
        Place::Agency(agency, site) => {
            let site = ctx.caches.sites.get(&site.name_any(), None).unwrap_or_else(|| site.clone());
            ctx.caches.agencies.get(&agency.name_any(), None).map(|agency| Place::Agency(agency, site))
        }
        Place::Site(site) => ctx.caches.sites.get(&site.name_any(), None).map(Place::Site),
    };
    again.unwrap_or_else(|| place.clone())
}

async fn live(ctx: &Context, place: &Place) -> Result<Place> {
    let found = match place {
        Place::Agency(agency, site) => {
            let agency = apply::live(&ctx.api::<Agency>(), &agency.name_any()).await?;
            agency.map(|a| Place::Agency(Arc::new(a), site.clone()))
        }
        Place::Site(site) => apply::live(&ctx.api::<Site>(), &site.name_any()).await?.map(|s| Place::Site(Arc::new(s))),
    };
    found.ok_or_else(|| Error::Conflict { what: place.key() })
}

async fn write(ctx: &Context, place: &Place, list: Vec<Booking>) -> Result<()> {
    match place {
        Place::Agency(agency, _) => {
            let mut agency = agency.as_ref().clone();
            agency.status.get_or_insert_default().booked = list;
            record::status(&ctx.api(), &ctx.caches.agencies, &agency).await.map(drop)
        }
        Place::Site(site) => {
            let mut site = site.as_ref().clone();
            site.status.get_or_insert_default().booked = list;
            record::status(&ctx.api(), &ctx.caches.sites, &site).await.map(drop)
        }
    }
}
