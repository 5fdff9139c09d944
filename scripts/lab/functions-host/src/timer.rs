//! The `timerTrigger` of a function, and the value for its handler (`CoreExtensionsScriptBindingProvider.cs` of the
//! host; `TimerInfo.cs` and `ScheduleStatus.cs` of azure-webjobs-sdk-extensions).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::bail;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::environment::Environment;
use super::json::{boolean, lookup, switch};
use super::lock::lock;
use super::schedule::Schedule;

/// How .NET writes the time of an event that never happened.
const NEVER: &str = "0001-01-01T00:00:00+00:00";

/// When a function with a timer runs.
#[derive(Clone, Debug)]
pub(crate) struct TimerTrigger {
    pub(super) schedule: Schedule,
    /// Whether it also runs each time an instance begins to listen.
    pub(super) run_on_startup: bool,
    /// Whether its status is recorded, so that missed runs are made up for.
    pub(super) use_monitor: bool,
}

impl TimerTrigger {
    /// Reads the binding of a `timerTrigger`.
    ///
    /// # Errors
    /// The missing or wrong member.
    pub(super) fn read(binding: &Value, environment: &Environment) -> anyhow::Result<Self> {
        let schedule = match lookup(binding, "schedule") {
            Some(Value::String(text)) => text,
            None | Some(Value::Null) => bail!(
                "its timerTrigger has no \"schedule\"; add one, such as \"0 */5 * * * *\" for every five minutes"
            ),
            Some(other) => bail!(
                "its timerTrigger's \"schedule\" is {other} but must be text, such as \"0 */5 * * * *\" for every five minutes"
            ),
        };
        let schedule = Schedule::read(schedule, environment)?;
        let is_monitored = switch(binding, "timerTrigger", "useMonitor")?.unwrap_or(true);
        Ok(Self {
            run_on_startup: boolean(binding, "timerTrigger", "runOnStartup")?,
            use_monitor: is_monitored && !schedule.is_frequent(),
            schedule,
        })
    }

    /// The value of the trigger, as Newtonsoft.Json writes a `TimerInfo`.
    pub(super) fn info(&self, status: Option<Status>, is_past_due: bool) -> Value {
        let recorded = status.filter(|_| self.use_monitor);
        let time = |at: Option<Timestamp>| match at {
            Some(at) => self.schedule.local(at),
            None => NEVER.to_owned(),
        };
        json!({
            "Schedule": { "AdjustForDST": self.schedule.adjusts_for_dst() },
            "ScheduleStatus": recorded.map(|status| json!({
                "Last": time(status.last),
                "Next": time(Some(status.next)),
                "LastUpdated": time(status.last),
            })),
            "IsPastDue": is_past_due,
        })
    }
}

/// The last and the next run of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// The time of the last run; also the time when `next` was calculated.
    pub(super) last: Option<Timestamp>,
    pub(super) next: Timestamp,
}

/// The statuses of all timers, by the function's name, each with the schedule to which it belongs. Clones share them,
/// and they are kept across restarts of the app. Azure keeps them in the storage account.
#[derive(Clone, Default)]
pub struct Statuses(Arc<Mutex<HashMap<String, (Schedule, Status)>>>);

impl Statuses {
    /// `None` before an instance listens to the timer, and after a change of its schedule (`ScheduleMonitor.cs`,
    /// `CheckPastDueAsync`: no time of the new schedule counts as missed).
    pub(super) fn of(&self, function: &str, timer: &TimerTrigger) -> Option<Status> {
        let statuses = lock(&self.0);
        let (schedule, status) = statuses.get(function)?;
        (*schedule == timer.schedule).then_some(*status)
    }

    pub(super) fn set(&self, function: &str, timer: &TimerTrigger, status: Status) {
        let entry = (timer.schedule.clone(), status);
        lock(&self.0).insert(function.to_owned(), entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(binding: &Value) -> Result<TimerTrigger, String> {
        TimerTrigger::read(binding, &Environment::default()).map_err(|error| format!("{error:#}"))
    }

    /// `CoreExtensionsScriptBindingProviderTests.cs`.
    #[test]
    fn omitted_members_have_the_hosts_defaults() {
        let trigger = read(&json!({ "schedule": "0 0 * * * *" })).expect("valid");
        assert!(!trigger.run_on_startup && trigger.use_monitor);
        let trigger = read(
            &json!({ "Schedule": "0 0 * * * *", "RunOnStartup": "true", "useMonitor": false }),
        )
        .expect("valid");
        assert!(trigger.run_on_startup && !trigger.use_monitor);
        // Too frequent to be recorded, even with `useMonitor`.
        let trigger = read(&json!({ "schedule": "* * * * * *", "useMonitor": true }));
        assert!(!trigger.expect("valid").use_monitor);
    }

    #[test]
    fn missing_and_wrong_members_are_named() {
        for (binding, part) in [
            (json!({}), "no \"schedule\"; add one"),
            (json!({ "schedule": null }), "no \"schedule\"; add one"),
            (
                json!({ "schedule": 5 }),
                "\"schedule\" is 5 but must be text",
            ),
            (
                json!({ "schedule": "0 0 * * * *", "runOnStartup": 1 }),
                "runOnStartup is 1 but must be true or false",
            ),
        ] {
            let error = read(&binding).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
    }

    /// `ScheduleMonitor.cs`, `CheckPastDueAsync`.
    #[test]
    fn a_status_applies_to_its_schedule_only() {
        let timer = |text: &str| read(&json!({ "schedule": text })).expect("valid");
        let hourly = timer("0 0 * * * *");
        let status = Status {
            last: None,
            next: Timestamp::UNIX_EPOCH,
        };
        let statuses = Statuses::default();
        statuses.clone().set("Tick", &hourly, status);
        assert_eq!(statuses.of("Tick", &hourly), Some(status));
        assert_eq!(statuses.of("Tock", &hourly), None);
        assert_eq!(statuses.of("Tick", &timer("0 30 * * * *")), None);
        assert_eq!(statuses.of("Tick", &timer("01:00:00")), None);
    }

    /// The example in the documentation of the timer trigger.
    #[test]
    fn a_handler_gets_what_newtonsoft_writes() {
        let trigger = read(&json!({ "schedule": "0 */5 * * * *" })).expect("valid");
        let at = |text: &str| text.parse().expect("a moment");
        let status = Status {
            last: Some(at("2016-10-04T10:15:00.012Z")),
            next: at("2016-10-04T10:20:00Z"),
        };
        assert_eq!(
            trigger.info(Some(status), true),
            json!({
                "Schedule": { "AdjustForDST": true },
                "ScheduleStatus": {
                    "Last": "2016-10-04T10:15:00.012+00:00",
                    "Next": "2016-10-04T10:20:00+00:00",
                    "LastUpdated": "2016-10-04T10:15:00.012+00:00",
                },
                "IsPastDue": true,
            })
        );
        let first = Status {
            last: None,
            ..status
        };
        assert_eq!(
            trigger.info(Some(first), false)["ScheduleStatus"]["Last"],
            NEVER
        );
        let trigger = read(&json!({ "schedule": "00:00:15" })).expect("valid");
        assert_eq!(
            trigger.info(Some(status), false),
            json!({ "Schedule": { "AdjustForDST": false }, "ScheduleStatus": null, "IsPastDue": false })
        );
    }
}
