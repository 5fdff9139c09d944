//! CPU of one instance, measured from outside, as the platform does.

use std::time::Duration;

use tokio::time::Instant;

/// CPU time used during a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Use {
    pub(super) cpu: Duration,
    pub(super) span: Duration,
}

impl Use {
    /// In percent of this number of CPUs, 0 to 100; `None` if the span is empty.
    pub(super) fn percent(self, cpus: f64) -> Option<f64> {
        let span = self.span.as_secs_f64();
        // A group may exceed its quota slightly in one period, and use less in the next.
        (span > 0.0).then(|| (100.0 * self.cpu.as_secs_f64() / (span * cpus)).clamp(0.0, 100.0))
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.span += other.span;
    }
}

/// Adds up the readings of a CPU time counter while an instance is ready.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    /// The last reading.
    last: Option<(Instant, Duration)>,
    minute: Use,
    second: Use,
}

impl Meter {
    /// Counts from now on. Earlier use does not count.
    pub(super) fn start(&mut self, now: Instant, counter: Option<Duration>) {
        self.last = counter.map(|counter| (now, counter));
    }

    /// Takes a reading.
    pub(super) fn read(&mut self, now: Instant, counter: Option<Duration>) {
        let Some(counter) = counter else { return };
        if let Some((before, used)) = self.last {
            let stretch = Use {
                cpu: counter.saturating_sub(used),
                span: now - before,
            };
            self.minute.add(stretch);
            self.second.add(stretch);
        }
        self.last = Some((now, counter));
    }

    /// Takes the last reading of an instance that is being removed. Later use does not count.
    pub(super) fn stop(&mut self, now: Instant, counter: Option<Duration>) {
        self.read(now, counter);
        self.last = None;
    }

    /// The use since the last call.
    pub(super) fn take_minute(&mut self) -> Use {
        std::mem::take(&mut self.minute)
    }

    /// The use since the last call.
    pub(super) fn take_second(&mut self) -> Use {
        std::mem::take(&mut self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_between_start_and_stop_counts() {
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let used = |millis| Some(Duration::from_millis(millis));
        let mut meter = Meter::default();
        meter.start(at(0), used(700));
        meter.read(at(1_000), used(800));
        meter.read(at(1_500), None);
        assert_eq!(meter.take_second().percent(0.2), Some(50.0));
        meter.stop(at(2_000), used(1_000));
        meter.read(at(3_000), used(9_000));
        let minute = meter.take_minute();
        assert_eq!(minute.span, Duration::from_secs(2));
        assert_eq!(minute.percent(0.2), Some(75.0));
        assert_eq!(meter.take_minute().percent(0.2), None);
    }

    #[test]
    fn the_share_is_at_most_one_hundred_percent() {
        let stretch = Use {
            cpu: Duration::from_millis(410),
            span: Duration::from_secs(1),
        };
        assert_eq!(stretch.percent(0.4), Some(100.0));
    }
}
