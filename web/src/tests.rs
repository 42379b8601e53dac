//! What holds for every page and every text.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;

use crate::pages::{FieldError, Notice};
use crate::text::{Locale, areas, has, report_missing, source};
use crate::{routes, samples};

/// Folder of this crate.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

thread_local! {
    /// Keys that this thread asked for in vain.
    static MISSING: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn every_page_renders_in_both_languages_twice_the_same() {
    report_missing(|locale, key| {
        MISSING.with_borrow_mut(|missing| missing.push(format!("{}: {key}", locale.tag())));
    });
    assert_eq!(crate::t(Locale::Nb, "no-such-key", &[]), "no-such-key");
    assert_eq!(MISSING.take(), ["nb: no-such-key"], "a missing text is noticed");
    for locale in Locale::ALL {
        let pages = samples::all(locale);
        assert_eq!(pages, samples::all(locale));
        write_for_looking(locale, &pages);
        for (name, html) in &pages {
            let lang = format!("<html lang=\"{}\">", locale.tag());
            assert!(html.contains(&lang), "{name} names its language");
            assert_eq!(count(html, "<h1"), usize::from(true), "{name}: one h1");
            assert!(!html.contains("<title> · "), "{name} has a title");
        }
    }
    MISSING.with_borrow(|missing| assert!(missing.is_empty(), "missing texts: {missing:?}"));
}

/// Writes the pages to the folder named by `BOOKA_RENDER_DIR`, if any, to be looked at in a browser.
fn write_for_looking(locale: Locale, pages: &[(&str, String)]) {
    let Some(folder) = std::env::var_os("BOOKA_RENDER_DIR").map(PathBuf::from) else {
        return;
    };
    for (name, html) in pages {
        fs::write(folder.join(format!("{name}.{}.html", locale.tag())), html).expect("the folder is writable");
    }
}

#[test]
fn no_page_needs_more_than_the_strict_policy_allows() {
    for (name, html) in samples::all(Locale::Nb) {
        assert!(!html.contains(" style="), "{name}: styles stand in the stylesheet");
        assert!(
            !html.contains(" onclick") && !html.contains("javascript:"),
            "{name}: no script in attributes"
        );
        for script in html.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(
                tag.contains(" src=\"/static/") || tag.contains("application/json"),
                "{name}: <script{tag}>"
            );
        }
        for attribute in [" src=\"", "<link rel=\"preload\" href=\"", " action=\""] {
            for rest in html.split(attribute).skip(1) {
                assert!(
                    rest.starts_with('/') && !rest.starts_with("//"),
                    "{name}:{attribute}{rest:.40}"
                );
            }
        }
    }
}

/// Trial A6: no code of the records stands among the words of a page. What is to be typed is marked as code.
#[test]
fn a6_no_word_on_a_page_has_an_underscore() {
    for (name, html) in Locale::ALL.into_iter().flat_map(samples::all) {
        // What scripts read is no text.
        let shown: String = html
            .split("<script")
            .enumerate()
            .map(|(at, part)| {
                if at == 0 {
                    part
                } else {
                    part.split_once("</script>").map_or("", |(_, after)| after)
                }
            })
            .flat_map(|part| part.split('<'))
            .filter(|part| !part.starts_with("code>"))
            .filter_map(|part| part.split_once('>').map(|(_, text)| format!("{text} ")))
            .collect();
        let mut words = shown.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let code = words.find(|word| word.trim_matches('_').contains('_'));
        assert_eq!(code, None, "{name}");
    }
}

#[test]
fn a_page_has_one_filled_button_and_each_id_once() {
    for (name, html) in samples::all(Locale::Nb) {
        let html = html.split("<noscript>").next().unwrap_or_default();
        let filled =
            count(html, "class=\"btn\"") + count(html, "class=\"btn small\"") + count(html, "class=\"btn danger\"");
        assert!(filled <= 1, "{name} has {filled} filled buttons");
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let distinct: BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{name}: {ids:?}");
    }
}

/// Trial E11: password managers saved passwords without saying whose.
#[test]
fn e11_password_managers_learn_whose_password_it_is_and_whether_it_is_new() {
    let mut forms = 0;
    for (name, html) in samples::all(Locale::Nb) {
        for form in html
            .split("<form")
            .skip(1)
            .filter_map(|rest| rest.split("</form>").next())
        {
            let Some((_, field)) = form.split_once("type=\"password\"") else {
                continue;
            };
            forms += 1;
            assert_eq!(count(form, "autocomplete=\"username\""), 1, "{name}: whose?");
            let field = field.split('>').next().unwrap_or_default();
            let kinds = ["autocomplete=\"new-password\"", "autocomplete=\"current-password\""];
            assert!(kinds.iter().any(|kind| field.contains(kind)), "{name}: {field}");
        }
    }
    assert!(forms > 8, "the forms are found");
}

