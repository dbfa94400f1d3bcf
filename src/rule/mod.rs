//! Signature files → compiled tables, matchers and rules.
//!
//! Everything that phonehome knows about hosts, APIs, SDKs, switches, permissions and packages is
//! data under `signatures/`, compiled once at start. This level never looks at scanned bytes.

mod finding;

pub use finding::*;
