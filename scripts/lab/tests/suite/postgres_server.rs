//! `postgres::Server`: a server that stops, restarts, or hangs.

use std::process::{Command, Output};

use postgres::Server;

use crate::scratch::{Scratch, text};

fn psql(server: &Server, sql: &str) -> Command {
    let mut command = Command::new(server.binaries().program("psql"));
    command.args(["-XqAt", "-d", &server.url(), "-c", sql]);
    command
}

fn run(server: &Server, sql: &str) -> Output {
    psql(server, sql).output().unwrap()
}

#[tokio::test]
async fn a_server_comes_back_on_its_port_with_its_data() {
    let settings = ["max_connections=17", "superuser_reserved_connections=1"];
    let mut server = Server::start_with(None, &settings).await.unwrap();
    let url = server.url();
    run(&server, "create table kept as select 42 as answer");
    for crashes in [true, false] {
        if crashes {
            server.crash().await.unwrap();
        } else {
            server.shut_down().await.unwrap();
        }
        assert!(!run(&server, "select 1").status.success());
        server.resume().await.unwrap();
        let kept = "select answer, current_setting('max_connections') from kept";
        assert_eq!(text(&run(&server, kept).stdout), "42|17\n");
        let recovered = server.log().contains("was not properly shut down");
        assert_eq!(recovered, crashes, "{}", server.log());
    }
    assert_eq!(server.url(), url);
    let error = server.resume().await.unwrap_err();
    assert!(error.to_string().contains("already running"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_frozen_server_exists_but_does_not_respond() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let mut server = Server::start(Some(&data)).await.unwrap();
    server.freeze().await.unwrap();
    std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let mut refused = psql(&server, "select 1");
    let refused = refused.env("PGCONNECT_TIMEOUT", "2").output().unwrap();
    assert!(
        text(&refused.stderr).contains("timeout expired"),
        "{refused:?}"
    );
    server.thaw();
    assert_eq!(text(&run(&server, "select 1").stdout), "1\n");

    server.freeze().await.unwrap();
    drop(server);
    let log = std::fs::read_to_string(data.join("server.log")).unwrap();
    // A server that is killed cannot write this.
    assert!(log.contains("database system is shut down"), "{log}");
}
