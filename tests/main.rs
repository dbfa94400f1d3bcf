//! All tests that look at phonehome from outside, in one program: twenty of them would each hold the whole library.
//!
//! `cargo test --test all cli::` runs one room. `PHONEHOME_CORPUS`, `PHONEHOME_TRUTH` and `PHONEHOME_HOSTILE` are the
//! folders of real packages, of what must be found in them, and of malformed inputs; what wants them says how much of it
//! ran.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod base;
mod build;
mod builds;
mod checks;
mod cli;
mod code;
mod deodexed;
mod dex_hostile;
mod dex_oracle;
mod docs;
mod droidbench;
mod flows;
mod formats;
mod images;
mod layers;
mod packages;
mod preopt;
mod resources;
mod schema;
mod second_opinion;
mod truth;
mod unpack;
mod urls;
