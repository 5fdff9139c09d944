//! The count follows the site configuration, whatever changes it; faults on demand; restarts.

use serde_json::{Value, json};

use super::platform::{Platform, both};
use crate::fleet::view::{fleet, fleet_when, ids, pids, ready};
use crate::support::http::{Connection, head};
use crate::support::{Host, Root, signal};

const PREMIUM: [&str; 4] = ["--plan", "elastic-premium", "--time-scale", "600"];

fn up(further: &[&str]) -> (Host, Platform) {
    let host = Root::new().up(&[&PREMIUM[..], further].concat());
    ready(&host, 1);
    let platform = Platform::of(&host);
    (host, platform)
}

fn set_fault(host: &Host, fault: &str) -> u16 {
    host.request("POST", &format!("/admin/lab/faults/{fault}"), &[], "")
        .status
}

/// From, to and the cause.
fn actions(fleet: &Value) -> Vec<(u64, u64, String)> {
    let actions = fleet["actions"].as_array().unwrap().iter();
    let told = actions.map(|action| {
        (
            action["from"].as_u64().unwrap(),
            action["to"].as_u64().unwrap(),
            action["source"].as_str().unwrap().to_owned(),
        )
    });
    told.collect()
}

#[test]
fn the_app_sets_the_count_and_a_killed_instance_is_replaced() {
    let (host, platform) = up(&[]);
    let read = platform.send("GET", &platform.target(), &platform.token(), "");
    assert_eq!(read.status, 200);
    let resource = read.json();
    assert_eq!(resource["id"], format!("{}/config/web", platform.site));
    assert_eq!(
        resource["properties"],
        json!({ "minimumElasticInstanceCount": 1, "functionAppScaleLimit": 3 })
    );

    let answer = platform.pin(2);
    assert_eq!(
        (answer.status, &answer.json()["properties"]),
        (200, &both(2)["properties"])
    );
    let two = ready(&host, 2);
    assert_eq!(actions(&two), [(1, 2, "app".to_owned())]);
    assert_eq!(two["site"]["minimum_elastic_instance_count"], 2);
    assert_eq!(two["plan"], "elastic-premium");
    assert_eq!(two["last_decision"], Value::Null);

    let victim = pids(&two, "ready")[0];
    signal(victim, "KILL");
    fleet_when(&host, "it is replaced", |fleet| {
        fleet["ready"] == 2 && !pids(fleet, "ready").contains(&victim)
    });
    platform.pin(1);
    let one = fleet_when(&host, "one is left", |fleet| {
        fleet["count"] == 1 && ids(fleet, "ready").len() == 1
    });
    assert_eq!(actions(&one).len(), 2);
    assert_eq!(one["site"]["restarts"], 0);
    let printed = host.printed();
    assert!(printed.contains("Elastic Premium"), "{printed}");
    assert!(!printed.contains(&platform.secret), "{printed}");
    // The autoscaler of the other plan does not exist, so it cannot be paused.
    let paused = host.request("POST", "/admin/lab/scaler/pause", &[], "");
    assert_eq!(paused.status, 409);
}

#[test]
fn arm_refuses_what_azure_refuses() {
    let (host, platform) = up(&["--max", "5"]);
    let token = platform.token();
    let refused = |method: &str, target: &str, token: &str, body: &str| {
        let answer = platform.send(method, target, token, body);
        let error = answer.json()["error"].clone();
        assert!(error["message"].is_string(), "{answer:?}");
        (answer.status, error["code"].as_str().unwrap().to_owned())
    };
    let target = platform.target();
    let said = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(
        refused("GET", &target, "guessed", ""),
        said(401, "InvalidAuthenticationToken")
    );
    let anonymous = platform
        .open()
        .exchange("PATCH", &target, &[], &both(2).to_string());
    assert_eq!(anonymous.status, 401);
    let plain = format!("{}/config/web", platform.site);
    assert_eq!(
        refused("GET", &plain, &token, ""),
        said(400, "MissingApiVersionParameter")
    );
    assert_eq!(
        refused("GET", "/subscriptions?api-version=2025-05-01", &token, ""),
        said(404, "ResourceNotFound")
    );
    assert_eq!(
        refused("PUT", &target, &token, "{}"),
        said(405, "MethodNotAllowed")
    );
    for body in [
        both(0),
        both(6),
        both(21),
        json!({}),
        json!({ "properties": { "alwaysOn": true } }),
    ] {
        assert_eq!(
            refused("PATCH", &target, &token, &body.to_string()),
            said(400, "BadRequest")
        );
    }
    let large = "x".repeat(70_000);
    assert_eq!(
        refused("PATCH", &target, &token, &large),
        said(400, "BadRequest")
    );
    assert_eq!(
        platform
            .ask(
                "guessed",
                "resource=https://management.azure.com/&api-version=2019-08-01"
            )
            .status,
        401
    );
    assert_eq!(actions(&fleet(&host)), []);
    // No page may read or send anything: a preflight gets no permission.
    let preflight =
        platform
            .open()
            .exchange("OPTIONS", &target, &[("Origin", "https://example.org")], "");
    assert_eq!(
        (
            preflight.status,
            preflight.header("access-control-allow-origin")
        ),
        (401, None)
    );
}

