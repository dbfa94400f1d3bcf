//! Ranked findings → waived, compared, passed or failed. Today's date is an argument; this level
//! reads no clock.
