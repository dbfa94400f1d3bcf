//! The state of one method while it is interpreted: registers and objects at the start of each block.

use super::live;
use super::package::index;
use super::value::{Val, Values, Why};

/// Objects of one method that are followed. A method that assembles more texts is a table.
pub(crate) const MAX_OBJECTS: usize = 256;

/// Registers, and what the objects that were allocated in this method stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) registers: Vec<Val>,
    pub(crate) objects: Vec<Val>,
}

impl State {
    /// The value of a register.
    #[inline]
    pub(crate) fn get(&self, register: u16) -> Val {
        self.registers
            .get(usize::from(register))
            .copied()
            .unwrap_or(Val::UNSET)
    }

    /// What an object stands for.
    pub(crate) fn object(&self, object: u16) -> Val {
        self.objects
            .get(usize::from(object))
            .copied()
            .unwrap_or(Val::UNSET)
    }

    /// Numbers of registers and objects, which a copy or a join costs.
    pub(crate) fn len(&self) -> usize {
        self.registers.len().saturating_add(self.objects.len())
    }

    fn copy(&mut self, from: &Self) {
        self.registers.clone_from(&from.registers);
        self.objects.clone_from(&from.objects);
    }
}

/// How two states meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meet {
    /// Both may hold.
    Join,
    /// A loop came round: what still changes is widened.
    Widen,
    /// A loop came round too often: what still changes is not known.
    GiveUp,
}

/// States at the starts of blocks, by block number.
#[derive(Debug, Default)]
pub(crate) struct States {
    slots: Vec<Option<State>>,
    dirty: Vec<bool>,
    free: Vec<State>,
}

impl States {
    /// For a method of `blocks` blocks.
    pub(crate) fn reset(&mut self, blocks: usize) {
        self.free.extend(self.slots.iter_mut().filter_map(Option::take));
        self.free.truncate(64);
        self.slots.clear();
        self.slots.resize_with(blocks, || None);
        self.dirty.clear();
        self.dirty.resize(blocks, false);
    }

    /// A state with nothing in it.
    pub(crate) fn fresh(&mut self) -> State {
        self.free.pop().unwrap_or_default()
    }

    /// Gives a state back.
    pub(crate) fn recycle(&mut self, state: State) {
        self.free.push(state);
    }

    /// The state of a block that changed since it was last taken. `keep`: the block may be reached
    /// again, so that the state is still needed.
    pub(crate) fn take(&mut self, block: u32, keep: bool) -> Option<State> {
        let dirty = self.dirty.get_mut(index(block))?;
        if !std::mem::take(dirty) {
            return None;
        }
        let slot = self.slots.get_mut(index(block))?;
        if !keep {
            return slot.take();
        }
        let mut copy = self.free.pop().unwrap_or_default();
        copy.copy(slot.as_ref()?);
        Some(copy)
    }

    /// Adds a state to what a block may start with, as far as registers are `live` there.
    pub(crate) fn meet(
        &mut self,
        values: &mut Values<'_>,
        block: u32,
        state: &State,
        live: &[u64],
        how: Meet,
    ) {
        let (Some(slot), Some(dirty)) = (self.slots.get_mut(index(block)), self.dirty.get_mut(index(block)))
        else {
            return;
        };
        let Some(old) = slot else {
            let mut copy = self.free.pop().unwrap_or_default();
            copy.copy(state);
            *slot = Some(copy);
            *dirty = true;
            return;
        };
        for register in live::registers(live) {
            if let (Some(slot), Some(val)) = (old.registers.get_mut(register), state.registers.get(register))
                && slot != val
            {
                *dirty |= meet(values, slot, *val, how);
            }
        }
        *dirty |= meet_all(values, &mut old.objects, &state.objects, how);
    }

    /// Adds one register's value to what a handler may start with.
    pub(crate) fn meet_register(
        &mut self,
        values: &mut Values<'_>,
        block: u32,
        register: u16,
        val: Val,
        how: Meet,
    ) {
        let Some(Some(old)) = self.slots.get_mut(index(block)) else {
            return;
        };
        let Some(slot) = old.registers.get_mut(usize::from(register)) else {
            return;
        };
        if meet(values, slot, val, how)
            && let Some(dirty) = self.dirty.get_mut(index(block))
        {
            *dirty = true;
        }
    }

    /// Adds what one object stands for to what a handler may start with.
    pub(crate) fn meet_object(
        &mut self,
        values: &mut Values<'_>,
        block: u32,
        object: u16,
        val: Val,
        how: Meet,
    ) {
        let Some(Some(old)) = self.slots.get_mut(index(block)) else {
            return;
        };
        let at = usize::from(object);
        if old.objects.len() <= at {
            old.objects.resize(at.saturating_add(1), Val::UNSET);
        }
        let Some(slot) = old.objects.get_mut(at) else {
            return;
        };
        if meet(values, slot, val, how)
            && let Some(dirty) = self.dirty.get_mut(index(block))
        {
            *dirty = true;
        }
    }

    /// Whether a block waits to be taken.
    pub(crate) fn is_dirty(&self, block: u32) -> bool {
        self.dirty.get(index(block)).copied().unwrap_or(false)
    }
}

fn meet_all(values: &mut Values<'_>, old: &mut Vec<Val>, new: &[Val], how: Meet) -> bool {
    if old.len() < new.len() {
        old.resize(new.len(), Val::UNSET);
    }
    let mut changed = false;
    for (slot, val) in old.iter_mut().zip(new) {
        if slot != val {
            changed |= meet(values, slot, *val, how);
        }
    }
    changed
}

fn meet(values: &mut Values<'_>, slot: &mut Val, val: Val, how: Meet) -> bool {
    let joined = values.join(*slot, val);
    if joined == *slot {
        return false;
    }
    let met = match how {
        Meet::Widen if *slot != Val::UNSET => values.widen(*slot, val),
        Meet::GiveUp if *slot != Val::UNSET => values.unknown(Why::Loop),
        _ => joined,
    };
    let changed = met != *slot;
    *slot = met;
    changed
}
