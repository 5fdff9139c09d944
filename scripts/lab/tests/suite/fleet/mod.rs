//! `lab up` with several instances: real processes, at up to 600 times Azure's speed.

mod any_app;
mod balancing;
mod calendar;
mod deaths;
mod elastic_premium;
mod ends;
mod refusals;
mod scaling;
mod timers;
mod view;
mod what_if;
