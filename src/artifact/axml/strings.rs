//! Every string of a document once.

use super::{Attribute, Element, Event, Events, FORMAT, Xml, odd_once};
use crate::artifact::string_pool::{Once, PoolStr};
use crate::bytes::Gap;

/// See [`Xml::each_string`].
#[derive(Debug, Clone)]
pub struct Strings<'a> {
    once: Once<'a>,
    events: Events<'a>,
    /// The element whose attributes are under way.
    element: Option<Element<'a>>,
    /// Its next attribute.
    next: usize,
    gaps: Vec<Gap>,
}

impl<'a> Strings<'a> {
    pub(super) fn new(xml: &Xml<'a>) -> Self {
        let once = Once::new(xml.strings);
        Self {
            once,
            events: xml.events(),
            element: None,
            next: 0,
            gaps: xml.gaps.clone(),
        }
    }

    /// What could not be read so far, and what was read although it is odd: the first of each kind, in
    /// document order.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The strings that were not given yet, names of tags and attributes among them: what is left to
    /// look at when the document cannot be read to its end.
    pub fn rest(mut self) -> impl Iterator<Item = PoolStr<'a>> {
        (0..self.once.pool().len()).filter_map(move |i| self.once.take(FORMAT, i)?.ok())
    }

    /// String `i`, if it is new.
    fn take(&mut self, i: u32) -> Option<PoolStr<'a>> {
        match self.once.take(FORMAT, i)? {
            Ok(string) => Some(string),
            Err(gap) => {
                odd_once(&mut self.gaps, gap);
                None
            }
        }
    }

    /// The next attribute of the element under way whose string is new.
    fn attribute(&mut self) -> Option<(PoolStr<'a>, Spot<'a>)> {
        let element = self.element?;
        while let Some(attribute) = element.attribute(self.next) {
            self.next = self.next.saturating_add(1);
            if let Some(string) = attribute.string_index().and_then(|i| self.take(i)) {
                return Some((
                    string,
                    Spot {
                        element: Some(element),
                        attribute: Some(attribute),
                    },
                ));
            }
        }
        self.element = None;
        None
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = (PoolStr<'a>, Spot<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.attribute() {
                return Some(found);
            }
            let event = self.events.next();
            if let Some(gap) = self.events.odd.take() {
                odd_once(&mut self.gaps, gap);
            }
            match event? {
                Event::Start(element) => {
                    if let Err(gap) = self.once.pool().check(FORMAT, element.name) {
                        odd_once(&mut self.gaps, gap);
                    }
                    self.element = Some(element);
                    self.next = 0;
                }
                Event::Text(_) => {
                    if let Some(string) = self.events.text.and_then(|i| self.take(i)) {
                        return Some((
                            string,
                            Spot {
                                element: None,
                                attribute: None,
                            },
                        ));
                    }
                }
                Event::End(_) => {}
            }
        }
    }
}

/// Where in a document a string is.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// The element, for a value of an attribute.
    pub element: Option<Element<'a>>,
    /// The attribute; `None` for text between tags.
    pub attribute: Option<Attribute<'a>>,
}

/// `android:name` and `android:key`: what tells one element from its siblings.
const TELLING: [u32; 2] = [0x0101_0003, 0x0101_01e8];

impl Spot<'_> {
    /// `meta-data[com.example.KEY]:value`, `text`.
    pub fn entry(&self) -> String {
        let (Some(element), Some(attribute)) = (self.element, self.attribute) else {
            return "text".to_owned();
        };
        let label = |s: Option<PoolStr<'_>>| s.map(|s| s.label()).unwrap_or_default();
        let (tag, name) = (label(element.name()), label(attribute.name()));
        let telling = element
            .attributes()
            .find(|a| TELLING.contains(&a.id) && a.id != attribute.id);
        match telling.and_then(|a| a.string()) {
            Some(which) => format!("{tag}[{}]:{name}", which.label()),
            None => format!("{tag}:{name}"),
        }
    }
}
