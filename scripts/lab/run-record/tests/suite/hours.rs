//! What a run is paid for.

use run_record::{FleetSample, Run};

#[test]
fn instance_hours_count_what_was_wanted_from_the_start_to_the_end() {
    let sample = |at: f64, wanted: u32| FleetSample {
        at,
        wanted,
        ready: 1,
        ..FleetSample::default()
    };
    let mut run = Run {
        seconds: 60.0,
        time_scale: 60.0,
        samples: vec![sample(3.0, 1), sample(30.0, 2), sample(50.0, 1)],
        ..Run::default()
    };
    // 30 s of one, 20 s of two, 10 s of one, each second an Azure minute.
    assert_eq!(run.instance_hours(), Some(80.0 / 60.0));
    run.time_scale = 1.0;
    assert_eq!(run.instance_hours(), Some(80.0 / 3_600.0));
    run.samples.clear();
    assert_eq!(run.instance_hours(), None);
}
