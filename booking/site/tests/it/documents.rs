//! Receipts: numbers without gaps, the same bytes for ever, and the figures as a person reads them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use booking_core::base::SECOND_US;
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, METERED, receipt};
use crate::on_both;

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

on_both! {
    /// Trial B7: receipts printed "?" for these names, and a decomposed Å became "A?".
    async fn b07_names_of_every_script_are_printed(app: App) {
        let names = [
            "Анна Петрова-Щукина", "Γιώργος Παπαδόπουλος", "דוד כהן", "محمد علي", "สมชาย ใจดี", "Nguyễn Thị Hồng", "王小明",
            "山田 太郎", "김민준", "Åse Ødegård", "Dyre & Co. №5",
        ];
        let mut desk = Desk::open(app, METERED).await;
        for (number, name) in (0..).zip(names) {
            app.execute("UPDATE account SET name = $1 WHERE id = 'consumer'", params![name]).await;
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
