//! Flows as facts: which identifier of a package reaches which place where data leaves.

use crate::artifact::manifest::{Input, Manifest};
use crate::code::flow::{Component, Field, Kind};

/// The components of a manifest that the system starts; those that are switched off are left out.
pub fn components(manifest: &Manifest) -> Vec<Component> {
    let mut all = Vec::new();
    if let Some(name) = &manifest.application.name {
        all.push(Component {
            kind: Kind::Application,
            class: descriptor(name),
            actions: Vec::new(),
        });
    }
    for component in manifest.components.iter().filter(|c| c.enabled) {
        let kind = match component.tag {
            "activity" => Kind::Activity,
            "service" => Kind::Service,
            "receiver" => Kind::Receiver,
            "provider" => Kind::Provider,
            _ => continue,
        };
        let actions = component.filters.iter().flat_map(|f| f.actions.iter().cloned());
        all.push(Component {
            kind,
            class: descriptor(&component.name),
            actions: actions.collect(),
        });
    }
    all
}

/// Views of a layout that a user types into.
pub fn fields(inputs: &[Input]) -> impl Iterator<Item = Field> {
    inputs.iter().map(|input| Field {
        id: input.id,
        input: input.kind,
    })
}

/// `com.a.B` as `Lcom/a/B;`.
fn descriptor(name: &str) -> Vec<u8> {
    let mut text = vec![b'L'];
    text.extend(name.bytes().map(|b| if b == b'.' { b'/' } else { b }));
    text.push(b';');
    text
}
