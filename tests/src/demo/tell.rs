//! What the terminal shows: a live table where there is one, plain lines where there is none.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use berth_api::proto::v1::onboarding::State;
use comfy_table::{Cell, Color, Table as Grid, presets::UTF8_FULL_CONDENSED};

use super::folder::Folder;
use super::play::{Asked, Played, state};
use super::serve::step;
use super::verify::Verdict;

/// Lines of the table besides the requests.
const FRAME: usize = 4;

/// The table, redrawn in place on a terminal; a line for every change elsewhere.
pub struct Table {
    live: bool,
    drawn: usize,
    told: BTreeMap<String, i32>,
    all: usize,
}

impl Table {
    /// A table for so many requests.
    pub fn new(all: usize) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some() || std::env::var_os("CI").is_some();
        let rows = usize::from(rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| size.ws_row));
        // Redrawing in place needs the whole picture on the screen; a lower terminal gets lines.
        let fits = rows > all + FRAME;
        Self { live: std::io::stderr().is_terminal() && fits && !plain, drawn: 0, told: BTreeMap::new(), all }
    }

    /// Shows where the requests stand.
    pub fn show(&mut self, asked: &[Asked]) {
        if self.live { self.redraw(asked) } else { self.lines(asked) }
    }

    /// Says what happens next, where no table shows it: a line in between would tear the picture.
    pub fn say(&self, text: &str) {
        if !self.live {
            step(text);
        }
    }

    /// Leaves the last picture on the screen.
    pub fn end(&mut self, asked: &[Asked]) {
        self.show(asked);
        self.drawn = 0;
    }

    fn redraw(&mut self, asked: &[Asked]) {
        let mut grid = Grid::new();
        grid.load_preset(UTF8_FULL_CONDENSED).set_header(["system", "agency", "size", "state", "where", "ready after"]);
        for a in asked {
            let size =
                a.onboarding.spec.as_ref().and_then(|s| s.environment.as_ref()).map(|e| short(&e.class).to_uppercase());
            let cells = [
                Cell::new(&a.code),
                Cell::new(&a.agency),
                Cell::new(size.unwrap_or_default()),
                Cell::new(word(a)).fg(colour(a)),
                Cell::new(place(a)),
                Cell::new(a.ready_after.map(seconds).unwrap_or_default()),
            ];
            grid.add_row(cells);
        }
        let text = grid.to_string();
        let mut err = std::io::stderr().lock();
        // Up over the last picture, then over it line by line: no flicker.
        let up = if self.drawn > 0 { format!("\x1b[{}A", self.drawn) } else { String::new() };
        let body: String = text.lines().map(|line| format!("\x1b[2K{line}\n")).collect();
        // A terminal that is gone is no reason to stop.
        let _ = write!(err, "{up}{body}");
        self.drawn = text.lines().count();
    }

    fn lines(&mut self, asked: &[Asked]) {
        for (i, a) in asked.iter().enumerate() {
            if self.told.insert(a.code.clone(), a.onboarding.state) != Some(a.onboarding.state) {
                eprintln!("demo: [{:>2}/{}] {:<9} {:<6} {} {}", i + 1, self.all, a.code, a.agency, word(a), place(a));
            }
        }
    }
}

fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// State of a request, as a word.
fn word(asked: &Asked) -> &'static str {
    match state(&asked.onboarding) {
        State::Unspecified | State::Draft | State::Submitted | State::Checking => "submitted",
        State::UnderAppraisal => "under appraisal",
        State::AwaitingApproval => "awaiting approval",
        State::Returned => "returned",
        State::Refused => "refused",
        State::Withdrawn => "withdrawn",
        State::Approved => "approved",
        State::WaitingForCapacity => "waiting for capacity",
        State::Provisioning => "provisioning",
        State::HandedOver => "ready",
        State::AwaitingGoLive => "ready, no permission to operate yet",
        State::Operating => "operating",
        State::Suspended => "suspended",
        State::Decommissioning | State::Closed => "given back",
    }
}

fn colour(asked: &Asked) -> Color {
    match state(&asked.onboarding) {
        State::HandedOver | State::AwaitingGoLive | State::Operating => Color::Green,
        State::Refused | State::Withdrawn | State::Returned => Color::Red,
        State::WaitingForCapacity => Color::Yellow,
        _ => Color::Blue,
    }
}

/// Environment, place in the queue, or who holds it.
fn place(asked: &Asked) -> String {
    let onboarding = &asked.onboarding;
    match state(onboarding) {
        State::WaitingForCapacity if onboarding.queue_place > 0 => format!("place {}", onboarding.queue_place),
        State::HandedOver | State::AwaitingGoLive | State::Provisioning => short(&onboarding.environment).to_owned(),
        State::AwaitingApproval => format!("held by {}", onboarding.holder),
        _ => String::new(),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// The summary after the play.
pub fn summary(played: &Played, verdict: &Verdict) {
    let mut times: Vec<Duration> = played.asked.iter().filter_map(|a| a.ready_after).collect();
    times.sort();
    println!("\nGranted against capacity: {}", verdict.granted);
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        let median = times[times.len() / 2];
        println!(
            "From submission to ready: {} at best, {} in the middle, {} at most",
            seconds(*first),
            seconds(median),
            seconds(*last)
        );
    }
    println!(
        "Prefixes: {} blocks of agencies, {} of systems, for example {}",
        verdict.agency_blocks, verdict.system_blocks, verdict.example
    );
    for a in played.asked.iter().filter(|a| state(&a.onboarding) == State::Refused) {
        let why = a.onboarding.checks.iter().find(|c| c.result >= 3).map(|c| c.message.as_str());
        println!("Refused: {} of {}: {}", a.code, a.agency, why.unwrap_or_default());
    }
    for problem in &verdict.problems {
        println!("NOT AS IT MUST BE: {problem}");
    }
}

/// What to try next.
pub fn next(folder: &Folder, background: bool) {
    let env = folder.file("env");
    println!(
        "\nTry next, in another terminal:\n  source {}\n  kubectl get onb -A\n  kubectl get penv,tenant,pblock\n  berth onboard list --agency so-y-te\n  berth env list",
        env.display()
    );
    let end = if background { "cargo demo -- --stop" } else { "Ctrl-C" };
    println!("End it with: {end}");
}
