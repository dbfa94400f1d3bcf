//! The flags that a scan shares with the configuration file.

use std::path::PathBuf;

use super::size::size;

/// Options of a scan that have a place in the configuration file too.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::cli) struct ScanArgs {
    /// The older build that an incremental update was made from, in any form that is read; repeatable for updates
    /// of updates, the oldest first
    #[arg(long, value_name = "OLD", help_heading = "Selection")]
    pub(in crate::cli) base: Vec<PathBuf>,
    /// Follow identifiers through the code to where they leave: says what is sent; of a whole build it takes a minute
    #[arg(long, help_heading = "Selection")]
    pub(super) flows: bool,
    /// Look at these places only; repeatable. GLOB is over names such as system:app/Mms.apk
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    pub(super) only: Vec<String>,
    /// Leave these places alone; repeatable
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    pub(super) skip: Vec<String>,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
}

/// Limits, as flags and as keys of the configuration file; see [`Limits`](crate::bytes::Limits).
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Limits (hitting one is a gap in the report, not an error)")]
pub(super) struct LimitArgs {
    /// Containers within containers [default: 16]
    #[arg(long, value_name = "N")]
    pub(super) max_depth: Option<u32>,
    /// Output bytes per input byte of a compressed item beyond 256 MiB [default: 1000]
    #[arg(long, value_name = "N")]
    pub(super) max_ratio: Option<u64>,
    /// Bytes of one item in memory [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) max_item: Option<u64>,
    /// Bytes decoded from one app and all that is nested in it [default: 1GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) max_decoded: Option<u64>,
    /// Entries in all directories [default: 4194304]
    #[arg(long, value_name = "N")]
    pub(super) max_entries: Option<u64>,
    /// Entries of one app and all that is nested in it [default: 1048576]
    #[arg(long, value_name = "N")]
    pub(super) max_entries_per_file: Option<u64>,
    /// Packages nested in one app [default: 4096]
    #[arg(long, value_name = "N")]
    pub(super) max_nested: Option<u64>,
    /// Bytes of decoded layers kept in memory; what is beyond goes to a temporary file or is decoded
    /// again [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) memory: Option<u64>,
    /// Notices kept with their text; the rest is counted [default: 10000]
    #[arg(long, value_name = "N")]
    pub(super) max_notices: Option<u64>,
}
