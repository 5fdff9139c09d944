//! The slot of the counter to which an instance adds.

use std::hash::{BuildHasher, RandomState};

/// Slots of `visit_counter`, as the schema creates them.
const COUNTER_SLOTS: u64 = 16;

/// An instance stays in a slot as long as no other instance adds to it, and otherwise goes to another one: two
/// instances in one slot would wait for each other's commits.
#[derive(Debug, Default)]
pub(in crate::store) struct CounterSlot {
    /// Gives every process a sequence of its own.
    sequence: RandomState,
    /// How often this instance has gone to another slot.
    moves: u64,
    /// What the slot held after this instance's last batch; `None` before the first batch there.
    visits: Option<i64>,
}

impl CounterSlot {
    /// The slot's number.
    pub(super) fn number(&self) -> i16 {
        let number = self.sequence.hash_one(self.moves) % COUNTER_SLOTS;
        i16::try_from(number).expect("a remainder of 16 fits")
    }

    /// Notes what the slot holds after a batch that added so many visits.
    pub(super) fn added(&mut self, added: i64, visits: i64) {
        if self.visits.is_some_and(|before| before + added != visits) {
            self.leave();
        } else {
            self.visits = Some(visits);
        }
    }

    /// Goes to another slot. After a failed batch, since a transaction that was cut off may hold the slot's row.
    pub(in crate::store) fn leave(&mut self) {
        self.moves += 1;
        self.visits = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_alone_in_a_slot_stays() {
        let mut slot = CounterSlot::default();
        let first = slot.number();
        slot.added(3, 103);
        slot.added(0, 103);
        slot.added(4, 107);
        assert_eq!((slot.number(), slot.moves), (first, 0));
    }

    #[test]
    fn two_instances_in_one_slot_both_leave_it() {
        let (mut one, mut other) = (CounterSlot::default(), CounterSlot::default());
        let mut visits = 0;
        for _ in 0..2 {
            for slot in [&mut one, &mut other] {
                visits += 5;
                slot.added(5, visits);
            }
        }
        assert_eq!((one.moves, other.moves), (1, 1));
        // What is in the next slot is not known yet.
        one.added(5, 1_000);
        assert_eq!(one.moves, 1);
    }

    #[test]
    fn moves_reach_every_slot() {
        let mut slot = CounterSlot::default();
        let numbers = (0..2_000).map(|_| {
            slot.leave();
            slot.number()
        });
        let numbers: std::collections::BTreeSet<i16> = numbers.collect();
        assert_eq!(numbers, (0..16).collect());
    }
}
