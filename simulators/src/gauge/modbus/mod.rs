//! Modbus servers: one bus is one line with many units. A unit that is silent or does not exist
//! does not answer, exactly as on RS-485; the reader finds out by its time-out.

use std::{
    collections::BTreeMap,
    future::{Ready, ready},
    io,
    net::SocketAddr,
    sync::Arc,
};

use serialport::{SerialPort, TTYPort};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_modbus::{
    ExceptionCode, Request, Response, SlaveRequest,
    server::{Service, rtu, tcp},
};
use tokio_serial::SerialStream;

use super::{Device, register};

/// A Modbus TCP line. It ends when dropped.
pub(crate) struct TcpBus {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl TcpBus {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// No port can be had.
    pub(crate) async fn start(units: BTreeMap<u8, Device>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let bus = Bus {
            units: Arc::new(units),
        };
        let server = tokio::spawn(async move {
            let on_connected = |stream: tokio::net::TcpStream, peer| {
                let bus = bus.clone();
                async move {
                    stream.set_nodelay(true)?;
                    tcp::accept_tcp_connection(stream, peer, |_| Ok(Some(bus.clone())))
                }
            };
            let on_error = |error| tracing::debug!(%error, "modbus tcp client went away");
            if let Err(error) = tcp::Server::new(listener)
                .serve(&on_connected, on_error)
                .await
            {
                tracing::error!(%error, "modbus tcp bus ended");
            }
        });
        Ok(Self { address, server })
    }

    /// What an agent's configuration names: `tcp://127.0.0.1:<port>`.
    #[must_use]
    pub(crate) fn connect(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

impl Drop for TcpBus {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A Modbus RTU line on a pair of pseudo-terminals. It ends when dropped.
pub(crate) struct RtuBus {
    path: String,
    server: JoinHandle<()>,
    /// Held open so that the line stays up while no agent has it open.
    _slave: TTYPort,
}

impl RtuBus {
    /// Opens a pair; the agent opens the slave by its path.
    ///
    /// # Errors
    /// No pseudo-terminal can be had.
    pub(crate) fn start(units: BTreeMap<u8, Device>) -> io::Result<Self> {
        // A fresh pair is locked by nobody; set_exclusive(false) would lock the agent out.
        let (master, slave) = TTYPort::pair()?;
        let path = slave
            .name()
            .ok_or_else(|| io::Error::other("the slave has no path"))?;
        let bus = Bus {
            units: Arc::new(units),
        };
        let first = stream_of(&master)?;
        let server = tokio::spawn(serve_rtu(master, first, bus));
        Ok(Self {
            path,
            server,
            _slave: slave,
        })
    }

    /// What an agent's configuration names: `rtu:///dev/pts/7?baud=115200&parity=none`.
    #[must_use]
    pub(crate) fn connect(&self) -> String {
        format!("rtu://{}?baud=115200&parity=none", self.path)
    }
}

impl Drop for RtuBus {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn stream_of(master: &TTYPort) -> io::Result<SerialStream> {
    Ok(SerialStream::try_from(master.try_clone_native()?)?)
}

/// Serves until aborted: a frame that cannot be read ends one server, and the next one begins with
/// an empty buffer, as an instrument does after the silence between two frames.
async fn serve_rtu(master: TTYPort, first: SerialStream, bus: Bus) {
    let mut stream = first;
    loop {
        if let Err(error) = rtu::Server::new(stream).serve_forever(bus.clone()).await {
            tracing::debug!(%error, "modbus rtu frame could not be read");
        }
        stream = match stream_of(&master) {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "modbus rtu bus ended");
                return;
            }
        };
        tokio::task::yield_now().await;
    }
}

#[derive(Clone)]
struct Bus {
    units: Arc<BTreeMap<u8, Device>>,
}

impl Service for Bus {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Self::Response, Self::Exception>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        ready(match self.units.get(&request.slave) {
            Some(device) => respond(device, &request.request),
            None => Ok(None),
        })
    }
}

fn respond(device: &Device, request: &Request<'_>) -> Result<Option<Response>, ExceptionCode> {
    let (&Request::ReadHoldingRegisters(start, count) | &Request::ReadInputRegisters(start, count)) =
        request
    else {
        return Err(ExceptionCode::IllegalFunction);
    };
    let end = start
        .checked_add(count)
        .filter(|end| count > 0 && *end <= register::COUNT);
    let Some(end) = end else {
        return Err(ExceptionCode::IllegalDataAddress);
    };
    let Some(all) = device.registers(start == 0) else {
        return Ok(None);
    };
    let words = all
        .get(usize::from(start)..usize::from(end))
        .unwrap_or_default()
        .to_vec();
    Ok(Some(match request {
        Request::ReadInputRegisters(..) => Response::ReadInputRegisters(words),
        _ => Response::ReadHoldingRegisters(words),
    }))
}

#[cfg(test)]
mod tests;
