//! Hears what is logged. It formats no line: an event is heard alone and a span once, when it begins, and not again with every
//! event inside it. So it costs some microseconds for each request of the API server, which itself takes milliseconds.

use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::{Caught, catch, found};

/// Where HTTP/2 logs every frame, which is more than all the rest together. What it prints of a frame at debug level has neither
/// header fields nor data (`Debug` of `h2::frame::Headers` and `Data`); at trace level, which nobody listens to, it would.
const FRAMES: &str = "h2::";

/// Listens at debug level, and keeps what it must not have heard.
pub(super) struct Ear(pub(super) &'static Caught);

/// Everything that an event or a span says, in one line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a string takes everything");
    }
}

impl Ear {
    fn hear(&self, metadata: Option<&Metadata<'_>>, say: impl FnOnce(&mut Line)) {
        let mut line = Line(String::new());
        say(&mut line);
        if let Some(what) = found(line.0.as_bytes()) {
            let place = metadata.map_or_else(|| "a span".to_owned(), |m| format!("{} ({})", m.target(), m.name()));
            catch(self.0, place, what);
        }
    }
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG && !metadata.target().starts_with(FRAMES)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        self.hear(Some(event.metadata()), |line| event.record(line));
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.hear(Some(span.metadata()), |line| span.record(line));
        // Nobody asks later which one it was.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.hear(None, |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
