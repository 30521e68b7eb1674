//! Modbus TCP devices behind a listener.

use std::io;

use tokio::net::TcpListener;
use tokio_modbus::{
    SlaveRequest,
    server::{Service, tcp},
};

/// Serves until the test ends.
pub fn serve<S>(listener: TcpListener, devices: S)
where
    S: Service<Request = SlaveRequest<'static>> + Clone + Send + Sync + 'static,
{
    tokio::spawn(async move {
        let on_connected = |stream, peer| {
            let devices = devices.clone();
            async move { tcp::accept_tcp_connection(stream, peer, |_| Ok(Some(devices.clone()))) }
        };
        tcp::Server::new(listener)
            .serve(&on_connected, |_: io::Error| {})
            .await
    });
}