#[test]
fn labels_and_descriptions_point_at_something() {
    for (name, html) in samples::all(Locale::En) {
        for attribute in [" for=\"", " aria-describedby=\"", " aria-labelledby=\""] {
            for rest in html.split(attribute).skip(1) {
                for id in rest.split('"').next().unwrap_or_default().split_whitespace() {
                    assert!(html.contains(&format!(" id=\"{id}\"")), "{name}:{attribute}{id}");
                }
            }
        }
    }
}

#[test]
fn what_people_type_is_escaped() {
    let shell = crate::Shell {
        path: "/\"><script>".into(),
        zone: "UTC".into(),
        ..crate::Shell::default()
    };
    let page = crate::pages::auth::LoginPage {
        shell,
        email: crate::Field::new("<script>alert(1)</script>"),
        password: None,
        return_to: "\"><img>".into(),
    };
    let html = crate::render(&page);
    assert!(
        !html.contains("<script>alert") && !html.contains("<img>") && !html.contains("\"><script>"),
        "{html}"
    );
}

/// The last name of an expression, such as `name` of `row.name`; nothing of one that makes a text of its own.
fn last_name(expression: &str) -> &str {
    let expression = expression.trim_matches(['-', ' ']);
    if let Some(person) = expression.strip_prefix("shell.person(") {
        return last_name(person.trim_end_matches(')'));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if expression.chars().all(plain) {
        expression.rsplit('.').next().unwrap_or_default()
    } else {
        ""
    }
}

/// Trial E10: a name that is written from right to left turned over what stood beside it.
#[test]
fn e10_names_of_people_stand_apart_from_the_direction_of_the_page() {
    const NAMES: [&str; 11] = [
        "name",
        "with",
        "other_name",
        "provider_name",
        "org_name",
        "consumer",
        "provider",
        "who",
        "member",
        "business",
        "whom",
    ];
    // Towns of our own list, and the operator's own name in its own texts.
    const OURS: [&str; 4] = [
        "{{ name }}</a>",
        "controller.name",
        "{{ other }}",
        "{{ locale.name() }}",
    ];
    // Both become text without elements: the window's title, and an attribute.
    let plain = |line: &&str| line.contains("{% block title %}") || line.contains("{% block share_title %}");
    let mut found = Vec::new();
    files(&home().join("templates"), &["html"], &mut found);
    let mut names = 0;
    for (path, text) in found {
        for line in text.lines().filter(|line| !plain(line)) {
            for (at, _) in line.match_indices("{{") {
                let (before, rest) = line.split_at(at);
                let (expression, after) = rest[2..].split_once("}}").unwrap_or((&rest[2..], ""));
                let in_attribute = before.matches('"').count() % 2 == 1;
                let ours = OURS
                    .iter()
                    .any(|ours| rest.starts_with(ours) || expression.contains(ours));
                if in_attribute || ours || !NAMES.contains(&last_name(expression)) {
                    continue;
                }
                names += 1;
                let apart = before.ends_with("<bdi>") && after.starts_with("</bdi>");
                assert!(apart, "{}: {}", path.display(), line.trim());
            }
        }
    }
    assert!(names > 20, "the names are found");
    let sentence = crate::t(Locale::Nb, "held-until", &[("name", "דוד".into())]);
    assert!(sentence.contains("\u{2068}דוד\u{2069}"), "{sentence:?}");
    let sentence = crate::t(Locale::Nb, "held-until", &[("name", "Åse".into())]);
    assert!(!sentence.contains('\u{2068}'), "{sentence:?}");
}

/// Every message of a language: key to the names of its arguments.
fn messages(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::new();
    for area in areas(locale) {
        let text = source(locale, &area).expect("the area was just listed");
        let resource = parse(text.as_str()).unwrap_or_else(|(_, errors)| panic!("{area}.ftl: {errors:?}"));
        for entry in &resource.body {
            if let Entry::Message(message) = entry {
                let mut arguments = BTreeSet::new();
                message
                    .value
                    .iter()
                    .for_each(|pattern| collect(pattern, &mut arguments));
                let twice = messages.insert(message.id.name.to_owned(), arguments).is_some();
                assert!(!twice, "{}/{area}.ftl defines {} again", locale.tag(), message.id.name);
            }
        }
    }
    messages
}

/// Adds the arguments (`$n`) and references (`key`) of a pattern.
fn collect(pattern: &Pattern<&str>, names: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else {
            continue;
        };
        match expression {
            Expression::Inline(inline) => collect_inline(inline, names),
            Expression::Select { selector, variants } => {
                collect_inline(selector, names);
                variants.iter().for_each(|variant| collect(&variant.value, names));
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, names: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            names.insert(format!("${}", id.name));
        }
        InlineExpression::MessageReference { id, .. } => {
            names.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            arguments
                .positional
                .iter()
                .for_each(|argument| collect_inline(argument, names));
        }
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::TermReference { .. }
        | InlineExpression::Placeable { .. } => {}
    }
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_arguments() {
    let (nb, en) = (messages(Locale::Nb), messages(Locale::En));
    let keys = |texts: &BTreeMap<String, BTreeSet<String>>| texts.keys().cloned().collect::<BTreeSet<_>>();
    let apart: Vec<String> = keys(&nb).symmetric_difference(&keys(&en)).cloned().collect();
    assert!(apart.is_empty(), "only in one language: {apart:?}");
    for (key, arguments) in &nb {
        assert_eq!(Some(arguments), en.get(key), "arguments of {key}");
    }
}

/// The text of every file below `folder` with one of the endings.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_dir() && !path.ends_with("node_modules") {
            files(&path, endings, found);
        } else if endings.contains(&ending) {
            found.push((
                path.clone(),
                fs::read_to_string(&path).expect("sources are readable text"),
            ));
        }
    }
}

