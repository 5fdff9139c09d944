//! The plan of a load, in words and numbers.

use std::time::Duration;

use load::schedule::Schedule;
use load::stages::Stages;

#[test]
fn plans_are_described() {
    let fixed = Schedule::Fixed {
        requests: 500,
        callers: 50,
    };
    assert_eq!(fixed.describe(), "Closed loop: 500 requests, 50 at a time");
    assert!(fixed.is_closed_loop());
    let (_, stages) = Stages::parse("10s:100users,110s:100users").expect("stages");
    let users = Schedule::Users {
        stages,
        think: Duration::from_secs(1)..=Duration::from_secs(3),
    };
    assert_eq!(
        users.describe(),
        "Closed loop: from 0 users to 100 users over 10 s, then 100 users for 1 min 50 s; \
         each thinks for 1 s to 3 s between requests"
    );
    assert_eq!(users.requests(), Some((500.0 + 11_000.0) / 2.0));
    let rate = Schedule::Rate(Stages::constant(20.0, Duration::from_secs(60)));
    assert_eq!(rate.requests(), Some(1_200.0));
    assert_eq!(rate.duration(), Some(Duration::from_secs(60)));
}
