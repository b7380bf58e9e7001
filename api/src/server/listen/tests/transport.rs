//! Every limit that the transport keeps: what is beyond it is refused, and beside it what is not beyond it passes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{body::Bytes, extract::State, routing::post};
use tokio::sync::Semaphore;

use super::{
    wire::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Frame, GOAWAY, HEADERS, MOST_HEADERS,
        MOST_STREAMS, NO_ERROR, PING, PROTOCOL_ERROR, REFUSED_STREAM, RST_STREAM, Wire, block, bomb, bytes,
    },
    *,
};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);
/// What a test waits for.
const SHORT: Duration = Duration::from_millis(500);

/// Calls as their handlers see them.
struct Desk {
    running: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
    go: Semaphore,
}

/// A server that answers `/` at once, `/wait` when it is told to, and `/read` with the length of what was sent.
async fn desk(spans: Spans) -> (SocketAddr, Arc<Desk>) {
    let desk = Arc::new(Desk {
        running: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        all: AtomicUsize::new(0),
        go: Semaphore::new(0),
    });
    let router = Router::new()
        .route("/", get(at_once))
        .route("/wait", get(wait))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
        .with_state(desk.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Adjustable::default();
    let routes = Routes::from(router);
    tokio::spawn(async move { serve(routes, listener, None, &limits, spans, std::future::pending()).await });
    (address, desk)
}

async fn at_once(State(desk): State<Arc<Desk>>) {
    desk.all.fetch_add(1, SeqCst);
}

async fn wait(State(desk): State<Arc<Desk>>) {
    let running = desk.running.fetch_add(1, SeqCst) + 1;
    desk.most.fetch_max(running, SeqCst);
    desk.go.acquire().await.unwrap().forget();
    desk.running.fetch_sub(1, SeqCst);
}

/// Header fields of a request.
fn fields<'a>(method: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![(":method", method), (":scheme", "http"), (":path", path), (":authority", "door")]
}

fn ask_for(stream: u32, path: &str) -> Frame {
    Frame::request(stream, &fields("GET", path), false)
}

/// Streams of a client: the odd numbers.
fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

/// Reads until a number of streams were answered to their end.
async fn answers(wire: &mut Wire, number: usize) -> Vec<u32> {
    let mut answered = Vec::new();
    while answered.len() < number {
        let frame = wire.next().await.expect("the connection goes on");
        if matches!(frame.kind, HEADERS | DATA) && frame.flags & END_STREAM != 0 {
            answered.push(frame.stream);
        }
    }
    answered
}

#[tokio::test]
async fn of_a_connections_streams_so_many_are_open_and_half_of_them_worked_on() {
    let (address, desk) = desk(Spans::default()).await;
    let mut wire = Wire::open(address).await.unwrap();
    assert_eq!(wire.settings.get(&MOST_STREAMS), Some(&limits::STREAMS));
    let most = usize::try_from(limits::STREAMS).unwrap();
    let asked: Vec<Frame> = streams().take(most + 1).map(|stream| ask_for(stream, "/wait")).collect();
    wire.send(&asked).await.unwrap();
    let refused = wire.until(RST_STREAM).await.unwrap();
    assert_eq!((refused.stream, refused.number(0)), (asked[most].stream, REFUSED_STREAM));
    while desk.running.load(SeqCst) < limits::CALLS_PER_CONNECTION {
        tokio::task::yield_now().await;
    }
    desk.go.add_permits(most);
    let mut answered = answers(&mut wire, most).await;
    answered.sort_unstable();
    assert_eq!(answered, asked[..most].iter().map(|frame| frame.stream).collect::<Vec<_>>());
    assert_eq!(desk.most.load(SeqCst), limits::CALLS_PER_CONNECTION);
}

