//! What was read by hand in the disassembly of a ROM of 2014 comes out of the code alone.
//!
//! Needs `PHONEHOME_CORPUS`, the unpacked corpus; without it nothing is tested.

use std::io::Read;
use std::path::PathBuf;

use phonehome::artifact::dex::Dex;
use phonehome::bytes::Place;
use phonehome::code::Interest;
use phonehome::fact::code::{CodeFacts, File, code};
use phonehome::fact::endpoint::{Endpoints, Finder};
use phonehome::fact::{DefaultFrom, Endpoint, Road, Site, SwitchKind, SwitchState};
use phonehome::rule::Rules;

struct Apps {
    rom: zip::ZipArchive<std::fs::File>,
    rules: Rules,
}

struct App {
    facts: CodeFacts,
    endpoints: Vec<Endpoint>,
}

impl Apps {
    fn open() -> Option<Self> {
        let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
            eprintln!("PHONEHOME_CORPUS is not set: nothing to test with");
            return None;
        };
        let file = std::fs::File::open(corpus.join("roms/redmi-note-JHECNBE23.0.zip")).unwrap();
        Some(Self {
            rom: zip::ZipArchive::new(file).unwrap(),
            rules: Rules::bundled().unwrap(),
        })
    }

    fn read(&mut self, name: &str) -> App {
        let mut apk = Vec::new();
        let path = format!("system/app/{name}.apk");
        self.rom.by_name(&path).unwrap().read_to_end(&mut apk).unwrap();
        let mut apk = zip::ZipArchive::new(std::io::Cursor::new(apk)).unwrap();
        let mut dex = Vec::new();
        apk.by_name("classes.dex").unwrap().read_to_end(&mut dex).unwrap();
        let files: Vec<File<'_>> = Dex::open(&dex)
            .dexes
            .iter()
            .map(|dex| File {
                place: Place::root(name),
                dex: *dex,
            })
            .collect();
        let mut endpoints = Endpoints::default();
        let facts = code(
            &files,
            None,
            None,
            &Interest::new(&self.rules),
            &Finder::new(&self.rules),
            &mut endpoints,
        );
        assert_eq!(facts.gaps, [], "{name}");
        App {
            facts,
            endpoints: endpoints.finish().0,
        }
    }
}

impl App {
    #[track_caller]
    fn talks_to(&self, all: &[&str]) {
        for url in all {
            assert!(self.endpoints.iter().any(|e| e.url.starts_with(url)), "{url}");
        }
    }

    #[track_caller]
    fn reads(&self, category: &str, class: &str) {
        let found = self
            .facts
            .identifiers
            .iter()
            .filter(|read| read.category == category && read.in_code);
        assert!(
            found.flat_map(|read| &read.sites).any(|site| is_in(site, class)),
            "{category} in {class}"
        );
    }

    #[track_caller]
    fn switch(&self, kind: SwitchKind, key: &str, default: Option<&str>, state: SwitchState) {
        let found = self.facts.switches.iter().any(|switch| {
            switch.kind == kind
                && switch.key == key
                && switch.default.as_deref() == default
                && switch.state == state
        });
        assert!(found, "{key}");
    }
}

fn is_in(site: &Site, class: &str) -> bool {
    site.class.as_deref() == Some(class)
}

#[test]
fn messaging_reads_greetings_from_a_server_and_activates_by_sim() {
    let Some(mut apps) = Apps::open() else { return };
    let mms = apps.read("Mms");
    mms.talks_to(&[
        "http://api.comm.miui.com/miuisms/res/messages?cat={}&marker={}&count=",
        "http://api.comm.miui.com/miuisms/res/version",
        "http://api.comm.miui.com/miuisms/res/categories",
        "http://api.comm.miui.com/spbook/open/sms/rechargetips",
    ]);
    mms.reads("imei", "Lcom/xiaomi/mms/net/b;");
    mms.reads("iccid", "Lcom/xiaomi/mms/transaction/MxActivateService;");
    mms.switch(
        SwitchKind::Settings,
        "cloud_messaging_on",
        Some("0"),
        SwitchState::Off,
    );
    // The default is a parameter, and the callers that are known pass `false`.
    mms.switch(
        SwitchKind::Preference,
        "pref_key_enable_mx",
        Some("false"),
        SwitchState::Off,
    );
    let mut open = mms
        .facts
        .switches
        .iter()
        .filter(|switch| switch.key == "pref_key_enable_mx");
    assert!(open.all(|switch| switch.default.is_some() || switch.sites[0].entry.is_some()));
}

