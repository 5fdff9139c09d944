//! Tables in the form of the portal and of `az`.

use recorded_load::Start;

use super::{assumed, load, load_with, refused, steps, values, warned};

const EIGHT: i64 = 1_767_600_000;

#[test]
fn the_table_of_az_is_read_by_its_column_positions() {
    let text = "\
Timestamp            Name            Average
-------------------  --------------  ---------
2026-01-05 08:00:00  CPU Percentage  40.0
2026-01-05 08:01:00  CPU Percentage
2026-01-05 08:02:00  CPU Percentage  62.5
2026-01-05 08:03:00  CPU Percentage  50
2026-01-05 08:04:00  CPU Percentage  50
";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let load = load(&text);
        assert_eq!(
            steps(&load),
            [
                (0, 80.0),
                (120, 125.0),
                (180, 100.0),
                (240, 100.0),
                (300, 100.0)
            ]
        );
        assert_eq!(load.start(), Some(Start::Utc(EIGHT)));
        assert_eq!(load.gaps().len(), 1);
    }
}

#[test]
fn a_table_of_several_metrics_and_instances() {
    let text = "\
Timestamp             Name               Instance    Average    Total
--------------------  -----------------  ----------  ---------  -------
2026-01-05T08:00:00Z  CPU Percentage     RD1         40.0
2026-01-05T08:01:00Z  CPU Percentage     RD1         60.0
2026-01-05T08:00:00Z  CPU Percentage     RD2         20.0
2026-01-05T08:01:00Z  CPU Percentage     RD2
2026-01-05T08:00:00Z  Http Queue Length  RD1                    3.0
2026-01-05T08:01:00Z  Http Queue Length  RD1                    4.0
";
    let load = load(text);
    assert_eq!(steps(&load), [(0, 60.0), (60, 60.0), (120, 60.0)]);
    assert_eq!(load.counts(), [(0, 2), (60, 1)]);
    assert_eq!(
        values(&load, "HttpQueueLength"),
        [(0, Some(3.0)), (60, Some(4.0))]
    );
    assert!(
        assumed(&load)[0].contains("values of Instance"),
        "{:?}",
        load.notes()
    );
    let bad = text.replace("4.0", "4,x");
    assert!(
        refused(&bad).contains("line 8: \"4,x\" is not a number"),
        "{}",
        refused(&bad)
    );
}

#[test]
fn the_portals_export_has_lines_before_its_header() {
    let text = "\u{feff}\"Chart title:\",\"Avg CPU Percentage and Sum Requests, for \"\"plan\"\"\"
\"Resource:\",\"/subscriptions/0/resourceGroups/rg/providers/Microsoft.Web/serverfarms/plan\"
\"Start time:\",\"2026-01-05 08:00\"
Granularity,1 minute

\"Timestamp (UTC)\",\"CPU Percentage (Avg)\",\"Requests (Sum), plan\",\"Region\"
\"2026-01-05 08:00\",\"40.5\",\"1200\",\"West Europe\"
\"2026-01-05 08:01\",\"\",\"1300\",\"West Europe\"
\"2026-01-05 08:02\",\"80\",\"\",\"West Europe\"
\"2026-01-05 08:03\",\"80\",\"1100\",\"West Europe\"
\"2026-01-05 08:04\",\"80\",\"1100\",\"West Europe\"
";
    let comma = load(text);
    assert_eq!(
        steps(&comma),
        [
            (0, 81.0),
            (120, 160.0),
            (180, 160.0),
            (240, 160.0),
            (300, 160.0)
        ]
    );
    assert_eq!(comma.start(), Some(Start::Utc(EIGHT)));
    assert_eq!(values(&comma, "requests").len(), 5);
    assert_eq!(comma.metrics().keys().collect::<Vec<_>>(), ["Requests"]);
    assert!(
        warned(&comma)
            .iter()
            .any(|text| text.contains("\"Region\" contains text"))
    );

    let semicolons = text.replace("\",\"", "\";\"").replace("40.5", "40,5");
    assert_eq!(steps(&load(&semicolons)), steps(&comma));
    let wrong = text.replace("\"80\",\"\"", "\"80%\",\"\"");
    assert!(
        refused(&wrong)
            .contains("line 9: column \"CPU Percentage (Avg)\": \"80%\" is not a number"),
        "{}",
        refused(&wrong)
    );
}

#[test]
fn columns_of_the_same_metric_count_as_instances() {
    let text = "\
time,\"CPU Percentage (Avg), RD1\",\"CPU Percentage (Avg), RD2\"
2026-01-05 08:00Z,40,
2026-01-05 08:01Z,40,60
";
    let load = load(text);
    assert_eq!(steps(&load), [(0, 40.0), (60, 100.0), (120, 100.0)]);
    assert_eq!(load.counts(), [(0, 1), (60, 2)]);
    assert!(assumed(&load)[0].contains("number of columns with a sample"));
}

#[test]
fn a_log_analytics_table_has_a_row_for_each_metric() {
    let text = "\
TimeGenerated [UTC],MetricName,Average
2026-01-05T08:00:00.0000000Z,CpuPercentage,40
2026-01-05T08:00:00.0000000Z,MemoryPercentage,70
2026-01-05T08:01:00.0000000Z,CpuPercentage,45
2026-01-05T08:01:00.0000000Z,MemoryPercentage,71
";
    let load = load_with(text, &[]);
    assert_eq!(steps(&load), [(0, 80.0), (60, 90.0), (120, 90.0)]);
    assert_eq!(
        values(&load, "MemoryPercentage"),
        [(0, Some(70.0)), (60, Some(71.0))]
    );
}
