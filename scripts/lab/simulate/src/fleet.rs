//! The number of instances of a simulated fleet: those wanted, and those that are ready.

use std::collections::VecDeque;

/// The number of wanted instances, and the number of ready ones.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    count: u32,
    ready: u32,
    /// The times at which more instances become ready, and how many; the earliest first.
    starting: VecDeque<(u64, u32)>,
}

impl Fleet {
    /// A fleet whose instances are all ready.
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

    /// When the next instances become ready.
    pub(crate) fn next_ready(&self) -> Option<u64> {
        self.starting.front().map(|(at, _)| *at)
    }

    /// Instances due by `now` become ready. Returns how many.
    pub(crate) fn settle(&mut self, now: u64) -> u32 {
        let mut settled = 0;
        while let Some((_, number)) = self.starting.pop_front_if(|(at, _)| *at <= now) {
            settled += number;
        }
        self.ready += settled;
        settled
    }

    /// Changes the count. Added instances become ready at `ready_at`. Of those that are not ready yet, the newest are
    /// removed first.
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
    fn instances_not_yet_ready_are_removed_first_starting_with_the_newest() {
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