#[test]
fn faults_start_on_request_and_end() {
    let (host, platform) = up(&[]);
    let token = platform.token();
    let target = platform.target();
    for (status, code) in [(403, "AuthorizationFailed"), (500, "InternalServerError")] {
        assert_eq!(
            set_fault(&host, &format!("arm?answer={status}&requests=1")),
            200
        );
        let answer = platform.send("PATCH", &target, &token, &both(2).to_string());
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (status, Some(code))
        );
        assert_eq!(platform.send("GET", &target, &token, "").status, 200);
    }
    assert_eq!(set_fault(&host, "arm?answer=429&retry_after=7"), 200);
    let throttled = platform.send("GET", &target, &token, "");
    assert_eq!(
        (throttled.status, throttled.header("retry-after")),
        (429, Some("7"))
    );

    set_fault(&host, "arm?answer=close");
    let mut closed = platform.open();
    let authorization = format!("Bearer {token}");
    let request = head("GET", &target, &[("Authorization", &authorization)], 0);
    closed.send(&request);
    assert!(closed.closed());

    // The end of the fault does not end requests that already hang, but the next request is served.
    set_fault(&host, "arm?answer=hang");
    let mut hanging = platform.open();
    hanging.send(&request);
    set_fault(&host, "identity?answer=500");
    let query = "resource=https://management.azure.com/&api-version=2019-08-01";
    assert_eq!(platform.ask(&platform.secret, query).status, 500);
    for endpoint in ["arm", "identity"] {
        let answer = host.request("DELETE", &format!("/admin/lab/faults/{endpoint}"), &[], "");
        assert_eq!(answer.status, 200);
    }
    assert_eq!(
        platform.send("GET", &target, &platform.token(), "").status,
        200
    );
    assert_eq!(fleet(&host)["count"], 1);

    assert_eq!(set_fault(&host, "arm?answer=200"), 400);
    assert_eq!(set_fault(&host, "other?answer=403"), 404);
    let page = [("Sec-Fetch-Site", "cross-site")];
    let foreign = host.request("POST", "/admin/lab/faults/arm?answer=403", &page, "");
    assert_eq!(foreign.status, 403);
    assert_eq!(platform.pin(2).status, 200);
    hanging.close();
}

#[test]
fn a_patch_may_restart_every_instance_in_place() {
    let (host, platform) = up(&["--restart-on-patch"]);
    let one = fleet(&host);
    assert_eq!(platform.pin(2).status, 200);
    let two = fleet_when(&host, "both serve after the restart", |fleet| {
        fleet["ready"] == 2
            && fleet["site"]["restarts"] == 1
            && !pids(fleet, "ready").contains(&pids(&one, "ready")[0])
    });
    assert!(ids(&two, "ready").contains(&ids(&one, "ready")[0]), "{two}");
    // A request without a change causes no restart.
    assert_eq!(platform.pin(2).status, 200);
    let until = fleet(&host)["azure_seconds"].as_f64().unwrap() + 600.0;
    let later = fleet_when(&host, "ten minutes have passed", |fleet| {
        fleet["azure_seconds"].as_f64().unwrap() > until
    });
    assert_eq!(later["site"]["restarts"], 1);
    assert_eq!(pids(&later, "ready"), pids(&fleet(&host), "ready"));
}

#[test]
fn requests_scale_it_out_within_the_limit_until_a_pin() {
    let (host, platform) = up(&[]);
    let waiting: Vec<Connection> = (0..200)
        .map(|_| {
            let mut connection = host.open();
            connection.send(head("GET", "/stall", &[], 0));
            connection
        })
        .collect();
    let three = fleet_when(&host, "three are wanted", |fleet| fleet["count"] == 3);
    assert_eq!(
        actions(&three),
        [(1, 2, "events".to_owned()), (2, 3, "events".to_owned())]
    );
    platform.pin(1);
    let one = fleet_when(&host, "one is wanted", |fleet| fleet["count"] == 1);
    assert_eq!(actions(&one).last(), Some(&(3, 1, "app".to_owned())));
    drop(waiting);
}

#[test]
fn the_plan_of_the_local_autoscaler_has_no_arm() {
    let host = Root::new().up(&[]);
    assert_eq!(set_fault(&host, "arm?answer=403"), 404);
    let start = host.entry("a handler starts", |entry| entry["start"].is_u64());
    for name in [
        "SCALER",
        "SCALER_SITE_ID",
        "SCALER_ENDPOINT",
        "IDENTITY_ENDPOINT",
    ] {
        assert_eq!(start["environment"][name], Value::Null, "{name}");
    }
    assert_eq!(host.get("/admin/lab/fleet").json()["plan"], "premium-v3");
    let (code, printed) = Root::new().refused(&["--restart-on-patch"]);
    assert_eq!(code, 2);
    assert!(
        printed.contains("--restart-on-patch needs --plan elastic-premium"),
        "{printed}"
    );
}
