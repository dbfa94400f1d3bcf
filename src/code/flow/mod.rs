//! Flows: which identifier reaches which place where data leaves, through which methods, started by what.
//!
//! Every method that can be reached from an entry point is looked at once, for all its callers, after
//! those that it calls (`run`); what it does is its summary. Then the entry points are run in the order of
//! the platform's life cycles, with cells that live on from one to the next (`world`). What
//! arrives at a place where data leaves is a [`Leak`], with the way that it took.

mod bind;
mod call;
mod domain;
mod field;
mod filled;
mod guard;
mod guess;
mod heap;
mod initial;
mod keyed;
mod life;
mod listen;
mod made;
mod noted;
mod object;
mod order;
mod origin;
mod outside;
mod pass;
mod post;
mod reflect;
mod run;
mod sets;
mod slice;
mod step;
mod summary;
mod surface;
#[cfg(test)]
mod tests;
mod text;
mod throw;
mod trace;
mod typed;
mod way;
mod world;

pub use domain::What;
pub use guard::{MAX_QUESTIONS, Questions};
pub use surface::Surface;
pub use trace::Traced;
pub(super) use trace::{Around, offered, trace};
pub use way::Stop;

use super::engine::At;

/// What starts code from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The application object, made before anything else.
    Application,
    /// A provider.
    Provider,
    /// A receiver.
    Receiver,
    /// A service.
    Service,
    /// An activity.
    Activity,
    /// A view that a layout names.
    View,
}

impl Kind {
    /// As the signatures name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Provider => "provider",
            Self::Receiver => "receiver",
            Self::Service => "service",
            Self::Activity => "activity",
            Self::View => "view",
        }
    }
}

/// A component that the manifest declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    /// Its class descriptor.
    pub class: Vec<u8>,
    /// Actions that it waits for.
    pub actions: Vec<String>,
}

/// A view of a layout that a user types something of interest into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// Its resource id.
    pub id: u32,
    /// What is typed, as `inputType` names it.
    pub input: &'static str,
}

/// What of a package is not in its code: where it starts, and what a user gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// What the system starts of it.
    pub components: Vec<Component>,
    /// Views that a user types into.
    pub fields: Vec<Field>,
    /// Whether to look for what lets one guess, too.
    pub guesses: bool,
}

/// A branch on answers decides whether data leaves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The row of the place where data leaves, see [`Interest::sink`](super::Interest::sink).
    pub row: u16,
    /// The questions, ascending, see [`Questions`]: what the branch decides by may depend on several.
    pub questions: Vec<u8>,
    /// The branch.
    pub at: At,
}

/// An identifier that reaches a place where data leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Components of which the system calls a method that leads there, a few of them.
    pub starts: Vec<Component>,
    /// Where the identifier is read.
    pub source: At,
    /// Its row, see [`Interest::identifier`](super::Interest::identifier).
    pub identifier: u16,
    /// Where data leaves.
    pub sink: At,
    /// Its row, see [`Interest::sink`](super::Interest::sink).
    pub row: u16,
    /// Addresses that it goes to, as far as they are known, MUTF-8 with `{}` for what is not.
    pub addresses: Vec<Vec<u8>>,
    /// It does not go there itself: what goes there lets one guess it.
    pub guess: bool,
    /// The way, from the read to where it leaves.
    pub way: Vec<Stop>,
    /// What is asked first on every way there, ascending, see [`Questions`].
    pub asks: Vec<u8>,
}
