//! The behavior of the Functions host with a custom handler, as numbered cases. Each case names the real host's
//! source, test, or issue; `#N` is an issue of Azure/azure-functions-host.
//!
//! The program that runs the app is a parameter. The tests run each case on `lab up`, and `./scripts/test --only
//! real_host` runs it on the real host. Cases 1 to 34 are the host's own behavior, 35 to 51 additions of newer hosts
//! and Core Tools, and 52 is the timer extension's. The apps are in `functions-host/tests/apps`, and their handler is
//! `probe/handler.rs`.
#![allow(dead_code)] // Only the program for the real host prints them.

mod elsewhere;
mod forwarding;
mod json;
mod keys;
mod lifecycle;
mod limits;
mod process;
mod profiles;
mod proxying;
mod routing;
mod settings;
mod timers;

pub use elsewhere::ELSEWHERE;

use crate::support::program::Program;

/// A case that all programs can run.
pub struct Case {
    /// Its numbers, separated by commas.
    pub numbers: &'static str,
    /// The name of its test.
    pub name: &'static str,
    /// Its source, and its subject.
    pub source: &'static str,
    /// Panics if the program behaves differently. The message contains both responses.
    pub run: fn(&Program),
    /// The programs to which the case does not apply, and why.
    pub not_on: &'static [(Place, &'static str)],
}

/// A case that only tests of `lab up` can check.
pub struct Elsewhere {
    /// Its numbers, separated by commas.
    pub numbers: &'static str,
    /// Its source.
    pub source: &'static str,
    /// Why the real host cannot run it.
    pub why: &'static str,
    /// The tests that check it; empty if no test can.
    pub tests: &'static [&'static str],
}

/// A program to which a case may not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `func start`.
    Func,
    /// The host's image.
    Image,
    /// The real host without a storage account.
    NoStorage,
}

impl Case {
    /// Why the case does not apply to a program; `None` if it does.
    pub fn not_applicable(&self, program: &Program) -> Option<&'static str> {
        let has_storage = std::env::var_os(crate::support::program::STORAGE).is_some();
        self.not_on
            .iter()
            .find(|(place, _)| match place {
                Place::Func => matches!(program, Program::Func(_)),
                Place::Image => matches!(program, Program::Image { .. }),
                Place::NoStorage => !program.is_lab_up() && !has_storage,
            })
            .map(|(_, why)| *why)
    }
}

/// All cases that all programs can run.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [
        routing::CASES,
        proxying::CASES,
        forwarding::CASES,
        json::CASES,
        keys::CASES,
        process::CASES,
        settings::CASES,
        lifecycle::CASES,
        limits::CASES,
        profiles::CASES,
        timers::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Lists the cases of a file, `"NUMBERS" function;` each, with the source as its documentation, and creates a test of
/// each.
macro_rules! cases {
    ($($(#[doc = $source:literal])+ $numbers:literal $name:ident $(not on $place:ident: $why:literal)*;)+) => {
        pub const CASES: &[crate::cases::Case] = &[$(crate::cases::Case {
            numbers: $numbers,
            name: stringify!($name),
            source: concat!($($source),+),
            run: $name,
            not_on: &[$((crate::cases::Place::$place, $why)),*],
        }),+];

        #[cfg(test)]
        mod on_lab_up {
            $($(#[doc = $source])+
            #[test]
            fn $name() {
                super::$name(&crate::support::program::Program::LabUp);
            })+
        }
    };
}
use cases;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::{ELSEWHERE, all};

    #[test]
    fn every_case_has_a_test_or_a_reason() {
        let numbers: BTreeSet<u32> = all()
            .map(|case| case.numbers)
            .chain(ELSEWHERE.iter().map(|case| case.numbers))
            .flat_map(|numbers| numbers.split(", "))
            .map(|number| number.parse().unwrap())
            .collect();
        assert_eq!(numbers, (1..=52).collect());
        assert!(all().all(|case| case.source.contains(".cs") || case.source.contains('#')));
    }

    #[test]
    fn the_tests_for_lab_up_only_exist() {
        let list = Command::new(std::env::current_exe().unwrap())
            .arg("--list")
            .output()
            .unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        for test in ELSEWHERE.iter().flat_map(|case| case.tests) {
            assert!(list.contains(&format!("host::{test}: test")), "{test}");
        }
    }
}
