//! One end of an HTTP/2 connection, frame by frame: what no well-behaved client sends. The door's own tests read it, and so do
//! the stories of attacks on a whole door.

use std::{
    collections::BTreeMap,
    io::{self, Error, ErrorKind},
    net::SocketAddr,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const ACK: u8 = 1;

pub const NO_ERROR: u32 = 0;
pub const PROTOCOL_ERROR: u32 = 1;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
pub const MOST_STREAMS: u16 = 3;
pub const MOST_HEADERS: u16 = 6;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2 (RFC 9113 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    /// The headers of a request without a body, or the beginning of one with a body.
    pub fn request(stream: u32, fields: &[(&str, &str)], with_body: bool) -> Self {
        let end = if with_body { 0 } else { END_STREAM };
        Self::new(HEADERS, END_HEADERS | end, stream, block(fields))
    }

    /// The end of a stream by its client.
    pub fn reset(stream: u32) -> Self {
        Self::new(RST_STREAM, 0, stream, CANCEL.to_be_bytes())
    }

    /// Appends the frame as it goes over the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(self.payload.len()).expect("frames of tests are small");
        out.extend(&length.to_be_bytes()[1..]);
        out.extend([self.kind, self.flags]);
        out.extend(self.stream.to_be_bytes());
        out.extend(&self.payload);
    }

    /// A four-byte number of the payload, as the codes of RST_STREAM and GOAWAY are.
    pub fn number(&self, at: usize) -> u32 {
        let bytes = self.payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_be_bytes).unwrap_or(u32::MAX)
    }
}

/// Several frames as bytes.
pub fn bytes(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    frames.iter().for_each(|frame| frame.write(&mut out));
    out
}

/// Header fields as HPACK writes them plainly: each a literal without indexing (RFC 7541 §6.2.2).
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        string(&mut out, name);
        string(&mut out, value);
    }
    out
}

/// A block that grows: a field that the receiver must remember, and references to it of one byte each.
pub fn bomb(fields: &[(&str, &str)], references: usize) -> Vec<u8> {
    let mut out = block(fields);
    out.push(0x40);
    string(&mut out, "x");
    string(&mut out, &"a".repeat(4000));
    // The first entry of the dynamic table: 62.
    out.extend(std::iter::repeat_n(0x80 | 62, references));
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    // An integer with a prefix of seven bits.
    match u8::try_from(text.len()).ok().filter(|length| *length < 127) {
        Some(length) => out.push(length),
        None => {
            out.push(127);
            let mut rest = text.len() - 127;
            while rest >= 128 {
                out.push(u8::try_from(rest % 128).expect("smaller than 128") | 128);
                rest /= 128;
            }
            out.push(u8::try_from(rest).expect("smaller than 128"));
        }
    }
    out.extend(text.as_bytes());
}

/// How a connection ended, and what came before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Streams that were answered to their end.
    pub answered: usize,
    /// Streams that the server reset, by its code.
    pub resets: BTreeMap<u32, usize>,
    /// Code and remark of the last GOAWAY.
    pub goaway: Option<(u32, String)>,
}

impl Ending {
    fn see(&mut self, frame: &Frame) {
        match frame.kind {
            HEADERS | DATA if frame.flags & END_STREAM != 0 => self.answered += 1,
            RST_STREAM => *self.resets.entry(frame.number(0)).or_default() += 1,
            GOAWAY => {
                let remark = frame.payload.get(8..).unwrap_or_default();
                self.goaway = Some((frame.number(4), String::from_utf8_lossy(remark).into_owned()));
            }
            _ => {}
        }
    }

    /// Whether it ended with this code and remark.
    pub fn is(&self, code: u32, remark: &str) -> bool {
        self.goaway.as_ref().is_some_and(|(c, r)| *c == code && r == remark)
    }
}

/// A client's end.
pub struct Wire {
    stream: TcpStream,
    /// What the server said that it takes.
    pub settings: BTreeMap<u16, u32>,
}

impl Wire {
    /// Connects and greets; an error when the server hangs up instead.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::greet(TcpStream::connect(address).await?).await
    }

    /// Greets on a connection.
    pub async fn greet(stream: TcpStream) -> io::Result<Self> {
        let mut wire = Self { stream, settings: BTreeMap::new() };
        wire.stream.write_all(PREFACE).await?;
        wire.send(&[Frame::new(SETTINGS, 0, 0, b"")]).await?;
        loop {
            let frame = wire.next().await.ok_or(Error::from(ErrorKind::UnexpectedEof))?;
            if frame.kind == SETTINGS && frame.flags & ACK == 0 {
                wire.settings = frame.payload.chunks_exact(6).map(setting).collect();
                wire.send(&[Frame::new(SETTINGS, ACK, 0, b"")]).await?;
                return Ok(wire);
            }
        }
    }

    pub async fn send(&mut self, frames: &[Frame]) -> io::Result<()> {
        self.stream.write_all(&bytes(frames)).await
    }

    /// The next frame; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        frame(&mut self.stream).await
    }

    /// The next frame of a kind, whatever comes before it.
    pub async fn until(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Sends all that there is while the server takes it, then hangs up; how many pieces it took, and how it ended.
    pub async fn flood(mut self, pieces: impl IntoIterator<Item = Vec<u8>>) -> (usize, Ending) {
        let (mut reader, mut writer) = self.stream.split();
        let write = async {
            let mut taken = 0;
            for piece in pieces {
                if writer.write_all(&piece).await.is_err() {
                    break;
                }
                taken += 1;
            }
            // A server that has hung up already needs not be told.
            writer.shutdown().await.ok();
            taken
        };
        let read = async {
            let mut ending = Ending::default();
            while let Some(frame) = frame(&mut reader).await {
                ending.see(&frame);
            }
            ending
        };
        tokio::join!(write, read)
    }
}

fn setting(bytes: &[u8]) -> (u16, u32) {
    let key = u16::from_be_bytes([bytes[0], bytes[1]]);
    (key, u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]))
}

async fn frame(reader: &mut (impl AsyncRead + Unpin)) -> Option<Frame> {
    let mut head = [0; 9];
    reader.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).ok()?];
    reader.read_exact(&mut payload).await.ok()?;
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Some(Frame { kind: head[3], flags: head[4], stream, payload })
}
