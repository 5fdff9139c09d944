//! The CPU time that a stress run may use.

use std::time::Duration;

/// A thread that has used its part of a CPU sleeps until the end of the slice. The slices are as short as the periods
/// of a CPU quota, so that the quota is rarely used up before the end of a period.
pub(super) const SLICE: Duration = Duration::from_millis(10);

/// CPU time that a run may use: it grows with time, up to a limit, and shrinks by the time used.
#[derive(Debug)]
pub(super) struct Budget {
    /// CPUs, of the thread or of the whole process.
    cpus: f64,
    /// The most that is left, and the most that is owed, in seconds of CPU time.
    limit: f64,
    left: f64,
    /// Time since the start, and CPU time, at the last check.
    last: Option<(Duration, Duration)>,
}

impl Budget {
    /// Allows `cpus` CPUs and, after a time with less, up to the CPU time that these CPUs provide in `catch_up`.
    pub(super) fn new(cpus: f64, catch_up: Duration) -> Self {
        Self {
            cpus,
            limit: catch_up.as_secs_f64() * cpus,
            left: SLICE.as_secs_f64() * cpus,
            last: None,
        }
    }

    /// How long to sleep if nothing is left, at `elapsed` since the start and with the CPU time `used` on the clock.
    pub(super) fn rest(&mut self, elapsed: Duration, used: Duration) -> Option<Duration> {
        let (then, used_then) = self
            .last
            .replace((elapsed, used))
            .unwrap_or((elapsed, used));
        let earned = elapsed.saturating_sub(then).as_secs_f64() * self.cpus;
        let spent = used.saturating_sub(used_then).as_secs_f64();
        self.left = (self.left + earned - spent).clamp(-self.limit, self.limit);
        let into_slice = elapsed.as_nanos() % SLICE.as_nanos();
        (self.left <= 0.0)
            .then(|| SLICE - Duration::from_nanos(u64::try_from(into_slice).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_slice_by_slice() {
        let ms = Duration::from_millis;
        let mut budget = Budget::new(0.25, SLICE);
        assert_eq!(budget.rest(ms(0), ms(0)), None);
        assert_eq!(budget.rest(ms(2), ms(2)), None);
        assert_eq!(budget.rest(ms(4), ms(4)), Some(ms(6)));
        assert_eq!(budget.rest(ms(10), ms(4)), None);
    }

    #[test]
    fn a_thread_that_waits_for_a_cpu_keeps_what_it_has_left() {
        let ms = Duration::from_millis;
        let mut budget = Budget::new(0.25, SLICE);
        assert_eq!(budget.rest(ms(0), ms(0)), None);
        assert_eq!(budget.rest(ms(10), ms(0)), None);
        // It slept until 20 ms, and the machine was busy until 26 ms.
        assert_eq!(budget.rest(ms(12), ms(3)), Some(ms(8)));
        assert_eq!(budget.rest(ms(26), ms(3)), None);
        assert_eq!(budget.rest(ms(28), ms(5)), None);
    }

    #[test]
    fn it_catches_up_within_its_limit() {
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        let mut budget = Budget::new(0.25, Duration::from_secs(1));
        assert_eq!(budget.rest(s(0), ms(0)), None);
        assert_eq!(budget.rest(s(60), ms(0)), None);
        assert_eq!(budget.rest(s(60), ms(249)), None);
        assert_eq!(budget.rest(s(60), ms(251)), Some(SLICE));
    }

    #[test]
    fn the_cpu_time_of_the_process_is_owed_up_to_the_limit() {
        let ms = Duration::from_millis;
        let mut budget = Budget::new(0.25, SLICE);
        assert_eq!(budget.rest(ms(0), ms(50)), None);
        assert_eq!(budget.rest(ms(100), ms(150)), Some(SLICE));
        assert_eq!(budget.rest(ms(110), ms(150)), Some(SLICE));
        assert_eq!(budget.rest(ms(111), ms(150)), None);
    }
}
