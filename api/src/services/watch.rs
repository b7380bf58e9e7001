//! Watches: the whole resource at once, then on every change, and at least as often as it is looked who follows.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use kube::{ResourceExt as _, core::WatchEvent};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{
    access::Ticket,
    problem::{As, Problem, Result, Thing, from_kube},
};

/// Longest time that a watch goes on without a look at who follows and whether they still may. The API server asks that of its own
/// watches only once, at their beginning. It is the longest silence as well: each look is told.
const LOOK: Duration = Duration::from_secs(10);
/// When to come back to a server that ends.
const AGAIN: Duration = Duration::from_secs(1);
/// Messages that wait for a slow reader.
const WAITING: usize = 4;

/// What a watch needs to know about its resource. Every look goes by the caller's rights of the moment.
pub trait Watched: Send + Sync + 'static {
    /// The noun.
    type Noun: Clone + Send + Sync + kube::Resource + 'static;
    /// The message.
    type Message: Send + 'static;
    /// The resource as it is now.
    fn get(&self) -> impl Future<Output = Result<Self::Noun>> + Send;
    /// Changes after a version.
    fn changes(&self, version: &str) -> impl Future<Output = Result<Changes<Self::Noun>>> + Send;
    /// The message of a noun.
    fn message(&self, noun: Self::Noun) -> impl Future<Output = Self::Message> + Send;
    /// Name for errors.
    fn thing(&self) -> Thing;
}

/// Events of the API server.
pub type Changes<K> = futures::stream::BoxStream<'static, kube::Result<WatchEvent<K>>>;
/// What a streaming method returns.
pub type Messages<T> = ReceiverStream<Result<T, Status>>;

/// Starts a watch; the first look happens here, so that its error is the call's error.
pub async fn watch<W: Watched>(watched: W, ticket: Ticket) -> Result<Messages<W::Message>> {
    let first = watched.get().await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = follow(&watched, &ticket, first, &sender) => ended,
            () = ticket.closing() => Err(Some(Problem::Busy(AGAIN))),
        };
        if let Err(Some(problem)) = ended {
            // A reader that is gone does not care.
            sender.send(Err(problem.into())).await.ok();
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Why a watch ends: `None` when the reader is gone.
type Ended = Result<std::convert::Infallible, Option<Problem>>;

async fn follow<W: Watched>(
    watched: &W,
    ticket: &Ticket,
    first: W::Noun,
    to: &mpsc::Sender<Result<W::Message, Status>>,
) -> Ended {
    let mut now = first;
    loop {
        let version = now.resource_version().unwrap_or_default();
        send(watched, now, to).await?;
        let mut changes = watched.changes(&version).await.map_err(Some)?;
        read(watched, &mut changes, to, LOOK).await?;
        ticket.still_known().await.map_err(Some)?;
        now = watched.get().await.map_err(Some)?;
    }
}

/// Passes changes on until it is time for a look, however many come.
async fn read<W: Watched>(
    watched: &W,
    changes: &mut (impl Stream<Item = kube::Result<WatchEvent<W::Noun>>> + Unpin),
    to: &mpsc::Sender<Result<W::Message, Status>>,
    look: Duration,
) -> Result<(), Option<Problem>> {
    let mut look = std::pin::pin!(tokio::time::sleep(look));
    loop {
        let event = tokio::select! {
            event = changes.next() => event,
            () = &mut look => return Ok(()),
            () = to.closed() => return Err(None),
        };
        match event {
            Some(Ok(WatchEvent::Added(noun) | WatchEvent::Modified(noun))) => send(watched, noun, to).await?,
            Some(Ok(WatchEvent::Deleted(_))) => return Err(Some(Problem::NotFound(watched.thing()))),
            Some(Ok(WatchEvent::Bookmark(_))) => {}
            // A version that is too old, a closed stream: look as well.
            Some(Ok(WatchEvent::Error(status))) if status.code == 410 => return Ok(()),
            None => return Ok(()),
            Some(Ok(WatchEvent::Error(status))) => {
                return Err(Some(from_kube(kube::Error::Api(status), As::Caller, "watch", watched.thing())));
            }
            Some(Err(error)) => return Err(Some(from_kube(error, As::Caller, "watch", watched.thing()))),
        }
    }
}

async fn send<W: Watched>(
    watched: &W,
    noun: W::Noun,
    to: &mpsc::Sender<Result<W::Message, Status>>,
) -> Result<(), Option<Problem>> {
    to.send(Ok(watched.message(noun).await)).await.map_err(|_| None)
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    struct Maps;

    impl Watched for Maps {
        type Noun = ConfigMap;
        type Message = ();

        async fn get(&self) -> Result<ConfigMap> {
            Ok(ConfigMap::default())
        }

        async fn changes(&self, _: &str) -> Result<Changes<ConfigMap>> {
            Ok(stream::pending().boxed())
        }

        async fn message(&self, _: ConfigMap) {}

        fn thing(&self) -> Thing {
            Thing::new("ConfigMap", "x")
        }
    }

    #[tokio::test]
    async fn it_is_time_for_a_look_in_silence_and_although_changes_never_stop() {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let reader = tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        let mut busy: Changes<ConfigMap> =
            stream::repeat_with(|| Ok(WatchEvent::Modified(ConfigMap::default()))).boxed();
        let mut silent: Changes<ConfigMap> = stream::pending().boxed();
        for changes in [&mut busy, &mut silent] {
            assert_eq!(read(&Maps, changes, &sender, Duration::from_millis(1)).await, Ok(()));
        }
        drop(sender);
        reader.await.unwrap();
        let (gone, _) = mpsc::channel(1);
        assert_eq!(read(&Maps, &mut busy, &gone, LOOK).await, Err(None), "the reader is gone");
    }
}
