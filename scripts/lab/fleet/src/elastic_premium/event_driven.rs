//! A model of event-driven scaling for HTTP triggers. Pure.
//!
//! Azure's scale controller is not documented in detail, so this is a simple model: it adds an instance when each
//! instance has had more than [`BUSY`] requests in flight for [`BUSY_FOR`], and removes one when each has had fewer
//! than [`QUIET`] for [`QUIET_FOR`]. As in Azure, CPU does not matter: an app that uses all its CPU but responds in
//! time stays on one instance (Azure/Azure-Functions#1335).

use std::time::Duration;

/// Requests in flight per instance.
pub(crate) const BUSY: u32 = 50;
/// In Azure time.
pub(crate) const BUSY_FOR: Duration = Duration::from_secs(30);
const QUIET: u32 = 10;
const QUIET_FOR: Duration = Duration::from_secs(300);

/// The count that results from events alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventDriven {
    wanted: u32,
    busy_since: Option<Duration>,
    quiet_since: Option<Duration>,
}

impl EventDriven {
    /// So far, events have led to one instance.
    pub(crate) fn new() -> Self {
        Self {
            wanted: 1,
            busy_since: None,
            quiet_since: None,
        }
    }

    pub(crate) fn wanted(&self) -> u32 {
        self.wanted
    }

    /// Takes the requests in flight at the Azure time `at`, when `ready` of `count` instances are ready. Adds
    /// instances to the existing ones, up to `maximum`.
    pub(crate) fn observe(
        &mut self,
        in_flight: u32,
        ready: u32,
        (count, maximum): (u32, u32),
        at: Duration,
    ) {
        // While an instance is starting, the load is not distributed to it yet, so the measurement is not meaningful.
        let settled = ready >= count;
        let busy = settled && in_flight > BUSY.saturating_mul(ready);
        let quiet = in_flight < QUIET.saturating_mul(ready.max(1));
        let lasted = |since: &mut Option<Duration>, holds: bool, span: Duration| {
            if !holds {
                *since = None;
                return false;
            }
            let began = *since.get_or_insert(at);
            let enough = at.saturating_sub(began) >= span;
            if enough {
                *since = None;
            }
            enough
        };
        if lasted(&mut self.busy_since, busy, BUSY_FOR) {
            self.wanted = (count.max(self.wanted) + 1).min(maximum.max(1));
        }
        if lasted(&mut self.quiet_since, quiet, QUIET_FOR) {
            self.wanted = self.wanted.saturating_sub(1).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wanted counts after each observation of requests in flight, instances, and second.
    fn wanted_counts(observations: &[(u32, u32, u64)]) -> Vec<u32> {
        let mut events = EventDriven::new();
        let wanted_counts = observations.iter().map(|(in_flight, ready, second)| {
            let at = Duration::from_secs(*second);
            events.observe(*in_flight, *ready, (*ready, 3), at);
            events.wanted()
        });
        wanted_counts.collect()
    }

    #[test]
    fn many_requests_in_flight_add_one_instance_at_a_time() {
        let busy = [(60, 1, 0), (60, 1, 29), (60, 1, 30), (120, 2, 31)];
        assert_eq!(wanted_counts(&busy), [1, 1, 2, 2]);
        let more = [(60, 1, 0), (60, 1, 30), (120, 2, 31), (120, 2, 61)];
        assert_eq!(wanted_counts(&more), [1, 2, 2, 3]);
    }

    #[test]
    fn short_peaks_and_loads_that_two_can_share_add_no_instance() {
        assert_eq!(
            wanted_counts(&[(60, 1, 0), (5, 1, 20), (60, 1, 40)]),
            [1, 1, 1]
        );
        assert_eq!(wanted_counts(&[(60, 2, 0), (60, 2, 100)]), [1, 1]);
    }

    #[test]
    fn quiet_minutes_remove_an_instance_and_the_maximum_applies() {
        let mut events = EventDriven::new();
        for second in [0, 30, 60, 90, 120, 150, 180] {
            events.observe(999, 3, (3, 3), Duration::from_secs(second));
        }
        assert_eq!(events.wanted(), 3);
        for second in [200, 500, 501, 801, 802, 2_000] {
            events.observe(0, 3, (3, 3), Duration::from_secs(second));
        }
        assert_eq!(events.wanted(), 1);
    }

    #[test]
    fn observations_are_ignored_while_an_instance_starts() {
        let mut events = EventDriven::new();
        for second in [0, 30, 60, 90] {
            events.observe(500, 1, (2, 3), Duration::from_secs(second));
        }
        assert_eq!(events.wanted(), 1);
    }
}
