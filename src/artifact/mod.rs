//! Typed readers of what Android is made of: dex, ELF, binary XML, resource tables, manifests,
//! properties, init scripts, signing certificates.
//!
//! Readers borrow the bytes and are lazy; errors are per item, never per file. They judge nothing.

pub mod arsc;
pub mod axml;
pub mod cert;
mod chunk;
pub mod dex;
pub mod elf;
pub mod initrc;
pub mod manifest;
pub mod oat;
pub mod preopt;
pub mod props;
mod quick;
mod res_value;
mod string_pool;
pub mod textxml;
pub mod vdex;

#[cfg(test)]
#[path = "../../tests/build/res.rs"]
pub(crate) mod build;
