//! The responses that callers got, and the comparison with the database.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv6Addr;
use std::time::Duration;

use super::client::Client;

/// A visit, identified by its address.
#[derive(Debug)]
pub struct Visit {
    pub address: Ipv6Addr,
    /// With an `Idempotency-Key`, and repeated until it was acknowledged.
    pub keyed: bool,
    /// The id, if the handler acknowledged the visit.
    pub id: Option<i64>,
}

/// What one or several callers observed.
#[derive(Debug, Default)]
pub struct Observations {
    pub visits: Vec<Visit>,
    /// Incorrect behavior of the handler.
    pub complaints: Vec<String>,
    /// The number of responses for each path and status, and the longest time.
    pub answers: BTreeMap<(&'static str, u16), (usize, Duration)>,
}

impl Observations {
    pub fn count(&mut self, path: &'static str, status: u16, took: Duration) {
        let (count, longest) = self.answers.entry((path, status)).or_default();
        *count += 1;
        *longest = took.max(*longest);
    }

    pub fn add(&mut self, other: Self) {
        self.visits.extend(other.visits);
        self.complaints.extend(other.complaints);
        for (key, (count, longest)) in other.answers {
            let entry = self.answers.entry(key).or_default();
            entry.0 += count;
            entry.1 = longest.max(entry.1);
        }
    }

    /// Compares with the database: each acknowledged visit exists once, and there are no duplicate or unexpected
    /// visits.
    pub fn check(&self, case: &str, client: &mut Client) {
        for ((path, status), (count, longest)) in &self.answers {
            println!(
                "{case}: {path} {status}: {count} times, at most {} ms",
                longest.as_millis()
            );
        }
        let (rows, total) = register(client);
        let acknowledged = self
            .visits
            .iter()
            .filter(|visit| visit.id.is_some())
            .count();
        println!(
            "{case}: {} visits made, {acknowledged} acknowledged, {} in the register",
            self.visits.len(),
            rows.len()
        );
        let mut wrong = self.complaints.clone();
        let mut registered = HashMap::new();
        for (id, address) in &rows {
            if let Some(first) = registered.insert(*address, *id) {
                wrong.push(format!(
                    "the visit of {address} is there as {first} and as {id}"
                ));
            }
        }
        for visit in &self.visits {
            let row = registered.remove(&visit.address);
            match visit.id {
                Some(id) if row != Some(id) => {
                    wrong.push(format!(
                        "{visit:?} was acknowledged, but is there as {row:?}"
                    ));
                }
                None if visit.keyed => wrong.push(format!("{visit:?} was given up")),
                _ => {}
            }
        }
        wrong.extend(
            registered
                .iter()
                .map(|row| format!("nobody made the visit {row:?}")),
        );
        if usize::try_from(total) != Ok(rows.len()) {
            wrong.push(format!(
                "the total is {total}, but there are {} rows",
                rows.len()
            ));
        }
        assert!(
            wrong.is_empty(),
            "{case}: {} times wrong, such as\n{}",
            wrong.len(),
            wrong[..wrong.len().min(8)].join("\n")
        );
    }
}

/// All rows, page by page, and the total.
fn register(client: &mut Client) -> (Vec<(i64, Ipv6Addr)>, i64) {
    let mut rows = Vec::new();
    let mut path = "/api/visits?limit=100".to_owned();
    loop {
        let answer = client.send("GET", &path, &[]).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        for visit in page["recent_visits"].as_array().unwrap() {
            let address = visit["ip_address"].as_str().unwrap().parse().unwrap();
            rows.push((visit["id"].as_i64().unwrap(), address));
        }
        match page["next_before"].as_i64() {
            Some(before) => path = format!("/api/visits?limit=100&before={before}"),
            None => return (rows, page["total_visits"].as_i64().unwrap()),
        }
    }
}
