//! The checks, one method a folder.

use super::Lint;
use super::place::Step::{At, Key};
use super::text;
use crate::rule::host::range;
use crate::rule::model::Model;
use crate::rule::row::{
    HostFile, IdentifierFile, MemberRow, ModelFile, Namespace, PackageFile, PermissionFile, PropagatorFile,
    SinkFile, SwitchFile, TrackerFile, TriggerFile, ValueRow,
};
use crate::rule::{FlagKind, Flow, SinkKind};

/// Longest value that is compared; text of a build that is longer cannot be one.
const MAX_VALUE: usize = 128;

impl Lint<'_> {
    pub(super) fn identifiers(&mut self, file: &IdentifierFile) {
        for (i, row) in file.category.iter().enumerate() {
            let at = [Key("category"), At(i)];
            self.once(&at, "category", &row.id);
            self.holds(
                &at,
                "word: lower-case letters, digits, - and _",
                &row.id,
                text::is_word,
            );
            self.holds(&at, "title", &row.title, text::is_line);
            self.weight(&at, row.weight);
        }
        for (i, class) in file.class.iter().enumerate() {
            let at = [Key("class"), At(i), Key("class")];
            self.holds(&at, "class descriptor, `La/b/C;`", &class.class, text::is_class);
            if let Some(category) = &class.category {
                self.known(
                    &[Key("class"), At(i), Key("category")],
                    "category",
                    category,
                    |k| &k.categories,
                );
            }
            if class.methods.is_empty() && class.fields.is_empty() {
                self.say(&at, format!("`{}` has neither methods nor fields", class.class));
            }
            for (list, rows) in [("methods", &class.methods), ("fields", &class.fields)] {
                for (j, row) in rows.iter().enumerate() {
                    self.member(i, list, j, row, class.category.is_some());
                    let at = [Key("class"), At(i), Key(list), At(j)];
                    let src = if row.src.is_empty() { &class.src } else { &row.src };
                    self.sources(&at, src, &file.sources);
                    self.once(&at, list, &format!("{}->{}", class.class, row.name));
                }
            }
        }
        for (list, rows) in [
            ("settings", &file.settings),
            ("property", &file.property),
            ("uri", &file.uri),
            ("path", &file.path),
            ("binder", &file.binder),
            ("service", &file.service),
            ("broadcast", &file.broadcast),
            ("native", &file.native),
            ("ioctl", &file.ioctl),
            ("command", &file.command),
            ("constant", &file.constant),
            ("reflected", &file.reflected),
            ("input", &file.input),
            ("extra", &file.extra),
        ] {
            for (i, row) in rows.iter().enumerate() {
                self.value(list, i, row, &file.sources);
            }
        }
    }

    fn member(&mut self, class: usize, list: &str, row: usize, member: &MemberRow, has_category: bool) {
        let at = [Key("class"), At(class), Key(list), At(row)];
        self.holds(&at, "name of a member", &member.name, text::is_member);
        match &member.category {
            Some(category) => self.known(&at, "category", category, |known| &known.categories),
            None if has_category => {}
            None => self.say(
                &at,
                format!("`{}` has no category, and its class neither", member.name),
            ),
        }
        self.weight(&at, member.weight.unwrap_or(0));
        for descriptor in &member.desc {
            self.holds(&at, "descriptor", descriptor, text::is_descriptor);
        }
    }

    fn value(&mut self, list: &str, row: usize, value: &ValueRow, sources: &[String]) {
        let at = [Key(list), At(row)];
        self.known(&at, "category", &value.category, |known| &known.categories);
        self.weight(&at, value.weight.unwrap_or(0));
        self.sources(&at, &value.src, sources);
        self.holds(&at, "value", &value.value, text::is_line);
        if value.value.len() > MAX_VALUE {
            self.say(&at, format!("longer than {MAX_VALUE} bytes"));
        }
        if list == "uri" {
            self.holds(&at, "content URI", &value.value, text::is_content_uri);
        }
        if value.namespace.is_some() && list != "settings" {
            self.say(&at, "only a key of settings has a namespace".to_owned());
        }
        let namespace = value.namespace.map_or("", Namespace::as_str);
        self.once(&at, list, &format!("{namespace} {}", value.value));
    }

    pub(super) fn sinks(&mut self, file: &SinkFile) {
        for (i, row) in file.channel.iter().enumerate() {
            let at = [Key("channel"), At(i)];
            self.once(&at, "channel", &row.id);
            self.holds(&at, "title", &row.title, text::is_line);
            if !row.words.is_empty() {
                self.holds(&at, "words", &row.words, text::is_line);
                if !row.leaves {
                    self.say(&at, format!("`{}` needs no words: nothing leaves by it", row.id));
                }
            }
        }
        for (i, class) in file.class.iter().enumerate() {
            let at = [Key("class"), At(i), Key("class")];
            self.holds(&at, "class descriptor, `La/b/C;`", &class.class, text::is_class);
            self.known(
                &[Key("class"), At(i), Key("channel")],
                "channel",
                &class.channel,
                |known| &known.channels,
            );
            for (j, row) in class.methods.iter().enumerate() {
                let at = [Key("class"), At(i), Key("methods"), At(j)];
                self.holds(&at, "name of a method", &row.name, text::is_member);
                self.weight(&at, row.weight);
                if let Some(channel) = &row.channel {
                    self.known(&at, "channel", channel, |known| &known.channels);
                }
                let kind = row.kind.unwrap_or(class.kind);
                if row.makes.or(class.makes).is_some() && kind == SinkKind::Sink {
                    self.say(&at, format!("`{}` makes nothing of data: it is a sink", row.name));
                }
                let src = if row.src.is_empty() { &class.src } else { &row.src };
                self.sources(&at, src, &file.sources);
                self.once(&at, "sink", &format!("{}->{}", class.class, row.name));
            }
        }
        for (i, class) in file.memory.iter().enumerate() {
            let at = [Key("memory"), At(i)];
            self.holds(&at, "class descriptor, `La/b/C;`", class, text::is_class);
        }
        for (i, row) in file.native.iter().enumerate() {
            let at = [Key("native"), At(i)];
            self.weight(&at, row.weight);
            self.sources(&at, &row.src, &file.sources);
            self.once(&at, "native sink", &row.name);
            match &row.channel {
                Some(channel) => self.known(&at, "channel", channel, |known| &known.channels),
                None => self.say(&at, format!("`{}` has no channel", row.name)),
            }
        }
    }

    pub(super) fn propagators(&mut self, file: &PropagatorFile) {
        for (i, class) in file.class.iter().enumerate() {
            let at = [Key("class"), At(i), Key("class")];
            self.holds(&at, "class descriptor, `La/b/C;`", &class.class, text::is_class);
            self.sources(&at, &class.src, &file.sources);
            for (j, row) in class.methods.iter().enumerate() {
                let at = [Key("class"), At(i), Key("methods"), At(j)];
                self.holds(&at, "name of a method", &row.name, text::is_member);
                self.once(&at, "propagator", &format!("{}->{}", class.class, row.name));
                for flow in &row.flow {
                    let is_flow = |flow: &str| Flow::parse(flow).is_some();
                    self.holds(&at, "flow: `this>ret`, `arg0>this`, `arg*>ret`", flow, is_flow);
                }
            }
        }
    }

    pub(super) fn models(&mut self, file: &ModelFile) {
        for (i, row) in file.class.iter().enumerate() {
            let at = [Key("class"), At(i), Key("class")];
            self.sources(&at, &row.src, &file.sources);
            if row.class.is_empty() || (row.methods.is_empty() && row.fields.is_empty()) {
                self.say(&at, "a row needs a class, and a method or a field".to_owned());
            }
            for (j, class) in row.class.iter().enumerate() {
                let at = [Key("class"), At(i), Key("class"), At(j)];
                self.holds(&at, "class descriptor, `La/b/C;`", class, text::is_class);
            }
            for (j, field) in row.fields.iter().enumerate() {
                let at = [Key("class"), At(i), Key("fields"), At(j)];
                self.holds(&at, "name of a field", &field.name, text::is_member);
                for class in &row.class {
                    self.once(&at, "text", &format!("{class}->{}", field.name));
                }
            }
            for (j, method) in row.methods.iter().enumerate() {
                let at = [Key("class"), At(i), Key("methods"), At(j)];
                self.holds(&at, "name of a method", &method.name, text::is_member);
                for class in &row.class {
                    self.once(&at, "model", &format!("{class}->{}", method.name));
                }
                if Model::parse(&method.model).is_none() {
                    let names: Vec<&str> = Model::NAMES.iter().map(|(name, _)| *name).collect();
                    self.say(
                        &at,
                        format!("unknown model `{}`; there is: {}", method.model, names.join(", ")),
                    );
                }
            }
        }
        for (i, row) in file.store.iter().enumerate() {
            let at = [Key("store"), At(i)];
            self.sources(&at, &row.src, &file.sources);
            if row.ends.is_empty() || (row.get.is_empty() && row.put.is_empty()) {
                self.say(&at, "a store needs `ends`, and `get` or `put`".to_owned());
            }
            for (j, end) in row.ends.iter().enumerate() {
                let at = [Key("store"), At(i), Key("ends"), At(j)];
                self.holds(&at, "end of a class descriptor, `/C;`", end, text::is_class_end);
                self.once(&at, "store", end);
            }
            for (list, names) in [("get", &row.get), ("put", &row.put), ("except", &row.except)] {
                for (j, name) in names.iter().enumerate() {
                    let at = [Key("store"), At(i), Key(list), At(j)];
                    self.holds(
                        &at,
                        "name of a method, or its start and `*`",
                        name,
                        text::is_member_start,
                    );
                }
            }
        }
    }

    pub(super) fn hosts(&mut self, file: &HostFile) {
        for (i, row) in file.purpose.iter().enumerate() {
            let at = [Key("purpose"), At(i)];
            self.once(&at, "purpose", &row.id);
            self.holds(
                &at,
                "word: lower-case letters, digits, - and _",
                &row.id,
                text::is_word,
            );
        }
        if let Some(country) = file.country.as_deref().filter(|country| !country.is_empty()) {
            self.holds(&[Key("country")], "country, ISO 3166", country, text::is_country);
        }
        for (i, row) in file.hosts.iter().enumerate() {
            let at = [Key("hosts"), At(i)];
            self.holds(&at, "lower-case host name", &row.host, text::is_host);
            self.once(&at, "host", &row.host);
            self.known(&at, "purpose", &row.purpose, |known| &known.purposes);
            self.sources(&at, &row.src, &file.sources);
            if row
                .owner
                .as_deref()
                .or(file.owner.as_deref())
                .is_none_or(str::is_empty)
            {
                self.say(
                    &at,
                    format!("`{}` has no owner, and the file names none", row.host),
                );
            }
            if let Some(country) = row.country.as_deref().filter(|country| !country.is_empty()) {
                self.holds(&at, "country, ISO 3166", country, text::is_country);
            }
            if let Some(region) = &row.region {
                self.holds(
                    &at,
                    "region: cn, intl, eu, us, in, ru, apac",
                    region,
                    text::is_region,
                );
            }
        }
        for (i, row) in file.addresses.iter().enumerate() {
            let at = [Key("addresses"), At(i)];
            let is_range = |cidr: &str| range(cidr).is_some();
            self.holds(&at, "address or range", &row.cidr, is_range);
            self.once(&at, "address", &row.cidr);
            self.known(&at, "purpose", &row.purpose, |known| &known.purposes);
            self.sources(&at, &row.src, &file.sources);
            if let Some(country) = &row.country {
                self.holds(&at, "country, ISO 3166", country, text::is_country);
            }
        }
        for (i, row) in file.documentation.iter().enumerate() {
            let at = [Key("documentation"), At(i)];
            self.holds(&at, "lower-case host name", &row.host, text::is_host);
            self.holds(&at, "reason", &row.reason, text::is_line);
            self.once(&at, "documentation", &row.host);
        }
    }

    pub(super) fn trackers(&mut self, file: &TrackerFile) {
        for (i, row) in file.category.iter().enumerate() {
            self.once(&[Key("category"), At(i)], "tracker category", &row.id);
        }
        for (i, row) in file.tracker.iter().enumerate() {
            let at = [Key("tracker"), At(i), Key("id")];
            self.once(&at, "tracker", &row.id);
            self.holds(
                &at,
                "word: lower-case letters, digits, - and _",
                &row.id,
                text::is_word,
            );
            self.sources(&at, &row.src, &file.sources);
            for category in &row.categories {
                let at = [Key("tracker"), At(i), Key("categories")];
                self.known(&at, "category", category, |known| &known.tracker_categories);
            }
            if let Some(country) = &row.country {
                let at = [Key("tracker"), At(i), Key("country")];
                self.holds(&at, "country, ISO 3166", country, text::is_country);
            }
            let lists = [&row.classes, &row.hosts, &row.components, &row.libraries];
            if lists.iter().all(|list| list.is_empty()) {
                self.say(&at, format!("`{}` cannot be found by anything", row.id));
            }
            self.each(
                i,
                "classes",
                &row.classes,
                "package (`com.acme.`) or class",
                text::is_prefix,
            );
            self.each(i, "hosts", &row.hosts, "lower-case host name", text::is_host);
            self.each(i, "components", &row.components, "class name", text::is_package);
            self.each(
                i,
                "libraries",
                &row.libraries,
                "name of a library, `lib….so`",
                text::is_library,
            );
        }
    }

    fn each(&mut self, row: usize, list: &str, words: &[String], what: &str, test: fn(&str) -> bool) {
        for (i, word) in words.iter().enumerate() {
            let at = [Key("tracker"), At(row), Key(list), At(i)];
            self.holds(&at, what, word, test);
            self.once(&at, list, word);
        }
    }

    pub(super) fn permissions(&mut self, file: &PermissionFile) {
        for (i, row) in file.permissions.iter().enumerate() {
            let at = [Key("permissions"), At(i)];
            self.holds(&at, "permission", &row.name, text::is_package);
            self.once(&at, "permission", &row.name);
            self.weight(&at, row.weight);
            self.holds(&at, "category", &row.category, text::is_word);
            self.sources(&at, &row.src, &file.sources);
        }
        for (i, row) in file.shared_uids.iter().enumerate() {
            let at = [Key("shared_uids"), At(i)];
            self.once(&at, "shared user id", &row.name);
            self.weight(&at, row.weight);
        }
    }

    pub(super) fn packages(&mut self, file: &PackageFile) {
        for (i, row) in file.packages.iter().enumerate() {
            let at = [Key("packages"), At(i)];
            self.holds(&at, "package name", &row.package, text::is_package);
            self.once(&at, "package", &row.package);
            self.weight(&at, row.weight);
            self.sources(&at, &row.src, &file.sources);
            for role in &row.roles {
                self.holds(&at, "role: lower-case letters, digits and -", role, text::is_word);
            }
        }
        for (i, row) in file.keys.iter().enumerate() {
            let at = [Key("keys"), At(i)];
            self.holds(
                &at,
                "SHA-1 of 40 lower-case hexadecimal digits",
                &row.sha1,
                text::is_sha1,
            );
            self.once(&at, "signing key", &row.sha1);
            self.sources(&at, &row.src, &file.sources);
        }
    }

    pub(super) fn switches(&mut self, file: &SwitchFile) {
        for (i, row) in file.switch.iter().enumerate() {
            let at = [Key("switch"), At(i), Key("key")];
            let namespace = row.namespace.map_or("", Namespace::as_str);
            let place = row.place.as_deref().unwrap_or_default();
            self.once(
                &at,
                "switch",
                &format!("{:?} {namespace} {place} {}", row.kind, row.key),
            );
            self.holds(&at, "key", &row.key, text::is_line);
            self.sources(&at, &row.src, &file.sources);
            let severity = [Key("switch"), At(i), Key("severity")];
            self.holds(
                &severity,
                "severity: low, medium, high, critical",
                &row.severity,
                text::is_severity,
            );
            if (row.kind == FlagKind::Settings) != row.namespace.is_some() {
                self.say(
                    &at,
                    "a key of settings has a namespace, and nothing else has".to_owned(),
                );
            }
            if row.vendor.is_none() && file.vendor.is_none() {
                self.say(
                    &at,
                    format!("`{}` has no vendor, and the file names none", row.key),
                );
            }
        }
    }

    pub(super) fn triggers(&mut self, file: &TriggerFile) {
        for (i, row) in file.trigger.iter().enumerate() {
            let at = [Key("trigger"), At(i), Key("id")];
            self.holds(
                &at,
                "word: lower-case letters, digits, - and _",
                &row.id,
                text::is_word,
            );
            for (j, action) in row.actions.iter().enumerate() {
                let at = [Key("trigger"), At(i), Key("actions"), At(j)];
                self.holds(&at, "action", action, text::is_package);
                self.once(&at, "action", action);
            }
        }
    }
}
