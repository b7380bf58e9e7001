//! Messages that are too large, too deep or something else than they say: each is refused by an answer, and costs no more.

use berth_api::limits::MESSAGE;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Code;

use super::wire::{DATA, END_STREAM, Frame, HEADERS, Wire};
use super::{Honest, connect_from, token, watched};
use crate::world::{World, shared};

const CREATE: &str = "/berth.v1.OnboardingService/CreateOnboarding";
/// Levels of what is nested.
const DEEP: usize = 2000;
/// The largest frame that an HTTP/2 server takes unasked.
const FRAME: usize = 16 << 10;

/// A field of a message with its length before it.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![(number << 3) | 2];
    let mut rest = inner.len();
    while rest >= 128 {
        out.push(u8::try_from(rest % 128).expect("smaller than 128") | 128);
        rest /= 128;
    }
    out.push(u8::try_from(rest).expect("smaller than 128"));
    out.extend(inner);
    out
}

/// `CreateOnboardingRequest.onboarding.spec.form`, with lists in lists as its one value.
fn deep() -> Vec<u8> {
    let mut value = Vec::new();
    for _ in 0..DEEP {
        // Value.list_value = 6, ListValue.values = 1.
        value = field(6, &field(1, &value));
    }
    let entry = [field(1, b"function"), field(2, &value)].concat();
    field(2, &field(5, &field(10, &field(1, &entry))))
}

/// A message as gRPC frames it; the length may be a lie.
fn framed(compressed: u8, length: u32, message: &[u8]) -> Vec<u8> {
    [&[compressed][..], &length.to_be_bytes(), message].concat()
}

/// Sends one call over a connection of its own and reads until it is answered.
async fn call(door: &Door, token: &str, body: &[u8]) -> Result<bool> {
    let mut wire = Wire::greet(connect_from(2, door.address).await?).await?;
    let bearer = format!("Bearer {token}");
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", CREATE),
        (":authority", "door"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("authorization", bearer.as_str()),
    ];
    wire.send(&[Frame::request(1, &fields, true)]).await?;
    // As much as the server takes without a word; of a message that is longer the beginning is enough.
    let body = &body[..body.len().min(4 * FRAME - 1)];
    for part in body.chunks(FRAME) {
        wire.send(&[Frame::new(DATA, 0, 1, part)]).await?;
    }
    while let Some(frame) = wire.next().await {
        if frame.kind == HEADERS && frame.flags & END_STREAM != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn messages_that_are_no_messages_are_answered_and_not_waited_for() -> Result<()> {
    watched("messages", async {
        let world = shared().await?;
        let door = Door::start(&world.cluster).await?;
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        let token = token(world, "lead-61")?;
        let deep = deep();
        let length = u32::try_from(deep.len())?;
        assert!(deep.len() < 4 * FRAME, "it is sent whole: {length}");
        let cases = [
            ("ten mebibytes announced", framed(0, 10 << 20, b"x")),
            ("all that a length can say", framed(0, u32::MAX, b"x")),
            ("something compressed", framed(1, 1, b"x")),
            ("another flag", framed(255, 1, b"x")),
            ("no message", framed(0, 5, b"\xff\xff\xff\xff\xff")),
            ("a message that is nested deeply", framed(0, length, &deep)),
        ];
        let number = cases.len();
        let attack = async {
            for (what, body) in cases {
                assert!(call(&door, &token, &body).await?, "{what}");
            }
            Ok::<_, berth_tests::error::Error>(())
        };
        honest.beside("messages that are none", attack).await?;
        println!("{number} messages that are none: each answered without its end");
        door.stop().await
    })
}

/// Status of the answer to a body of JSON; the door may answer before all of it came.
async fn rest(door: &Door, token: &str, body: &[u8]) -> Result<String> {
    let stream = connect_from(2, door.address).await?;
    let (mut reader, mut writer) = stream.into_split();
    let head = format!(
        "POST /v1/agencies/ag-61/onboardings HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let write = async {
        // A server that has answered need not read on.
        if writer.write_all(head.as_bytes()).await.is_ok() {
            writer.write_all(body).await.ok();
        }
        writer
    };
    let read = async {
        let mut line = [0; 12];
        reader.read_exact(&mut line).await.map(|_| String::from_utf8_lossy(&line).into_owned())
    };
    let (_open, line) = tokio::join!(write, read);
    Ok(line?)
}

/// Bodies of JSON that are refused.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(DEEP), close.repeat(DEEP));
        format!(r#"{{"spec":{{"action":"NEW","form":{{"function":{open}1{close}}}}}}}"#).into_bytes()
    };
    let wide = format!(r#"{{"spec":{{"system":{{"dataKinds":[{}"PUBLIC"]}}}}}}"#, r#""PUBLIC","#.repeat(40_000));
    vec![
        ("nothing but brackets", vec![b'['; MESSAGE - 1]),
        ("lists in lists", nested("[", "]")),
        ("objects in objects", nested(r#"{"a":"#, "}")),
        ("a list without end", wide.into_bytes()),
        ("a number without end", format!(r#"{{"spec":{{"action":{}}}}}"#, "9".repeat(400_000)).into_bytes()),
        ("a text without end", format!(r#"{{"{}":1}}"#, "a".repeat(400_000)).into_bytes()),
        ("one byte too much", vec![b' '; MESSAGE + 1]),
        ("ten mebibytes", vec![b' '; 10 << 20]),
    ]
}

#[test]
fn bodies_that_are_too_large_or_too_deep_are_refused_by_number_and_shape() -> Result<()> {
    watched("json", async {
        let world = shared().await?;
        let door = Door::start(&world.cluster).await?;
        let honest = Honest::enter(world, &door, "lead-66", None).await?;
        let token = token(world, "lead-61")?;
        let before = papers(world).await?;
        let attack = async {
            let bodies = bodies();
            for (what, body) in &bodies {
                assert_eq!(rest(&door, &token, body).await?, "HTTP/1.1 400", "{what}");
            }
            let mut client = Honest::enter(world, &door, "lead-61", None).await?.0;
            for (what, size) in [("just fits", 200_000), ("does not", 10 << 20)] {
                let large = crate::door::message("ag-61", "flood-large", |spec| {
                    spec["justification"] = serde_json::json!("x".repeat(size));
                });
                let refused = client.onboardings.create_onboarding(large).await.expect_err(what);
                let codes = [Code::InvalidArgument, Code::ResourceExhausted, Code::OutOfRange];
                assert!(codes.contains(&refused.code()), "{what}: {refused}");
            }
            Ok::<_, berth_tests::error::Error>(bodies.len())
        };
        let refused = honest.beside("bodies that are too much", attack).await?;
        println!("{refused} bodies of JSON and 2 messages refused, nothing left behind");
        assert_eq!(papers(world).await?, before);
        door.stop().await
    })
}

/// Papers that the attacks would have made.
async fn papers(world: &World) -> Result<usize> {
    let all = world.within::<berth_crds::Onboarding>("agency-ag-61").await?;
    let of_attack = |o: &&berth_crds::Onboarding| {
        o.spec.requester.username == "lead-61" && o.spec.system.as_ref().is_some_and(|s| s.code.starts_with("flood"))
    };
    Ok(all.iter().filter(of_attack).count())
}
