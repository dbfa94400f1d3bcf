use super::*;

fn file(folder: Folder, text: &str) -> SourceFile {
    SourceFile {
        path: "mine.toml".into(),
        folder,
        name: "mine".into(),
        text: text.into(),
    }
}

#[track_caller]
fn check_text(folder: Folder, text: &str, expect: &[&str]) {
    let problems: Vec<String> = lint(&[file(folder, text)], &[])
        .iter()
        .map(Problem::to_string)
        .collect();
    assert_eq!(problems, expect);
}

#[test]
fn the_files_of_the_program_are_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures");
    let problems: Vec<String> = check(&root).unwrap().iter().map(Problem::to_string).collect();
    assert!(
        problems.is_empty(),
        "{} problems\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn hosts_are_checked_word_by_word() {
    check_text(
        Folder::Hosts,
        "country = \"UK\"\nhosts = [\n  { host = \"A.example\", owner = \"Me\", purpose = \"ads\", src = [\"own\"] },\n  \
         { host = \"b.example\", purpose = \"ads\", src = [\"hearsay\"] },\n]\naddresses = [{ cidr = \"1.2.3\", purpose = \"dns\" }]\n",
        &[
            "mine.toml:1: `UK` is no country, ISO 3166",
            "mine.toml:3: `A.example` is no lower-case host name",
            "mine.toml:4: unknown source `hearsay`: explain it in sources.toml",
            "mine.toml:4: `b.example` has no owner, and the file names none",
            "mine.toml:6: `1.2.3` is no address or range",
            "mine.toml:6: no source: give `src` here or `sources` for the whole file",
        ],
    );
}

#[test]
fn what_is_there_twice_names_both_places() {
    check_text(
        Folder::Packages,
        "sources = [\"me\"]\npackages = [\n  { package = \"a.b\", roles = [\"ota\"], weight = 3 },\n  { package = \"a.b\", roles = [\"Ota\"], weight = 30 },\n]\n",
        &[
            "mine.toml:4: `a.b` is there twice: see mine.toml:3",
            "mine.toml:4: weight 30 is more than 10",
            "mine.toml:4: `Ota` is no role: lower-case letters, digits and -",
        ],
    );
}

#[test]
fn an_identifier_needs_a_category_and_a_sound_descriptor() {
    check_text(
        Folder::Identifiers,
        "sources = [\"me\"]\n[[class]]\nclass = \"com.acme.A\"\nmethods = [\n  { name = \"a b\", desc = [\"(X)V\"] },\n]\n",
        &[
            "mine.toml:3: `com.acme.A` is no class descriptor, `La/b/C;`",
            "mine.toml:5: `a b` is no name of a member",
            "mine.toml:5: `a b` has no category, and its class neither",
            "mine.toml:5: `(X)V` is no descriptor",
        ],
    );
}

#[test]
fn models_are_those_that_the_code_has() {
    let models: Vec<&str> = crate::rule::model::Model::NAMES
        .iter()
        .map(|(name, _)| *name)
        .collect();
    let unknown = format!(
        "mine.toml:7: unknown model `shout`; there is: {}",
        models.join(", ")
    );
    check_text(
        Folder::Models,
        "[[class]]\nclass = [\"La/A;\", \"B\"]\nsrc = [\"own\"]\nmethods = [\n  { name = \"a\", model = \"text\" },\n  \
         { name = \"a\", model = \"this\" },\n  { name = \"b\", model = \"shout\" },\n]\n",
        &[
            "mine.toml:2: `B` is no class descriptor, `La/b/C;`",
            "mine.toml:6: `La/A;->a` is there twice: see mine.toml:5",
            "mine.toml:6: `B->a` is there twice: see mine.toml:5",
            &unknown,
        ],
    );
}

#[test]
fn a_store_is_known_by_the_end_of_a_class_and_has_getters_or_setters() {
    check_text(
        Folder::Models,
        "[[store]]\nstore = \"secure\"\nends = [\"/Keys\"]\nexcept = [\"get**\"]\n[[store]]\nstore = \"vault\"\n",
        &[
            "mine.toml:6: unknown variant `vault`, expected one of `system`, `secure`, `global`, `preference`, `property`, `account`",
        ],
    );
    check_text(
        Folder::Models,
        "[[store]]\nstore = \"secure\"\nends = [\"/Keys\"]\nexcept = [\"get**\"]\n",
        &[
            "mine.toml:1: no source: give `src` here or `sources` for the whole file",
            "mine.toml:1: a store needs `ends`, and `get` or `put`",
            "mine.toml:3: `/Keys` is no end of a class descriptor, `/C;`",
            "mine.toml:4: `get**` is no name of a method, or its start and `*`",
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem() {
    check_text(
        Folder::Trackers,
        "tracker = 3\n",
        &["mine.toml:1: invalid type: integer `3`, expected a sequence"],
    );
}

#[test]
fn a_single_file_is_placed_by_the_folder_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures");
    assert_eq!(check(&root.join("hosts/xiaomi.toml")).unwrap(), []);
    assert_eq!(check(&root.join("sources.toml")).unwrap(), []);
    assert!(check(Path::new("/nowhere")).is_err());
}
