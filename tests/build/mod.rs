//! Writers of small inputs. The unit tests of the readers take them, too.

pub mod dex;
pub mod payload;
pub mod preopt;
pub mod res;
