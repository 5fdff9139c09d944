//! Impossible requests get an error message before anything is sent.

use std::net::TcpListener;
use std::process::Command;

use super::server::{Reply, Server};
use super::{Done, Load};
use crate::scratch::Scratch;

fn refused(url: &str, arguments: &[&str]) -> String {
    Load::on(url, arguments).run().refused().to_owned()
}

#[test]
fn wrong_arguments() {
    let server = Server::app();
    let url = server.url();
    for (arguments, part) in [
        (&["--expect", "p99<fast"][..], "a latency has a unit"),
        (&["--expect", "p98<1s"], "p50, p95, p99"),
        (&["--mix", "visitors=1"], "not a kind of request"),
        (&["--timeout", "0s"], "not a time from 1ms"),
        (&["--think", "3s-1s"], "the shorter time must come first"),
        (&["0"], "not in 1.."),
        (&["10", "0"], "not in 1.."),
        (&["10", "--rate", "5"], "cannot be used with"),
        (
            &["--stages", "1s:1/s", "--preset", "k6"],
            "cannot be used with",
        ),
    ] {
        let done = Load::on(&url, arguments).run();
        assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.out);
        assert!(done.err.contains(part), "{arguments:?}: {}", done.err);
        assert_eq!(done.files(), [""; 0]);
    }
    for (arguments, part) in [
        (&["--stages", "1s:1/m"][..], "is not a stage"),
        (
            &["--stages", "1s:5/s", "--think", "1s"],
            "--think is for users",
        ),
        (&["--rate", "0"], "--rate must be"),
        (&["--rate", "NaN"], "--rate must be"),
        (&["--rate", "5000", "--duration", "24h"], "100 million"),
        (
            &["--preset", "k6", "--duration", "1m"],
            "has its own length",
        ),
        (&["--key", "two words"], "not allowed in a key"),
        (&["--key", "schlüssel"], "not allowed in a key"),
    ] {
        let said = refused(&url, arguments);
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert!(!said.contains("words") && !said.contains("schl"), "{said}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn wrong_addresses() {
    for (url, part) in [
        ("127.0.0.1:7071", "does not begin with http:// or https://"),
        (
            "http://user:hunter2@127.0.0.1/",
            "a password in the URL is not sent",
        ),
        (
            "http://no-such-host.invalid/",
            "no address is known for no-such-host.invalid",
        ),
    ] {
        let said = refused(url, &["10", "1"]);
        assert!(said.contains(part), "{url}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_target_without_a_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let silent = refused(
        &format!("http://{address}"),
        &["10", "1", "--timeout", "200ms"],
    );
    assert!(silent.contains("no response within 200 ms"), "{silent}");
    drop(listener);
    let closed = refused(&format!("http://{address}"), &["10", "1"]);
    assert!(
        closed.contains("Connection refused; start the app first, with ./scripts/run"),
        "{closed}"
    );

    let other = Server::start(|_| Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec()));
    let said = refused(&other.url(), &["10", "1"]);
    assert!(
        said.contains("not HTTP; is it http:// or https://?"),
        "{said}"
    );
    let secure = other.url().replace("http:", "https:");
    let said = refused(&secure, &["10", "1", "--timeout", "200ms"]);
    assert!(said.contains("cannot be loaded"), "{said}");
}

#[test]
fn a_redirect_is_reported_with_its_target() {
    let server =
        Server::start(|_| Reply::Answer(307, "location: https://other.example/", String::new()));
    let said = refused(&server.url(), &["10", "1"]);
    assert!(
        said.contains("returns 307 and redirects to https://other.example/;"),
        "{said}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_target_that_is_not_this_machine_needs_a_confirmation() {
    // An address from the range for documentation, where no host exists. Nothing is sent.
    let url = "http://192.0.2.1:9";
    let said = refused(url, &["--rate", "20", "--duration", "1m"]);
    assert!(
        said.contains("1200 requests to http://192.0.2.1:9, over 1 min"),
        "{said}"
    );
    assert!(said.contains("--yes"), "{said}");
    let said = refused(url, &["500", "50"]);
    assert!(
        said.contains("500 requests") && said.contains("50 at a time"),
        "{said}"
    );
}

#[test]
fn files_that_cannot_be_written_are_reported_before_the_load() {
    let server = Server::app();
    let folder = Scratch::new();
    folder.write("kept.json", "kept");
    let file = folder.join("kept.json");
    for (path, part) in [
        (folder.join("no/such/run.csv"), "run.csv"),
        (folder.path().to_owned(), "is not a regular file"),
        ("/dev/null".into(), "is not a regular file"),
        (file.join("run.csv"), "run.csv"),
    ] {
        let done = Load::on(&server.url(), &["10", "1"])
            .arg("--csv", &path)
            .run();
        let said = done.refused();
        assert!(
            said.starts_with("lab: cannot write") && said.contains(part),
            "{said}"
        );
    }
    let twice = Load::on(&server.url(), &["10", "1"]);
    let same = twice.folder.join("run.json");
    let said = twice.arg("--csv", &same).run().refused().to_owned();
    assert!(said.contains("the same file"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(server.asked().len(), 0, "nothing was sent");
}

#[test]
#[ignore = "mounts a small disk, which takes root"]
fn a_full_disk_is_reported_before_the_load() {
    let disk = Scratch::new();
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=128k,mode=755", "tmpfs"])
        .arg(disk.path());
    let mounted = mount.output().unwrap();
    assert!(mounted.status.success(), "{mounted:?}");
    let server = Server::app();
    let done: Done = Load::on(&server.url(), &["10", "1"])
        .arg("--html", &disk.join("run.html"))
        .run();
    let left = std::fs::read_dir(disk.path()).unwrap().count();
    assert!(
        Command::new("umount")
            .arg(disk.path())
            .status()
            .unwrap()
            .success()
    );
    assert!(done.refused().contains("No space left"), "{}", done.err);
    assert_eq!((left, server.asked().len()), (0, 0));
}
