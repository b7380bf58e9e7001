use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use kube::runtime::watcher::Event;
use tokio::sync::mpsc;

use super::*;
use crate::context;

/// Times that the defect strikes.
const DEFECTS: usize = 2;

fn namespace(name: &str) -> Namespace {
    let mut object = Namespace::default();
    object.metadata.name = Some(name.into());
    object
}

#[tokio::test]
async fn a_panic_in_one_reconcile_leaves_the_others_running_and_is_tried_again() {
    let (reader, mut writer) = store::<Namespace>();
    let [broken, sound] = ["broken", "sound"].map(namespace);
    let all = [Event::Init, Event::InitApply(broken.clone()), Event::InitApply(sound.clone()), Event::InitDone];
    all.iter().for_each(|event| writer.apply_watcher_event(event));
    // What a controller calls lives as long as the process.
    let tries: &AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let (tell, mut told) = mpsc::unbounded_channel();
    let tell: &mpsc::UnboundedSender<String> = Box::leak(Box::new(tell));
    let reconcile = move |object: Arc<Namespace>, _: Arc<Context>| async move {
        let strikes = object.name_any() == "broken" && tries.fetch_add(1, SeqCst) < DEFECTS;
        tell.send(object.name_any()).unwrap();
        assert!(!strikes, "a defect");
        Ok(Action::await_change())
    };
    let (mut tasks, (queue, end)) = (JoinSet::new(), Queue::new());
    control(&mut tasks, &context::alone(), end, reader, LIGHT, reconcile);
    queue.object(&broken);
    let mut broke = 0;
    while broke <= DEFECTS {
        broke += usize::from(told.recv().await.unwrap() == "broken");
        // After each panic the other one asks, and is heard.
        queue.object(&sound);
        while told.recv().await.unwrap() != "sound" {
            broke += 1;
        }
    }
    assert!(tasks.try_join_next().is_none(), "the controller runs");
}
