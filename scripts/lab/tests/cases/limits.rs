//! The limits of `extensions.http` on the requests of an instance.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::{Answer, Connection, head};
use crate::support::program::Program;
use crate::support::{Host, Root, eventually};

super::cases! {
    /// `HttpThrottleMiddlewareTests.cs`, `Invoke_MaxOutstandingRequestsExceeded_RequestsAreRejected`: running requests count.
    "50" requests_wait_until_they_may_run_and_the_rest_is_refused;
    /// `HttpThrottleMiddleware.cs`, `RejectRequest`; `WebJobsApplicationBuilderExtension.cs`; `HomepageMiddleware.cs`: the
    /// refusal has no body, and precedes routes, keys, and custom headers. Requests to `/admin` are exempt.
    "50" a_refusal_precedes_everything_except_the_hosts_endpoints;
    /// `HttpRequestQueue.cs`: a request counts until its response was sent.
    "50" a_request_counts_until_the_end_of_its_response;
    /// `HttpRequestQueue.cs`, `Post`: nothing takes a request out of the queue before it may run.
    "50" a_waiting_request_counts_after_its_client_disconnects;
    /// `HttpRequestQueue.cs`; `DefaultHttpWorkerService.cs`, `SendInvocationRequestAsync`: the invocation continues, and counts.
    "50" an_invocation_counts_after_its_client_disconnects;
    /// .NET's `ConfigurationBinder.cs` and `DataflowBlockOptions.cs`: the host does not start with a text, and answers every
    /// request with 500 if the number is not possible.
    "50" a_value_that_is_no_limit_serves_nothing;
}

/// The app with these members of `extensions.http`.
fn root(app: &str, program: &Program, http: &Value) -> Root {
    let root = Root::app(app, program);
    root.edit_host(|host| {
        for (name, value) in http.as_object().unwrap() {
            host["extensions"]["http"][name] = value.clone();
        }
    });
    root
}

/// The connection of a request that the handler is processing.
fn running(host: &Host, target: &str) -> Connection {
    let mut connection = host.open();
    connection.send(head("GET", target, &[], 0));
    host.entry("it runs", |entry| entry["request"] == target);
    connection
}

/// Checks for a while that requests are refused.
fn stays_full(host: &Host, target: &str) {
    for _ in 0..20 {
        assert_refused(&host.get(target));
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.text()), (429, ""), "{answer:?}");
    assert_eq!(answer.all("x-function-scaleout"), ["1"]);
}

/// Waits until requests are accepted again.
fn frees_up(host: &Host, target: &str) {
    eventually("a request is accepted", || {
        (host.get(target).status != 429).then_some(())
    });
}

fn requests_wait_until_they_may_run_and_the_rest_is_refused(program: &Program) {
    let limits = json!({ "maxConcurrentRequests": 1, "maxOutstandingRequests": 2 });
    let host = root("proxying", program, &limits).up(&[]);
    let running = running(&host, "/stall");
    std::thread::scope(|scope| {
        let (sender, answers) = mpsc::channel();
        for _ in 0..3 {
            let (host, sender) = (&host, sender.clone());
            scope.spawn(move || sender.send(host.get("/x")).unwrap());
        }
        // One of the three waits.
        assert_refused(&answers.recv().unwrap());
        assert_refused(&answers.recv().unwrap());
        assert_eq!(host.requests(), ["/stall"]);
        running.close();
        assert_eq!(answers.recv().unwrap().status, 200);
    });
    assert_eq!(host.requests(), ["/stall", "/x"]);
}

fn a_refusal_precedes_everything_except_the_hosts_endpoints(program: &Program) {
    let settings = json!({ "maxOutstandingRequests": 1, "customHeaders": { "X-Custom": "1" } });
    let root = root("routes", program, &settings);
    root.http("Stall", "api/stall", None, "anonymous");
    let host = root.with_keys().up(&[]);
    assert_eq!(host.get("/nowhere").status, 404);
    let running = running(&host, "/api/stall");
    for target in ["/nowhere", "/api/open", "/api/closed"] {
        let answer = host.get(target);
        assert_refused(&answer);
        assert_eq!(answer.header("x-custom"), None);
    }
    // The homepage replaces the refusal, but not its header.
    let answer = host.get("/");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("x-function-scaleout"), ["1"]);
    assert_eq!(host.get("/admin/host/ping").status, 200);
    assert_eq!(host.get("/admin/host/status").status, 401);
    running.close();
    frees_up(&host, "/api/open");
}

fn a_request_counts_until_the_end_of_its_response(program: &Program) {
    let host = root("proxying", program, &json!({ "maxOutstandingRequests": 1 })).up(&[]);
    let mut streamed = host.open();
    streamed.send(head("GET", "/stream", &[], 0));
    assert_eq!(streamed.head().0, 200);
    stays_full(&host, "/x");
    streamed.close();
    frees_up(&host, "/x");
}

fn a_waiting_request_counts_after_its_client_disconnects(program: &Program) {
    let limits = json!({ "maxConcurrentRequests": 1, "maxOutstandingRequests": 2 });
    let host = root("proxying", program, &limits).up(&[]);
    let running = running(&host, "/stall");
    // One of the two waits, and the other one is refused.
    let clients = [(); 2].map(|()| {
        let mut client = TcpStream::connect(("127.0.0.1", host.port)).unwrap();
        let request = head("GET", "/abandoned", &[], 0);
        client.write_all(request.as_bytes()).unwrap();
        client
    });
    std::thread::scope(|scope| {
        let (sender, ended) = mpsc::channel();
        for (place, mut client) in clients.iter().enumerate() {
            let sender = sender.clone();
            scope.spawn(move || {
                let _ = client.read(&mut [0; 1]);
                let _ = sender.send(place);
            });
        }
        let waiting = &clients[1 - ended.recv().unwrap()];
        waiting.shutdown(Shutdown::Both).unwrap();
    });
    drop(clients);
    stays_full(&host, "/x");
    running.close();
    frees_up(&host, "/x");
    assert_eq!(host.requests(), ["/stall", "/x"]);
}

fn an_invocation_counts_after_its_client_disconnects(program: &Program) {
    let root = root(
        "json",
        program,
        &json!({ "maxConcurrentRequests": 1, "maxOutstandingRequests": 1 }),
    );
    root.http("gated", "gated", None, "anonymous");
    let host = root.up(&[]);
    let client = running(&host, "/gated");
    client.close();
    stays_full(&host, "/go/json-good");
    host.open_gate("end");
    frees_up(&host, "/go/json-good");
}

fn a_value_that_is_no_limit_serves_nothing(program: &Program) {
    for value in [json!("many"), json!(0), json!(-2), json!(1.5)] {
        let limits = json!({ "maxConcurrentRequests": value });
        root("proxying", program, &limits)
            .start(&[])
            .serves_nothing("/x");
    }
}
