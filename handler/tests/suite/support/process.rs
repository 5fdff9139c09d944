//! The real binary as a separate process, and a plain HTTP client.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// A handler process, which is killed when this is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
}

pub fn command(flags: &[String], extra: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handler"));
    command
        .args(flags)
        .args(extra)
        .env_remove("DATABASE_URL")
        .env_remove("RUST_LOG");
    command
}

impl Process {
    /// Starts it on a free port, and waits for the log line that contains the port.
    pub fn start(flags: &[String], extra: &[&str]) -> Self {
        Self::spawn(command(flags, extra))
    }

    /// The same for a process that may open only this many files.
    pub fn start_with_files(files: u32, flags: &[String]) -> Self {
        let handler = command(flags, &[]);
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("ulimit -n {files}; exec \"$@\""))
            .arg("sh")
            .arg(handler.get_program())
            .args(handler.get_args())
            .env_remove("DATABASE_URL")
            .env_remove("RUST_LOG");
        Self::spawn(shell)
    }

    /// The same for any command.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .args(["--port", "0", "--log-format", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut process = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            lines,
            seen: Vec::new(),
        };
        let line = process.wait_for_line(|line| line["message"] == "serving");
        process.address = line["address"].as_str().unwrap().parse().unwrap();
        process
    }

    /// The next log line that meets the condition.
    pub fn wait_for_line(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no such line among {:#?}", self.seen));
            let parsed = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            self.seen.push(line);
            if wanted(&parsed) {
                return parsed;
            }
        }
    }

    /// Everything logged so far.
    pub fn log(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until the process has ended. Returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it has not ended");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> std::io::Result<Reply> {
        send(self.address, method, path, headers, b"")
    }

    /// Repeats the request until the status is as expected.
    pub fn eventually(&self, path: &str, status: u16) -> Reply {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.send("GET", path, &[]);
            match reply {
                Ok(reply) if reply.status == status => return reply,
                other => assert!(
                    Instant::now() < deadline,
                    "{path} is not {status}: {other:?}"
                ),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the binary until it ends.
pub fn run(flags: &[String], extra: &[&str]) -> Output {
    command(flags, extra).output().unwrap()
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends one request on a separate connection.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head
        .get(9..12)
        .and_then(|code| code.parse().ok())
        .ok_or(std::io::ErrorKind::InvalidData)?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|n| n.parse().ok());
    let body = bytes.split_off(end + 4);
    // An incomplete reply does not count.
    if length.is_some_and(|length: usize| length != body.len() && method != "HEAD") {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Reply { status, head, body })
}
