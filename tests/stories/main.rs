//! Stories on the real control plane, under the chart's own RBAC and admission policies.

mod world;
mod request;
mod four_eyes;
mod isolation;
mod repair;
mod headroom;
mod counts;
mod door;
mod schema;
mod crash;
mod demo;
