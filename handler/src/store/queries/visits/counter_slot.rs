//! The slot of the visit counter to which an instance adds.

use std::hash::{BuildHasher, RandomState};

/// The number of slots of `visit_counter`, as the schema creates them.
const COUNTER_SLOTS: u64 = 16;

/// An instance stays in a slot while no other instance adds to it, and otherwise moves to another one. Two instances
/// in one slot would wait for each other's commits.
#[derive(Debug, Default)]
pub(in crate::store) struct CounterSlot {
    /// Gives every process its own sequence of slots.
    sequence: RandomState,
    /// How often this instance has moved to another slot.
    moves: u64,
    /// The slot's count after this instance's last batch; `None` before its first batch in the slot.
    visits: Option<i64>,
}

impl CounterSlot {
    /// The slot's number.
    pub(super) fn number(&self) -> i16 {
        let number = self.sequence.hash_one(self.moves) % COUNTER_SLOTS;
        i16::try_from(number).expect("a remainder of 16 fits")
    }

    /// Notes the slot's count after a batch that added this number of visits.
    pub(super) fn added(&mut self, added: i64, visits: i64) {
        if self.visits.is_some_and(|before| before + added != visits) {
            self.leave();
        } else {
            self.visits = Some(visits);
        }
    }

    /// Moves to another slot. This is needed after a failed batch too, because a transaction that was cut off may
    /// still lock the slot's row.
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
    fn two_instances_in_one_slot_both_move() {
        let (mut one, mut other) = (CounterSlot::default(), CounterSlot::default());
        let mut visits = 0;
        for _ in 0..2 {
            for slot in [&mut one, &mut other] {
                visits += 5;
                slot.added(5, visits);
            }
        }
        assert_eq!((one.moves, other.moves), (1, 1));
        // The count of the next slot is not known yet.
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
