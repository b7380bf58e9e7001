//! A connection that knows where it comes from, ends in its time and gives its place back then.

use std::{
    io,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tonic::transport::server::Connected;

use super::listen::Spans;
use crate::{arrival::Arrival, crowd::Place};

/// What HTTP/2 begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Plain or after its handshake.
pub type Io = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// An accepted connection.
pub struct Connection {
    io: Io,
    arrival: Arrival,
    /// When it ends, whatever goes on: soon, until it tells which protocol it speaks; then with its life.
    end: Pin<Box<Sleep>>,
    last: Instant,
    /// Bytes of the preface that came; all of them, too, once something else did.
    told: usize,
    _place: Place<IpAddr>,
}

impl Connection {
    /// A connection that holds a place.
    pub fn new(io: Io, arrival: Arrival, place: Place<IpAddr>, spans: Spans) -> Self {
        let now = Instant::now();
        let end = Box::pin(sleep_until(now + spans.opening));
        Self { io, arrival, end, last: now + spans.age + spans.grace, told: 0, _place: place }
    }

    /// An error when its time is over. Whoever asked before is woken then.
    fn in_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Looks at what came: until there is the whole preface or something else, nobody serves the connection yet, and no other
    /// clock runs for it.
    fn tells(&mut self, bytes: &[u8]) {
        let rest = &PREFACE[self.told..];
        if rest.is_empty() || bytes.is_empty() {
            return;
        }
        let begun = bytes.len() < rest.len() && rest.starts_with(bytes);
        self.told = if begun { self.told + bytes.len() } else { PREFACE.len() };
        if !begun {
            self.end.as_mut().reset(self.last);
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Arrival;

    fn connect_info(&self) -> Arrival {
        self.arrival.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.tells(&buffer.filled()[before..]);
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.in_time(cx)?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.in_time(cx)?;
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
