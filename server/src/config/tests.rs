//! What configurations mean, and which are refused.

use super::*;

fn load(toml: &str) -> Result<Config, String> {
    let file = std::env::temp_dir().join(format!("booka-config-{}-{:x}.toml", std::process::id(), hash(toml)));
    std::fs::write(&file, toml).expect("the temporary folder can be written");
    let result = Config::load(&Flags {
        config: Some(file.clone()),
        ..Flags::default()
    });
    std::fs::remove_file(file).expect("it was just written");
    result.map_err(|error| error.to_string())
}

fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(5381, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte))
}

#[test]
fn defaults_serve_localhost_with_sqlite() {
    let config = load("").expect("no file is a good configuration");
    assert!(config.cameras_work());
    assert_eq!(config.database_url(), "sqlite:data/booka.sqlite");
}

#[test]
fn the_example_shows_every_default() {
    let example = include_str!("../../../deploy/config.example.toml");
    let shown = |config: &Config| config.print().expect("it can be printed");
    let defaults = shown(&Config::default());
    assert_eq!(shown(&load(example).expect("the example is good")), defaults);
    for line in defaults.lines().filter(|line| !line.is_empty()) {
        assert!(example.lines().any(|shown| shown == line), "the example lacks: {line}");
    }
}

#[test]
fn two_processes_of_one_machine_have_two_names() {
    let one = load("[http]\nlisten = \"127.0.0.1:8080\"").expect("a good configuration");
    let other = load("[http]\nlisten = \"127.0.0.1:8081\"").expect("a good configuration");
    assert_ne!(one.node_name(), other.node_name());
    assert_eq!(one.node_name(), one.clone().node_name());
    assert_ne!(one.node_name(), "/127.0.0.1:8080", "machines differ, too");
    let named = load("node = \"eu-1\"").expect("a good configuration");
    assert_eq!(named.node_name(), "eu-1");
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = load("[media]\nprot = 1\n").expect_err("prot is a typing mistake");
    assert!(error.contains("prot"), "{error}");
}

#[test]
fn advertised_addresses_are_matched_by_family() {
    let check = |bind: &str, advertise: &str, expect: Option<&str>| {
        let loaded = load(&format!("[media]\nbind = [{bind}]\nadvertise = [{advertise}]"));
        let advertised = loaded
            .ok()
            .map(|config| format!("{:?}", config.media.advertised().expect("it was checked")));
        assert_eq!(advertised.as_deref(), expect, "{bind} as {advertise}");
    };
    let (v4, v6) = ("\"10.0.0.1\"", "\"2001:db8::1\"");
    let both = format!("{v4}, {v6}");
    check(v4, "", Some("[[]]"));
    check(v4, "\"192.0.2.1\", \"192.0.2.2\"", Some("[[192.0.2.1, 192.0.2.2]]"));
    check(&both, "\"192.0.2.1\"", Some("[[192.0.2.1], []]"));
    check(
        &both,
        "\"2001:db8::7\", \"192.0.2.1\"",
        Some("[[192.0.2.1], [2001:db8::7]]"),
    );
    check(
        "\"10.0.0.1\", \"10.0.0.2\"",
        "\"192.0.2.1\", \"192.0.2.2\"",
        Some("[[192.0.2.1], [192.0.2.2]]"),
    );
    check("\"10.0.0.1\", \"10.0.0.2\"", "\"192.0.2.1\"", None);
    check(v4, "\"2001:db8::7\"", None);
    check("\"0.0.0.0\", \"::\"", "\"192.0.2.1\"", None);
}

const ACME_TWICE: &str = "public_url = \"https://booka.example\"\n[tls]\nmode = \"acme\"\nacme_staging = true\n\
                          acme_directory = \"https://ca.example/dir\"";
const ACME_PLAIN: &str = "public_url = \"https://booka.example\"\n[tls]\nmode = \"acme\"\n\
                          acme_directory = \"http://ca.example/dir\"";
const ACME_ROOT_ALONE: &str =
    "public_url = \"https://booka.example\"\n[tls]\nmode = \"acme\"\nacme_root = \"/etc/ca.pem\"";

