//! Receipts: numbers without gaps, the same bytes for ever, and the figures as a person reads them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use booking_core::base::SECOND_US;
use booking_core::base::db::Sql;
use booking_core::base::money::split_vat;
use booking_core::base::vat::VatCode;
use booking_core::documents::{DocumentKind, New, Paper, PaperLine, Party, VatLine, issue_document};
use booking_core::params;
use web::Locale;

use crate::desk::{ACCEPTED, Desk, METERED, receipt};
use crate::on_both;
use crate::sums::{pay_back, plain};

/// What nobody may do.
const CHANGE: Sql = Sql {
    name: "CHANGE",
    text: "UPDATE document SET total_minor = 0 WHERE id = $1",
};

/// The text of a PDF, or `None` without poppler.
pub(crate) fn text_of(pdf: &[u8]) -> Option<String> {
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .inspect_err(|_| eprintln!("skipped: pdftotext is not installed"))
        .ok()?;
    child.stdin.take().expect("a pipe").write_all(pdf).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

on_both! {
    /// S23, S24.
    async fn a_receipt_holds_the_measured_time_and_the_amounts(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        let path = format!("/bookings/{appointment}/receipt.pdf");
        desk.consumer.get(&path).await.expect(404);
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        let answer = receipt(&mut desk.consumer, &appointment).await;
        assert_eq!(answer.headers["content-type"], "application/pdf");
        assert_eq!(receipt(&mut desk.provider, &appointment).await.bytes, answer.bytes);
        desk.stranger.get(&path).await.expect(404);
        assert_eq!(app.number("SELECT COUNT(*) FROM document WHERE unstored IS NULL", params![]).await, 1);
        let Some(text) = text_of(&answer.bytes) else { return };
        for part in [
            "Kvittering 2026-000001",
            "2026-000001",
            "2026-11-23",
            "Dyreklinikken Nordli",
            "Org.nr. 923609016 MVA",
            "Ola Hansen",
            "Tid sammen 25,0 s, betalt tid 1 min",
            "15,00 kr per minutt",
            "12,00 kr",
            "Mva. 25 %",
            "3,00 kr",
            "TEST: ingen kvittering",
            "TEST Visa **** 4242",
            "450,00 kr",
            "435,00 kr",
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}

on_both! {
    async fn changed_bytes_are_not_handed_out(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        let stored = desk.text("SELECT path FROM document WHERE appointment_id = $1", &appointment).await;
        std::fs::write(app.state.config.data_dir.join(stored), b"%PDF-1.7 forged").expect("the folder is ours");
        let newest = desk.consumer.get(&format!("/bookings/{appointment}/receipt.pdf")).await.expect(303).location();
        desk.consumer.get(&newest).await.expect(500);
    }
}

on_both! {
    async fn numbers_have_no_gaps_when_many_are_issued_at_once(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let mut appointments = Vec::new();
        for number in 0..12 {
            appointments.push(desk.book(Desk::slot(2 + number), ACCEPTED).await);
        }
        for (number, appointment) in (0..).zip(&appointments) {
            desk.talk(appointment, Desk::slot(2 + number), 25 * SECOND_US).await;
        }
        let tasks: Vec<_> = appointments
            .iter()
            .flat_map(|appointment| [appointment.clone(), appointment.clone()])
            .map(|appointment| {
                let state = app.state.clone();
                tokio::spawn(async move {
                    let ops = booking_core::usecases::finalise_call(&state, &appointment).await.expect("it is charged");
                    booking_core::usecases::run_operations(&state, &ops).await;
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no try panics");
        }
        desk.jobs().await;
        let numbers: Vec<i64> = app.rows("SELECT number FROM document ORDER BY number", params![]).await;
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    }
}

/// A receipt of 390 kr for a cause, as a payment would have it.
fn new_document<'a>(cause: &'a str, kind: DocumentKind) -> New<'a> {
    let split = split_vat(39_000, 2_500);
    New {
        org_id: "org",
        appointment_id: None,
        payment_id: None,
        cause,
        refers_to: None,
        paper: Paper {
            kind,
            number: String::new(),
            issued_at: 0,
            locale: Locale::Nb,
            time_zone: "Europe/Oslo".into(),
            currency: "NOK".into(),
            facts: Vec::new(),
            seller: Party {
                name: "Dyreklinikken Nordli".into(),
                ..Party::default()
            },
            buyer: Party {
                name: "Ola Hansen".into(),
                ..Party::default()
            },
            lines: vec![PaperLine {
                text: vec!["Videotime".into()],
                amount_minor: 39_000,
            }],
            vat: vec![VatLine::new(VatCode::Standard, split)],
            payment_heading: String::new(),
            payment: Vec::new(),
            notes: Vec::new(),
            test: false,
        },
    }
}

on_both! {
    /// Fifty at once, each asked for twice, every fifth thrown away after its number was taken: one document a cause, numbers
    /// without a gap, and each seller and kind counts for itself.
    async fn numbers_have_no_gaps_whoever_asks_at_once_and_gives_up(app: App) {
        let _desk = Desk::open(app, METERED).await;
        let tasks: Vec<_> = (0..50)
            .flat_map(|number| [(number, false), (number, number % 5 == 0)])
            .map(|(number, gives_up)| {
                let state = app.state.clone();
                tokio::spawn(async move {
                    let mut tx = state.db.write().await.expect("a connection");
                    let cause = if gives_up { format!("given-up:{number}") } else { format!("receipt:{number}") };
                    issue_document(&state, &mut tx, new_document(&cause, DocumentKind::Receipt)).await.expect("it is issued");
                    if !gives_up {
                        tx.commit().await.expect("it commits");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no try panics");
        }
        for kind in [DocumentKind::CreditNote, DocumentKind::CommissionInvoice] {
            let mut tx = app.state.db.write().await.expect("a connection");
            let document = issue_document(&app.state, &mut tx, new_document("other", kind)).await.expect("it is issued");
            assert_eq!(document.name(), "2026-000001");
            tx.commit().await.expect("it commits");
        }
        let numbers: Vec<i64> = app.rows("SELECT number FROM document WHERE kind = 'receipt' ORDER BY number", params![]).await;
        assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
        let series: Vec<(String, String, i64)> =
            app.rows("SELECT seller_id, kind, next_number FROM document_series ORDER BY kind", params![]).await;
        let expect = [("platform", "commission_invoice", 2), ("org", "credit_note", 2), ("org", "receipt", 51)];
        assert_eq!(series, expect.map(|(seller, kind, next)| (seller.to_owned(), kind.to_owned(), next)));
    }
}

on_both! {
    async fn what_does_not_add_up_is_not_issued_and_takes_no_number(app: App) {
        let _desk = Desk::open(app, METERED).await;
        let mut wrong = new_document("receipt:1", DocumentKind::Receipt);
        wrong.paper.vat[0].vat_minor += 1;
        let mut tx = app.state.db.write().await.expect("a connection");
        assert!(issue_document(&app.state, &mut tx, wrong).await.is_err());
        tx.commit().await.expect("it commits");
        assert_eq!(app.number("SELECT COUNT(*) FROM document_series", params![]).await, 0);
    }
}

on_both! {
    /// S50: what was issued stays as it was, whatever is renamed; the database itself refuses to change it.
    async fn s50_an_issued_document_never_changes(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
        desk.jobs().await;
        let before = receipt(&mut desk.consumer, &appointment).await;
        app.execute("UPDATE org SET name = 'Nytt navn', orgno = '', address = ''", params![]).await;
        app.execute("UPDATE account SET name = 'En annen', locale = 'en' WHERE id = 'c'", params![]).await;
        app.execute("UPDATE service SET vat_code = 'exempt_health', title = 'Noe annet'", params![]).await;
        app.execute("UPDATE org_vat SET registered = 0", params![]).await;
        desk.jobs().await;
        let after = receipt(&mut desk.consumer, &appointment).await;
        assert_eq!(after.bytes, before.bytes);
        assert_eq!(after.headers["content-disposition"], "inline; filename=\"booka-receipt-2026-000001.pdf\"");
        let mut tx = app.state.db.write().await.expect("a connection");
        let document = booking_core::documents::receipt_of(&mut tx, &appointment).await.expect("it reads").expect("a receipt");
        let refused = tx.execute(CHANGE, params![&document.id]).await.expect_err("the database says no").to_string();
        assert!(refused.contains("never changes"), "{refused}");
        drop(tx);
        // A number that was given is no second time given.
        assert_eq!((document.name().as_str(), document.total_minor, document.vat_minor), ("2026-000001", 1_500, 300));
    }
}

on_both! {
    /// A customer's own list and those of the business by month; nobody else's.
    async fn documents_are_listed_for_their_customer_and_their_seller(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let (own, books) = ("/account/documents", "/provider/documents");
        desk.consumer.get(own).await.expect(200).expect_text("Du har ingen kvitteringer");
        desk.provider.get(books).await.expect(200).expect_text("Ingenting er utstedt");
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
        desk.jobs().await;
        pay_back(app, &desk, &appointment, &[("r1", 500)]).await;
        let own = plain(&desk.consumer.get(own).await.expect(200).text());
        for part in ["Kreditnota 2026-000001", "Kvittering 2026-000001", "Dyreklinikken Nordli", "15,00 kr", "\u{2212}5,00 kr"] {
            assert!(own.contains(part), "no {part} in {own}");
        }
        let books = plain(&desk.provider.get(books).await.expect(200).text());
        for part in ["November 2026", "3,00 kr", "15,00 kr", "\u{2212}1,00 kr", "\u{2212}5,00 kr", appointment.as_str()] {
            assert!(books.contains(part), "no {part} in {books}");
        }
        let other = desk.provider.get("/provider/documents?day=2026-12-24").await.expect(200).text();
        assert!(other.contains("Desember 2026") && other.contains("Ingenting er utstedt"), "{other}");
        let none = desk.stranger.get("/account/documents").await.expect(200).text();
        assert!(!none.contains("2026-000001"), "{none}");
        desk.stranger.get("/provider/documents").await.expect(404);
        let ids: Vec<String> = app.rows("SELECT id FROM document", params![]).await;
        assert_eq!(ids.len(), 2);
        for id in ids {
            let path = format!("/documents/{id}");
            assert!(own.contains(&path) && books.contains(&path), "{path}");
            desk.consumer.get(&path).await.expect(200);
            desk.provider.get(&path).await.expect(200);
            desk.stranger.get(&path).await.expect(404);
            // Operators say first why they look.
            desk.operator.get(&path).await.expect(303);
            app.client().get(&path).await.expect(303);
        }
    }
}

on_both! {
    /// Trial B7: receipts printed "?" for these names, and a decomposed Å became "A?".
    async fn b07_names_of_every_script_are_printed(app: App) {
        let names = [
            "Анна Петрова-Щукина", "Γιώργος Παπαδόπουλος", "דוד כהן", "محمد علي", "สมชาย ใจดี", "Nguyễn Thị Hồng", "王小明",
            "山田 太郎", "김민준", "Åse Ødegård", "Dyre & Co. №5",
        ];
        let mut desk = Desk::open(app, METERED).await;
        for (number, name) in (0..).zip(names) {
            app.execute("UPDATE account SET name = $1 WHERE id = 'c'", params![name]).await;
            app.execute("UPDATE org SET name = $1", params![format!("{name} 🐶")]).await;
            let start = Desk::slot(2 + number);
            let appointment = desk.book(start, ACCEPTED).await;
            desk.talk(&appointment, start, 25 * SECOND_US).await;
            desk.jobs().await;
            let pdf = receipt(&mut desk.consumer, &appointment).await.bytes;
            // To be looked at, as the pages of `web`.
            if let Some(folder) = std::env::var_os("BOOKA_RENDER_DIR") {
                std::fs::write(std::path::Path::new(&folder).join(format!("receipt-{number}.pdf")), &pdf)
                    .expect("the folder is writable");
            }
            let Some(text) = text_of(&pdf) else { return };
            assert!(!text.contains('?') && !text.contains('\u{fffd}'), "{name}: {text}");
            let letters = |text: &str| -> String {
                let apart = text.chars().filter(|c| !c.is_whitespace() && !('\u{2000}'..='\u{206f}').contains(c));
                apart.collect()
            };
            assert!(letters(&text).contains(&letters(name)), "{name}: {text}");
        }
    }
}
