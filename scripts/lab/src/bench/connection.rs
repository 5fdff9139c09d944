//! One connection of the load client, and the requests it sends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::answer::{Answer, parse};

/// A request as it goes over the wire, made once.
#[derive(Clone, Debug)]
pub struct Request(Arc<[u8]>);

impl Request {
    /// Without a body.
    pub fn get(path: &str) -> Self {
        Self::new(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// With a JSON body, which may be empty.
    pub fn post(path: &str, json: &str) -> Self {
        let content_type = if json.is_empty() {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        Self::new(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{content_type}Content-Length: {}\r\n\r\n{json}",
            json.len()
        ))
    }

    /// Without a body.
    pub fn delete(path: &str) -> Self {
        Self::new(&format!(
            "DELETE {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ))
    }

    fn new(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

/// Sends one request after the other; opens itself when it has to.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    /// `None` until the first request, after a failure, and where the server closed.
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

impl Connection {
    /// Not opened yet.
    pub fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            received: Vec::with_capacity(4_096),
        }
    }

    /// Opens it where it is not.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Sends the request and waits for its answer.
    ///
    /// # Errors
    /// When there is no complete answer; the next request opens the connection anew.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        self.open().await?;
        // Taken, so that a failure, or a caller that gives up, leaves no half-read connection.
        let mut stream = self.stream.take().expect("it was just opened");
        self.received.clear();
        stream.write_all(&request.0).await?;
        loop {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(answer) = parse(&self.received)? {
                if answer.keeps_alive {
                    self.stream = Some(stream);
                }
                return Ok(answer);
            }
        }
    }

    /// The body of the last answer, as it came.
    pub fn body(&self, answer: &Answer) -> &[u8] {
        &self.received[answer.body.clone()]
    }
}