#[test]
fn contradictions_are_refused() {
    for (toml, word) in [
        ("public_url = \"booka.example\"", "public_url"),
        ("public_url = \"https://booka.example/path\"", "public_url"),
        ("public_url = \"https://user@booka.example\"", "public_url"),
        ("public_url = \"ftp://booka.example\"", "public_url"),
        ("public_url = \"https://bad host.example\"", "public_url"),
        ("[tls]\nmode = \"files\"", "certificate"),
        ("[tls]\nmode = \"acme\"", "https"),
        (
            "public_url = \"https://192.0.2.1\"\n[tls]\nmode = \"acme\"",
            "public_url",
        ),
        (
            "public_url = \"https://localhost\"\n[tls]\nmode = \"acme\"",
            "public_url",
        ),
        ("[tls]\nacme_email = \"drift\"", "acme_email"),
        (ACME_TWICE, "acme_staging"),
        (ACME_PLAIN, "acme_directory"),
        (ACME_ROOT_ALONE, "acme_root"),
        ("data_dir = \"\"", "data_dir"),
        ("[http]\ndrain_s = 18446744073709551615", "drain_s"),
        ("[http]\nlisten = \"8080\"", "listen"),
        ("[media]\nshards = 100000", "media.shards"),
        ("[media]\nport = 65535\nshards = 2", "media.port"),
        ("[media]\nadvertise = [\"0.0.0.0\"]", "media.advertise"),
        ("[mail]\nsmtp_user = \"booka\"", "smtp_password_file"),
        ("[mail]\nsmtp_password = \"geheim\"", "smtp_user"),
        (
            "[mail]\nsmtp_user = \"booka\"\nsmtp_password = \"\"",
            "smtp_password_file",
        ),
        ("[mail]\nsmtp_port = 0", "smtp_port"),
        ("[mail]\nsmtp_host = \"mail server\"", "smtp_host"),
        ("[mail]\nsmtp_ca = \"/nowhere/ca.pem\"", "smtp_ca"),
        ("[mail]\nsmtp_ca = \"/dev/null\"", "smtp_ca"),
        (
            "[mail]\nsmtp_password_file = \"/nowhere/password\"",
            "/nowhere/password",
        ),
        ("[database]\nurl_file = \"/nowhere/url\"", "/nowhere/url"),
        ("[controller]\nname = \" \"", "controller.name"),
        ("[media]\nbind = [\"0.0.0.0\"]", "advertise"),
        ("[media]\nbind = []", "bind"),
        ("[payments]\ntest = true\nfree_only = true", "free_only"),
        ("[payments]\nrefund_alone = { NOK = -1 }", "refund_alone"),
        ("[payments]\nrefund_alone = { kroner = 500000 }", "refund_alone"),
        ("[payments]\ndispute_days = 3", "dispute_days"),
        ("[payments]\ndispute_days = 4000", "dispute_days"),
        ("[log]\nlevel = \"booka=loud\"", "log.level"),
        ("[media_api]\nkey_hashes = [\"booka_key\"]", "key_hashes"),
        ("[database]\nurl = \"mysql://x\"", "database.url"),
    ] {
        let error = load(toml).expect_err(toml);
        assert!(error.contains(word), "{toml}: {error}");
    }
}

/// Trial E17: the call socket knew `https://bøker.no` only, and browsers call it by its other name.
#[test]
fn e17_the_public_address_is_the_origin_that_browsers_send() {
    for (typed, origin) in [
        ("https://bøker.no", "https://xn--bker-gra.no"),
        ("https://BØKER.no/", "https://xn--bker-gra.no"),
        ("https://xn--bker-gra.no", "https://xn--bker-gra.no"),
        ("https://Booka.Example:443", "https://booka.example"),
        ("https://booka.example:8443", "https://booka.example:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        let config = load(&format!("public_url = \"{typed}\"")).expect(typed);
        assert_eq!(config.public_url, origin, "{typed}");
    }
}

/// Trial E17: parsed by what uses it, so that `config check` says what would fail.
#[test]
fn e17_senders_and_proxies_that_cannot_be_are_refused() {
    for (toml, word) in [
        ("[mail]\nfrom = \"Hansen, Ola <ola@example.no>\"", "Hansen, Ola"),
        ("[mail]\nfrom = \"Booka\"", "Booka"),
        ("[controller]\nemail = \"ola..hansen@example.no\"", "controller.email"),
        ("[controller]\nemail = \"Ola\"", "controller.email"),
        ("[controller]\norg_number = \"97476067\"", "controller.org_number"),
        ("[http]\ntrusted_proxies = [\"proxy.local\"]", "proxy.local"),
        ("[http]\ntrusted_proxies = [\"10.0.0.0/40\"]", "10.0.0.0/40"),
        ("[http]\nmetrics_readers = [\"10.0.0\"]", "10.0.0"),
    ] {
        let error = load(toml).expect_err(toml);
        assert!(error.contains(word), "{toml}: {error}");
    }
    for good in [
        "[controller]\norg_number = \"974 760 673\"\nemail = \"personvern@bøker.no\"",
        "[mail]\nfrom = '\"Hansen, Ola\" <ola@example.no>'",
        "[http]\ntrusted_proxies = [\"::ffff:127.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\"]",
    ] {
        load(good).expect(good);
    }
}

#[test]
fn secrets_are_not_printed() {
    let config = load(
        "[database]\nurl = \"postgres://u:geheim@db/booka\"\n[mail]\nsmtp_user = \"u\"\nsmtp_password = \"geheim\"\n",
    )
    .expect("a good configuration");
    let shown = config.print().expect("it can be printed");
    assert!(!shown.contains("geheim"), "{shown}");
    assert!(shown.contains("@db/booka"), "{shown}");
    for url in [
        "postgres://u:gehe@geheim@db/booka",
        "postgres://db/booka?user=u&password=geheim",
    ] {
        let config = load(&format!("[database]\nurl = \"{url}\"\n")).expect("a good configuration");
        let shown = config.print().expect("it can be printed");
        assert!(!shown.contains("gehe") && shown.contains("db/booka"), "{shown}");
    }
}

