//! A TCP forwarder that can be cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards connections from its own port to another one.
pub struct Cable {
    pub port: u16,
    state: watch::Sender<State>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy)]
struct State {
    line: Line,
    /// Connections with lower numbers carry no data any more, but are not closed.
    forgotten: u64,
    made: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Whole,
    /// Connections are accepted but carry no data.
    Silent,
    /// Connections are closed.
    Cut,
    /// The end.
    Gone,
}

impl Cable {
    pub fn to(port: u16) -> Self {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = watch::Sender::new(State {
            line: Line::Whole,
            forgotten: 0,
            made: 0,
        });
        let watched = state.clone();
        let worker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(listener, server, &watched));
        });
        Self {
            port,
            state,
            worker: Some(worker),
        }
    }

    /// Closes every connection, old and new.
    pub fn cut(&self) {
        self.change(|state| state.line = Line::Cut);
    }

    /// Carries no data, closes nothing, and accepts new connections.
    pub fn silence(&self) {
        self.change(|state| state.line = Line::Silent);
    }

    /// Carries all data again, including delayed data.
    pub fn mend(&self) {
        self.change(|state| state.line = Line::Whole);
    }

    /// Only new connections carry data again. The old ones stay silent, as if another device had taken over.
    pub fn mend_for_new_connections(&self) {
        self.change(|state| {
            state.line = Line::Whole;
            state.forgotten = state.made;
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.change(|state| state.line = Line::Gone);
        let _ = self.worker.take().map(JoinHandle::join);
    }
}

async fn serve(listener: std::net::TcpListener, server: SocketAddr, state: &watch::Sender<State>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut gone = state.subscribe();
    let mut connections = JoinSet::new();
    loop {
        let near = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            _ = gone.wait_for(|state| state.line == Line::Gone) => return,
        };
        let number = state.borrow().made;
        state.send_modify(|state| state.made += 1);
        let state = state.subscribe();
        connections.spawn(async move {
            let mut closed = state.clone();
            let is_closed = move |state: &State| match state.line {
                Line::Gone => true,
                Line::Cut => number >= state.forgotten,
                Line::Whole | Line::Silent => false,
            };
            tokio::select! {
                _ = carry(near, server, number, state) => {}
                _ = closed.wait_for(is_closed) => {}
            }
        });
    }
}

async fn carry(
    near: TcpStream,
    server: SocketAddr,
    number: u64,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    carries(&mut state, number).await;
    let far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near, far) = (near.into_split(), far.into_split());
    tokio::select! {
        ended = pipe(near.0, far.1, number, state.clone()) => ended,
        ended = pipe(far.0, near.1, number, state) => ended,
    }
}

async fn pipe(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        // A silent cable does not pass on the end of a connection either.
        carries(&mut state, number).await;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}

async fn carries(state: &mut watch::Receiver<State>, number: u64) {
    let carried = |state: &State| state.line == Line::Whole && number >= state.forgotten;
    // The sender outlives all connections.
    let _ = state.wait_for(carried).await;
}