#[tokio::test]
async fn headers_beyond_the_transports_limit_end_their_stream_and_not_the_connection() {
    let (address, desk) = desk(Spans::default()).await;
    let mut wire = Wire::open(address).await.unwrap();
    assert_eq!(wire.settings.get(&MOST_HEADERS), Some(&limits::HEADERS_TRANSPORT));
    let filled = |stream, number: usize| {
        let value = "a".repeat(1000);
        let mut all = fields("GET", "/");
        all.extend(std::iter::repeat_n(("x-fill", value.as_str()), number));
        let block = block(&all);
        let (first, rest) = block.split_at(block.len().min(8192));
        [Frame::new(HEADERS, END_STREAM, stream, first), Frame::new(CONTINUATION, END_HEADERS, stream, rest)]
    };
    wire.send(&filled(1, 20)).await.unwrap();
    assert_eq!(answers(&mut wire, 1).await, [1], "431, in the transport's own words");
    assert_eq!(desk.all.load(SeqCst), 0, "nobody else saw it");
    wire.send(&filled(3, 14)).await.unwrap();
    assert_eq!(answers(&mut wire, 1).await, [3]);
    assert_eq!(desk.all.load(SeqCst), 1);
}

/// What a client does again and again, and the code and remark with which it is sent away.
type Flood = (&'static str, Vec<Vec<u8>>, &'static str);

/// Floods with frames; each would go on for long.
fn floods() -> Vec<Flood> {
    let post = Frame::request(1, &fields("POST", "/read"), true);
    let pair = |stream| bytes(&[Frame::request(stream, &fields("POST", "/read"), true), Frame::reset(stream)]);
    let taken_back: Vec<u8> = streams().take(60).flat_map(pair).collect();
    let opening = Frame::new(HEADERS, 0, 1, block(&fields("GET", "/")));
    let further = bytes(&vec![Frame::new(CONTINUATION, 0, 1, b""); 100]);
    let empty = bytes(&vec![Frame::new(DATA, 0, 1, b""); 1000]);
    let bomb = Frame::new(HEADERS, END_HEADERS | END_STREAM, 1, bomb(&fields("GET", "/"), 8000));
    vec![
        ("streams taken back", vec![taken_back], "too_many_resets"),
        ("headers without an end", vec![bytes(&[opening]), further], "too_many_continuations"),
        ("data without anything in it", vec![bytes(&[post]), empty], "too_many_data_frames"),
        ("headers that grow when they are read", vec![bytes(&[bomb])], "header_list_way_too_large"),
    ]
}

#[tokio::test]
async fn whoever_floods_a_connection_is_sent_away_with_the_reason() {
    let (address, _) = desk(Spans::default()).await;
    let mut beside = Wire::open(address).await.unwrap();
    for (n, (what, pieces, remark)) in floods().into_iter().enumerate() {
        let (_, ending) = Wire::open(address).await.unwrap().flood(pieces).await;
        assert!(ending.is(ENHANCE_YOUR_CALM, remark), "{what}: {ending:?}");
        let stream = u32::try_from(2 * n + 1).unwrap();
        beside.send(&[ask_for(stream, "/")]).await.unwrap();
        assert_eq!(answers(&mut beside, 1).await, [stream], "{what}: others are served");
    }
}

#[tokio::test]
async fn the_transport_resets_so_many_streams_and_then_no_more() {
    let (address, _) = desk(Spans::default()).await;
    let mut wire = Wire::open(address).await.unwrap();
    // A body of one byte is announced and none comes.
    let mut broken = fields("GET", "/");
    broken.push(("content-length", "1"));
    let mut streams = streams();
    for stream in streams.by_ref().take(limits::RESETS) {
        wire.send(&[Frame::request(stream, &broken, false)]).await.unwrap();
        let reset = wire.until(RST_STREAM).await.unwrap();
        assert_eq!((reset.stream, reset.number(0)), (stream, PROTOCOL_ERROR));
    }
    let good = streams.next().unwrap();
    wire.send(&[ask_for(good, "/")]).await.unwrap();
    assert_eq!(answers(&mut wire, 1).await, [good]);
    let last = bytes(&[Frame::request(streams.next().unwrap(), &broken, false)]);
    let (_, ending) = wire.flood([last]).await;
    assert!(ending.is(ENHANCE_YOUR_CALM, "too_many_internal_resets"), "{ending:?}");
}

