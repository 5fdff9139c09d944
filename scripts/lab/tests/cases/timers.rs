//! Timers: azure-webjobs-sdk-extensions.

use serde_json::json;

use crate::support::program::Program;
use crate::support::{Root, eventually};

super::cases! {
    /// `TimerInfo.cs`; `TimerSchedule.cs`, `ShouldDisableScheduleMonitor`: the payload, without a status below a minute.
    "52" a_timer_calls_its_function_with_the_hosts_payload
        not on NoStorage: "timers need a storage account; set AzureWebJobsStorage, for example with Azurite";
    /// `TimerListener.cs`, `StartAsync`: a function may run when its listener starts.
    "52" a_function_may_run_on_startup
        not on NoStorage: "timers need a storage account; set AzureWebJobsStorage, for example with Azurite";
}

fn a_timer_calls_its_function_with_the_hosts_payload(program: &Program) {
    let host = Root::app("timers", program).up(&[]);
    let line = host.lab_up_prints("The next 5 occurrences of the 'json-journal' schedule");
    assert!(line.is_none_or(|line| line.contains("(Cron: '* * * * * *') will be: ")));
    let payload = eventually("the function runs", || host.payloads().into_iter().next());
    assert_eq!(
        payload["Data"],
        json!({ "myTimer": { "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false } })
    );
    let metadata = payload["Metadata"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["sys"]);
    assert_eq!(metadata["sys"]["MethodName"], "json-journal");
    let request = host.entry("the request", |entry| entry["request"].is_string());
    assert_eq!(request["method"], "POST");
}

fn a_function_may_run_on_startup(program: &Program) {
    let root = Root::app("timers", program);
    // Not due during this test.
    root.timer(
        "json-journal",
        "0 0 0 29 2 *",
        &json!({ "runOnStartup": true }),
    );
    let host = root.up(&[]);
    let payload = eventually("the function runs", || host.payloads().into_iter().next());
    let timer = &payload["Data"]["myTimer"];
    assert_eq!(timer["IsPastDue"], false);
    // A new store has no status, but an existing one has.
    if program.is_lab_up() {
        assert_eq!(timer["ScheduleStatus"]["Last"], "0001-01-01T00:00:00+00:00");
    }
}
