//! The instances of a simulated fleet, as numbers: how many are wanted, how many of them are ready.

use std::collections::VecDeque;

/// How many instances are wanted, and how many of them are ready.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    count: u32,
    ready: u32,
    /// When, and how many more are ready then; the earliest first.
    starting: VecDeque<(u64, u32)>,
}

impl Fleet {
    /// All of them ready.
    pub(crate) fn ready(count: u32) -> Self {
        Self {
            count,
            ready: count,
            starting: VecDeque::new(),
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn ready_count(&self) -> u32 {
        self.ready
    }

    /// When the next are ready.
    pub(crate) fn next_ready(&self) -> Option<u64> {
        self.starting.front().map(|(at, _)| *at)
    }

    /// Those due by `now` are ready from now on. Returns how many.
    pub(crate) fn settle(&mut self, now: u64) -> u32 {
        let mut settled = 0;
        while let Some((_, number)) = self.starting.pop_front_if(|(at, _)| *at <= now) {
            settled += number;
        }
        self.ready += settled;
        settled
    }

    /// Changes the count; the ones added are ready at `ready_at`, and the newest of those not yet ready go first.
    pub(crate) fn set_count(&mut self, count: u32, ready_at: u64) {
        if count > self.count {
            self.starting.push_back((ready_at, count - self.count));
        }
        let mut surplus = self.count.saturating_sub(count);
        while surplus > 0 {
            match self.starting.back_mut() {
                Some((_, number)) if *number > surplus => {
                    *number -= surplus;
                    surplus = 0;
                }
                Some((_, number)) => {
                    surplus -= *number;
                    self.starting.pop_back();
                }
                None => {
                    self.ready -= surplus;
                    surplus = 0;
                }
            }
        }
        self.count = count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_instances_are_ready_later() {
        let mut fleet = Fleet::ready(1);
        fleet.set_count(3, 120);
        assert_eq!(
            (fleet.count(), fleet.ready_count(), fleet.next_ready()),
            (3, 1, Some(120))
        );
        assert_eq!(fleet.settle(119), 0);
        assert_eq!(fleet.settle(120), 2);
        assert_eq!(
            (fleet.count(), fleet.ready_count(), fleet.next_ready()),
            (3, 3, None)
        );
    }

    #[test]
    fn those_not_yet_ready_go_first_and_the_newest_of_them_before_the_others() {
        let mut fleet = Fleet::ready(2);
        fleet.set_count(4, 100);
        fleet.set_count(5, 200);
        fleet.set_count(3, 0);
        assert_eq!(
            (fleet.count(), fleet.ready_count(), fleet.next_ready()),
            (3, 2, Some(100))
        );
        fleet.set_count(1, 0);
        assert_eq!(
            (fleet.count(), fleet.ready_count(), fleet.next_ready()),
            (1, 1, None)
        );
    }
}
