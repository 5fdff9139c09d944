use crate::support::http::head;
use crate::support::program::Program;
use crate::support::{Root, eventually};

#[test]
fn a_response_that_breaks_off_is_500() {
    let host = Root::app("forwarding", &Program::LabUp).up(&[]);
    let answer = host.get("/cut");
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    host.line("The invocation of WebApp failed");
}

#[test]
fn a_failure_after_the_client_has_disconnected_is_reported() {
    let host = Root::app("forwarding", &Program::LabUp).up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/stream", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stream");
    connection.close();
    eventually("others are served", || {
        (host.get("/count").status == 200).then_some(())
    });
    host.open_gate("cut");
    host.line("The invocation of WebApp failed");
}
