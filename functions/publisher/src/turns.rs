//! Handing over many things in few calls, and those that belong together in order.

use std::collections::BTreeSet;

/// Who has its turn. Of the things that belong to one owner one is in each call, in order; what belongs to nobody may be in any. After one
/// that was refused its owner's next have no turn.
pub(crate) struct Turns<O> {
    owners: Vec<Option<O>>,
    most: usize,
    waiting: Vec<usize>,
    held: BTreeSet<O>,
    refused: Vec<usize>,
}

impl<O: Clone + Ord> Turns<O> {
    /// Of things that belong to these, in order, at most so many in a call.
    pub(crate) fn new(owners: Vec<Option<O>>, most: usize) -> Self {
        let waiting = (0..owners.len()).collect();
        Self { owners, most, waiting, held: BTreeSet::new(), refused: Vec::new() }
    }

    /// The places of those that go into the next call; `None` once each had its turn.
    pub(crate) fn next(&mut self) -> Option<Vec<usize>> {
        let mut now = Vec::new();
        let mut busy: BTreeSet<&O> = BTreeSet::new();
        let Self { owners, most, waiting, held, refused } = self;
        waiting.retain(|place| {
            let owner = owners[*place].as_ref();
            if owner.is_some_and(|owner| held.contains(owner)) {
                refused.push(*place);
                return false;
            }
            let is_its_turn = now.len() < *most && owner.is_none_or(|owner| !busy.contains(owner));
            busy.extend(owner);
            if is_its_turn {
                now.push(*place);
            }
            !is_its_turn
        });
        (!now.is_empty()).then_some(now)
    }

    /// These were not taken.
    pub(crate) fn refuse(&mut self, places: Vec<usize>) {
        self.held.extend(places.iter().filter_map(|place| self.owners[*place].clone()));
        self.refused.extend(places);
    }

    /// The places of everything that was not handed over.
    pub(crate) fn refused(self) -> Vec<usize> {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(owners: &[Option<char>], most: usize, refuse: &[usize]) -> (Vec<Vec<usize>>, Vec<usize>) {
        let mut turns = Turns::new(owners.to_vec(), most);
        let mut calls = Vec::new();
        while let Some(places) = turns.next() {
            turns.refuse(places.iter().copied().filter(|place| refuse.contains(place)).collect());
            calls.push(places);
        }
        let mut refused = turns.refused();
        refused.sort_unstable();
        (calls, refused)
    }

    #[test]
    fn what_belongs_together_is_handed_over_in_order_and_one_with_each_call() {
        let owners = [Some('a'), Some('a'), Some('b'), None, Some('a'), None];
        assert_eq!(calls(&owners, 10, &[]), (vec![vec![0, 2, 3, 5], vec![1], vec![4]], vec![]));
        assert_eq!(calls(&owners, 2, &[]), (vec![vec![0, 2], vec![1, 3], vec![4, 5]], vec![]));
    }

    #[test]
    fn after_a_refusal_the_same_owners_next_wait_and_nobody_elses() {
        let owners = [Some('a'), Some('b'), Some('a'), Some('b'), Some('a')];
        let (calls, refused) = calls(&owners, 10, &[0]);
        assert_eq!((calls, refused), (vec![vec![0, 1], vec![3]], vec![0, 2, 4]));
    }

    #[test]
    fn nothing_is_handed_over_where_there_is_nothing() {
        assert_eq!(calls(&[], 10, &[]), (vec![], vec![]));
    }
}
