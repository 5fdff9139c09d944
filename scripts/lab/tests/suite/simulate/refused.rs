//! Input that the command refuses.

use super::{BUILT_IN, path, refused};
use crate::scratch::Scratch;

#[test]
fn wrong_input_is_refused_in_one_sentence() {
    let folder = Scratch::new();
    let rules = |from: &str, to: &str| {
        assert!(BUILT_IN.contains(from));
        folder.write("rules.json", BUILT_IN.replacen(from, to, 1))
    };
    for (from, to, complaint) in [
        (
            "\"threshold\": 70",
            "\"threshold\": \"many\"",
            "rules[0].metricTrigger.threshold: is \"many\"; accepted: a number in the metric's unit",
        ),
        (
            "\"maximum\": \"3\"",
            "\"maximum\": \"0\"",
            "capacity.maximum: is 0, below the minimum of 1",
        ),
        (
            "\"rules\": [",
            "\"rules\": [,",
            "line 8, column 13: this is not JSON",
        ),
    ] {
        let file = rules(from, to);
        for flag in ["--autoscale", "--compare"] {
            let refusal = refused(&[flag, path(&file)], "");
            assert!(
                refusal.contains(complaint) && refusal.contains("rules.json"),
                "{refusal}"
            );
            assert_eq!(refusal.lines().count(), 1, "{refusal}");
        }
    }
    for (load, complaint) in [
        ("", "it is empty: the header must name seconds or timestamp"),
        ("seconds,load\n0,80\n", "needs at least two rows"),
        ("0,80\n60\n", "line 2: 1 value instead of two"),
        ("0,80\n60,80,90\n", "line 2: 3 values instead of two"),
        ("0;80\n60;80\n", "line 1: 1 value instead of two"),
        (
            "60,80\n120,80\n",
            "line 1: the first row must be for second 0",
        ),
        (
            "0,80\n\n60,80\n60,90\n",
            "line 4: second 60 does not come after 60",
        ),
        (
            "seconds,load\n0,80\nseconds,load\n",
            "line 3: \"seconds\" is not a whole number of seconds",
        ),
        (
            "time,cpu\n0,80\n",
            "line 2: the column \"time\" contains no time: \"0\" is not a time",
        ),
        (
            "0,80\n1.5,80\n",
            "line 2: \"1.5\" is not a whole number of seconds",
        ),
        (
            "0,80\n-5,80\n",
            "line 2: \"-5\" is not a whole number of seconds",
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
            "0,80\n99999999999,80\n",
            "line 2: second 99999999999 is more than 366 days",
        ),
    ] {
        let refusal = refused(&["--load", "-"], load);
        assert!(refusal.contains(complaint), "{load:?}: {refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
    let year = refused(
        &["--load", "-", "--evaluate-seconds", "1"],
        "0,80\n31536000,80\n",
    );
    assert!(year.contains("raise --evaluate-seconds to 6"), "{year}");
    assert!(
        refused(&["--load", "stpe"], "")
            .contains("stpe is neither a built-in load (step, ramp, spike, daily)")
    );
    assert!(refused(&["--prices", "/nowhere.json"], "").contains("/nowhere.json"));
    assert!(
        refused(&["--autoscale", path(folder.path())], "").contains("cannot read the rule file")
    );
    assert!(
        refused(&["--timezone", "Nowhere"], "")
            .contains("--timezone \"Nowhere\" is not a time zone")
    );
    assert!(
        refused(&["--start", "yesterday"], "").contains("--start: \"yesterday\" is not a time")
    );
    for (flag, value) in [
        ("--evaluate-seconds", "0"),
        ("--metric-lag", "-1"),
        ("--provision-seconds", "x"),
    ] {
        assert!(refused(&[flag, value], "").contains(flag));
    }
}
