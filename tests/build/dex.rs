//! Writes small dex files for tests.
