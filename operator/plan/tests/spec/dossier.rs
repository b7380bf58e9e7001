//! The dossier: states of practice, holders, clocks over the whole chain, letter, asked against decided (design §2–3;
//! domain §4.5, §6.2 invariant 15, §6.4 A7–A9; `data/request_states.csv`, `data/level_procedure_clocks.csv`).

mod chain;
mod checks;
mod clock;
mod form;
mod later;
mod letter;
mod supplement;
mod words;
