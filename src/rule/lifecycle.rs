//! What the system calls of an app, and in which order.

use rustc_hash::FxHashMap;

use super::row::{ComponentOrderRow, LifecycleFile};

/// The calls of one kind of component, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// Once, in this order, before anything else.
    pub before: Box<[Box<str>]>,
    /// When it goes out of sight.
    pub away: Box<[Box<str>]>,
    /// When it comes back.
    pub back: Box<[Box<str>]>,
    /// At the end.
    pub last: Box<[Box<str>]>,
}

/// The table of life cycles.
#[derive(Debug, Default)]
pub struct Lifecycles {
    orders: FxHashMap<Box<str>, Order>,
    names: Vec<Box<[u8]>>,
    starts: Vec<Box<[u8]>>,
    descriptors: Vec<Box<[u8]>>,
    constructors: Vec<Box<[u8]>>,
    carriers: Vec<Box<[u8]>>,
    keeps: Vec<Box<[u8]>>,
    answers: Vec<Box<[u8]>>,
    removers: Vec<Box<[u8]>>,
    finders: Vec<Box<[u8]>>,
    setters: Vec<Box<[u8]>>,
    quiet: Vec<Box<[u8]>>,
    libraries: Vec<Box<[u8]>>,
    platform: Vec<Box<[u8]>>,
    holders: Vec<Box<[u8]>>,
    never: Vec<Box<[u8]>>,
    handlers: Vec<Box<[u8]>>,
    senders: Vec<Box<[u8]>>,
    kinds: Vec<Box<[u8]>>,
}

impl Lifecycles {
    /// The order of calls of a kind: `activity`, `service` …
    pub fn order(&self, kind: &str) -> Option<&Order> {
        self.orders.get(kind)
    }

    /// Whether the system calls methods of this name.
    pub fn is_callback(&self, name: &[u8]) -> bool {
        starts_with_any(name, &self.starts) || is_any(name, &self.names)
    }

    /// Whether a layout may name a method of this descriptor.
    pub fn is_named_by_layouts(&self, descriptor: &[u8]) -> bool {
        is_any(descriptor, &self.descriptors)
    }

    /// Whether a constructor of this descriptor is the one that makes a view of a layout.
    pub fn inflates(&self, descriptor: &[u8]) -> bool {
        is_any(descriptor, &self.constructors)
    }

    /// Whether objects of a class bring what another part of the app left in them.
    pub fn carries(&self, class: &[u8]) -> bool {
        is_any(class, &self.carriers)
    }

    /// Whether a component gets back what it left in a parameter of a class.
    pub fn is_kept(&self, class: &[u8]) -> bool {
        is_any(class, &self.keeps)
    }

    /// Whether the result of a method is given to whoever waits for it.
    pub fn is_answer(&self, name: &[u8]) -> bool {
        is_any(name, &self.answers)
    }

    /// Whether a method of this name takes back what is to be called.
    pub fn is_remover(&self, name: &[u8]) -> bool {
        starts_with_any(name, &self.removers)
    }

    /// Whether a method of this name gives a view of a layout by its resource id.
    pub fn is_finder(&self, name: &[u8]) -> bool {
        is_any(name, &self.finders)
    }

    /// Whether an unknown method of this name changes its object.
    pub fn is_setter(&self, name: &[u8]) -> bool {
        starts_with_any(name, &self.setters)
    }

    /// Whether methods of a class throw nothing.
    pub fn is_quiet(&self, class: &[u8]) -> bool {
        is_any(class, &self.quiet)
    }

    /// Whether a class belongs to a library of the platform that is packed with apps.
    pub fn is_library(&self, class: &[u8]) -> bool {
        starts_with_any(class, &self.libraries)
    }

    /// Whether objects of a class lead to all of an app.
    pub fn is_holder(&self, class: &[u8]) -> bool {
        is_any(class, &self.holders)
    }

    /// Whether a class belongs to AOSP, of whose methods the other signatures tell.
    pub fn is_platform(&self, class: &[u8]) -> bool {
        starts_with_any(class, &self.platform)
    }

    /// Whether an exception says that what every device has is missing.
    pub fn is_never_thrown(&self, class: &[u8]) -> bool {
        is_any(class, &self.never)
    }

    /// Whether objects of a class handle messages.
    pub fn is_handler(&self, class: &[u8]) -> bool {
        is_any(class, &self.handlers)
    }

    /// Whether a method of this name of a handler sends it a message.
    pub fn is_sender(&self, name: &[u8]) -> bool {
        starts_with_any(name, &self.senders)
    }

    /// Whether a field holds the kind of a message.
    pub fn is_kind(&self, class: &[u8], name: &[u8]) -> bool {
        self.kinds.iter().any(|kind| {
            kind.strip_prefix(class)
                .and_then(|rest| rest.strip_prefix(b"->"))
                .is_some_and(|rest| rest == name)
        })
    }

    pub(super) fn add(&mut self, file: LifecycleFile) {
        for row in file.component {
            let kind = row.kind.as_str().into();
            self.orders.insert(kind, order(row));
        }
        let add = |list: &mut Vec<Box<[u8]>>, more: Vec<String>| {
            list.extend(more.into_iter().map(|text| text.into_bytes().into_boxed_slice()));
        };
        add(&mut self.names, file.callback.names);
        add(&mut self.starts, file.callback.starts);
        add(&mut self.descriptors, file.callback.descriptors);
        add(&mut self.constructors, file.callback.constructors);
        add(&mut self.carriers, file.callback.carriers);
        add(&mut self.keeps, file.callback.keeps);
        add(&mut self.answers, file.callback.answers);
        add(&mut self.removers, file.callback.removers);
        add(&mut self.finders, file.layout.finders);
        add(&mut self.setters, file.unknown.setters);
        add(&mut self.quiet, file.unknown.quiet);
        add(&mut self.libraries, file.unknown.libraries);
        add(&mut self.platform, file.unknown.platform);
        add(&mut self.holders, file.unknown.holders);
        add(&mut self.never, file.unknown.never);
        add(&mut self.handlers, file.messages.handlers);
        add(&mut self.senders, file.messages.senders);
        add(&mut self.kinds, file.messages.kinds);
    }
}

fn order(row: ComponentOrderRow) -> Order {
    let names = |names: Vec<String>| names.into_iter().map(Into::into).collect();
    Order {
        before: names(row.before),
        away: names(row.away),
        back: names(row.back),
        last: names(row.last),
    }
}

fn is_any(text: &[u8], list: &[Box<[u8]>]) -> bool {
    list.iter().any(|other| **other == *text)
}

fn starts_with_any(text: &[u8], list: &[Box<[u8]>]) -> bool {
    list.iter().any(|start| text.starts_with(start))
}
