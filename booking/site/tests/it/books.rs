//! The books: balances, files for the accountant and the tax office, the time report, and who may have them. Amounts are
//! literals.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use booking_adapters::test_provider::TestProvider;
use booking_core::base::money::Money;
use booking_core::base::{DAY_US, MINUTE_US, SECOND_US};
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, FIXED, FREE, METERED, booked};
use crate::harness::{Answer, App, Client};
use crate::on_both;
use crate::walk::{consumer, provider, staff};

/// A name that a spreadsheet would compute and that an XML file would break at.
const HOSTILE: &str = "=1+1</Name>&\"Ola\"";

fn kroner(minor: i64) -> String {
    web::format::money_exact(web::Locale::Nb, minor, "NOK")
}

/// The calls of a day in November: 15 kr by the minute, 390 kr fixed, 30 kr of which 20 kr were paid back, and a free one.
/// Sold for 332 kr and 83 kr tax; 415 kr are held.
async fn november<'a>(app: &'a App, name: &str) -> (Desk<'a>, [String; 4]) {
    let mut desk = Desk::open(app, METERED).await;
    app.execute("UPDATE account SET name = $1 WHERE id = 'c'", params![name])
        .await;
    let metered = desk.book(Desk::slot(2), ACCEPTED).await;
    desk.talk(&metered, Desk::slot(2), 25 * SECOND_US).await;
    desk.jobs().await;
    desk.offer("fixed", FIXED).await;
    let fixed = desk.book(Desk::slot(6), ACCEPTED).await;
    desk.talk(&fixed, Desk::slot(6), 10 * MINUTE_US).await;
    desk.jobs().await;
    desk.offer("again", METERED).await;
    let refunded = desk.book(Desk::slot(10), ACCEPTED).await;
    desk.talk(&refunded, Desk::slot(10), 2 * MINUTE_US).await;
    desk.jobs().await;
    pay_back(app, &desk, &refunded, 2_000).await;
    desk.offer("free", FREE).await;
    let hold = desk.hold(Desk::slot(14)).await;
    let answer = desk
        .consumer
        .post(&format!("/book/{hold}/payment"), &[("withdrawal", "yes")])
        .await;
    let free = booked(&answer);
    desk.talk(&free, Desk::slot(14), 90 * SECOND_US).await;
    desk.jobs().await;
    (desk, [metered, fixed, refunded, free])
}

/// Pays back at the payment provider's own console, which tells of it.
async fn pay_back(app: &App, desk: &Desk<'_>, appointment: &str, minor: i64) {
    let payment = desk.paid(appointment).await;
    let reference = payment.reference.clone().expect("known since it was authorised");
    let console = TestProvider::new(app.state.db.clone(), app.state.random.clone(), [0; 32]);
    let amount = Money::new(minor, payment.amount.currency);
    console
        .refund_at_console("r", &reference, amount)
        .await
        .expect("it is paid back");
    let mut tx = app.state.db.write().await.expect("a connection");
    booking_core::billing::queries::add_hint(&mut tx, "e", "test", &payment.id, app.now())
        .await
        .expect("it is written");
    tx.commit().await.expect("it commits");
    desk.jobs().await;
}

/// The cells of a sheet, line by line; fields in it have no line ends.
#[track_caller]
fn cells(answer: &Answer) -> Vec<String> {
    let disposition = answer.headers["content-disposition"].to_str().expect("ASCII");
    assert!(
        disposition.starts_with("attachment; filename=\"booka-"),
        "{disposition}"
    );
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    let text = String::from_utf8(answer.bytes.clone()).expect("UTF-8");
    let text = text
        .strip_prefix('\u{feff}')
        .expect("the mark that spreadsheets look for");
    text.split_terminator("\r\n").map(str::to_owned).collect()
}

