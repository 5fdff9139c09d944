use std::collections::BTreeMap;

use super::view::{fleet, fleet_when, ids, pids, ready, rules};
use crate::support::http::head;
use crate::support::{Host, Root, eventually};

/// The number of requests that each process answered.
fn spread(host: &Host, clients: usize, each: usize) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    let answers = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = host.open();
                    (0..each)
                        .map(|_| {
                            connection.send(head("GET", "/x", &[], 0));
                            let answer = connection.answer("GET");
                            assert_eq!(answer.status, 200);
                            answer.json()["process"].as_u64().unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect::<Vec<_>>()
    });
    for process in answers {
        *counts.entry(process).or_default() += 1;
    }
    counts
}

/// `HttpRequestQueue.cs`: in Azure, each instance has its own host.
#[test]
fn each_instance_has_its_own_limit() {
    let root = Root::new();
    root.host_with(|host| host["extensions"]["http"]["maxOutstandingRequests"] = 2.into());
    let host = root.up(&["--min", "3"]);
    ready(&host, 3);
    let held: Vec<_> = (0..6)
        .map(|_| {
            let mut connection = host.open();
            connection.send(head("GET", "/stream", &[], 0));
            assert_eq!(connection.head().0, 200);
            connection
        })
        .collect();
    for instance in super::view::instances(&fleet(&host), "ready") {
        assert_eq!(instance["outstanding"], 2, "{instance}");
    }
    assert_eq!(host.get("/x").status, 429);
    drop(held);
    eventually("a request is accepted", || {
        (host.get("/x").status == 200).then_some(())
    });
}

