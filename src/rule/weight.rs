//! The numbers that a score is made of: `signatures/weights/score.toml`.

use serde::Deserialize;

use super::{PurposeClass, Severity};

/// All weights; each is between 0 and 1.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Weights {
    /// By destination.
    pub destination: Destination,
    /// A contact without anything read.
    pub contact: Contact,
    /// By rung of evidence.
    pub rung: RungWeights,
    /// By reach of the network.
    pub network: Network,
    /// What makes a thing more exposed.
    pub exposure: Exposure,
    /// By severity.
    pub severity: SeverityWeights,
    /// How chains add up.
    pub roll_up: RollUp,
}

macro_rules! weights {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, Deserialize)]
            #[serde(deny_unknown_fields, rename_all = "kebab-case")]
            pub struct $name {
                $($(#[$field_doc])* #[serde(deserialize_with = "share")] pub $field: f64,)+
            }
        )+
    };
}

weights! {
    /// Weights of destinations.
    Destination {
        /// Tracking by someone who is not the maker.
        tracking_other,
        /// Tracking by the maker.
        tracking_maker,
        /// A function run by someone who is not the maker.
        function_other,
        /// A function run by the maker.
        function_maker,
        /// Content of someone who is not the maker.
        content_other,
        /// Content of the maker.
        content_maker,
        /// Nobody knows.
        unknown,
        /// Nobody is contacted.
        local,
        /// Added when it can be read on the way.
        clear_text,
    }
    /// Weight of a contact.
    Contact {
        /// What stands for the identifier.
        weight,
    }
    /// Weights of evidence, as the rungs of `detect` are named.
    RungWeights {
        /// A string and nothing else.
        string_only,
        /// A reference to an API.
        api_reference,
        /// A read and an endpoint in one app.
        same_app,
        /// The same, both in code of one author.
        same_author,
        /// A common ancestor in the call graph.
        common_ancestor,
        /// A flow to a network call.
        flow,
        /// A flow with its endpoint resolved.
        flow_with_endpoint,
        /// A flow whose entry path is proven.
        flow_with_entry,
        /// Written down by the build itself.
        declared,
    }
    /// Weights by reach of the network.
    Network {
        /// None of its own.
        none,
    }
    /// Parts of the exposure.
    Exposure {
        /// Of anything.
        base,
        /// Rights beyond those of an app from a store.
        privileged,
        /// Started without the user.
        by_itself,
        /// On before anyone was asked.
        by_default,
        /// Cannot be removed.
        fixed,
    }
    /// Harm by severity.
    SeverityWeights {
        /// Drop everything.
        critical,
        /// Much harm.
        high,
        /// Some harm.
        medium,
        /// Little harm.
        low,
        /// Worth knowing.
        info,
    }
    /// How chains add up.
    RollUp {
        /// What each further destination of one identifier counts of the one before.
        destination,
        /// What each further identifier counts of the one before.
        identifier,
    }
}

/// A number between 0 and 1.
fn share<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(serde::de::Error::custom(format!(
        "{value} is not between 0 and 1"
    )))
}

impl Destination {
    /// Of a destination by what it is for and whether it is the maker's own; clear text apart.
    pub fn of(&self, class: PurposeClass, maker: bool) -> f64 {
        match (class, maker) {
            (PurposeClass::Tracking, false) => self.tracking_other,
            (PurposeClass::Tracking, true) => self.tracking_maker,
            (PurposeClass::Function, false) => self.function_other,
            (PurposeClass::Function, true) => self.function_maker,
            (PurposeClass::Content, false) => self.content_other,
            (PurposeClass::Content, true) => self.content_maker,
            (PurposeClass::Unknown, _) => self.unknown,
            (PurposeClass::Local, _) => self.local,
        }
    }
}

impl SeverityWeights {
    /// Of a severity.
    pub fn of(&self, severity: Severity) -> f64 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
        }
    }
}
