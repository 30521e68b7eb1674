//! A free port for servers that tests and simulated runs start.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

/// An address of the loopback interface on which nobody listened a moment ago.
///
/// Only for tests and simulated runs: between this answer and its use another program may take
/// the port. Whoever can should listen on port 0 itself and ask where that is.
///
/// # Errors
/// The system gives no port.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
