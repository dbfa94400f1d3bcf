//! `signatures list`.

use crate::judge::severity_name;
use crate::report::inert;
use crate::rule::Rules;

use super::{Error, Exit, Global, Ui};

/// List rules, or the rows of a table; columns are separated by tabs
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: phonehome signatures list hosts | grep -i xiaomi")]
pub(super) struct List {
    /// Which table
    #[arg(value_enum, default_value_t)]
    table: Table,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Table {
    /// Rules: id, severity, title
    #[default]
    Rules,
    /// Hosts: name, owner, country, purpose
    Hosts,
    /// Identifiers: category, weight, API
    Identifiers,
    /// Calls that may hand data over: channel, weight, API
    Sinks,
    /// SDKs: id, owner, country, categories
    Trackers,
    /// Switches: vendor, severity, key, meaning
    Switches,
}

pub(super) fn run(args: &List, global: &Global, ui: &Ui) -> Result<Exit, Error> {
    let rules = Rules::load(&global.signatures)?;
    let mut rows = rows(&rules, args.table);
    rows.sort();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| inert::text(cell)).collect();
        out.push_str(cells.join("\t").trim_end());
        out.push('\n');
    }
    ui.out(out.as_bytes())?;
    Ok(Exit::Done)
}

fn rows(rules: &Rules, table: Table) -> Vec<Vec<String>> {
    let optional = |text: &Option<Box<str>>| text.as_deref().unwrap_or("-").to_owned();
    match table {
        Table::Rules => rules
            .findings
            .iter()
            .map(|r| {
                vec![
                    r.id.clone(),
                    severity_name(r.severity).to_owned(),
                    r.title.clone(),
                ]
            })
            .collect(),
        Table::Hosts => rules
            .hosts
            .rows()
            .map(|h| {
                vec![
                    h.host.to_string(),
                    h.owner.to_string(),
                    optional(&h.country),
                    h.purpose.to_string(),
                ]
            })
            .collect(),
        Table::Identifiers => rules
            .identifiers
            .rows()
            .map(|i| vec![i.category.to_string(), i.weight.to_string(), i.api()])
            .collect(),
        Table::Sinks => rules
            .sinks
            .rows()
            .map(|s| vec![s.channel.to_string(), s.weight.to_string(), s.api()])
            .collect(),
        Table::Trackers => rules
            .trackers
            .rows()
            .map(|t| {
                vec![
                    t.id.to_string(),
                    optional(&t.owner),
                    optional(&t.country),
                    t.categories.join(" "),
                ]
            })
            .collect(),
        Table::Switches => rules
            .flags
            .rows()
            .map(|f| {
                vec![
                    f.vendor.to_string(),
                    f.severity.to_string(),
                    f.key.to_string(),
                    f.meaning.to_string(),
                ]
            })
            .collect(),
    }
}
