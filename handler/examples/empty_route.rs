//! The limit of every route: a server like the handler's whose only route does nothing, without layers.
//!
//! Usage: `empty_route --port PORT`. `lab bench` measures the handler beside it.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    // As the handler does.
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
