//! Ctrl-C: ends the program at once, except while a report is being put in place.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;

/// What a shell reports for a program that SIGTERM ended.
const TERMINATED: i32 = 143;

struct State {
    /// While set, a signal ends the program with its code.
    at_once: Arc<AtomicBool>,
    /// A signal came while it was not.
    came: Arc<AtomicBool>,
}

static STATE: OnceLock<State> = OnceLock::new();

/// Makes Ctrl-C end the program with 130.
pub(super) fn install() -> io::Result<()> {
    let state = State {
        at_once: Arc::new(AtomicBool::new(true)),
        came: Arc::new(AtomicBool::new(false)),
    };
    flag::register_conditional_shutdown(
        SIGINT,
        i32::from(Exit::Interrupted.code()),
        Arc::clone(&state.at_once),
    )?;
    flag::register_conditional_shutdown(SIGTERM, TERMINATED, Arc::clone(&state.at_once))?;
    flag::register(SIGINT, Arc::clone(&state.came))?;
    flag::register(SIGTERM, Arc::clone(&state.came))?;
    let _ = STATE.set(state);
    Ok(())
}

/// Does something short that a signal must not cut in two; a signal in the meantime acts afterwards.
pub(super) fn hold_off<T>(short: impl FnOnce() -> T) -> T {
    let Some(state) = STATE.get() else { return short() };
    state.at_once.store(false, Ordering::SeqCst);
    let out = short();
    // In this order a signal between the two lines is not lost.
    state.at_once.store(true, Ordering::SeqCst);
    if state.came.load(Ordering::SeqCst) {
        process::exit(i32::from(Exit::Interrupted.code()));
    }
    out
}
