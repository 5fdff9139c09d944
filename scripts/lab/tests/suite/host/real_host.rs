//! The program that runs the cases on the real host, with a stand-in for `func`.

use std::process::Command;

use crate::scratch::{Scratch, text};
use crate::support::program::built;

/// Behaves like `func start`, through `lab up`. The keys go where the real host keeps them. A plain sh would drop the
/// variables whose names contain a colon.
const FUNC: &str = r#"
[ "$1" = start ] || exit 2
shift
for argument; do
    shift
    case $argument in
        --enableAuth) set -- "$@" --enable-auth ;;
        *) set -- "$@" "$argument" ;;
    esac
done
keys=$TMPDIR/secrets/functions/secrets
rm -f "$keys"/*
"$LAB" up --script-root "$PWD" --max 1 "$@" 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line"
    key=${line##* }
    [ "${#key}" = 64 ] || continue
    read -r name rest <<<"$line"
    case $name in
        master) master=$key ;;
        default) printf '{"masterKey":{"value":"%s"},"functionKeys":[{"value":"%s"}]}' "$master" "$key" >"$keys/host.json" ;;
        *) printf '{"keys":[{"value":"%s"}]}' "$key" >"$keys/${name,,}.json" ;;
    esac
done
"#;

/// Runs the cases with this `func` in PATH: the exit code and what was printed.
fn compare(func: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let scratch = Scratch::new();
    scratch.write_executable("bin/func", &format!("#!/usr/bin/env bash\n{func}"));
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(built().join("examples/real_host"))
        .args(["--func", "func"])
        .args(arguments)
        .env("PATH", format!("{}:{path}", scratch.join("bin").display()))
        .env("LAB", built().join("lab"))
        .env("AzureWebJobsStorage", "UseDevelopmentStorage=true")
        .output()
        .unwrap();
    (
        output.status.code(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

#[test]
fn a_host_that_behaves_like_lab_up_agrees_in_every_case() {
    let (code, printed) = compare(FUNC, &[]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains(" 0 differ, "), "{printed}");
    assert!(printed.contains("\nagrees "), "{printed}");
    assert!(printed.contains("\nnot applicable "), "{printed}");
}

#[test]
fn a_host_that_differs_is_shown_with_both_answers() {
    let func = format!("export AzureWebJobsDisableHomepage=true\n{FUNC}");
    let (code, printed) = compare(&func, &["an_unmatched_root_shows_the_homepage"]);
    assert_eq!(code, Some(1), "{printed}");
    for part in [
        "differs         25 an_unmatched_root_shows_the_homepage",
        "left: 204",
        "right: 200",
        "0 cases agree, 1 differ",
    ] {
        assert!(printed.contains(part), "no {part:?} in {printed}");
    }
}

#[test]
fn a_host_that_does_not_start_differs() {
    let (code, printed) = compare("exit 1", &["prefix_and_name_make_the_url"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("the host ended"), "{printed}");
}

#[test]
fn no_case_is_a_usage_error() {
    let (code, printed) = compare(FUNC, &["no_such_case"]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("no case was run"), "{printed}");
}
