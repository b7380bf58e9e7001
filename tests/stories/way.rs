//! A way in for everybody: the shared world and a door of the story's own.

use berth_api::client::Client;
use berth_tests::error::Result;
use berth_tests::stack::Door;

use crate::world::{World, shared};

/// A door for one story.
pub struct Way {
    pub world: &'static World,
    pub door: Door,
}

impl Way {
    pub async fn open() -> Result<Self> {
        let world = shared().await?;
        Ok(Self { world, door: Door::start(&world.cluster).await? })
    }

    /// The door's client of a person.
    pub async fn client(&self, who: &str) -> Result<Client> {
        let person = self.world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
        Ok(Client::connect(&self.door.url, &person.token).await?)
    }
}
