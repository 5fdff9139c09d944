//! A connection that is kept between requests, and its responses.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::handler::Door;

/// A response that takes longer is treated as missing.
const HANG: Duration = Duration::from_secs(20);

/// A caller's connection: opened when needed, closed after an error.
pub struct Client {
    door: Arc<Door>,
    connection: Option<BufReader<TcpStream>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
    pub took: Duration,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether it is a problem document (RFC 9457) with the status of the response.
    pub fn is_problem(&self) -> bool {
        self.content_type == "application/problem+json" && self.json()["status"] == self.status
    }
}

impl Client {
    pub fn new(door: Arc<Door>) -> Self {
        Self {
            door,
            connection: None,
        }
    }

    /// # Errors
    /// When there is no complete response.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Answer> {
        let began = Instant::now();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "content-length: 0\r\n\r\n";
        connection.get_mut().write_all(head.as_bytes())?;
        let mut answer = read_answer(&mut connection)?;
        answer.took = began.elapsed();
        self.connection = Some(connection);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let address = self.door.address().ok_or(io::ErrorKind::NotConnected)?;
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(HANG))?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }
}

fn read_answer(connection: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let status = read_line(connection)?;
    let status = status.get(9..12).and_then(|code| code.parse().ok());
    let mut answer = Answer {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        content_type: String::new(),
        body: Vec::new(),
        took: Duration::ZERO,
    };
    let mut length = None;
    loop {
        let line = read_line(connection)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").ok_or(io::ErrorKind::InvalidData)?;
        match name.to_ascii_lowercase().as_str() {
            "content-type" => answer.content_type = value.to_owned(),
            "content-length" => length = value.parse().ok(),
            _ => {}
        }
    }
    answer.body = vec![0; length.ok_or(io::ErrorKind::InvalidData)?];
    connection.read_exact(&mut answer.body)?;
    Ok(answer)
}

fn read_line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
