//! The sequence of requests for a `--mix`.

use load::mix::{Kind, Mix};

fn counts(mix: &Mix, requests: u64) -> [usize; 4] {
    let kinds: Vec<Kind> = (0..requests).map(|count| mix.kind(count)).collect();
    Kind::ALL.map(|wanted| kinds.iter().filter(|kind| **kind == wanted).count())
}

#[test]
fn every_part_of_the_sequence_has_the_shares() {
    let mix = Mix::parse("visits=3, metrics=2,stress=1").expect("a mix");
    assert_eq!(mix, Mix::usual());
    assert_eq!(counts(&mix, 600), [300, 200, 100, 0]);
    for begin in 0..6 {
        let six: Vec<Kind> = (begin..begin + 6).map(|count| mix.kind(count)).collect();
        let visits = six.iter().filter(|kind| **kind == Kind::Visit).count();
        assert_eq!(visits, 3, "{six:?}");
    }
    // The kinds alternate, instead of one block after the other.
    assert_ne!(mix.kind(0), mix.kind(1));
    assert_eq!(mix.describe(), "visits 3 : metrics 2 : stress 1");
}

#[test]
fn a_kind_may_be_removed() {
    let rest = Mix::usual().without(Kind::Stress).expect("two are left");
    assert_eq!(counts(&rest, 500), [300, 200, 0, 0]);
    assert_eq!(Mix::visits().without(Kind::Visit), None);
    assert!(!rest.has(Kind::Stress));
}

#[test]
fn wrong_mixes_are_refused() {
    for (text, part) in [
        ("", "not a share"),
        ("visits", "not a share"),
        ("visit=1", "not a kind"),
        ("visits=1,visits=2", "occurs twice"),
        ("visits=-1", "whole number"),
        ("visits=1.5", "whole number"),
        ("visits=1001", "whole number"),
        ("visits=0,stress=0", "every share is 0"),
    ] {
        let said = Mix::parse(text).expect_err(text);
        assert!(said.contains(part), "{text}: {said}");
    }
}
