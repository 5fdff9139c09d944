//! The instance count of a site on Elastic Premium, and when its instances are ready. Part of the fleet's owner task.

use std::time::Duration;

use serde::Serialize;

use super::configuration::{Change, Configuration, Refused};
use super::event_driven::EventDriven;

/// The time until a pre-warmed instance is ready, in Azure time. It only has to start the app.
const PREWARMED: Duration = Duration::from_secs(10);
/// The time between a change of the configuration and the platform's restart of the app, in Azure time.
const RESTART_AFTER: Duration = Duration::from_secs(2);

/// The state of the site. All times are Azure time since the start.
pub(crate) struct Site {
    configuration: Configuration,
    events: EventDriven,
    /// The time until a new instance is ready, and until the pre-warmed one is replaced.
    provision: Duration,
    /// When there is a pre-warmed instance again.
    prewarmed_at: Duration,
    restart_on_patch: bool,
    restart_at: Option<Duration>,
    counts: Counts,
}

/// What has happened to the site so far.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    /// The number of accepted `PATCH` requests, and of those that changed something.
    patches: u32,
    changes: u32,
    /// The number of restarts because of a `PATCH`, and of the requests that were in flight then.
    restarts: u32,
    interrupted_requests: u32,
}

/// The site in the response of `/admin/lab/fleet`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct SiteView {
    #[serde(flatten)]
    configuration: Configuration,
    /// The count that results from events alone.
    event_driven_count: u32,
    #[serde(flatten)]
    counts: Counts,
}

/// The effect of an accepted change.
pub(crate) struct Changed {
    pub(crate) configuration: Configuration,
    /// A description; `None` if nothing changed.
    pub(crate) reason: Option<String>,
}

impl Site {
    pub(crate) fn new(
        configuration: Configuration,
        provision: Duration,
        restart_on_patch: bool,
    ) -> Self {
        Self {
            configuration,
            events: EventDriven::new(),
            provision,
            prewarmed_at: Duration::ZERO,
            restart_on_patch,
            restart_at: None,
            counts: Counts::default(),
        }
    }

    /// The number of instances that the site must have.
    pub(crate) fn count(&self) -> u32 {
        self.configuration.count(self.events.wanted())
    }

    /// Changes the configuration.
    pub(crate) fn configure(&mut self, change: Change, at: Duration) -> Result<Changed, Refused> {
        let before = self.configuration;
        let after = before.after(change)?;
        self.configuration = after;
        self.counts.patches += u32::from(!change.is_empty());
        self.counts.changes += u32::from(after != before);
        let reason = (after != before).then(|| {
            format!(
                "PATCH: minimumElasticInstanceCount {} -> {}, functionAppScaleLimit {} -> {}",
                before.minimum, after.minimum, before.limit, after.limit
            )
        });
        if reason.is_some() && self.restart_on_patch {
            self.restart_at.get_or_insert(at + RESTART_AFTER);
        }
        Ok(Changed {
            configuration: after,
            reason,
        })
    }

    /// Takes the requests in flight at all ready instances.
    pub(crate) fn observe(&mut self, in_flight: u32, ready: u32, at: Duration) {
        let bounds = (self.count(), self.configuration.maximum());
        self.events.observe(in_flight, ready, bounds, at);
    }

    /// When the restart is due.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.restart_at
    }

    /// Whether the app is to be restarted now.
    pub(crate) fn takes_restart(&mut self, at: Duration) -> bool {
        self.restart_at.take_if(|due| *due <= at).is_some()
    }

    /// Notes a restart and the number of requests that were in flight.
    pub(crate) fn restarted(&mut self, in_flight: u32) {
        self.counts.restarts += 1;
        let interrupted = &mut self.counts.interrupted_requests;
        *interrupted = interrupted.saturating_add(in_flight);
    }

    /// When an instance that is added at `at` is ready. If there is a pre-warmed one, it is ready soon, and the
    /// pre-warmed one is replaced.
    pub(crate) fn take_instance(&mut self, at: Duration) -> Duration {
        if self.prewarmed_at > at {
            return at + self.provision;
        }
        self.prewarmed_at = at + self.provision;
        at + self.prewarmed()
    }

    /// The time until a pre-warmed instance is ready.
    pub(crate) fn prewarmed(&self) -> Duration {
        PREWARMED.min(self.provision)
    }

    pub(crate) fn view(&self) -> SiteView {
        SiteView {
            configuration: self.configuration,
            event_driven_count: self.events.wanted(),
            counts: self.counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn site(restart_on_patch: bool) -> Site {
        let configuration = Configuration {
            minimum: 1,
            limit: 3,
            plan_maximum: 20,
        };
        Site::new(configuration, 2 * MINUTE, restart_on_patch)
    }

    fn pin(site: &mut Site, count: u32, at: Duration) -> Option<String> {
        let body = format!(
            r#"{{"properties":{{"minimumElasticInstanceCount":{count},"functionAppScaleLimit":{count}}}}}"#
        );
        let change = Change::parse(body.as_bytes()).expect("valid");
        site.configure(change, at).expect("accepted").reason
    }

    #[test]
    fn without_a_pre_warmed_instance_the_next_one_takes_longer() {
        let mut site = site(false);
        let at = |seconds| Duration::from_secs(seconds);
        assert_eq!(site.take_instance(at(60)), at(70));
        assert_eq!(site.take_instance(at(60)), at(180));
        // The pre-warmed instance was replaced in the meantime.
        assert_eq!(site.take_instance(at(180)), at(190));
    }

    #[test]
    fn a_fixed_count_ignores_events_and_a_wider_limit_follows_them() {
        let mut site = site(false);
        for second in 0..200 {
            site.observe(500, site.count(), Duration::from_secs(second));
        }
        assert_eq!(site.count(), 3);
        pin(&mut site, 1, 4 * MINUTE);
        for second in 240..600 {
            site.observe(500, site.count(), Duration::from_secs(second));
        }
        assert_eq!(site.count(), 1);
    }

    #[test]
    fn only_a_patch_that_changes_something_restarts_the_app_once() {
        let mut site = site(true);
        assert!(pin(&mut site, 1, MINUTE).is_some());
        assert!(!site.takes_restart(MINUTE));
        assert!(site.takes_restart(MINUTE + RESTART_AFTER));
        assert!(!site.takes_restart(2 * MINUTE));
        assert_eq!(pin(&mut site, 1, 2 * MINUTE), None);
        assert!(!site.takes_restart(3 * MINUTE));
    }
}
