//! Kills at random times, again and again. No visit may be lost or counted twice.
//!
//! `KILLS_ROUNDS` sets the number of rounds. The times come from a seed that every test prints, and `KILLS_SEED`
//! repeats it.

use std::time::{Duration, Instant};

use crate::outage::callers::{Callers, Tolerance};
use crate::outage::eventually;
use crate::outage::handler::{Handler, through_pooler};
use crate::outage::server::Postgres;
use crate::scratch::Scratch;

/// Enough to find a fault that occurs at every start. `scripts/test --long` runs 30.
const ROUNDS: u32 = 6;
const CALLERS: u16 = 16;
/// The time between the return of the service and the next kill.
const CALM: Duration = Duration::from_millis(250);
/// The longest time without a server.
const AWAY: Duration = Duration::from_millis(100);

#[test]
fn a_killed_handler_loses_nothing_on_sqlite() {
    let scratch = Scratch::new();
    let path = scratch.join("visits.db");
    let handler = Handler::start(&[("SQLITE_PATH", path.to_str().unwrap())]);
    kill_repeatedly("handler killed, SQLite", handler, |handler, _| {
        handler.kill();
    });
}

#[test]
fn a_killed_handler_loses_nothing_on_postgresql() {
    let postgres = Postgres::start(None, &[]);
    let handler = Handler::start(&[("DATABASE_URL", &postgres.url())]);
    kill_repeatedly("handler killed, PostgreSQL", handler, |handler, _| {
        handler.kill();
    });
}

#[test]
fn a_killed_handler_loses_nothing_behind_a_pooler() {
    let postgres = Postgres::start(None, &[]);
    let pooler = postgres.pooler();
    let handler = Handler::start(&through_pooler(pooler.url(), &postgres.url()));
    kill_repeatedly("handler killed, PgBouncer", handler, |handler, _| {
        handler.kill();
    });
}

#[test]
fn a_crashed_server_loses_nothing() {
    let mut postgres = Postgres::start(None, &[]);
    let handler = Handler::start(&[("DATABASE_URL", &postgres.url())]);
    kill_repeatedly("server crashed", handler, |_, dice| {
        postgres.crash();
        std::thread::sleep(dice.up_to(AWAY));
        postgres.resume();
    });
}

#[test]
fn handler_and_server_together_lose_nothing() {
    let mut postgres = Postgres::start(None, &[]);
    let handler = Handler::start(&[("DATABASE_URL", &postgres.url())]);
    kill_repeatedly("both", handler, |handler, dice| {
        if dice.says_yes() {
            handler.kill();
            postgres.crash();
        } else {
            postgres.crash();
            handler.kill();
        }
        std::thread::sleep(dice.up_to(AWAY));
        postgres.resume();
    });
}

/// Kills at random times while callers post visits, and then compares their responses with the stored visits.
fn kill_repeatedly(
    case: &str,
    mut handler: Handler,
    mut strike: impl FnMut(&mut Handler, &mut Dice),
) {
    let mut dice = Dice::new();
    println!("{case}: KILLS_SEED={}", dice.0);
    let mut callers = Callers::visiting(&handler, CALLERS, Tolerance::Deaths);
    let mut longest = Duration::ZERO;
    for _ in 0..rounds() {
        let began = Instant::now();
        eventually("service is back by itself", || {
            callers.visits().filter(|status| *status == 201)
        });
        longest = longest.max(began.elapsed());
        std::thread::sleep(dice.up_to(CALM));
        strike(&mut handler, &mut dice);
        // A second kill may happen during the recovery from the first one.
        if dice.says_yes() && dice.says_yes() {
            std::thread::sleep(dice.up_to(CALM));
            strike(&mut handler, &mut dice);
        }
    }
    eventually("service is back by itself", || {
        callers.visits().filter(|status| *status == 201)
    });
    println!("{case}: back after {} ms at most", longest.as_millis());
    callers.finish(case);
    handler.assert_never_ended_by_itself();
}

/// The number of kills.
pub fn rounds() -> u32 {
    std::env::var("KILLS_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// Random times that can be repeated: `SplitMix64` (Steele, Lea and Flood, 2014).
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Self {
        let given = std::env::var("KILLS_SEED").ok();
        let seed = given.map_or_else(
            || uuid::Uuid::new_v4().as_u64_pair().0,
            |text| text.parse().unwrap(),
        );
        Self(seed)
    }

    /// The value of `KILLS_SEED` for the same times.
    pub fn seed(&self) -> u64 {
        self.0
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn up_to(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.roll() % u64::try_from(limit.as_micros()).unwrap())
    }

    fn says_yes(&mut self) -> bool {
        self.roll().is_multiple_of(2)
    }
}
