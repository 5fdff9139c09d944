//! A small HTTP/1.1 client that sends exactly the given bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::Value;

use super::{DEADLINE, Host};

/// A response. The body ends according to the framing.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower-case names in the order received.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body arrived completely before the end of the connection.
    pub complete: bool,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

/// One connection.
pub struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// A connection to a port of this machine.
    pub fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            reader: BufReader::new(stream),
        }
    }

    /// Sends a whole request, whose body gets a length, and reads the response.
    pub fn exchange(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.send(head(method, target, headers, body.len()));
        self.send(body);
        self.answer(method)
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends as much as the other side accepts.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.reader.get_mut().write_all(bytes.as_ref());
    }

    /// Ends sending, but continues to read.
    pub fn finish(&mut self) {
        let _ = self.reader.get_ref().shutdown(Shutdown::Write);
    }

    /// Status and headers of the next response.
    pub fn head(&mut self) -> (u16, Vec<(String, String)>) {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        let status = line
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no status line but {line:?}"))
            .parse()
            .unwrap();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            let line = line.trim_end();
            if line.is_empty() {
                return (status, headers);
            }
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The next chunk of a chunked body: empty at its end, `None` if the connection ended before.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.reader
            .read_line(&mut line)
            .ok()
            .filter(|read| *read > 0)?;
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut data = vec![0; length + 2];
        self.reader.read_exact(&mut data).ok()?;
        data.truncate(length);
        Some(data)
    }

    /// A whole response to a request of the given method.
    pub fn answer(&mut self, method: &str) -> Answer {
        let (mut status, mut headers) = self.head();
        while (100..200).contains(&status) {
            (status, headers) = self.head();
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
            complete: true,
        };
        if method == "HEAD" || status == 204 || status == 304 {
            return answer;
        }
        if let Some(length) = answer
            .header("content-length")
            .map(|text| text.parse().unwrap())
        {
            let read = self
                .reader
                .by_ref()
                .take(length)
                .read_to_end(&mut answer.body);
            answer.complete = read.is_ok_and(|read| read as u64 == length);
        } else if answer.header("transfer-encoding").is_some() {
            loop {
                match self.chunk() {
                    Some(data) if data.is_empty() => break,
                    Some(data) => answer.body.extend(data),
                    None => {
                        answer.complete = false;
                        break;
                    }
                }
            }
        } else {
            let _ = self.reader.read_to_end(&mut answer.body);
        }
        answer
    }

    /// Whether the other side has closed.
    pub fn closed(&mut self) -> bool {
        matches!(self.reader.read(&mut [0; 1]), Ok(0) | Err(_))
    }

    /// Closes the connection.
    pub fn close(self) {
        drop(self);
    }
}

impl Host {
    pub fn open(&self) -> Connection {
        Connection::open(self.port)
    }

    pub fn get(&self, target: &str) -> Answer {
        self.request("GET", target, &[], "")
    }

    /// One request on a separate connection. A body gets a length.
    pub fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.open().exchange(method, target, headers, body)
    }
}

/// The head of a request, with a length if there is a body.
pub fn head(method: &str, target: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if length > 0 {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// One request without a body; `None` if there is no response, for example because a process ends.
pub fn try_exchange(
    port: u16,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    stream
        .write_all(head(method, target, headers, 0).as_bytes())
        .ok()?;
    let mut reader = BufReader::new(stream);
    if reader.fill_buf().ok()?.is_empty() {
        return None;
    }
    let answer = Connection { reader }.answer(method);
    answer.complete.then_some(answer)
}
