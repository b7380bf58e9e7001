//! Worlds that stories have in common.

use std::ops::Deref;
use std::sync::Arc;

use berth_tests::canary;
use berth_tests::error::Result;
use berth_tests::stack::Operator;
use tokio::sync::{Mutex, OnceCell};

use super::World;

/// The world of stories that leave each other alone: each has its own systems, none changes a register.
static SHARED: OnceCell<(World, Operator)> = OnceCell::const_new();

/// The shared world, with an operator in it. It ends with the process.
pub async fn shared() -> Result<&'static World> {
    canary::silent();
    Ok(&SHARED.get_or_try_init(World::own).await?.0)
}

/// The world of stories each of which changes what is everybody's, a site, a role or who stands in for whom, and none minds
/// what the others change.
static CHANGED: Common<Manned> = Common::of(3);

/// Lets one of these stories in.
pub async fn changed() -> Result<Arc<Manned>> {
    CHANGED.enter(Manned::new).await
}

/// What a few stories have in common. It begins with the first of them and ends with the last, because a control plane that
/// nobody needs any more takes memory and time from the others. They stand beside each other in the order in which stories run,
/// or it would last long for what it spares.
pub struct Common<T>(Mutex<Held<T>>);

struct Held<T> {
    /// Stories that have not come yet.
    to_come: usize,
    place: Option<Arc<T>>,
}

impl<T> Common<T> {
    /// For so many stories. Where fewer come it ends with the process, and where more come one begins another.
    pub const fn of(stories: usize) -> Self {
        Self(Mutex::const_new(Held { to_come: stories, place: None }))
    }

    /// Lets a story in; the first one begins it.
    pub async fn enter(&self, begin: impl AsyncFnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut held = self.0.lock().await;
        let place = match held.place.take() {
            Some(place) => place,
            None => Arc::new(begin().await?),
        };
        held.to_come = held.to_come.saturating_sub(1);
        if held.to_come > 0 {
            held.place = Some(place.clone());
        }
        Ok(place)
    }
}

/// A world with its operator, which ends before it.
pub struct Manned {
    _operator: Operator,
    world: World,
}

impl Manned {
    pub async fn new() -> Result<Self> {
        let (world, operator) = World::own().await?;
        Ok(Self { _operator: operator, world })
    }
}

impl Deref for Manned {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}