/// Checks a file against the published schema, where that and xmllint are at hand.
pub(crate) fn check_schema(xml: &[u8], name: &str) {
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/saf-t/Norwegian_SAF-T_Financial_Schema_v_1.30.xsd");
    let skip = |why: &str| writeln!(std::io::stdout(), "skipped: {why}").expect("output is open");
    if !schema.exists() {
        return skip("the schema of SAF-T is not beside this checkout");
    }
    let path = std::env::temp_dir().join(format!("booka_saft_{}_{name}.xml", std::process::id()));
    std::fs::write(&path, xml).expect("the temporary folder takes a file");
    let done = Command::new("xmllint")
        .arg("--noout")
        .arg("--schema")
        .arg(&schema)
        .arg(&path)
        .output();
    std::fs::remove_file(&path).expect("it was just written");
    match done {
        Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
        Err(_) => skip("xmllint is not installed"),
    }
}

/// The texts of all elements of a name, in their order.
fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts
        .map(|rest| rest.split(close.as_str()).next().expect("a text"))
        .collect()
}

/// What the elements named so have as their amounts, in øre.
fn sum_of(xml: &str, name: &str) -> i64 {
    let amount = |inner: &str| {
        texts(inner, "Amount")[0]
            .replace('.', "")
            .parse::<i64>()
            .expect("a number")
    };
    texts(xml, name).into_iter().map(amount).sum()
}

pub(crate) async fn saft(client: &mut Client, month: &str) -> String {
    let answer = client
        .post("/provider/money", &[("month", month), ("file", "saft")])
        .await
        .expect(200);
    assert_eq!(answer.headers["content-type"], "application/xml; charset=utf-8");
    answer.text()
}

