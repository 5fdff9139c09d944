//! Chooses the process for a request: the one with the fewest requests in flight, in turn if several have equally
//! few.

use std::sync::atomic::{AtomicUsize, Ordering};

use functions_host::Choose;

/// The choice, which remembers whose turn it is.
pub fn balancer() -> Choose {
    // Where the next search begins, so that equal processes take turns.
    let next = AtomicUsize::new(0);
    Box::new(move |count, outstanding| {
        let start = next.fetch_add(1, Ordering::Relaxed);
        (0..count)
            .map(|step| start.wrapping_add(step) % count)
            .filter_map(|place| Some((outstanding(place)?, place)))
            // The first of equal ones.
            .min_by_key(|(outstanding, _)| *outstanding)
            .map(|(_, place)| place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_take_turns() {
        let choose = balancer();
        let mut requests = [0; 3];
        for _ in 0..30 {
            requests[choose(3, &|_| Some(0)).expect("a place")] += 1;
        }
        assert_eq!(requests, [10; 3]);
    }

    #[test]
    fn the_least_loaded_comes_first() {
        let choose = balancer();
        for _ in 0..6 {
            assert_eq!(choose(3, &|place| [2, 0, 1].get(place).copied()), Some(1));
        }
    }

    #[test]
    fn an_excluded_process_is_not_chosen() {
        let choose = balancer();
        for _ in 0..6 {
            assert_eq!(choose(2, &|place| (place == 1).then_some(9)), Some(1));
        }
        assert_eq!(choose(0, &|_| None), None);
    }
}
