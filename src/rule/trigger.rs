//! Intent actions that start a component without the user.

use rustc_hash::FxHashMap;

use super::row::TriggerFile;

/// The table of triggers.
#[derive(Debug, Default)]
pub struct Triggers {
    by_action: FxHashMap<Box<str>, Box<str>>,
    endings: Vec<(Box<str>, Box<str>)>,
    titles: FxHashMap<Box<str>, Box<str>>,
}

impl Triggers {
    /// The trigger that an intent action stands for: `boot`, `connectivity`, `sms` …
    pub fn action(&self, action: &str) -> Option<&str> {
        let by_ending = || {
            self.endings
                .iter()
                .find(|(ending, _)| action.ends_with(&**ending))
                .map(|(_, id)| id)
        };
        self.by_action
            .get(action)
            .or_else(by_ending)
            .map(|trigger| &**trigger)
    }

    /// A trigger in words: `the phone has started`.
    pub fn title(&self, trigger: &str) -> Option<&str> {
        self.titles.get(trigger).map(|title| &**title)
    }

    pub(super) fn add(&mut self, file: TriggerFile) {
        for row in file.trigger {
            for action in row.actions {
                self.by_action.insert(action.into(), row.id.as_str().into());
            }
            for ending in row.endings {
                self.endings.push((ending.into(), row.id.as_str().into()));
            }
            self.titles.insert(row.id.into(), row.title.into());
        }
    }
}
