//! One fault, from the first caller to the comparison with the register.

use std::time::{Duration, Instant};

use crate::outage::callers::Callers;
use crate::outage::eventually;
use crate::outage::handler::Handler;

/// How soon after the end of a fault everything works again. The aim is 2 s; a busy machine gets more.
const RECOVERY: Duration = Duration::from_secs(5);
/// By then nobody expects it any more.
const NEVER: Duration = Duration::from_secs(15);
/// Requests in a row that must succeed then.
const IN_A_ROW: usize = 50;

/// A handler, and those who call it all the time.
pub struct Case {
    name: &'static str,
    handler: Handler,
    pub callers: Callers,
}

impl Case {
    /// Starts the handler and the callers, whether the database is there or not.
    pub fn begin(name: &'static str, variables: &[(&str, &str)]) -> Self {
        let handler = Handler::start(variables);
        let callers = Callers::of_everything(&handler);
        Self {
            name,
            handler,
            callers,
        }
    }

    /// The same with a database that is there.
    pub fn in_service(name: &'static str, variables: &[(&str, &str)]) -> Self {
        let case = Self::begin(name, variables);
        eventually("visits are acknowledged", || {
            (case.callers.acknowledged() > 100).then_some(())
        });
        case
    }

    /// The fault is noticed, and lasts this long from then on.
    pub fn endures(&self, length: Duration) {
        let before = self.callers.refused();
        eventually("the fault is noticed", || {
            (self.callers.refused() > before).then_some(())
        });
        std::thread::sleep(length);
    }

    /// The fault has just ended: service is back in time, and stays.
    pub fn recovers(&mut self) {
        let callers = &mut self.callers;
        let began = Instant::now();
        let mut healthy = None;
        loop {
            if healthy.is_none() && callers.asks("/health") == Some(200) {
                healthy = Some(began.elapsed());
            }
            if healthy.is_some() && callers.visits() == Some(201) {
                break;
            }
            if began.elapsed() > NEVER {
                callers.complain(&format!("no service {NEVER:?} after the fault"));
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let took = began.elapsed();
        println!(
            "{}: healthy after {} ms, a visit after {} ms",
            self.name,
            healthy.unwrap_or_default().as_millis(),
            took.as_millis()
        );
        if took > RECOVERY {
            callers.complain(&format!("service was back only after {took:?}"));
        }
        // Whatever fails from now on is a complaint.
        callers.expect_success();
        for number in 0..IN_A_ROW {
            match number % 3 {
                0 => callers.asks("/health"),
                1 => callers.visits(),
                _ => callers.asks("/api/visits"),
            };
        }
    }

    /// The callers have no complaint, the register is as they were told, and this is the first handler.
    pub fn closes(self) {
        self.callers.finish(self.name);
        self.handler.assert_never_ended_by_itself();
    }
}