#[test]
fn requests_are_spread_evenly() {
    let host = Root::new().up(&["--min", "3"]);
    ready(&host, 3);
    // Sequential requests are distributed in exact rotation.
    let counts = spread(&host, 1, 30);
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
    // Concurrent requests are distributed equally. How many each process then answers in a given time depends on the
    // machine.
    let held: Vec<_> = (0..9)
        .map(|_| {
            let mut connection = host.open();
            connection.send(head("GET", "/stream", &[], 0));
            connection.head();
            connection
        })
        .collect();
    for instance in super::view::instances(&fleet(&host), "ready") {
        assert_eq!(instance["outstanding"], 3, "{instance}");
    }
    drop(held);
    let view = fleet_when(&host, "everything is over", |fleet| {
        super::view::instances(fleet, "ready")
            .iter()
            .all(|instance| instance["outstanding"] == 0)
    });
    let counted: u64 = super::view::instances(&view, "ready")
        .iter()
        .map(|instance| instance["requests"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 39);
}

#[test]
fn a_busy_instance_gets_no_more_than_the_others() {
    let host = Root::new().up(&["--min", "2", "--max", "2"]);
    ready(&host, 2);
    let mut streaming = host.open();
    streaming.send(head("GET", "/stream", &[], 0));
    streaming.head();
    let busy = super::view::instances(&fleet(&host), "ready")
        .into_iter()
        .find(|instance| instance["outstanding"] == 1)
        .unwrap();
    let counts = spread(&host, 1, 20);
    assert_eq!(counts.len(), 1);
    assert!(!counts.contains_key(&busy["pid"].as_u64().unwrap()));
}

#[test]
fn each_handler_knows_its_name_its_share_and_the_rules() {
    let root = Root::new();
    root.warmup();
    let host = root.up(&[
        "--min",
        "2",
        "--max",
        "4",
        "--time-scale",
        "5",
        "--instance-cpus",
        "0.25",
    ]);
    let view = ready(&host, 2);
    let starts: Vec<_> = host
        .journal()
        .into_iter()
        .filter(|entry| entry["start"].is_u64())
        .collect();
    let mut names: Vec<_> = starts
        .iter()
        .map(|start| start["environment"]["INSTANCE_ID"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let mut shown = ids(&view, "ready");
    shown.sort_unstable();
    assert_eq!(names, shown);
    for start in &starts {
        let variable = |name: &str| start["environment"][name].as_str().unwrap();
        assert!(variable("INSTANCE_ID").starts_with("lab-"));
        assert_eq!(variable("INSTANCE_ID").len(), 10);
        assert_eq!(variable("INSTANCE_CPUS"), "0.25");
        assert_eq!(variable("HEARTBEAT_SECONDS"), "1");
        let clock: Vec<&str> = variable("AUTOSCALE_CLOCK").split(',').collect();
        // Without --start, the calendar is the wall clock.
        assert_eq!(clock, [clock[0], clock[0], "5"]);
        let file = variable("AUTOSCALE_PROFILE").strip_prefix('@').unwrap();
        let setting: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let profile = &setting["profiles"][0];
        assert_eq!(*profile, view["profile"]);
        assert_eq!(profile["capacity"]["maximum"], "4");
    }
    // Each process was warmed up before its first request, and this is not counted as a request.
    assert_eq!(host.requests(), ["/warmup", "/warmup"]);
    for instance in super::view::instances(&view, "ready") {
        assert_eq!(instance["requests"], 0);
    }
}

#[test]
fn an_instance_serves_after_a_failed_warm_up() {
    let mut root = Root::new();
    root.warmup();
    root.variable("PROBE_WARMUP", "refused");
    let host = root.up(&["--min", "2"]);
    ready(&host, 2);
    host.lines_with("The warm-up of an instance failed", 2);
    assert_eq!(host.get("/x").status, 200);
}

#[test]
fn the_hosts_own_restarts_stay_in_place() {
    let host = Root::new().up(&["--min", "2"]);
    let before = ready(&host, 2);
    assert_eq!(host.get("/exit-0").status, 500);
    let after = fleet_when(&host, "the handler is started again", |fleet| {
        fleet["ready"] == 2
            && super::view::instances(fleet, "ready")
                .iter()
                .any(|instance| instance["restarts"] == 1)
    });
    assert_eq!(ids(&before, "ready"), ids(&after, "ready"));
    assert_ne!(pids(&before, "ready"), pids(&after, "ready"));
}

#[test]
fn requests_in_flight_complete_before_an_instance_is_removed() {
    let root = Root::new();
    // The limits keep all three until the streams have begun.
    let rules = rules(&root, 3, 3, 3);
    let host = root.up(&[
        "--time-scale",
        "100",
        "--autoscale",
        rules.to_str().unwrap(),
    ]);
    fleet_when(&host, "three are ready", |fleet| fleet["ready"] == 3);
    let mut streams: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = host.open();
            stream.send(head("GET", "/stream", &[], 0));
            assert_eq!(stream.head().0, 200);
            assert!(stream.chunk().is_some());
            stream
        })
        .collect();
    // The fleet is idle, so now the rules remove an instance.
    let target = "/admin/lab/rules";
    let mut setting = host.get(target).json()["setting"].clone();
    setting["profiles"][0]["capacity"]["minimum"] = "2".into();
    let changed = host.request("PUT", target, &[], &setting.to_string());
    assert_eq!(changed.status, 200, "{changed:?}");
    fleet_when(&host, "one is taken away", |fleet| {
        fleet["count"] == 2 && ids(fleet, "draining").len() == 1
    });
    host.open_gate("more");
    for stream in &mut streams {
        assert!(stream.chunk().is_some());
    }
    assert_eq!(ids(&fleet(&host), "draining").len(), 1);
    host.open_gate("end");
    for stream in &mut streams {
        // The stream ends properly, without a broken connection.
        assert_eq!(stream.chunk(), Some(Vec::new()));
    }
    let view = fleet_when(&host, "it has ended", |fleet| {
        ids(fleet, "exited").len() == 1
    });
    assert_eq!(
        super::view::instances(&view, "exited")[0]["ending"],
        "scaled in"
    );
    assert!(
        !host
            .journal()
            .iter()
            .any(|entry| entry["abandoned"].is_string())
    );
}
