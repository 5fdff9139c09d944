//! The library that `lab demo` and `--until` use: a load whose rate is changed while it runs.

use load::load_test::{Finished, LoadTest};
use load::mix::Mix;
use load::schedule::Schedule;
use load::target::Target;
use run_record::Run;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::server::Server;

#[tokio::test]
async fn the_rate_can_be_changed() {
    let server = Server::app();
    let (rate, follows) = watch::channel(0.0);
    let target = Target::parse(&server.url()).unwrap();
    let mut test = LoadTest::new(target, Schedule::Controlled(follows), Mix::visits());
    test.threads = 2;
    let connected = test.connect().await.unwrap();
    let mut progress = connected.progress();
    let stop = CancellationToken::new();
    let controlling = async {
        rate.send_replace(200.0);
        progress
            .wait_for(|progress| progress.requests.ok >= 50)
            .await
            .unwrap();
        rate.send_replace(0.0);
        // Nothing further is due, but the previous requests are still answered.
        let mut before = u64::MAX;
        loop {
            progress.changed().await.unwrap();
            let sent = progress.borrow_and_update().requests.sent;
            if sent == before {
                break;
            }
            before = sent;
        }
        rate.send_replace(500.0);
        let goal = before + 50;
        progress
            .wait_for(|progress| progress.requests.ok >= goal)
            .await
            .unwrap();
        drop(rate);
        goal
    };
    let (ran, goal) = tokio::join!(connected.run(&stop), controlling);
    let Finished { run, arrivals, .. } = ran.unwrap();
    assert!(run.requests.ok >= goal, "{:?}", run.requests);
    assert_eq!(
        (run.requests.failed, run.requests.sent),
        (0, run.requests.ok)
    );
    assert_eq!(server.count("POST /api/visit") as u64, run.requests.sent);

    // The same requests again, at the same times.
    assert!(arrivals.is_sorted());
    assert_eq!(arrivals.len() as u64, run.requests.sent);
    let target = Target::parse(&server.url()).unwrap();
    let schedule = Schedule::Arrivals(arrivals.into());
    let mut test = LoadTest::new(target, schedule, Mix::visits());
    test.threads = 2;
    let connected = test.connect().await.unwrap();
    let again = connected.run(&stop).await.unwrap().run;
    let seconds = |run: &Run| {
        let seconds = run.load.iter().map(|second| second.sent);
        seconds.collect::<Vec<_>>()
    };
    assert_eq!(seconds(&again), seconds(&run));
    assert_eq!(again.requests.by_kind, run.requests.by_kind);
}

#[tokio::test]
async fn it_stops_on_request() {
    let server = Server::app();
    let (rate, follows) = watch::channel(100.0);
    let target = Target::parse(&server.url()).unwrap();
    let test = LoadTest::new(target, Schedule::Controlled(follows), Mix::usual());
    let connected = test.connect().await.unwrap();
    let mut progress = connected.progress();
    let stop = CancellationToken::new();
    let stopping = async {
        progress
            .wait_for(|progress| progress.requests.ok >= 10)
            .await
            .unwrap();
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(connected.run(&stop), stopping);
    let run = ran.unwrap().run;
    assert!(
        run.requests.ok >= 10 && run.requests.failed == 0,
        "{:?}",
        run.requests
    );
    drop(rate);
}
