//! Why a handler does not respond at its port: the other addresses on which its processes listen.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use listeners::{Listener, Protocol, SocketState};
use rustix::process::{Pid, getpgid};

/// The advice for a handler that does not listen.
const SILENT: &str = "it listens on no port at all; let it listen on 127.0.0.1, on the port in FUNCTIONS_CUSTOMHANDLER_PORT";

/// The addresses on which the processes of a group listen; `None` if the system does not provide them.
fn addresses(group: Pid) -> Option<BTreeSet<SocketAddr>> {
    let is_of_group = |listener: &Listener| {
        let pid = i32::try_from(listener.process.pid).ok();
        let pid = pid.and_then(Pid::from_raw);
        pid.is_some_and(|pid| getpgid(Some(pid)).is_ok_and(|found| found == group))
    };
    let all = listeners::get_all().ok()?;
    let own = all.into_iter().filter(|listener| {
        listener.protocol == Protocol::TCP
            && listener.state == SocketState::Listen
            && is_of_group(listener)
    });
    Some(own.map(|listener| listener.socket).collect())
}

/// A sentence about the handler of this process group if it listens, but not at the host's target: `port` of
/// 127.0.0.1.
pub(super) fn elsewhere(group: Pid, port: u16) -> Option<String> {
    explain(&addresses(group)?, port)
}

/// The same, or that it does not listen at all; `None` if nothing is known.
pub(super) fn cause(group: Pid, port: u16) -> Option<String> {
    let addresses = addresses(group)?;
    explain(&addresses, port).or_else(|| addresses.is_empty().then(|| SILENT.to_owned()))
}

fn explain(addresses: &BTreeSet<SocketAddr>, port: u16) -> Option<String> {
    let listed = || {
        let texts: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
        texts.join(", ")
    };
    if addresses.is_empty() {
        return None;
    }
    let on_port: Vec<IpAddr> = addresses
        .iter()
        .filter(|address| address.port() == port)
        .map(SocketAddr::ip)
        .collect();
    if on_port.is_empty() {
        return Some(format!(
            "it listens on {}; let it read the port from FUNCTIONS_CUSTOMHANDLER_PORT, or set customHandler.port in host.json to the port that it has",
            listed()
        ));
    }
    let is_reached = |ip: &IpAddr| ip.is_unspecified() || *ip == Ipv4Addr::LOCALHOST;
    (!on_port.iter().any(is_reached)).then(|| {
        format!(
            "it listens on {} only, but the host connects to 127.0.0.1; let it listen on 127.0.0.1 (\"localhost\" may mean ::1)",
            listed()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_determine_the_cause() {
        let told = |addresses: &[&str]| {
            let addresses = addresses
                .iter()
                .map(|text| text.parse().expect("an address"));
            explain(&addresses.collect(), 4711).unwrap_or_default()
        };
        assert_eq!(told(&[]), "");
        let text = told(&["127.0.0.1:8080", "0.0.0.0:9090"]);
        assert!(
            text.contains("0.0.0.0:9090, 127.0.0.1:8080; let it read"),
            "{text}"
        );
        let text = told(&["[::1]:4711"]);
        assert!(
            text.contains("[::1]:4711 only, but the host connects to 127.0.0.1"),
            "{text}"
        );
        for reached in ["127.0.0.1:4711", "0.0.0.0:4711", "[::]:4711"] {
            assert_eq!(told(&[reached, "127.0.0.1:1"]), "");
        }
    }
}
