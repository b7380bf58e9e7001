//! A way in for everybody: the shared world and a door of the story's own, as a client or on the command line.

use berth_api::cli::{Arguments, Exit, Failure, run};
use berth_api::client::Client;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use clap::Parser as _;

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

    /// Runs `berth` as a person through this door.
    pub async fn berth(&self, who: &str, words: &[&str]) -> Result<Exit> {
        Ok(berth(self.world, &self.door, who, words).await??)
    }
}

/// Runs `berth` as a person through a door: what a process of theirs would end with.
pub async fn berth(
    world: &World,
    door: &Door,
    who: &str,
    words: &[&str],
) -> Result<std::result::Result<Exit, Failure>> {
    let person = world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &person.token)?;
    let token = file.path().to_string_lossy().into_owned();
    let all = ["berth", "--server", &door.url, "--token-file", &token].into_iter().chain(words.iter().copied());
    Ok(run(Arguments::try_parse_from(all)?).await)
}
