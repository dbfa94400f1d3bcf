//! phonehome reads Android firmware and apps in place and answers, with evidence: whom does this
//! build talk to, which identifiers does it read and hand over, and what of that is on before the
//! owner was asked?
//!
//! Data flows one way, and a module names only modules before it:
//!
//! ```text
//! bytes → unpack → artifact → rule → code → fact → link → detect → score → judge → report → scan → cli
//! ```
//!
//! Every input is hostile: nothing here panics, aborts or allocates by a number from the input, and
//! nothing opens a socket. What could not be read is a [`bytes::Gap`], and it is counted.

pub mod artifact;
pub mod bytes;
pub mod cli;
pub mod code;
pub mod detect;
pub mod fact;
pub mod judge;
pub mod link;
pub mod report;
pub mod rule;
pub mod scan;
pub mod score;
pub mod unpack;
