//! Text that is not a load.

use super::refused;

#[test]
fn invalid_loads_are_refused_in_one_sentence() {
    for (text, complaint) in [
        ("", "it is empty: the header must name seconds or timestamp"),
        (" \r\n\n", "it is empty"),
        ("# nothing\n", "it has no rows"),
        ("seconds,load\n", "it contains no samples"),
        ("seconds,load\n0,80\n", "a load needs at least two rows"),
        (
            "Hello\nworld\n",
            "line 1: \"Hello\" is not a header of a load: the header must name",
        ),
        (
            "minute,load\n0,80\n",
            "line 1: \"minute,load\" is not a header of a load",
        ),
        (
            "\nseconds,percent\n0,80\n60,80\n",
            "line 2: no column is a load, a CPU or a metric of the rules, only \"percent\": the header",
        ),
        (
            "0,80\n60\n",
            "line 2: 1 value instead of two: seconds,load, such as 60,80",
        ),
        ("0,80\n60,80,90\n", "line 2: 3 values instead of two"),
        ("0;80\n60;80\n", "line 1: 1 value instead of two"),
        (
            "seconds,cpu,instances\n0,80\n",
            "line 2: 2 values instead of 3: \"seconds,cpu,instances\"",
        ),
        (
            "seconds,load,LOAD\n0,80,80\n",
            "line 1: two columns are called \"LOAD\"",
        ),
        (
            "60,80\n120,80\n",
            "line 1: the first row must be for second 0",
        ),
        (
            "0,80\n\n# note\n60,80\n\n60,90\n",
            "line 6: second 60 does not come after 60",
        ),
        (
            "seconds,load\n0,80\nseconds,load\n",
            "line 3: \"seconds\" is not a whole number of seconds",
        ),
        (
            "0,80\n1.5,80\n",
            "line 2: \"1.5\" is not a whole number of seconds",
        ),
        (
            "0,80\n-5,80\n",
            "line 2: \"-5\" is not a whole number of seconds",
        ),
        (
            "0,80\n99999999999,80\n",
            "line 2: second 99999999999 is more than 366 days",
        ),
        (
            "0,80\n18446744073709551615,80\n",
            "line 2: second 18446744073709551615 is more than 366 days",
        ),
        ("0,-1\n60,80\n", "line 1: a load of -1 is not between 0"),
        ("0,NaN\n60,80\n", "line 1: a load of NaN is not between 0"),
        (
            "0,1e9\n60,80\n",
            "line 1: a load of 1000000000 is not between 0",
        ),
        (
            "0,lots\n60,80\n",
            "line 1: \"lots\" is not a load in percent",
        ),
        (
            "seconds,cpu\n0,180\n",
            "line 2: cpu of 180 is not between 0 and 100; a load in percent",
        ),
        (
            "seconds,cpu,count\n0,80,-1\n",
            "line 2: -1 is not a number of instances",
        ),
        (
            "seconds,cpu,memory\n0,80,1\n60,80,inf\n",
            "line 3: memory of inf is not a value of a metric",
        ),
        (
            "seconds,cpu,memory\n0,80,1\n60,80,x\n",
            "line 3: column \"memory\": \"x\" is not a number",
        ),
        (
            "time,cpu\n0,80\n",
            "line 2: the column \"time\" contains no time: \"0\" is not a time such as",
        ),
        (
            "time,cpu\n1/5/2026 8:00,80\n",
            "line 2: the column \"time\" contains no time: \"1/5/2026 8:00\"",
        ),
        (
            "time,cpu\n2026-02-30 08:00,80\n",
            "line 2: the column \"time\" contains no time",
        ),
        (
            "time,cpu\n2026-01-05 08:00,80\n2026-01-05T08:01Z,80\n",
            "line 3: some times have an offset or Z and others have none",
        ),
        (
            "time,load\n2024-01-05 08:00,80\n2026-01-05 08:00,80\n",
            "samples from 2024-01-05 08:00:00 to 2026-01-05 08:00:00 are more than 366 days",
        ),
        ("seconds,load\n0,\n60,\n", "it contains no value of load"),
    ] {
        let refusal = refused(text);
        assert!(refusal.contains(complaint), "{text:?}: {refusal}");
    }
}

#[test]
fn the_size_of_a_table_is_bounded() {
    let wide: Vec<String> = (0..60).map(|number| format!("metric{number}")).collect();
    let zeros = vec!["0"; 60].join(",");
    let text = format!("seconds,load,{}\n0,80,{zeros}\n", wide.join(","));
    assert!(refused(&text).contains("it contains 61 metrics; at most 50 are read"));
    let wider = vec!["x"; 300].join(",");
    assert!(refused(&format!("seconds,{wider}\n")).contains("301 columns are more than 256"));
    let long: String = (0..=1_000_000)
        .map(|second| format!("{second},1\n"))
        .collect();
    assert!(refused(&long).contains("line 1000001: more than 1000000 rows"));
}

/// A column that begins with text may be a column of text, but not if a number follows.
#[test]
fn text_among_the_numbers_of_a_metric_is_refused_with_its_line() {
    let metrics = |text: &str| {
        let options = recorded_load::ReadOptions {
            metrics_only: true,
            ..Default::default()
        };
        let read = recorded_load::Load::read("memory.csv", text, &options);
        format!("{:#}", read.expect_err("refused"))
    };
    for (rows, complaint) in [
        (
            "0,abc\n",
            "line 2: column \"Memory\": \"abc\" is not a number",
        ),
        (
            "0,abc\n60,5\n120,6\n",
            "line 2: column \"Memory\": \"abc\" is not a number",
        ),
        (
            "0,\n60,abc\n120,6\n",
            "line 3: column \"Memory\": \"abc\" is not a number",
        ),
        (
            "0,50\n60,abc\n",
            "line 3: column \"Memory\": \"abc\" is not a number",
        ),
        ("x,50\n", "line 2: \"x\" is not a whole number of seconds"),
    ] {
        assert_eq!(metrics(&format!("seconds,Memory\n{rows}")), complaint);
    }
    assert_eq!(
        refused("seconds,cpu,Memory\n0,80,abc\n60,80,5\n"),
        "line 2: column \"Memory\": \"abc\" is not a number"
    );
}