/// Everything that may name a text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in [
        "src",
        "texts/src",
        "templates",
        "client",
        "../booking/core/src",
        "../booking/site/src",
        "../server/src",
    ] {
        files(&home().join(folder), &["rs", "html", "ts", "tsx"], &mut found);
    }
    assert!(found.len() > 50, "the sources are where this test looks");
    found
}

#[test]
fn no_text_is_unused() {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (_, text) in sources() {
        used.extend(
            text.split(['"', '`', '\''])
                .filter(|piece| piece.len() < 80)
                .map(str::to_owned),
        );
    }
    let texts = messages(Locale::Nb);
    used.extend(texts.values().flatten().cloned());
    let unused: Vec<&String> = texts.keys().filter(|key| !used.contains(*key)).collect();
    assert!(unused.is_empty(), "texts that nothing names: {unused:?}");
}

#[test]
fn no_text_is_missing() {
    for key in FieldError::ALL
        .iter()
        .map(|error| error.key())
        .chain(Notice::ALL.iter().map(|notice| notice.key()))
    {
        assert!(Locale::ALL.into_iter().all(|locale| has(locale, key)), "{key}");
    }
    for (path, text) in sources() {
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".tn(\"", ".tn1(\"", "t(locale, \""] {
            for key in text.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(
                    key == "no-such-key" || has(Locale::Nb, key),
                    "{}: {key}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_icon_is_in_the_sprite_and_the_other_way_round() {
    let list = fs::read_to_string(home().join("icons.txt")).expect("the list of icons is checked in");
    let listed: BTreeSet<&str> = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut used = BTreeSet::new();
    let texts: Vec<String> = Locale::ALL
        .into_iter()
        .flat_map(samples::all)
        .map(|(_, html)| html)
        .collect();
    for html in &texts {
        used.extend(
            html.split("<use href=\"")
                .skip(1)
                .filter_map(|rest| rest.split(['#', '"']).nth(1)),
        );
    }
    let category = crate::pages::search::Category::ALL.map(crate::pages::search::Category::icon);
    used.extend(category);
    assert_eq!(used, listed);
}

#[test]
fn links_between_pages_lead_to_known_addresses() {
    let patterns: Vec<Vec<&str>> = routes::pattern::ALL
        .iter()
        .map(|(pattern, _)| pattern.split('/').collect())
        .collect();
    for (name, html) in samples::all(Locale::Nb) {
        for attribute in ["<a href=\"/", " href=\"/", " action=\"/"] {
            for rest in html.split(attribute).skip(1) {
                let path = rest.split(['"', '?', '#']).next().unwrap_or_default();
                let path = format!("/{path}");
                let parts: Vec<&str> = path.split('/').collect();
                let fits = |pattern: &Vec<&str>| {
                    pattern.len() == parts.len()
                        && pattern
                            .iter()
                            .zip(&parts)
                            .all(|(want, part)| want.starts_with('{') || want == part)
                };
                assert!(patterns.iter().any(fits), "{name} leads to {path}");
            }
        }
    }
}
