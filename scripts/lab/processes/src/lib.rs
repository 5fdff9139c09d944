//! Processes on this machine.
//!
//! | module | does |
//! | --- | --- |
//! | [`proc`] | CPU and memory of processes, from `/proc` |
//! | [`cgroup`] | control groups that limit and count CPU |
//! | [`launch`] | starts a program in control groups, and makes the kernel kill it when its parent ends |
//! | [`signals`] | the signals that end a program |

pub mod cgroup;
pub mod launch;
pub mod proc;
pub mod signals;

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A port of 127.0.0.1 that was free when this checked. Another program may take it first.
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().expect("a free port");
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
