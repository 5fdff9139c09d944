use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::*;

fn backend(id: &str) -> Arc<Backend> {
    Backend::new(InstanceLoad::new(id.to_owned()), Worker::nobody(id))
}

/// The chooser takes the first process that may be chosen.
fn published(ids: &[&str]) -> (Backends, watch::Sender<BackendSet>, Vec<Arc<Backend>>) {
    let list: Vec<_> = ids.iter().map(|id| backend(id)).collect();
    let first = |count, outstanding: &dyn Fn(usize) -> Option<u32>| {
        (0..count).find(|place| outstanding(*place).is_some())
    };
    let (backends, sender) = Backends::new(Box::new(first), Duration::from_secs(60));
    sender.send_replace(BackendSet::Open(list.clone()));
    (backends, sender, list)
}

fn taken(backends: &Backends, avoided: Option<&Worker>) -> InFlight {
    backends.choose(avoided, None).expect("a backend")
}

#[test]
fn an_avoided_process_is_used_only_if_there_is_no_other() {
    let (backends, sender, list) = published(&["a", "b"]);
    assert_eq!(taken(&backends, Some(&list[0].worker)).0.load.id, "b");
    sender.send_replace(BackendSet::Open(vec![Arc::clone(&list[0])]));
    assert_eq!(taken(&backends, Some(&list[0].worker)).0.load.id, "a");
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_an_instance_for_a_limited_time() {
    let (backends, sender, _) = published(&[]);
    assert!(backends.assign(None, None).await.is_err());
    let arrival = async {
        tokio::time::sleep(Duration::from_secs(59)).await;
        sender.send_replace(BackendSet::Open(vec![backend("a")]));
    };
    let (in_flight, ()) = tokio::join!(backends.assign(None, None), arrival);
    assert_eq!(in_flight.expect("it came in time").0.load.id, "a");
    sender.send_replace(BackendSet::Closed);
    assert!(backends.assign(None, None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_gone_after_others_have_replaced_it() {
    let (backends, sender, list) = published(&["a", "b"]);
    assert_eq!(backends.first().await.as_deref(), Some("a"));
    let assigned = backends.assign_to("b").await.expect("it is there");
    assert_eq!(assigned.0.load.id, "b");
    // If there is no backend at all, the instance may be starting its handler again.
    sender.send_replace(BackendSet::Open(Vec::new()));
    let wait = Duration::from_secs(1);
    assert!(
        tokio::time::timeout(wait, backends.left("a"))
            .await
            .is_err()
    );
    let back = async {
        tokio::time::sleep(wait).await;
        sender.send_replace(BackendSet::Open(vec![Arc::clone(&list[0])]));
    };
    let (is_replaced, ()) = tokio::join!(backends.is_replaced("a"), back);
    assert!(!is_replaced);
    sender.send_replace(BackendSet::Open(vec![Arc::clone(&list[1])]));
    backends.left("a").await;
    assert!(backends.is_replaced("a").await);
    assert!(backends.assign_to("a").await.is_err());
    sender.send_replace(BackendSet::Closed);
    backends.left("b").await;
    assert_eq!(backends.first().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_drained_instance_has_answered_everything() {
    let (backends, sender, list) = published(&["a"]);
    let requests = [taken(&backends, None), taken(&backends, None)];
    sender.send_replace(BackendSet::Open(Vec::new()));
    let returned = async {
        for in_flight in requests {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(in_flight);
        }
    };
    let begin = tokio::time::Instant::now();
    tokio::join!(list[0].load.drained(), returned);
    assert_eq!(begin.elapsed().as_secs(), 2);
    list[0].load.drained().await;
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_pending())).await
}

#[tokio::test(start_paused = true)]
async fn an_admitted_request_goes_to_its_instance_while_that_takes_requests() {
    let limits = Limits {
        concurrent: Some(1),
        outstanding: None,
    };
    let (backends, sender, list) = published(&["a", "b"]);
    let running = backends.admit(limits).await.expect("a turn");
    let mut waiting = Box::pin(backends.admit(limits));
    assert!(is_pending(&mut waiting).await);
    sender.send_replace(BackendSet::Open(list.iter().rev().cloned().collect()));
    let id =
        |in_flight: Result<InFlight, Unavailable>| in_flight.expect("a process").0.load.id.clone();
    assert_eq!(id(backends.assign(None, None).await), "b");
    assert_eq!(id(backends.assign(None, Some(&running)).await), "a");
    let broken = Some(&*list[0].worker);
    assert_eq!(id(backends.assign(broken, Some(&running)).await), "b");
    // The request that waits at an instance that leaves goes to another one.
    sender.send_replace(BackendSet::Open(vec![Arc::clone(&list[1])]));
    drop(running);
    assert_eq!(waiting.await.expect("a turn").load.id, "b");
}

#[tokio::test(start_paused = true)]
async fn without_a_process_no_more_requests_wait_than_at_an_instance() {
    let limits = Limits {
        concurrent: None,
        outstanding: Some(1),
    };
    let (backends, sender, _) = published(&[]);
    let mut first = Box::pin(backends.admit(limits));
    assert!(is_pending(&mut first).await);
    assert!(matches!(
        backends.admit(limits).await,
        Err(NotAdmitted::Full(_))
    ));
    sender.send_replace(BackendSet::Open(vec![backend("a")]));
    let admitted = first.await.expect("a turn");
    assert!(matches!(
        backends.admit(limits).await,
        Err(NotAdmitted::Full(_))
    ));
    drop(admitted);
    assert!(backends.admit(limits).await.is_ok());
}
