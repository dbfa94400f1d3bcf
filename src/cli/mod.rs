//! Flags, configuration, progress, colours, exit codes. Computes nothing; the only level that prints
//! or reads the environment, the clock and the terminal.
