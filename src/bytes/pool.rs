//! Big buffers, used again.
//!
//! A fresh 64 MB buffer costs 26 ms of page faults, a used one none. Units are worked on largest
//! first, so the buffers of the first few serve all that follow.

use std::cell::RefCell;

/// Below this, the allocator is as fast.
const SMALL: usize = 64 << 10;
/// Buffers kept by one thread: the layers that are open at the same time, an APK, its table, a dex.
const BUFFERS: usize = 8;
/// Bytes kept by one thread.
const KEEP: usize = 48 << 20;

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of at least `len` bytes, whatever is in them.
pub(super) fn take(len: usize) -> Vec<u8> {
    if len < SMALL {
        return vec![0; len];
    }
    let used = FREE.try_with(|free| {
        let mut free = free.try_borrow_mut().ok()?;
        let fits = free.iter().enumerate().filter(|(_, buf)| buf.len() >= len);
        let (best, _) = fits.min_by_key(|(_, buf)| buf.len())?;
        Some(free.swap_remove(best))
    });
    used.ok().flatten().unwrap_or_else(|| vec![0; len])
}

/// Takes a buffer back.
pub(super) fn give(buf: Vec<u8>) {
    if buf.len() < SMALL || buf.len() > KEEP {
        return;
    }
    // The thread may be at its end, where its list is gone already: then the buffer just drops.
    let _ = FREE.try_with(|free| {
        let Ok(mut free) = free.try_borrow_mut() else {
            return;
        };
        free.push(buf);
        let kept = free
            .iter()
            .fold(0_usize, |sum, buf| sum.saturating_add(buf.len()));
        if free.len() > BUFFERS || kept > KEEP {
            // The smallest is the cheapest to make anew.
            let least = free
                .iter()
                .enumerate()
                .min_by_key(|(_, buf)| buf.len())
                .map(|(i, _)| i);
            let gone = least.map(|i| free.swap_remove(i));
            drop(gone);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_given_back_is_taken_again() {
        let mut buf = take(1 << 20);
        buf[0] = 7;
        give(buf);
        assert_eq!(take(1 << 19)[0], 7);
        assert_eq!(take(1 << 19)[0], 0);
    }

    #[test]
    fn no_more_than_the_bound_is_kept() {
        for _ in 0..40 {
            give(vec![0; 4 << 20]);
        }
        let kept: usize = FREE.with_borrow(|free| free.iter().map(Vec::len).sum());
        assert!(kept <= KEEP);
    }
}
