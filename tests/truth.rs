//! What was read by hand in a real build must come out of a scan of its ROM zip.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use phonehome::bytes::Glob;
use phonehome::detect::Finding;
use phonehome::report::Report;
use phonehome::rule::Rules;
use phonehome::scan::{Options, scan};

/// One thing that shows a row: a finding of an app, under rules with a prefix, that has all the words.
struct Want(&'static str, &'static [&'static str], &'static [&'static str]);

/// Rows that only flows show, through apps and a jar of the framework; the rest must be found without.
const FLOWS: [&str; 2] = ["R12", "R34"];
/// What these need of the package.
const NEEDED: [&str; 3] = [
    "system:app/Mms.apk",
    "system:app/XiaomiServiceFramework.apk",
    "system:framework/secondary-framework.jar",
];

/// What shows each row of the table. `R01` is the build's identity.
fn wants(id: &str) -> Vec<Want> {
    const ENDPOINT: &[&str] = &["endpoint.", "cleartext."];
    const ANY: &[&str] = &[""];
    const READ: &[&str] = &["identifier.", "collector."];
    const SWITCH: &[&str] = &["switch.", "telemetry."];
    const FLOW: &[&str] = &["flow."];
    let tracking: &[&str] = &["http://tracking.miui.com/tracks"];
    let ads: &[&str] = &["http://new.api.ad.xiaomi.com/logNotificationAdActions"];
    let apps = |names: &[&'static str], words: &'static [&'static str]| -> Vec<Want> {
        names.iter().map(|name| Want(name, ENDPOINT, words)).collect()
    };
    match id {
        "R02" => vec![Want(
            "Provision",
            &["switch.preselected", "switch.on"],
            &["button_user_experience_key"],
        )],
        "R03" => vec![Want(
            "Mms",
            ENDPOINT,
            &["http://api.comm.miui.com/miuisms/res/messages"],
        )],
        "R04" => vec![Want(
            "Mms",
            ENDPOINT,
            &["http://api.comm.miui.com/miuisms/res/version"],
        )],
        "R05" => vec![Want(
            "Mms",
            ENDPOINT,
            &["http://api.comm.miui.com/miuisms/res/categories"],
        )],
        "R06" => vec![Want(
            "Mms",
            ENDPOINT,
            &["http://api.comm.miui.com/spbook/open/sms/rechargetips"],
        )],
        "R07" => vec![Want("Mms", READ, &["imei", "Lcom/xiaomi/mms/net/b;"])],
        "R08" => vec![Want(
            "Mms",
            READ,
            &["iccid", "Lcom/xiaomi/mms/transaction/MxActivateService"],
        )],
        "R09" => vec![
            Want("Mms", SWITCH, &["pref_key_enable_mx", "MxActivateService"]),
            Want("Mms", SWITCH, &["cloud_messaging_on", "MxActivateService"]),
        ],
        "R10" => vec![
            Want(
                "Mms",
                &["switch.off"],
                &["pref_key_enable_mx_switch", "preferences.xml"],
            ),
            Want("Mms", &["switch.off"], &["pref_key_enable_mx1_switch"]),
            Want("Mms", &["switch.off"], &["pref_key_enable_mx2_switch"]),
        ],
        "R11" => apps(
            &["XiaomiServiceFramework"],
            &["http://tracking.miui.com/tracks", "telemetry"],
        ),
        "R13" => [
            "58.68.235.14",
            "59.151.110.251",
            "120.132.153.233",
            "223.202.255.20",
        ]
        .iter()
        .map(|address| Want("XiaomiServiceFramework", ENDPOINT, std::slice::from_ref(address)))
        .collect(),
        "R14" => vec![
            Want("XiaomiServiceFramework", ENDPOINT, &["app.chat.xiaomi.net"]),
            Want(
                "XiaomiServiceFramework",
                ENDPOINT,
                &["app01.nodes.gslb.mi-idc.com"],
            ),
        ],
        "R15" => vec![Want("XiaomiServiceFramework", ENDPOINT, &["58.68.235.106"])],
        "R16" => vec![
            Want("XiaomiServiceFramework", &["endpoint.private"], &["10.237.12.2"]),
            Want(
                "XiaomiServiceFramework",
                &["endpoint.private"],
                &["http://10.237.12.17:9085/pass/register"],
            ),
        ],
        "R17" => vec![
            Want(
                "XiaomiServiceFramework",
                &["endpoint.template"],
                &["http://{}/gslb/gslb/getbucket.asp?ver=3.0"],
            ),
            Want(
                "XiaomiServiceFramework",
                &["endpoint.template"],
                &["http://{}/diagnoses/v1/report"],
            ),
        ],
        "R18" => vec![Want(
            "XiaomiServiceFramework",
            ENDPOINT,
            &["http://statusapi.micloud.xiaomi.net/mic/status/v2/user/{}/overview"],
        )],
        "R19" => vec![Want(
            "XiaomiServiceFramework",
            ENDPOINT,
            &["https://account.xiaomi.com"],
        )],
        "R20" => vec![Want(
            "XiaomiServiceFramework",
            READ,
            &["CloudManager", "getDeviceId"],
        )],
        "R12" => vec![Want(
            "XiaomiServiceFramework",
            FLOW,
            &[
                "IMEI (hashed)",
                "http://tracking.miui.com/tracks",
                "MiuiLiveReport",
                "getDeviceData",
            ],
        )],
        "R21" => vec![Want(
            "XiaomiServiceFramework",
            &["channel.sms-vendor"],
            &["IMiuiSmsManager;->sendTextMessage", "ActivateHelper"],
        )],
        "R34" => vec![Want(
            "Mms",
            FLOW,
            &[
                "sends the IMEI to api.account.xiaomi.com in clear text",
                "http://api.account.xiaomi.com/pass/v3/user@id",
                "Lcom/xiaomi/mms/net/b;",
            ],
        )],
        "R22" => vec![
            Want("CloudService", READ, &["imei"]),
            Want("CloudService", ANY, &["Lcom/miui/cloudservice/"]),
        ],
        "R23" => apps(
            &[
                "Contacts",
                "GameCenterSDKService",
                "MiLinkService",
                "NetworkAssistant2",
                "PaymentService",
                "SettingsProvider",
                "SuperMarket",
                "Updater",
                "XiaomiServiceFramework",
                "YellowPage",
            ],
            tracking,
        ),
        "R24" => vec![Want("AdupsFota", &["package."], &["com.adups.fota", "Adups"])],
        "R25" => ["imei", "imsi", "phone_number", "iccid", "mac_wifi"]
            .iter()
            .map(|category| Want("AdupsFota", READ, std::slice::from_ref(category)))
            .collect(),
        "R26" => vec![
            Want("AdupsFota", ENDPOINT, &["http://adups.cn"]),
            Want("AdupsFota", &["cleartext."], &[]),
        ],
        "R27" => vec![Want("AdupsFota", &["start.", "collector."], &["timer"])],
        "R28" => vec![Want("BaiduNetworkLocation", &["package."], &["Baidu"])],
        "R29" => vec![
            Want(
                "ThemeManager",
                &["endpoint.staging"],
                &["http://staging.market.n.xiaomi.com/thm/"],
            ),
            Want("Contacts", ENDPOINT, &["http://dev.market.n.xiaomi.com/thm/"]),
            Want(
                "GameCenterSDKService",
                &["endpoint.staging"],
                &["http://staging.billapi.n.xiaomi.com/"],
            ),
            Want(
                "PaymentService",
                &["endpoint.staging"],
                &["http://sandbox.billapi.xiaomi.com/"],
            ),
        ],
        "R30" => apps(
            &[
                "PaymentService",
                "SettingsProvider",
                "SuperMarket",
                "ThemeManager",
                "Updater",
            ],
            ads,
        ),
        "R31" => apps(
            &["MiLinkService"],
            &["http://tracking.miui.com/danfa_log_config.json"],
        ),
        "R32" => apps(
            &["Weather"],
            &[
                "http://weatherapi.market.xiaomi.com/wtr-v2/plugin/checkupdate?hash={}&device={}&miuiVersion={}",
            ],
        ),
        "R33" => apps(
            &["YellowPage"],
            &["http://api.comm.miui.com/spbook/sync/ypdata114"],
        ),
        "R35" => vec![
            Want("XiaomiServiceFramework", &["switch."], &["disable_auto_activate"]),
            Want("XiaomiServiceFramework", &["activation."], &[]),
        ],
        "R36" => vec![
            Want(
                "Updater",
                ENDPOINT,
                &["http://update.miui.com/updates/mi-updateV7.php"],
            ),
            Want("Updater", ENDPOINT, &["mi-rom-update.php"]),
            Want("Updater", ENDPOINT, &["mi-valid.php"]),
        ],
        "R37" => vec![
            Want("BaiduNetworkLocation", ENDPOINT, &["http://220.181.3.9:8091"]),
            Want("BaiduNetworkLocation", ENDPOINT, &["loc.map.baidu.com"]),
            Want("BaiduNetworkLocation", READ, &["imei"]),
            Want("BaiduNetworkLocation", READ, &["imsi"]),
            Want("BaiduNetworkLocation", READ, &["cell"]),
        ],
        _ => Vec::new(),
    }
}

/// What shows the claims of public reports of July and August 2014, see `claims.md`: by which identifier, where to, read
/// where and left where.
fn claimed() -> Vec<(&'static str, Want)> {
    const FLOW: &[&str] = &["flow."];
    const ACCOUNT: &str = "account.xiaomi.com/pass/";
    vec![
        // The operator, of the network and of the SIM, before there is an account.
        (
            "C01",
            Want(
                "XiaomiServiceFramework",
                FLOW,
                &["network operator", "fillMetaInfo", "Request;->", ACCOUNT],
            ),
        ),
        (
            "C01",
            Want(
                "XiaomiServiceFramework",
                FLOW,
                &["operator of the SIM", "fillMetaInfo", "Request;->", ACCOUNT],
            ),
        ),
        (
            "C02",
            Want(
                "Mms",
                FLOW,
                &["sends the IMEI to api.account.xiaomi.com", "user@id"],
            ),
        ),
        (
            "C03",
            Want(
                "XiaomiServiceFramework",
                FLOW,
                &["own phone number", "autoGetVKey", "sendVKeyToPhone", "Request;->"],
            ),
        ),
        (
            "C05",
            Want(
                "XiaomiServiceFramework",
                FLOW,
                &["sends the IMSI to ac.account.xiaomi.com", "fillMetaInfo"],
            ),
        ),
        // What the activation message carries: a hash of random numbers and of the device.
        (
            "C08",
            Want(
                "XiaomiServiceFramework",
                FLOW,
                &[
                    "sends the IMEI (hashed, encoded) in a text message",
                    "generateRandomHex",
                    "IMiuiSmsManager;->sendTextMessage",
                ],
            ),
        ),
    ]
}

fn shows(findings: &BTreeMap<&str, Vec<(&Finding, String)>>, Want(app, rules, words): &Want) -> bool {
    findings.get(app).is_some_and(|all| {
        all.iter().any(|(finding, text)| {
            rules.iter().any(|prefix| finding.rule.starts_with(prefix))
                && words.iter().all(|word| text.contains(word))
        })
    })
}

fn found(id: &str, report: &Report, findings: &BTreeMap<&str, Vec<(&Finding, String)>>) -> bool {
    if id == "R01" {
        let build = &report.build;
        return build.model == "HM NOTE 1TD"
            && build.version == "JHECNBE23.0"
            && build.android == "4.2.2"
            && build.date.contains("Jun 10")
            && build.date.contains("2014");
    }
    let wants = wants(id);
    !wants.is_empty() && wants.iter().all(|want| shows(findings, want))
}

/// The folder of the corpus and the one with its truth tables, or `None` with a line that says so.
fn corpus() -> Option<(PathBuf, PathBuf)> {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        say("no test on real packages ran: PHONEHOME_CORPUS is not set");
        return None;
    };
    let Some(truth) = std::env::var_os("PHONEHOME_TRUTH").map(PathBuf::from) else {
        say("nothing was held against the truth tables: PHONEHOME_TRUTH is not set");
        return None;
    };
    Some((corpus, truth))
}

/// Past the test harness, which swallows what passing tests print.
fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn scanned(path: &Path, options: Options) -> Report {
    scan(path, &options, &Rules::bundled().unwrap(), &|_| {}).unwrap()
}

fn by_app(report: &Report) -> BTreeMap<&str, Vec<(&Finding, String)>> {
    let mut all: BTreeMap<&str, Vec<(&Finding, String)>> = BTreeMap::new();
    for finding in &report.findings {
        let text = serde_json::to_string(finding).unwrap();
        all.entry(&finding.app).or_default().push((finding, text));
    }
    all
}

#[test]
fn what_was_read_by_hand_in_the_redmi_note_of_june_2014_is_found() {
    let Some((corpus, truth)) = corpus() else { return };
    let rom = corpus.join("roms/redmi-note-JHECNBE23.0.zip");
    let report = scanned(&rom, Options::default());
    let followed = scanned(
        &rom,
        Options {
            flows: true,
            only: NEEDED.map(Glob::new).into(),
            ..Options::default()
        },
    );
    let (findings, flows) = (by_app(&report), by_app(&followed));
    let table = fs::read_to_string(truth.join("redmi-note-2014.tsv")).unwrap();
    let (mut right, mut rows, mut missed) = (0, 0, Vec::new());
    for row in table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let id = row.split('\t').next().unwrap();
        rows += 1;
        let findings = if FLOWS.contains(&id) { &flows } else { &findings };
        if found(id, &report, findings) {
            right += 1;
            say(&format!(
                "found   {}",
                row.split('\t').take(4).collect::<Vec<_>>().join(" · ")
            ));
        } else {
            say(&format!(
                "missed  {}",
                row.split('\t').take(4).collect::<Vec<_>>().join(" · ")
            ));
            missed.push(id.to_owned());
        }
    }
    say(&format!(
        "{right} of {rows} rows found; missed: {}",
        missed.join(" ")
    ));
    for (claim, want) in claimed() {
        assert!(shows(&flows, &want), "{claim} is not shown: {:?}", want.2);
    }
    assert_eq!(rows, 37);
    assert!(missed.is_empty(), "missed: {missed:?}");

    let first: Vec<&str> = report.apps.iter().take(10).map(|app| app.name.as_str()).collect();
    for app in ["AdupsFota", "XiaomiServiceFramework", "Mms"] {
        assert!(
            first.contains(&app),
            "{app} is not among the first ten: {first:?}"
        );
    }
    assert!(
        report.notices.is_empty(),
        "a real package is read without a notice: {:?}",
        report.notices
    );
}

#[test]
fn the_builds_of_december_2014_send_the_number_and_the_operator_and_no_imsi_beside_them() {
    let Some((corpus, _)) = corpus() else { return };
    for rom in ["mi-one-plus-4.12.5.zip", "mi-one-plus-JMACNBL18.0.zip"] {
        let report = scanned(
            &corpus.join("roms").join(rom),
            Options {
                flows: true,
                only: [NEEDED[1], "system:framework/framework_ext.jar"]
                    .map(Glob::new)
                    .into(),
                ..Options::default()
            },
        );
        let flows = by_app(&report);
        let kept = |claim: &str, want: &Want| match claim {
            "C01" => true,
            "C03" => want.0 == "XiaomiServiceFramework",
            _ => false,
        };
        for (claim, want) in claimed().iter().filter(|(claim, want)| kept(claim, want)) {
            assert!(shows(&flows, want), "{claim} is not shown of {rom}: {:?}", want.2);
        }
        // The method that adds what is known of the SIM does not ask for it any more.
        let imsi = Want("XiaomiServiceFramework", &["flow."], &["IMSI", "fillMetaInfo"]);
        assert!(!shows(&flows, &imsi), "{rom}");
    }
}

/// What an updater keeps enciphered, DES over Base64 in arrays of characters.
const HIDDEN: [&str; 3] = [
    "http://mayitek.com/ps/fetch.do",
    "http://adsunflower.com/ps/fetch.do",
    "http://adfuture.cn/ps/fetch.do",
];

#[test]
fn servers_that_an_updater_keeps_enciphered_are_found_and_so_is_what_they_get() {
    let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from) else {
        say("no test on real packages ran: PHONEHOME_CORPUS is not set");
        return;
    };
    let report = scanned(
        &corpus.join("roms/redmi-note-JHECNBE23.0.zip"),
        Options {
            flows: true,
            only: vec![Glob::new("system:app/AdupsFota.apk")],
            ..Options::default()
        },
    );
    let findings = by_app(&report);
    let by = "computed by Lcom/adups/check/g;->b()[Ljava/lang/String;";
    for url in HIDDEN {
        let named = Want("AdupsFota", &["endpoint."], Vec::leak(vec![url, by]));
        assert!(shows(&findings, &named), "{url} is not shown");
        let host = url.split('/').nth(2).unwrap();
        for what in ["imei", "imsi", "iccid", "mac_wifi"] {
            let sent = format!("{what} to {host} by net");
            let shown = findings["AdupsFota"]
                .iter()
                .any(|(finding, _)| finding.subject == sent);
            assert!(shown, "{sent} is not shown");
        }
    }
}
