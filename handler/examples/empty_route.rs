//! The upper limit for every route: a server like the handler's, without layers, whose only route does nothing.
//!
//! Usage: `empty_route --port PORT`. `lab bench` measures it next to the handler.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    // The handler does the same.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let port = std::env::args().skip_while(|word| word != "--port").nth(1);
    serve(port.context("usage: empty_route --port PORT")?.parse()?)
}

#[tokio::main]
async fn serve(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().route("/", get(|| async { "ok" }));
    axum::serve(listener, router).await?;
    Ok(())
}
