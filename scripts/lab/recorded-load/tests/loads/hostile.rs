//! Any text results in a load or an error.

use proptest::prelude::*;
use recorded_load::{Load, ReadOptions};

/// Checks the properties that the type of a load promises.
fn is_sound(text: &str) -> Result<(), TestCaseError> {
    let options = ReadOptions {
        instances: 2,
        rule_metrics: &["queue"],
        metrics_only: false,
        local: Some(&|seconds| seconds.saturating_add(7_200)),
    };
    let Ok(load) = Load::read("any", text, &options) else {
        return Ok(());
    };
    prop_assert!(load.steps().len() >= 2 && load.steps()[0].at_seconds == 0);
    prop_assert!(
        load.steps()
            .windows(2)
            .all(|pair| pair[0].at_seconds < pair[1].at_seconds)
    );
    prop_assert!(load.counts().windows(2).all(|pair| pair[0].0 < pair[1].0));
    for spans in [load.gaps(), load.saturated()] {
        prop_assert!(
            spans.iter().all(
                |span| span.from_seconds < span.to_seconds && span.to_seconds <= load.seconds()
            )
        );
        prop_assert!(
            spans
                .windows(2)
                .all(|pair| pair[0].to_seconds < pair[1].from_seconds)
        );
    }
    for metric in load.metrics().values() {
        for sample in metric.samples() {
            prop_assert_eq!(
                metric.at(sample.at_seconds).is_some() || sample.value.is_none(),
                true
            );
        }
    }
    Ok(())
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[0-9]{1,3}",
        "[0-9]{1,3}\\.[0-9]",
        "2026-0[1-3]-0[1-9][T ]0[0-9]:[0-5][0-9](:[0-5][0-9])?(Z|\\+0[0-9]:?00)?",
        Just("seconds".to_owned()),
        Just("timestamp".to_owned()),
        Just("load".to_owned()),
        Just("CPU Percentage (Avg), a".to_owned()),
        Just("instances".to_owned()),
        Just("queue".to_owned()),
        Just("name".to_owned()),
        Just("average".to_owned()),
        "\\PC{0,4}",
    ]
}

fn table() -> impl Strategy<Value = String> {
    let row = prop::collection::vec(cell(), 1..5);
    let separator = prop_oneof![Just(","), Just(";"), Just("\t"), Just("  ")];
    (prop::collection::vec(row, 0..8), separator).prop_map(|(rows, separator)| {
        let rows: Vec<String> = rows.iter().map(|row| row.join(separator)).collect();
        rows.join("\n")
    })
}

/// Rows under a valid header, with minutes in any order.
fn headed() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec!["load", "cpu", "Percentage CPU (Avg)", "queue"]);
    let number = prop_oneof![
        Just(String::new()),
        (0_u32..=100).prop_map(|number| number.to_string())
    ];
    let row = (0_u32..240, number.clone(), number.clone(), number);
    (header, prop::collection::vec(row, 0..30)).prop_map(|(header, rows)| {
        let rows = rows.iter().map(|(minute, one, two, three)| {
            let (hour, minute) = (minute / 60, minute % 60);
            format!("2026-01-05 {hour:02}:{minute:02}Z,{one},{two},{three}\n")
        });
        format!(
            "time,{header},instances,memory\n{}",
            rows.collect::<String>()
        )
    })
}

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,200}") {
        is_sound(&text)?;
    }

    #[test]
    fn any_table(text in table()) {
        is_sound(&text)?;
    }

    #[test]
    fn any_rows(text in headed()) {
        is_sound(&text)?;
    }

    #[test]
    fn any_aligned_table(rows in prop::collection::vec("[ -~é]{0,40}", 0..6)) {
        is_sound(&format!("Timestamp  Name  Average\n---------  ----  ---\n{}", rows.join("\n")))?;
    }

    #[test]
    fn a_piece_of_json(cut in 0_usize..400, with in "[\\[\\]{}:,\"0-9a-z ]{0,6}") {
        let text = r#"{"value":[{"name":{"value":"CpuPercentage"},"unit":"Percent","timeseries":[{"metadatavalues":[{"name":{"value":"Instance"},"value":"a"}],"data":[{"timeStamp":"2026-01-05T08:00:00Z","average":10.5},{"timeStamp":"2026-01-05T08:01:00Z","average":null,"total":4}]}]}]}"#;
        let cut = cut.min(text.len());
        is_sound(&format!("{}{with}{}", &text[..cut], &text[cut..]))?;
        is_sound(&format!("{}{with}", &text[..cut]))?;
    }
}

#[test]
fn deep_and_strange_nesting_is_refused() {
    for text in [
        "[".repeat(100_000),
        "{\"value\":[".repeat(50_000),
        format!("{}{}", "{\"value\":[".repeat(20), "]}".repeat(20)),
        "{\"samples\": [], \"started\": 5}".to_owned(),
    ] {
        assert!(Load::read("any", &text, &ReadOptions::default()).is_err());
    }
}
