//! An APK or a jar, with what is nested in it and the code beside it.

use crate::artifact::arsc::Table;
use crate::artifact::axml::Xml;
use crate::artifact::cert;
use crate::artifact::manifest::{self, Manifest, NetworkConfig};
use crate::artifact::oat::Oat;
use crate::bytes::{Bytes, Gap, Place};
use crate::code::flow::{App, Component, Field};
use crate::fact::flow::{components, fields};
use crate::fact::manifest as manifest_facts;
use crate::fact::resource::{self, Switches};
use crate::fact::{Nested, Signer, Source};
use crate::unpack::{self, Class, Leaf, Package, Read, open_package};

use super::Collector;
use super::draft::{Draft, Fate};

/// What of a package is read first, since the rest is understood with it.
#[derive(Default)]
struct Core<'p> {
    manifest: Option<(&'p Leaf, Read)>,
    table: Option<(&'p Leaf, Read)>,
    dexes: Vec<(&'p Leaf, Read)>,
    certs: Vec<(&'p Leaf, Read)>,
    /// No code, though its name says so.
    misnamed: Vec<(&'p Leaf, Read)>,
    rest: Vec<&'p Leaf>,
}

impl Collector<'_> {
    pub(super) fn package_unit(&self, unit: &unpack::Unit, draft: &mut Draft) {
        let Some((primary, beside)) = unit.leaves.split_first() else {
            return;
        };
        let mut beside_code = Vec::new();
        for leaf in beside {
            if !matches!(leaf.class, Class::Dex | Class::Odex | Class::Vdex | Class::Elf) {
                self.leaf(leaf, Source::Native, draft);
                continue;
            }
            let read = leaf.read(self.budget);
            let code = match leaf.classify(&read.bytes) {
                Class::Dex | Class::Odex | Class::Vdex => true,
                Class::Elf => Oat::sniff(&read.bytes),
                _ => false,
            };
            if code {
                beside_code.push((leaf, read));
            } else {
                self.taken(leaf, &read, Source::Native, draft);
            }
        }
        for (number, package) in open_package(primary, self.budget).iter().enumerate() {
            let code = if number == 0 {
                std::mem::take(&mut beside_code)
            } else {
                Vec::new()
            };
            self.package(package, number == 0, code, draft);
        }
    }

    /// One package. `outermost` is the unit's own; those nested in it add to the same facts.
    fn package<'p>(
        &self,
        package: &'p Package,
        outermost: bool,
        mut beside: Vec<(&'p Leaf, Read)>,
        draft: &mut Draft,
    ) {
        for notice in &package.notices {
            draft.notice(notice);
            if notice.gap.is_loss() {
                draft.lost(notice.unread);
            }
        }
        let mut core = self.core(package);
        core.dexes.append(&mut beside);
        let table = core
            .table
            .as_ref()
            .map(|(leaf, read)| (leaf.place(), Table::open(&read.bytes)));
        let mut switches = Switches::new(&self.rules.flags);
        if let Some((place, table)) = &table {
            let gaps =
                resource::table_strings(table, &mut |text, entry| self.resource(place, text, entry, draft));
            draft.gaps(place, gaps, 0);
        }
        let placed = table;
        let table = placed.as_ref().map(|(_, table)| table);
        let (name, components) = self.manifest(package, outermost, &core, table, &mut switches, draft);
        if let Some((place, table)) = &placed {
            switches.table(place, table);
        }
        for (leaf, read) in std::mem::take(&mut core.misnamed) {
            self.taken(leaf, &read, Source::Asset, draft);
        }
        let mut app = App {
            components,
            ..App::default()
        };
        for leaf in &core.rest {
            if leaf.class == Class::BinaryXml || leaf.class == Class::Xml {
                let found = self.document(leaf, &name, table, &mut switches, draft);
                app.fields.extend(found);
            } else {
                self.leaf(leaf, Source::Asset, draft);
            }
        }
        let (found, dropped) = switches.finish();
        draft.facts.switches.extend(found);
        if dropped > 0 {
            let gap = Gap::over("switch", 0, "switches of one package dropped", dropped, 0, "");
            draft.gaps(&package.place, [gap], 0);
        }

        let dexes: Vec<(Place, Bytes)> = core
            .dexes
            .iter()
            .map(|(leaf, read)| (leaf.place(), read.bytes.clone()))
            .collect();
        let named = Some(name.as_str()).filter(|name| !name.is_empty());
        app.fields.sort_unstable();
        app.fields.dedup();
        self.code(&dexes, named, &app, draft);

        let count = |draft: &mut Draft, item: &(&Leaf, Read), class: Class| {
            draft.read(item.0, &item.1, Fate::Read(class.name()));
        };
        core.manifest
            .iter()
            .for_each(|item| count(draft, item, Class::Manifest));
        core.table.iter().for_each(|item| count(draft, item, Class::Arsc));
        core.certs.iter().for_each(|item| count(draft, item, Class::Cert));
        core.dexes
            .iter()
            .for_each(|item| count(draft, item, item.0.classify(&item.1.bytes)));
        for copy in &package.copies {
            draft.facts.nested.push(Nested {
                place: copy.logical().to_owned(),
                package: non_empty(&name),
            });
        }
    }

    fn core<'p>(&self, package: &'p Package) -> Core<'p> {
        let mut core = Core::default();
        for leaf in &package.leaves {
            match leaf.class {
                Class::Manifest if core.manifest.is_none() => {
                    core.manifest = Some((leaf, leaf.read(self.budget)));
                }
                Class::Arsc if core.table.is_none() && leaf.path() == "resources.arsc" => {
                    core.table = Some((leaf, leaf.read(self.budget)));
                }
                Class::Dex | Class::Odex | Class::Vdex => {
                    let read = leaf.read(self.budget);
                    match leaf.classify(&read.bytes) {
                        Class::Dex | Class::Odex | Class::Vdex => core.dexes.push((leaf, read)),
                        Class::Elf if Oat::sniff(&read.bytes) => core.dexes.push((leaf, read)),
                        _ => core.misnamed.push((leaf, read)),
                    }
                }
                // Code without a package, of one architecture; that of the others is beside it.
                Class::Elf if package.format == "file" => {
                    let read = leaf.read(self.budget);
                    match Oat::sniff(&read.bytes) {
                        true => core.dexes.push((leaf, read)),
                        false => core.rest.push(leaf),
                    }
                }
                Class::Cert if cert::is_v1_entry(leaf.path()) => {
                    core.certs.push((leaf, leaf.read(self.budget)))
                }
                _ => core.rest.push(leaf),
            }
        }
        core
    }

    /// Reads the manifest and the signers; returns the package's name and what the system starts of it.
    fn manifest(
        &self,
        package: &Package,
        outermost: bool,
        core: &Core<'_>,
        table: Option<&Table<'_>>,
        switches: &mut Switches<'_>,
        draft: &mut Draft,
    ) -> (String, Vec<Component>) {
        if outermost {
            let v1: Vec<&[u8]> = core.certs.iter().map(|(_, read)| &*read.bytes).collect();

            let signers = cert::signers(&package.blob, None, &v1);
            draft.gaps(&package.place, signers.gaps, 0);
            draft
                .facts
                .signers
                .extend(signers.certificates.into_iter().map(|c| Signer {
                    scheme: c.scheme,
                    subject: c.subject,
                    sha256: c.sha256,
                    sha1: c.sha1,
                    role: None,
                    platform: false,
                }));
        }
        let Some((leaf, read)) = &core.manifest else {
            if !outermost {
                draft.facts.nested.push(Nested {
                    place: package.place.logical().to_owned(),
                    package: None,
                });
            }
            return (String::new(), Vec::new());
        };
        let place = leaf.place();
        let xml = Xml::open(&read.bytes);
        let gaps = resource::xml_strings(&xml, &mut |text, entry| self.resource(&place, text, entry, draft));
        draft.gaps(&place, gaps, 0);
        let found = Manifest::read(&xml, table);
        draft.gaps(&place, found.gaps.iter().cloned(), 0);
        switches.manifest(&place, &found);
        for component in &found.components {
            if let Some(tracker) = self.rules.trackers.component(&component.name) {
                draft.trackers.component(tracker, &place, &component.name);
            }
        }
        let network = self.network(&found, table, core);
        let facts = manifest_facts::manifest(&found, network.as_ref(), &self.rules.triggers);
        let name = facts.package.clone();
        if outermost {
            draft.facts.manifest = Some(facts);
        } else {
            let nested = Nested {
                place: package.place.logical().to_owned(),
                package: non_empty(&name),
            };
            draft.facts.nested.push(nested);
        }
        (name, components(&found))
    }

    /// The file that `networkSecurityConfig` leads to.
    fn network(&self, found: &Manifest, table: Option<&Table<'_>>, core: &Core<'_>) -> Option<NetworkConfig> {
        let path = found.application.network_security.as_deref()?;
        let _ = table;
        let leaf = core.rest.iter().find(|leaf| leaf.path() == path)?;
        let read = leaf.read(self.budget);
        Some(manifest::network_security(&Xml::open(&read.bytes)))
    }

    /// A document of the package: its strings, its switches if it is a screen of preferences, and the views that
    /// a user types into if it is a layout.
    fn document(
        &self,
        leaf: &Leaf,
        package: &str,
        table: Option<&Table<'_>>,
        switches: &mut Switches<'_>,
        draft: &mut Draft,
    ) -> Vec<Field> {
        let read = leaf.read(self.budget);
        if leaf.classify(&read.bytes) != Class::BinaryXml {
            self.taken(leaf, &read, Source::Asset, draft);
            return Vec::new();
        }
        let place = leaf.place();
        let xml = Xml::open(&read.bytes);
        let gaps = resource::xml_strings(&xml, &mut |text, entry| self.resource(&place, text, entry, draft));
        draft.gaps(&place, gaps, 0);
        if leaf.path().starts_with("res/xml") {
            let (rows, gaps) = manifest::preferences(&xml, table);
            switches.preferences(&place, package, &rows);
            draft.gaps(&place, gaps, 0);
        }
        draft.read(leaf, &read, Fate::Read(Class::BinaryXml.name()));
        if self.flows {
            fields(&manifest::inputs(&xml, table)).collect()
        } else {
            Vec::new()
        }
    }
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
