//! Compiled XML: elements, attributes, text, strings; and as each kind of document that it may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::axml::{Event, Xml};
use phonehome::artifact::manifest::{network_security, preferences};

fuzz_target!(|data: &[u8]| {
    let xml = Xml::open(data);
    for event in xml.events() {
        match event {
            Event::Start(element) => {
                for attribute in element.attributes() {
                    let names = [
                        attribute.name(),
                        attribute.namespace(),
                        attribute.string(),
                        attribute.raw(),
                    ];
                    names.into_iter().flatten().for_each(|name| drop(name.text()));
                }
            }
            Event::End(name) => drop(name.map(|name| name.label())),
            Event::Text(text) => drop(text.text()),
        }
    }
    let mut strings = xml.each_string();
    strings.by_ref().for_each(drop);
    strings.rest().for_each(drop);
    let _ = (xml.gaps(), network_security(&xml), preferences(&xml, None));
});
