//! Advice if no request of a load on any app succeeds.

use run_record::Requests;

/// The number of requests that must have failed before the end of the load. A server that has just started may refuse
/// the first ones.
const ENOUGH: u64 = 20;

/// A sentence for the user if every request so far has failed for the same reason. `over` is whether the load has
/// ended.
pub(super) fn advice(requests: &Requests, has_key: bool, over: bool) -> Option<String> {
    let enough = requests.sent >= ENOUGH || (over && requests.sent > 0);
    let (failure, count) = requests.errors.iter().next()?;
    if !enough || *count < requests.sent {
        return None;
    }
    let todo = match failure.as_str() {
        "401" if has_key => "the key was refused. Check FUNCTIONS_KEY",
        "401" => {
            "the function requires a key. Put it into the variable FUNCTIONS_KEY; lab up --enable-auth prints the keys"
        }
        "403" => "the app doesn't allow this request",
        "404" => {
            "no function has this path and method. Check --path and --method; routes begin with /api unless host.json says otherwise"
        }
        "400" | "405" | "415" | "422" => {
            "the app doesn't accept this request. Check --method, --body, and --header"
        }
        "429" | "503" => "the app is overloaded or not ready. Try a lower --rate",
        "500" | "502" | "504" => "the app failed. See its output, which lab up shows",
        "connection refused" => "the app isn't running any longer",
        "timeout" => {
            "the app doesn't respond in time. --timeout allows more time, and a lower --rate causes less load"
        }
        "not HTTP" => "the server doesn't respond in HTTP. Check the URL: http:// or https://",
        "answer too large" => "lab load reads responses of up to 100 MiB",
        _ => return None,
    };
    Some(format!("Every request failed ({failure}): {todo}."))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn requests(sent: u64, errors: &[(&str, u64)]) -> Requests {
        let errors = errors.iter();
        Requests {
            sent,
            errors: BTreeMap::from_iter(errors.map(|(kind, count)| ((*kind).to_owned(), *count))),
            ..Requests::default()
        }
    }

    #[test]
    fn there_is_advice_if_all_requests_fail_for_one_reason() {
        let refused = requests(20, &[("401", 20)]);
        let said = |has_key| advice(&refused, has_key, false).expect("advice");
        assert!(said(false).contains("requires a key") && said(false).contains("FUNCTIONS_KEY"));
        assert!(said(true).contains("the key was refused"));
        let few = requests(3, &[("404", 3)]);
        assert_eq!(advice(&few, false, false), None);
        assert!(advice(&few, false, true).is_some_and(|said| said.contains("--path")));
        for other in [
            requests(0, &[]),
            requests(100, &[]),
            requests(100, &[("401", 99)]),
            requests(100, &[("401", 50), ("404", 50)]),
            requests(100, &[("other", 100)]),
        ] {
            assert_eq!(advice(&other, false, true), None, "{other:?}");
        }
    }
}