/// A configuration with Stripe, with one line of it changed.
fn with_stripe(public_url: &str, from: &str, to: &str) -> Result<Config, String> {
    let keys = "[payments.stripe]\nsecret_key = \"sk_live_1\"\npublishable_key = \"pk_live_1\"\nwebhook_secrets = [\"whsec_1\"]\nconnect = true\n";
    load(&format!("public_url = \"{public_url}\"\n{}", keys.replace(from, to)))
}

#[test]
fn invoices_need_an_account_that_can_be_one_and_the_operators_word() {
    let read = |text: &str| {
        let text = format!("public_url = \"http://localhost:8080\"\n[payments.invoice]\n{text}");
        load(&text)
    };
    let good = "account = \"1234.56.78903\"\noperator_sells = true\n";
    let config = read(good).expect("a configuration");
    let terms = config.payments.invoice.terms().expect("invoices are on");
    assert_eq!(
        (terms.account.as_str(), terms.days, terms.fee_minor),
        ("12345678903", 14, 0)
    );
    for (text, word) in [
        (
            "account = \"1234.56.78904\"\noperator_sells = true".to_owned(),
            "account number",
        ),
        ("account = \"1234.56.78903\"".to_owned(), "operator_sells"),
        ("operator_sells = true".to_owned(), "no account"),
        (format!("{good}days = 3"), "7 to 60"),
        (format!("{good}reminder_fee_minor = -1"), "reminder_fee_minor"),
    ] {
        let error = read(&text).expect_err(word);
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn only_who_may_hold_money_pays_it_out() {
    let with = |lines: &str| load(&format!("public_url = \"http://localhost:8080\"\n{lines}"));
    let terms = |config: Config| config.platform.terms(config.payments.stripe.operator_sells);
    let off = terms(with("").expect("a configuration"));
    assert_eq!((off.payout_account, off.vat_from), (None, None));
    let account = "payout_account = \"8601 11 17947\"\n";
    let refused = with(&format!("[platform]\n{account}")).expect_err("nobody declared anything");
    assert!(refused.contains("licence"), "{refused}");
    let wrong = with("[platform]\nlicensed_to_pay_out = true\npayout_account = \"86011117948\"\n");
    assert!(wrong.expect_err("the check digit").contains("payout_account"));
    let licensed = with(&format!("[platform]\nlicensed_to_pay_out = true\n{account}")).expect("licensed");
    assert_eq!(terms(licensed).payout_account.as_deref(), Some("86011117947"));
    let sells = with(&format!(
        "[platform]\n{account}[payments.stripe]\noperator_sells = true\n"
    ))
    .expect("the seller");
    assert_eq!(terms(sells).payout_account.as_deref(), Some("86011117947"));
    let day = with("[platform]\nvat_registered_from = \"2026-12-01\"\n").expect("a day");
    assert_eq!(terms(day).vat_from, Some(1_796_079_600_000_000));
    assert!(with("[platform]\nvat_registered_from = \"i morgen\"\n").is_err());
}

#[test]
fn keys_of_stripe_fit_together_and_are_not_shown() {
    let secure = "https://booka.example";
    let config = with_stripe(secure, "", "").expect("a configuration");
    assert!(config.payments.stripe.is_on() && config.payments.stripe.is_live());
    let shown = config.print().expect("it is shown");
    assert!(!shown.contains("sk_live_1") && !shown.contains("whsec_1"), "{shown}");
    assert!(!format!("{config:?}").contains("sk_live_1"));
    for (url, from, to, word) in [
        ("http://booka.example", "", "", "https://"),
        (secure, "pk_live_1", "pk_test_1", "pk_live_"),
        (secure, "sk_live_1", "4242", "secret_key"),
        (secure, "sk_live_1", "", "there is no secret_key"),
        (secure, "whsec_1", "secret", "whsec_"),
        (secure, "_live_", "_test_", "test_in_public"),
        (
            secure,
            "webhook_secrets",
            "api = \"http://localhost:1\"\nwebhook_secrets",
            "api must begin",
        ),
        (secure, "connect = true", "", "operator_sells"),
    ] {
        let error = with_stripe(url, from, to).expect_err(word);
        assert!(error.contains(word), "{from} -> {to}: {error}");
    }
    with_stripe(secure, "connect = true", "operator_sells = true").expect("the operator is the seller");
    let tests = "public_url = \"http://localhost:8080\"\n[payments.stripe]\nsecret_key = \"sk_test_1\"\n\
        publishable_key = \"pk_test_1\"\nwebhook_secrets = [\"whsec_1\"]\n";
    let tests = load(tests).expect("no money moves: nobody needs to declare anything");
    assert!(!tests.payments.stripe.is_live());
}
