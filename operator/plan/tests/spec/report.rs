//! Reports (domain §6.5): "demand met" (A26), the yearly security report (A25), systems that sound alike (A28).

mod demand;
mod reuse;
mod security;
