//! The examples of rules.