#[tokio::test]
async fn as_much_as_is_no_flood_is_served() {
    let (address, _) = desk(Spans::default()).await;
    let mut wire = Wire::open(address).await.unwrap();
    let mut body = vec![Frame::request(1, &fields("POST", "/read"), true)];
    body.extend(vec![Frame::new(DATA, 0, 1, b""); 100]);
    body.push(Frame::new(DATA, END_STREAM, 1, b"x"));
    wire.send(&body).await.unwrap();
    let answer = wire.until(DATA).await.unwrap();
    assert_eq!((answer.stream, answer.payload), (1, b"1".to_vec()));
    let some = streams().skip(1).take(limits::TAKEN_BACK);
    let taken_back: Vec<Frame> = some.flat_map(|s| [ask_for(s, "/wait"), Frame::reset(s)]).collect();
    wire.send(&taken_back).await.unwrap();
    wire.send(&[ask_for(99, "/")]).await.unwrap();
    assert!(answers(&mut wire, 1).await.contains(&99));
}

#[tokio::test]
async fn a_connection_that_does_not_say_what_it_speaks_ends_and_a_silent_one_that_did_stays() {
    let (address, _) = desk(Spans { opening: SHORT, ..Spans::default() }).await;
    let mut beside = Wire::open(address).await.unwrap();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: door\r\n").await.unwrap();
    for begun in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // Whether it ends with a reset or without is the system's matter.
        stream.read_to_end(&mut said).await.ok();
        assert_eq!(said, b"", "{begun:?}");
    }
    beside.send(&[ask_for(1, "/")]).await.unwrap();
    assert_eq!(answers(&mut beside, 1).await, [1]);
    // Half a request of HTTP/1 has a clock of its own, which is longer.
    plain.write_all(b"\r\n").await.unwrap();
    let mut said = [0; 15];
    plain.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_connection_is_told_when_its_life_is_over_and_calls_under_way_are_finished() {
    let (address, desk) = desk(Spans { age: SHORT, grace: LONG, ..Spans::default() }).await;
    let mut wire = Wire::open(address).await.unwrap();
    wire.send(&[ask_for(1, "/wait")]).await.unwrap();
    let told = wire.until(GOAWAY).await.unwrap();
    assert_eq!(told.number(4), NO_ERROR);
    // The ping that comes with it tells the server that it was read.
    let ping = wire.until(PING).await.unwrap();
    wire.send(&[Frame { flags: ACK, ..ping }]).await.unwrap();
    desk.go.add_permits(1);
    assert_eq!(answers(&mut wire, 1).await, [1]);
    while wire.next().await.is_some() {}
}

#[tokio::test]
async fn a_call_that_goes_on_after_the_life_of_its_connection_is_cut_off() {
    let (address, _) = desk(Spans { age: SHORT, grace: SHORT, ..Spans::default() }).await;
    let mut wire = Wire::open(address).await.unwrap();
    wire.send(&[ask_for(1, "/wait")]).await.unwrap();
    let told = wire.until(GOAWAY).await.unwrap();
    assert_eq!(told.number(4), NO_ERROR);
    // Nobody ever lets it go on.
    while let Some(frame) = wire.next().await {
        assert!(frame.kind != HEADERS, "{frame:?}");
    }
}

#[tokio::test]
async fn a_silent_connection_is_pinged_and_ends_when_it_does_not_answer() {
    let (address, _) = desk(Spans { ping: SHORT, pong: SHORT, ..Spans::default() }).await;
    let mut wire = Wire::open(address).await.unwrap();
    for _ in 0..2 {
        let ping = wire.until(PING).await.expect("it answered the one before");
        wire.send(&[Frame { flags: ACK, ..ping }]).await.unwrap();
    }
    let (mut silent, mut told) = (wire, None);
    while let Some(frame) = silent.next().await {
        told = (frame.kind == GOAWAY).then(|| frame.number(4)).or(told);
    }
    assert_eq!(told, Some(NO_ERROR));
}
