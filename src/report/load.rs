//! Reading a saved report.

use std::fmt;

use super::{Report, SCHEMA};

/// Why a file is not a report.
#[derive(Debug)]
pub enum LoadError {
    /// Not JSON, or JSON of another shape; the text says where.
    NotAReport(String),
    /// A schema that this version does not read.
    OtherSchema(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAReport(why) => write!(f, "is not a saved report: {why}"),
            Self::OtherSchema(schema) => {
                write!(f, "has the schema `{schema}`, this version reads `{SCHEMA}`")
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// Reads a report written by `-o json`, from this version or one with the same schema.
pub fn load(bytes: &[u8]) -> Result<Report, LoadError> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(default)]
        schema: String,
    }
    let wrong = |e: serde_json::Error| LoadError::NotAReport(e.to_string());
    let head: Head = serde_json::from_slice(bytes).map_err(wrong)?;
    if head.schema != SCHEMA {
        return Err(match head.schema.as_str() {
            "" => LoadError::NotAReport("it has no schema".to_owned()),
            _ => LoadError::OtherSchema(head.schema),
        });
    }
    serde_json::from_slice(bytes).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_report_is_told_apart() {
        let text = |bytes: &[u8]| load(bytes).unwrap_err().to_string();
        assert!(text(b"PK\x03\x04").contains("not a saved report"));
        assert!(text(b"{}").contains("no schema"));
        assert!(text(br#"{"schema":"report/2"}"#).contains("this version reads `report/1`"));
        assert!(text(br#"{"schema":"report/1"}"#).contains("missing field"));
    }
}