on_both! {
    /// S22, S23, S24.
    async fn s23_balances_follow_a_metered_a_fixed_a_refunded_and_a_free_call(app: App) {
        let (mut desk, calls) = november(app, "Ola Hansen").await;
        let page = desk.provider.get("/provider/money").await.expect(200).text();
        let held = format!("Trukket for bedriften til og med måneden, minus tilbakebetalt: {}.", kroner(41_500));
        let method = "TEST Visa **** 4242";
        for part in [held.as_str(), &kroner(33_200), &kroner(8_300), &kroner(-2_000), "7 posteringer", method, "TEST: Noe her"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        for call in &calls[..3] {
            let path = format!("/bookings/{call}");
            assert!(page.contains(&format!("href=\"{path}\"")), "{path}");
            desk.provider.get(&path).await.expect(200);
        }
        assert!(!page.contains(&calls[3]), "what is free has no posting");
        // Nothing was there the month before, and all of it carries over into the next one.
        desk.provider.get("/provider/money?month=2026-10").await.expect(200).expect_text("Ingen posteringer denne");
        let later = desk.provider.get("/provider/money?month=2026-12").await.expect(200).text();
        assert!(later.contains(&held) && later.contains("Ingen posteringer"), "{later}");
        let all = desk.operator.get("/operator/money").await.expect(200).text();
        for part in ["Alle kontoer summerer til 0", "Dyreklinikken Nordli", "Alle, NOK", &kroner(41_500), "TEST: Noe her"] {
            assert!(all.contains(part), "no {part:?} in {all}");
        }
        desk.operator.get("/operator/money?month=2026-10").await.expect(200).expect_text("Ingen bedrifter har posteringer");
    }
}

on_both! {
    /// S59: whoever changes the ledger by hand is found out on the page.
    async fn s59_books_that_do_not_add_up_are_told_aloud(app: App) {
        let (mut desk, _) = november(app, "Ola Hansen").await;
        app.execute(
            "INSERT INTO ledger_entry (tx_id, line, account, amount_minor)
             SELECT MIN(id), 99, 'psp_clearing', 12300 FROM ledger_tx WHERE kind = 'captured'",
            params![],
        )
        .await;
        let page = desk.operator.get("/operator/money").await.expect(200).text();
        let wrong = format!("alle kontoer summerer til {}", kroner(12_300));
        assert!(page.contains(&wrong) && page.contains("1 transaksjon summerer ikke til 0"), "{page}");
        assert!(!page.contains("Alle kontoer summerer til 0"), "{page}");
    }
}

on_both! {
    /// S22, S23, S59: the audit file is valid, and says what the ledger says.
    async fn s59_the_audit_file_is_valid_and_agrees_with_the_ledger(app: App) {
        let (mut desk, _) = november(app, HOSTILE).await;
        let xml = saft(&mut desk.provider, "2026-11").await;
        check_schema(xml.as_bytes(), &format!("year_{:?}", app.engine));
        assert_eq!(texts(&xml, "NumberOfEntries"), ["7"]);
        assert_eq!((texts(&xml, "TotalDebit"), texts(&xml, "TotalCredit")), (vec!["890.00"], vec!["890.00"]));
        assert_eq!((sum_of(&xml, "DebitAmount"), sum_of(&xml, "CreditAmount")), (89_000, 89_000));
        assert_eq!(texts(&xml, "Transaction").len(), 7);
        assert_eq!(texts(&xml, "AuditFileVersion"), ["1.30"]);
        assert_eq!(texts(&xml, "RegistrationNumber"), ["923609016"]);
        assert_eq!(texts(&xml, "TaxRegistrationNumber"), ["923609016MVA"]);
        let accounts = texts(&xml, "GeneralLedgerAccounts")[0];
        for (account, closing) in [
            ("1500", "<ClosingDebitBalance>0.00<"),
            ("1570", "<ClosingDebitBalance>415.00<"),
            ("2700", "<ClosingCreditBalance>83.00<"),
            ("3000", "<ClosingCreditBalance>332.00<"),
        ] {
            let found = texts(accounts, "Account").into_iter().find(|one| one.contains(&format!("<AccountID>{account}<")));
            assert!(found.is_some_and(|one| one.contains(closing)), "{account} in {accounts}");
        }
        // The tax that is told line by line is the ledger's.
        assert_eq!(sum_of(&xml, "CreditTaxAmount") - sum_of(&xml, "DebitTaxAmount"), 8_300);
        assert_eq!(texts(&xml, "StandardTaxCode"), ["3"]);
        let customers = texts(&xml, "Customers")[0];
        assert_eq!(texts(customers, "Name"), ["=1+1&lt;/Name&gt;&amp;&quot;Ola&quot;"]);
        assert!(xml.contains("<SourceDocumentID>Kreditnota 2026-000001<"), "{xml}");
        assert!(xml.contains("<SourceDocumentID>Kvittering 2026-000001<") && xml.contains("<HeaderComment>TEST: "), "{xml}");
        // A year without a call has no transaction, and the file is valid all the same.
        let quiet = saft(&mut desk.provider, "2025-03").await;
        check_schema(quiet.as_bytes(), &format!("quiet_{:?}", app.engine));
        assert_eq!(texts(&quiet, "NumberOfEntries"), ["0"]);
    }
}

on_both! {
    /// S59: what was sold in the year before is equity, and what is held stays.
    async fn s59_balances_are_carried_into_the_next_audit_file(app: App) {
        let (mut desk, _) = november(app, "Ola Hansen").await;
        // 1 January 2027, 12:00 in Oslo.
        app.set_now(1_798_801_200_000_000);
        let xml = saft(&mut desk.provider, "2027-01").await;
        check_schema(xml.as_bytes(), &format!("next_{:?}", app.engine));
        let accounts = texts(&xml, "GeneralLedgerAccounts")[0];
        let debit: Vec<&str> = texts(accounts, "OpeningDebitBalance");
        let credit: Vec<&str> = texts(accounts, "OpeningCreditBalance");
        assert_eq!((debit, credit), (vec!["0.00", "415.00", "0.00"], vec!["332.00", "83.00"]));
        assert_eq!(texts(&xml, "NumberOfEntries"), ["0"]);
        let old = saft(&mut desk.provider, "2026-11").await;
        assert_eq!(texts(&old, "NumberOfEntries"), ["7"]);
    }
}

on_both! {
    /// S22, S23, S24: every cell of a transaction.
    async fn s24_transactions_are_a_sheet_that_norwegian_spreadsheets_read(app: App) {
        let (mut desk, calls) = november(app, HOSTILE).await;
        let form = [("month", "2026-11"), ("file", "transactions")];
        let lines = cells(&desk.provider.post("/provider/money", &form).await.expect(200));
        assert_eq!(lines.len(), 8);
        assert!(lines[0].starts_with("Postert;Hva;Bestilling;Bilag;Tjeneste;Kunde;"), "{}", lines[0]);
        let reference = booking_core::appointments::reference(&calls[0]);
        let about = format!("{reference};Kvittering 2026-000001;Videotime;\"'=1+1</Name>&\"\"Ola\"\"\";Kari Nordli");
        let charged = format!(
            "2026-11-23 10:00;Samtalen er gjort opp;{about};2026-11-23 10:00;2026-11-23 10:30;Europe/Oslo;25;Per minutt;\
             15,00;450,00;TEST Visa **** 4242;12,00;25;3,00;15,00;0,00;15,00;0,00;NOK;"
        );
        assert!(lines[1].starts_with(&charged), "{} is not {charged}", lines[1]);
        let captured = "TEST Visa **** 4242;0,00;25;0,00;0,00;0,00;-15,00;15,00;NOK;";
        assert!(lines[2].contains(captured), "{}", lines[2]);
        let refunded = ";TEST Visa **** 4242;-16,00;25;-4,00;-20,00;0,00;0,00;-20,00;NOK;";
        assert_eq!(lines.iter().filter(|line| line.contains(refunded)).count(), 1, "{lines:?}");
        let empty = [("month", "2026-10"), ("file", "transactions")];
        assert_eq!(cells(&desk.provider.post("/provider/money", &empty).await.expect(200)).len(), 1);
    }
}

on_both! {
    /// S23: the time report adds up to what customers were billed by.
    async fn s23_the_time_report_is_the_measured_time_by_day_member_and_customer(app: App) {
        let (mut desk, _) = november(app, "Ola Hansen").await;
        let billed = app.number("SELECT CAST(SUM(billable_us) AS BIGINT) FROM charge", params![]).await;
        assert_eq!(billed, (25 + 600 + 120 + 90) * SECOND_US);
        let page = desk.provider.get("/provider/time").await.expect(200).text();
        for part in ["I alt: 13\u{a0}min 55,0\u{a0}s", "Mandag 23. november", "Kari Nordli", "Ola Hansen", "class=\"n\">4<"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        let sheet = desk.provider.post("/provider/time", &[("month", "2026-11")]).await.expect(200);
        let expect = ["Dag;Fagperson;Kunde;Samtaler;Sekunder", "2026-11-23;Kari Nordli;Ola Hansen;4;835"];
        assert_eq!(cells(&sheet), expect);
        desk.provider.get("/provider/time?month=2026-10").await.expect(200).expect_text("Ingen samtaler er gjort opp");
    }
}

/// Tax details that are whole.
pub(crate) const TAX: [(&str, &str); 9] = [
    ("seller_kind", "company"),
    ("legal_name", "Dyreklinikken Nordli AS"),
    ("tin", "923 609 016"),
    ("birth_date", ""),
    ("address", "Storgata 1"),
    ("postcode", "5003"),
    ("town", "Bergen"),
    ("country", "no"),
    ("bank_account", "8601 11 17947"),
];

on_both! {
    /// S59: what a platform reports about its sellers.
    async fn s59_sellers_are_reported_by_quarter_with_what_they_say_of_themselves(app: App) {
        let (mut desk, _) = november(app, "Ola Hansen").await;
        let page = desk.operator.get("/operator/sellers").await.expect(200).text();
        for part in ["1 bedrift har ikke gitt skatteopplysninger", "4. kvartal", &kroner(41_500), "Mangler", "TEST: Noe her"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        desk.provider.get("/provider/money").await.expect(200).expect_text("Skatteopplysningene mangler");
        desk.provider.get("/provider/tax").await.expect(200).expect_text("value=\"923609016\"");
        let wrong = TAX.map(|(name, value)| (name, if name == "tin" { "923609017" } else { value }));
        let page = desk.provider.post("/provider/tax", &wrong).await.expect(422).expect_text("Nummeret stemmer ikke");
        page.expect_text("value=\"8601 11 17947\"");
        assert_eq!(app.number("SELECT COUNT(*) FROM seller_tax", params![]).await, 0);
        desk.provider.post("/provider/tax", &TAX).await.expect(303);
        desk.provider.get("/provider/tax").await.expect(200).expect_text("value=\"86011117947\"");
        let page = desk.provider.get("/provider/money").await.expect(200).text();
        assert!(!page.contains("Skatteopplysningene mangler"), "{page}");
        desk.operator.get("/operator/sellers").await.expect(200).expect_text("Alle har gitt skatteopplysninger");
        // The file has what the pages leave out, and needs a reason.
        desk.operator.post("/operator/sellers", &[("year", "2026")]).await.expect(422);
        let form = [("year", "2026"), ("reason", "Årsoppgaven")];
        let lines = cells(&desk.operator.post("/operator/sellers", &form).await.expect(200));
        assert_eq!(lines.len(), 5);
        let who = "Dyreklinikken Nordli;923609016;Et selskap eller en forening;Dyreklinikken Nordli AS;923609016;;Storgata 1;5003;Bergen;NO;86011117947";
        assert_eq!(lines[1], format!("{who};2026;1;0,00;0,00;0;NOK;"));
        assert_eq!(lines[4], format!("{who};2026;4;415,00;0,00;3;NOK;TEST"));
        let quiet = cells(&desk.operator.post("/operator/sellers", &[("year", "2025"), ("reason", "x")]).await.expect(200));
        assert_eq!(quiet.len(), 1);
    }
}

on_both! {
    /// S59: national identity numbers go with the last owner, or once the tax office has been told and five years are over.
    async fn s59_tax_details_leave_with_the_last_owner(app: App) {
        let left = async || app.number("SELECT COUNT(*) FROM seller_tax", params![]).await;
        let mut clinic = provider(app, "kari").await;
        clinic.client.post("/provider/tax", &TAX).await.expect(303);
        assert_eq!(left().await, 1);
        app.execute("UPDATE account SET deletion_asked_us = 1 WHERE email = 'kari@example.no'", params![]).await;
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        assert_eq!(left().await, 0, "nothing was sold");
        let (mut desk, _) = november(app, "Ola Hansen").await;
        desk.provider.post("/provider/tax", &TAX).await.expect(303);
        app.execute("UPDATE account SET deletion_asked_us = 1 WHERE id = 'p'", params![]).await;
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        assert_eq!(left().await, 1, "sold this year: the tax office is told");
        for (days, rows) in [(5 * 365 - 30, 1), (60, 0)] {
            app.advance(days * DAY_US);
            app.execute("UPDATE session SET expires_us = $1", params![app.now() + 40 * DAY_US]).await;
            desk.jobs().await;
            desk.operator.post("/operator/retention", &[("action", "approve")]).await.expect(303);
            app.advance(2 * DAY_US);
            desk.jobs().await;
            assert_eq!(left().await, rows, "after {days} days more");
        }
    }
}

on_both! {
    /// S59: every file is on record before it leaves, and the owner sees who took the books, and why.
    async fn s59_every_export_is_on_record_and_shown_to_the_owner(app: App) {
        let (mut desk, _) = november(app, "Ola Hansen").await;
        desk.provider.post("/provider/time", &[("month", "2026-11")]).await.expect(200);
        saft(&mut desk.provider, "2026-11").await;
        let no_reason = [("month", "2026-11"), ("org", "org"), ("file", "saft")];
        desk.operator.post("/operator/money", &no_reason).await.expect(422).expect_text("value=\"org\" selected");
        let unknown = [("month", "2026-11"), ("org", "x"), ("file", "saft"), ("reason", "Bokettersyn")];
        desk.operator.post("/operator/money", &unknown).await.expect(422).expect_text("Velg en bedrift");
        app.execute("UPDATE org SET orgno = ''", params![]).await;
        let nameless = [("month", "2026-11"), ("org", "org"), ("file", "saft"), ("reason", "Bokettersyn")];
        desk.operator.post("/operator/money", &nameless).await.expect(422).expect_text("Bedriften har ikke noe nummer ennå");
        app.execute("UPDATE org SET orgno = '923609016'", params![]).await;
        let recorded = "SELECT kind, period, reason FROM book_export ORDER BY at_us, id";
        let own: Vec<(String, String, String)> = app.rows(recorded, params![]).await;
        let row = |kind: &str, period: &str, reason: &str| (kind.to_owned(), period.to_owned(), reason.to_owned());
        assert_eq!(own, [row("time", "2026-11", ""), row("saft", "2026", "")]);
        for (file, months) in [("saft", "2026"), ("transactions", "2026-11"), ("time", "2026-11")] {
            app.advance(SECOND_US);
            let form = [("month", "2026-11"), ("org", "org"), ("file", file), ("reason", "Bokettersyn")];
            desk.operator.post("/operator/money", &form).await.expect(200);
            let rows: Vec<(String, String, String)> = app.rows(recorded, params![]).await;
            assert_eq!(rows.last(), Some(&row(file, months, "Bokettersyn")));
        }
        let looks = "SELECT COUNT(*) FROM operator_record WHERE action = 'books_exported' AND subject = 'org' AND reason = 'Bokettersyn'";
        assert_eq!(app.number(looks, params![]).await, 3);
        let page = desk.provider.get("/provider/money").await.expect(200).text();
        for part in ["Anne Drift (driften)", "Bokettersyn", "Kari Nordli", "SAF-T Regnskap"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        desk.provider.get("/account/data").await.expect(200).expect_text("Lastet ned regnskapet for en bedrift");
        desk.operator.get("/operator/people").await.expect(200).expect_text("Bokettersyn");
        // Two years later the lines are gone.
        app.advance(731 * DAY_US);
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM book_export", params![]).await, 0);
    }
}

on_both! {
    /// S59: staff, strangers and other businesses find nothing, and a business without a number is asked for one.
    async fn s59_books_are_the_owners_and_the_operators_alone(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut helper = staff(app, &mut clinic, "mia").await;
        let mut ola = consumer(app, "ola").await;
        for client in [&mut helper, &mut ola] {
            for path in ["/provider/money", "/provider/time", "/provider/tax", "/operator/money", "/operator/sellers"] {
                client.get(path).await.expect(404);
                client.post(path, &[("month", "2026-11"), ("file", "saft"), ("reason", "x"), ("org", "x")]).await.expect(404);
            }
        }
        let form = [("month", "2026-11"), ("file", "sellers")];
        clinic.client.post("/provider/money", &form).await.expect(400);
        assert_eq!(app.number("SELECT COUNT(*) FROM book_export", params![]).await, 0);
        let profile = [
            ("action", "save"), ("name", "Klinikken kari"), ("org_number", ""), ("vat", "no"), ("vat_from", ""), ("category", "vet"),
            ("place", "Bergen"), ("about", "Råd om hund og katt"),
        ];
        clinic.client.post("/provider/profile", &profile).await.expect(303);
        let asked = clinic.client.post("/provider/money", &[("month", "2026-11"), ("file", "saft")]).await;
        assert_eq!(asked.location(), "/provider/tax?notice=tax-needed");
        let person = TAX.map(|(name, value)| match name {
            "seller_kind" => (name, "person"),
            "tin" => (name, "01019009900"),
            "birth_date" => (name, "1990-01-01"),
            _ => (name, value),
        });
        clinic.client.post("/provider/tax", &person).await.expect(303);
        let xml = saft(&mut clinic.client, "2026-11").await;
        check_schema(xml.as_bytes(), &format!("person_{:?}", app.engine));
        assert_eq!(texts(&xml, "RegistrationNumber"), ["01019009900"]);
        assert!(!xml.contains("TaxRegistration"), "{xml}");
    }
}

on_both! {
    /// S23: each treatment of a sale has its account, its standard code and, where there is no tax, its reason.
    async fn s23_every_tax_stands_in_the_audit_file_as_the_law_has_it(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        for (number, code) in [(2, "low"), (6, "exempt_health"), (10, "zero")] {
            desk.offer(code, FIXED).await;
            app.execute("UPDATE service SET vat_code = $1 WHERE id = $1", params![code]).await;
            let call = desk.book(Desk::slot(number), ACCEPTED).await;
            desk.talk(&call, Desk::slot(number), MINUTE_US).await;
            desk.jobs().await;
        }
        let xml = saft(&mut desk.provider, "2026-11").await;
        check_schema(xml.as_bytes(), &format!("taxes_{:?}", app.engine));
        let accounts = texts(&xml, "GeneralLedgerAccounts")[0];
        // Of 390 kr with 12 % the tax is 41.79 kr.
        for (account, closing) in [("2700", "41.79"), ("3000", "348.21"), ("3100", "390.00"), ("3200", "390.00")] {
            let found = texts(accounts, "Account").into_iter().find(|one| one.contains(&format!("<AccountID>{account}<")));
            let closing = format!("<ClosingCreditBalance>{closing}<");
            assert!(found.is_some_and(|one| one.contains(&closing)), "{account} in {accounts}");
        }
        assert_eq!(texts(&xml, "StandardTaxCode"), ["33", "5", "6"]);
        assert_eq!(texts(texts(&xml, "TaxTable")[0], "TaxPercentage"), ["12", "0", "0"]);
        let reasons = texts(&xml, "TaxExemptionReason");
        assert_eq!(reasons.len(), 2);
        assert!(reasons.iter().any(|reason| reason.starts_with("Helsetjenester er unntatt")), "{reasons:?}");
    }
}

on_both! {
    /// S23, S50: when the postings of a year have left, what the business has coming is carried, and the books add up.
    async fn s50_balances_outlive_the_postings_that_leave(app: App) {
        let (mut desk, _) = november(app, "Ola Hansen").await;
        // Five years after the end of the accounting year 2026.
        app.set_now(1_956_524_400_000_000);
        app.execute("UPDATE session SET expires_us = $1", params![app.now() + 40 * DAY_US]).await;
        desk.jobs().await;
        desk.operator.post("/operator/retention", &[("action", "approve")]).await.expect(303);
        app.advance(2 * DAY_US);
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM ledger_tx", params![]).await, 0);
        let carried = "SELECT account, amount_minor FROM ledger_carried WHERE amount_minor <> 0 ORDER BY account";
        let carried: Vec<(String, i64)> = app.rows(carried, params![]).await;
        let row = |account: &str, minor: i64| (account.to_owned(), minor);
        assert_eq!(carried, [row("provider_payable", -33_200), row("provider_vat", -8_300), row("test_clearing", 41_500)]);
        let held = format!("Trukket for bedriften til og med måneden, minus tilbakebetalt: {}.", kroner(41_500));
        desk.provider.get("/provider/money").await.expect(200).expect_text(&held);
        desk.operator.get("/operator/money").await.expect(200).expect_text("Alle kontoer summerer til 0");
        let xml = saft(&mut desk.provider, "2032-01").await;
        check_schema(xml.as_bytes(), &format!("carried_{:?}", app.engine));
        let accounts = texts(&xml, "GeneralLedgerAccounts")[0];
        assert!(accounts.contains("<OpeningDebitBalance>415.00<") && accounts.contains("<OpeningCreditBalance>332.00<"), "{accounts}");
    }
}
