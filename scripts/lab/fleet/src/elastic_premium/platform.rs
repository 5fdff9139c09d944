//! The listener of the emulated identity endpoint and of the emulated ARM, on the loopback address.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use functions_host::Console;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::faults::Faults;
use super::reply::{Closed, Reply, faulty};
use super::{arm, identity};
use crate::Fleet;

/// How long ARM takes, in Azure time: reads and writes of a site's configuration take seconds.
const ARM_LATENCY: Duration = Duration::from_secs(2);
/// The largest body of a request.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The emulated platform: the app's identity, and the endpoint for its configuration.
pub struct Platform {
    listener: TcpListener,
    port: u16,
    latency: Duration,
    /// The faults and the credentials.
    faults: Arc<Faults>,
}

impl Platform {
    /// Listens on a free port. `time_scale` is the number of Azure seconds per second.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub(crate) async fn listen(time_scale: f64) -> anyhow::Result<Self> {
        let listener = functions_host::listen(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).await?;
        let address = listener
            .local_addr()
            .context("the listener of the emulated ARM has no address")?;
        Ok(Self {
            port: address.port(),
            listener,
            latency: ARM_LATENCY.div_f64(time_scale),
            faults: Arc::new(Faults::new()),
        })
    }

    /// The faults that may be set while it serves.
    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    /// The variables for the handlers.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let base = format!("http://127.0.0.1:{}", self.port);
        vec![
            ("SCALER", "elastic-premium".to_owned()),
            ("SCALER_SITE_ID", arm::SITE_ID.to_owned()),
            ("SCALER_ENDPOINT", base.clone()),
            ("IDENTITY_ENDPOINT", format!("{base}{}", identity::PATH)),
            ("IDENTITY_HEADER", self.faults.credentials.secret.clone()),
        ]
    }

    /// Serves until `stop`. Requests become commands to `fleet`. `tracker` contains its connections.
    pub async fn serve(
        self,
        fleet: Arc<Fleet>,
        console: Console,
        stop: CancellationToken,
        tracker: TaskTracker,
    ) {
        let (latency, faults, stopped) = (self.latency, self.faults, stop.clone());
        let answer = move |request, _| {
            let (fleet, faults) = (Arc::clone(&fleet), Arc::clone(&faults));
            let stopped = stopped.clone();
            async move {
                tokio::select! {
                    reply = respond(&fleet, &faults, latency, request) => reply,
                    // A request that hangs on demand must not prevent the end of the lab.
                    () = stopped.cancelled() => Err(Closed),
                }
            }
        };
        functions_host::serve(Arc::new(self.listener), console, stop, tracker, answer).await;
    }
}

async fn respond(
    fleet: &Fleet,
    faults: &Faults,
    latency: Duration,
    request: Request<Incoming>,
) -> Reply {
    let (parts, body) = request.into_parts();
    if parts.uri.path() == identity::PATH {
        let query = parts.uri.query().unwrap_or_default();
        return match faults.identity.next() {
            Some(answer) => faulty(answer).await,
            None => identity::answer(&faults.credentials, &parts.method, &parts.headers, query),
        };
    }
    let body = match parts.method {
        Method::GET => Some(Bytes::new()),
        _ => collect(body).await,
    };
    if let Some(answer) = faults.arm.next() {
        return faulty(answer).await;
    }
    tokio::time::sleep(latency).await;
    arm::answer(fleet, &faults.credentials, &parts, body).await
}

async fn collect(body: Incoming) -> Option<Bytes> {
    let whole = Limited::new(body, BODY_LIMIT).collect();
    let whole = tokio::time::timeout(BODY_DEADLINE, whole).await;
    whole.ok()?.ok().map(|body| body.to_bytes())
}
