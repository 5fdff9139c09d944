//! A small HTTP/1.1 server that responds as a test specifies, and records the requests.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::net::SendFlags;

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Such as `POST /api/visit`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// The response to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status and headers, one per line, with a JSON body.
    Answer(u16, &'static str, String),
    /// The same without a body. The connection is then closed.
    AnswerAndClose(u16),
    /// These bytes. The connection is then closed.
    Raw(Vec<u8>),
    /// No response. The connection stays open.
    Silence,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, "", "{}".to_owned())
    }
}

type Answer = dyn Fn(&Asked) -> Reply + Send + Sync;

/// Serves until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    closed: Arc<AtomicBool>,
    /// The requests in progress, and the most at one time.
    busy: Arc<(AtomicUsize, AtomicUsize)>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            open: Arc::default(),
            closed: Arc::default(),
            busy: Arc::default(),
        };
        let answer: Arc<Answer> = Arc::new(answer);
        let (asked, open) = (Arc::clone(&server.asked), Arc::clone(&server.open));
        let (closed, busy) = (Arc::clone(&server.closed), Arc::clone(&server.busy));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_nodelay(true).unwrap();
                open.lock().unwrap().push(stream.try_clone().unwrap());
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                let busy = Arc::clone(&busy);
                std::thread::spawn(move || serve(stream, &*answer, &asked, &busy));
            }
        });
        server
    }

    /// The correct app, on one instance.
    pub(crate) fn app() -> Self {
        Self::start(app)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The number of requests that began with this line.
    pub(crate) fn count(&self, line: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.line == line).count()
    }

    /// The most requests in progress at one time.
    pub(crate) fn most_at_a_time(&self) -> usize {
        self.busy.1.load(Ordering::SeqCst)
    }

    /// Closes everything. New connections are refused.
    pub(crate) fn shut(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(self.address);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut();
    }
}

/// Responses of the correct app, with two instances in turn.
pub(crate) fn app(asked: &Asked) -> Reply {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let headers = ["x-instance-id: one", "x-instance-id: two"];
    let header = headers[TURN.fetch_add(1, Ordering::SeqCst) % 2];
    let status = match asked.line.as_str() {
        "POST /api/visit" => 201,
        "POST /api/stress" if asked.body.contains("-1") => 422,
        "POST /api/stress" => 202,
        "GET /api/metrics" | "GET /api/visits" => 200,
        _ => 404,
    };
    Reply::Answer(status, header, r#"{"ok":true}"#.to_owned())
}

fn serve(
    stream: TcpStream,
    answer: &Answer,
    asked: &Mutex<Vec<Asked>>,
    (busy, most): &(AtomicUsize, AtomicUsize),
) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let request = read(&mut reader)?;
        asked.lock().unwrap().push(request.clone());
        most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let reply = answer(&request);
        busy.fetch_sub(1, Ordering::SeqCst);
        match reply {
            Reply::Answer(status, headers, body) => {
                let mut text = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                if !headers.is_empty() {
                    text += headers;
                    text += "\r\n";
                }
                text += "\r\n";
                text += &body;
                writer.write_all(text.as_bytes()).ok()?;
            }
            Reply::AnswerAndClose(status) => {
                let text = format!(
                    "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                );
                writer.write_all(text.as_bytes()).ok()?;
                return hang_up(&writer);
            }
            Reply::Raw(bytes) => {
                // The last byte leaves with the end of the stream, so that no client sees one without the other.
                if let Some((last, rest)) = bytes.split_last() {
                    writer.write_all(rest).ok()?;
                    rustix::net::send(&writer, &[*last], SendFlags::MORE).ok()?;
                }
                return hang_up(&writer);
            }
            Reply::Silence => {
                // Until the client closes the connection.
                let _ = reader.read(&mut [0; 1]);
                return hang_up(&writer);
            }
        }
    }
}

fn hang_up(stream: &TcpStream) -> Option<()> {
    stream.shutdown(std::net::Shutdown::Both).ok()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let line = format!("{} {}", words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader
            .read_line(&mut header)
            .ok()
            .filter(|read| *read > 0)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Asked {
        line,
        headers,
        body,
    })
}