#[test]
fn the_service_framework_talks_to_what_was_read_by_hand() {
    let Some(mut apps) = Apps::open() else { return };
    let app = apps.read("XiaomiServiceFramework");
    app.talks_to(&[
        "http://tracking.miui.com/tracks",
        "58.68.235.14",
        "59.151.110.251",
        "120.132.153.233",
        "223.202.255.20",
        "app.chat.xiaomi.net",
        "app01.nodes.gslb.mi-idc.com",
        "58.68.235.106",
        "10.237.12.2",
        "10.237.12.17",
        "http://10.237.12.17:9085/pass/register",
        "http://{}/gslb/gslb/getbucket.asp?ver=3.0",
        "http://{}/diagnoses/v1/report",
        "http://statusapi.micloud.xiaomi.net/mic/status/v2/user/{}/overview",
        "https://account.xiaomi.com",
    ]);
    app.reads("imei", "Lcom/xiaomi/xmsf/account/ui/SnsWebViewActivity;");
    app.switch(
        SwitchKind::File,
        "disable_auto_activate",
        Some("absent"),
        SwitchState::On,
    );
    let register = app
        .endpoints
        .iter()
        .find(|e| e.url == "http://10.237.12.17:9085/pass/register")
        .unwrap();
    assert!(register.at_sink && register.private && register.cleartext);
    assert!(
        register
            .sites
            .iter()
            .all(|site| site.lines.iter().any(|line| line.starts_with('→')))
    );
}

#[test]
fn the_updater_of_a_third_party_reads_every_identifier() {
    let Some(mut apps) = Apps::open() else { return };
    let app = apps.read("AdupsFota");
    for category in ["imei", "imsi", "iccid", "mac_wifi"] {
        app.reads(category, "Lcom/adups/check/MobileInfo;");
    }
    app.reads("phone_number", "Lcom/adups/fota/q;");
    app.talks_to(&["http://adups.cn"]);
}

#[test]
fn the_location_provider_and_the_cloud_service_read_identifiers() {
    let Some(mut apps) = Apps::open() else { return };
    let app = apps.read("BaiduNetworkLocation");
    app.talks_to(&["http://220.181.3.9:8091", "http://loc.map.baidu.com/"]);
    app.reads("imsi", "Lcom/baidu/map/a/f;");
    app.reads("cell_id", "Lcom/baidu/location/c;");
    assert!(
        app.facts
            .identifiers
            .iter()
            .any(|read| read.category == "imei" && read.road == Road::Wrapper)
    );
    let cloud = apps.read("CloudService");
    cloud.reads("imei", "Lcom/miui/cloudservice/dataUpdate/DataUpdateService;");
}

#[test]
fn the_updater_and_the_setup_wizard_are_understood() {
    let Some(mut apps) = Apps::open() else { return };
    let app = apps.read("Updater");
    app.talks_to(&[
        "http://update.miui.com/updates/mi-updateV7.php",
        "http://update.miui.com/updates/mi-rom-update.php",
        "http://update.miui.com/updates/mi-valid.php",
    ]);
    let setup = apps.read("Provision");
    let written = setup
        .facts
        .switches
        .iter()
        .find(|switch| switch.key == "upload_log_pref")
        .unwrap();
    assert_eq!((written.from, &written.default), (DefaultFrom::Unresolved, &None));
    assert_eq!(written.sites[0].entry.as_deref(), Some("written"));
}
