//! The fleet on Elastic Premium, with the number of instances of its site.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::Owner;
use crate::elastic_premium::{Change, Configuration, Refused};
use crate::snapshot::Source;

impl Owner {
    /// Changes the configuration of the site, or only reads it.
    pub(super) fn configure(
        &mut self,
        change: Change,
        now: Instant,
    ) -> Result<Configuration, Refused> {
        let at = self.clock.azure(now);
        let site = self
            .site
            .as_mut()
            .ok_or_else(|| Refused("There is no site.".to_owned()))?;
        let changed = site.configure(change, at)?;
        if let Some(reason) = changed.reason {
            self.follow_site(Source::App, &reason, now);
        }
        Ok(changed.configuration)
    }

    /// Passes the requests in flight to the site, as events for its scale controller.
    pub(super) fn follow_events(&mut self, now: Instant) {
        let at = self.clock.azure(now);
        let (in_flight, ready) = self.instances.in_flight();
        let Some(site) = &mut self.site else { return };
        site.observe(in_flight, ready, at);
        let reason = format!("events: {in_flight} requests in flight at {ready} instances");
        self.follow_site(Source::Events, &reason, now);
    }

    /// Adjusts the fleet to the site's number of instances.
    fn follow_site(&mut self, source: Source, reason: &str, now: Instant) {
        let Some(site) = &mut self.site else { return };
        let (from, to) = (self.wanted, site.count());
        let at = self.clock.azure(now);
        if to == from {
            return;
        }
        self.wanted = to;
        self.record.acted((from, to), source, reason.to_owned(), at);
        for count in from + 1..=to {
            let traffic_from = self.clock.instant(site.take_instance(at));
            self.instances.resize(count, traffic_from, now);
        }
        self.instances.resize(to, now, now);
    }

    /// The platform restarts the app some time after a change of its configuration.
    pub(super) fn restart_if_due(&mut self, azure: Duration) {
        let Some(site) = &mut self.site else { return };
        if site.takes_restart(azure) {
            let in_flight = self.instances.restart();
            site.restarted(in_flight);
            let text = format!("the platform restarts the app; {in_flight} requests are in flight");
            self.record
                .ordered("restart", &text, &json!({ "in_flight": in_flight }));
        }
    }
}
