//! Cells of one row, read with every defect at once.

use jiff::civil::Date;

use super::{Defect, Known, sheet};
use crate::{day, text};

/// A row while it is read.
pub(super) struct Cells<'a> {
    row: &'a sheet::Row,
    kind: sheet::Kind,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
}

impl<'a> Cells<'a> {
    /// Begins a row; a required cell that is empty is a defect already.
    pub fn of(row: &'a sheet::Row, kind: sheet::Kind) -> Self {
        let empty = kind.columns().iter().filter(|column| column.required && !row.cells.contains_key(column.key));
        let defect = |column: &sheet::Column| Defect {
            column: column.key.into(),
            value: String::new(),
            message: format!("is empty; give the {}", column.rule),
        };
        let defects = match &row.broken {
            Some(broken) => vec![broken.clone()],
            None => empty.map(defect).collect(),
        };
        Self { row, kind, defects }
    }

    /// What a filled cell holds.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.row.cells.get(key).map(String::as_str)
    }

    /// Notes a defect of a cell.
    pub fn bad(&mut self, key: &str, message: impl Into<String>) {
        let value = self.get(key).unwrap_or_default().to_owned();
        self.defects.push(Defect { column: key.into(), value, message: message.into() });
    }

    /// Notes that a cell does not hold what its column is for.
    pub fn unread(&mut self, key: &str) {
        let rule = self.kind.column(key).map_or("", |column| column.rule);
        self.bad(key, format!("cannot be read; give the {rule}"));
    }

    /// A text of one line.
    pub fn text(&mut self, key: &str, max: usize) -> Option<String> {
        let found = self.get(key)?;
        match text::defect(found, max, false) {
            Some(defect) => {
                self.bad(key, defect);
                None
            }
            None => Some(found.to_owned()),
        }
    }

    /// A text in which every character is allowed; the first is a letter or digit.
    pub fn word(&mut self, key: &str, max: usize, allowed: fn(char) -> bool) -> Option<String> {
        let found = self.text(key, max)?;
        let right = found.starts_with(|c: char| c.is_ascii_alphanumeric()) && found.chars().all(allowed);
        if !right {
            self.unread(key);
        }
        right.then_some(found)
    }

    /// A day as the register writes it or as people here do.
    pub fn day(&mut self, key: &str) -> Option<Date> {
        let found = self.get(key)?;
        let read = day::parse(found).or_else(|| vietnamese(found));
        if read.is_none() {
            self.unread(key);
        }
        read
    }

    /// A day on which something held: not in the future.
    pub fn past(&mut self, key: &str, today: Date) -> Option<Date> {
        let found = self.day(key)?;
        if found > today {
            self.bad(key, format!("lies after today, {today}; give a day that has come"));
            return None;
        }
        Some(found)
    }

    /// A body that exists on a day and today.
    pub fn body(&mut self, key: &str, known: &Known, on: Option<Date>) -> Option<String> {
        let found = self.get(key)?;
        let register = known.register;
        let Some(id) = register.resolve(&found.to_lowercase(), known.today) else {
            self.bad(key, "is no agency of the register; correct it, or import the agency first");
            return None;
        };
        if !register.in_force(&id, known.today) {
            let advice = match register.successors(&id, known.today) {
                next if next.is_empty() => "name the body that has it today".to_owned(),
                next => format!("name the body that has it today, of {}", next.join(", ")),
            };
            self.bad(key, format!("does not exist any more; {advice}"));
            return None;
        }
        if let Some(on) = on.filter(|on| !register.in_force(&id, *on)) {
            self.bad(key, format!("did not exist on {on}; give an effective day from which it does"));
            return None;
        }
        Some(id)
    }

    /// Parts of a list in one cell.
    pub fn parts(&self, key: &str) -> Vec<&'a str> {
        let parts = self.get(key).unwrap_or_default().split([';', '\n']);
        parts.map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    /// One of a list of values, whatever its capitals and hyphens.
    pub fn choice<T: Copy + std::fmt::Debug>(&mut self, key: &str, text: &str, all: &[T]) -> Option<T> {
        let plain = |text: &str| text.replace(['-', '_', ' '], "").to_lowercase();
        let found = all.iter().find(|one| plain(&format!("{one:?}")) == plain(text)).copied();
        if found.is_none() {
            self.unread(key);
        }
        found
    }
}

/// `31/12/2025`; 31/02/2025 is no date.
fn vietnamese(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('/').collect();
    let [day, month, year] = parts[..] else { return None };
    if year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}
