//! One fault, from the first caller to the comparison with the database.

use std::time::{Duration, Instant};

use crate::outage::callers::Callers;
use crate::outage::eventually;
use crate::outage::handler::Handler;

/// How soon after the end of a fault everything works again. The goal is 2 s, but a busy machine gets more time.
const RECOVERY: Duration = Duration::from_secs(8);
/// The time after which the test fails.
const NEVER: Duration = Duration::from_secs(20);
/// The handler's connections for pages: `DATABASE_POOL_MAX` is 10, and two of them are for visits.
pub const READERS: u32 = 8;
/// The number of consecutive requests that must then succeed.
const IN_A_ROW: usize = 50;

/// A handler, and callers that send requests all the time.
pub struct Case {
    name: &'static str,
    handler: Handler,
    pub callers: Callers,
}

impl Case {
    /// Starts the handler and the callers, with or without a running database.
    pub fn begin(name: &'static str, variables: &[(&str, &str)]) -> Self {
        let handler = Handler::start(variables);
        let callers = Callers::of_everything(&handler);
        Self {
            name,
            handler,
            callers,
        }
    }

    /// The same with a running database.
    pub fn in_service(name: &'static str, variables: &[(&str, &str)]) -> Self {
        let case = Self::begin(name, variables);
        eventually("visits are acknowledged", || {
            (case.callers.acknowledged() > 100).then_some(())
        });
        case
    }

    /// The fault is noticed, and then lasts this long.
    pub fn endures(&self, length: Duration) {
        let before = self.callers.refused();
        eventually("the fault is noticed", || {
            (self.callers.refused() > before).then_some(())
        });
        std::thread::sleep(length);
    }

    /// The fault has just ended. Service must return in time, and continue.
    pub fn recovers(&mut self) {
        let callers = &mut self.callers;
        let began = Instant::now();
        let mut healthy = None;
        // A request may still get a connection from before the end of the fault. The pool uses its connections in turn.
        let mut in_a_row = 0;
        let mut took = Duration::ZERO;
        loop {
            if healthy.is_none() && callers.asks("/health") == Some(200) {
                healthy = Some(began.elapsed());
            }
            if healthy.is_some() {
                let works =
                    callers.visits() == Some(201) && callers.asks("/api/visits") == Some(200);
                in_a_row = if works { in_a_row + 1 } else { 0 };
                if in_a_row == 1 {
                    took = began.elapsed();
                }
                if in_a_row > READERS {
                    break;
                }
            }
            if began.elapsed() > NEVER {
                callers.complain(&format!("no service {NEVER:?} after the fault"));
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        println!(
            "{}: healthy after {} ms, visits and pages after {} ms",
            self.name,
            healthy.unwrap_or_default().as_millis(),
            took.as_millis()
        );
        if took > RECOVERY {
            callers.complain(&format!("service was back only after {took:?}"));
        }
        // From now on, every failure is a complaint.
        callers.expect_success();
        for number in 0..IN_A_ROW {
            match number % 3 {
                0 => callers.asks("/health"),
                1 => callers.visits(),
                _ => callers.asks("/api/visits"),
            };
        }
    }

    /// The callers have no complaint, the database agrees with their responses, and the first handler still runs.
    pub fn closes(self) {
        self.callers.finish(self.name);
        self.handler.assert_never_ended_by_itself();
    }
}
