//! What `lab demo` uses: a load whose rate is changed while it runs.

use lab::load::fleet::Fleet;
use lab::load::generator::Live;
use lab::load::mix::Mix;
use lab::load::schedule::Schedule;
use lab::load::target::Target;
use lab::load::trial::Trial;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::server::Server;

#[tokio::test]
async fn the_rate_follows_whoever_sets_it() {
    let server = Server::app();
    let (rate, follows) = watch::channel(0.0);
    let target = Target::parse(&server.url()).unwrap();
    let mut trial = Trial::new(target, Schedule::Controlled(follows), Mix::visits());
    trial.threads = 2;
    let reached = trial.reach().await.unwrap();
    let (live, mut shown) = watch::channel(Live::default());
    let (fleet, _) = watch::channel(Fleet::default());
    let stop = CancellationToken::new();
    let controlling = async {
        rate.send_replace(200.0);
        shown.wait_for(|live| live.ok >= 50).await.unwrap();
        rate.send_replace(0.0);
        // Nothing is due any more, but what was is still answered.
        let mut before = u64::MAX;
        loop {
            shown.changed().await.unwrap();
            let sent = shown.borrow_and_update().sent;
            if sent == before {
                break;
            }
            before = sent;
        }
        rate.send_replace(500.0);
        let goal = before + 50;
        shown.wait_for(|live| live.ok >= goal).await.unwrap();
        drop(rate);
        goal
    };
    let (ran, goal) = tokio::join!(reached.run(&stop, &live, &fleet), controlling);
    let run = ran.unwrap().run;
    assert!(run.requests.ok >= goal, "{:?}", run.requests);
    assert_eq!(
        (run.requests.failed, run.requests.sent),
        (0, run.requests.ok)
    );
    assert_eq!(server.count("POST /api/visit") as u64, run.requests.sent);
}

#[tokio::test]
async fn it_is_stopped_when_it_is_told() {
    let server = Server::app();
    let (rate, follows) = watch::channel(100.0);
    let target = Target::parse(&server.url()).unwrap();
    let trial = Trial::new(target, Schedule::Controlled(follows), Mix::usual());
    let reached = trial.reach().await.unwrap();
    let (live, mut shown) = watch::channel(Live::default());
    let (fleet, _) = watch::channel(Fleet::default());
    let stop = CancellationToken::new();
    let stopping = async {
        shown.wait_for(|live| live.ok >= 10).await.unwrap();
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(reached.run(&stop, &live, &fleet), stopping);
    let run = ran.unwrap().run;
    assert!(
        run.requests.ok >= 10 && run.requests.failed == 0,
        "{:?}",
        run.requests
    );
    drop(rate);
}
