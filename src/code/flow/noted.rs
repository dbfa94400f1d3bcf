//! Values by number, forgotten all at once.

use super::super::package::index;

/// A value for some of many numbers. To forget them all costs nothing, so one serves call after call.
#[derive(Debug)]
pub(super) struct Noted<T> {
    round: u32,
    slots: Vec<(u32, T)>,
}

impl<T> Default for Noted<T> {
    fn default() -> Self {
        Self {
            round: 1,
            slots: Vec::new(),
        }
    }
}

impl<T: Copy + Default> Noted<T> {
    pub(super) fn forget(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.slots.clear();
            self.round = 1;
        }
    }

    pub(super) fn get(&self, n: u32) -> Option<T> {
        let (round, value) = self.slots.get(index(n))?;
        (*round == self.round).then_some(*value)
    }

    /// Numbers are those of what is interned: there is room for all that there are.
    pub(super) fn put(&mut self, n: u32, value: T) {
        let n = index(n);
        if n >= self.slots.len() {
            let len = n.saturating_add(1).next_power_of_two();
            self.slots.resize(len, (0, T::default()));
        }
        if let Some(slot) = self.slots.get_mut(n) {
            *slot = (self.round, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_forgotten_all_at_once() {
        let mut noted: Noted<u32> = Noted::default();
        noted.put(3, 7);
        assert_eq!(
            (noted.get(3), noted.get(2), noted.get(100)),
            (Some(7), None, None)
        );
        noted.forget();
        assert_eq!(noted.get(3), None);
        noted.put(2, 1);
        assert_eq!((noted.get(2), noted.get(3)), (Some(1), None));
    }
}
