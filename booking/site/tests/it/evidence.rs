//! What is handed in for a dispute: told by its bytes, bounded, kept apart from pages, and gone with whoever handed it in.

use axum::http::header;
use booking_core::base::{DAY_US, HOUR_US};
use booking_core::params;

use crate::desk::{Desk, FIXED, open};
use crate::disputes::{PIXEL, hand_in};
use crate::harness::{Answer, App};
use crate::on_both;
use crate::refunds::paid;

const COMPLAINT: &[(&str, &str)] = &[("action", "open"), ("body", "Lyden var borte i ti minutter.")];

fn page(appointment: &str) -> String {
    format!("/bookings/{appointment}/dispute")
}

async fn files(app: &App) -> Vec<String> {
    let sql = "SELECT name, media_type FROM dispute_file ORDER BY at_us, id";
    let rows: Vec<(String, String)> = app.rows(sql, params![]).await;
    rows.into_iter().map(|(name, kind)| format!("{name} {kind}")).collect()
}

/// Files in the store.
fn stored(app: &App) -> usize {
    let folder = app.state.config.data_dir.join("disputes");
    std::fs::read_dir(folder).map_or(0, |entries| entries.count())
}

#[track_caller]
fn header_of<'a>(answer: &'a Answer, name: &header::HeaderName) -> &'a str {
    answer.headers[name].to_str().expect("ASCII")
}

/// A picture of many times the bytes that it takes: `side` black pixels in a square, as PNG.
fn bomb(side: u32) -> Vec<u8> {
    let mut bytes = PIXEL.to_vec();
    for at in [16, 20] {
        bytes[at..at + 4].copy_from_slice(&side.to_be_bytes());
    }
    bytes
}

on_both! {
    /// S32: evidence by upload, by its bytes and never by its name, and never shown on a page of ours.
    async fn s32_what_is_handed_in_is_told_by_its_bytes_and_only_downloaded(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let (mine, path) = (page(&appointment), format!("/bookings/{appointment}/dispute/files"));
        hand_in(&mut desk.consumer, &path, None, "a.png", PIXEL).await.expect(409);
        desk.consumer.post(&mine, COMPLAINT).await.expect(303);
        for (name, bytes, expect) in [
            ("bilde.png", &b"<script>alert(1)</script>"[..], 422),
            ("bilde.png", b"", 422),
            ("bilde.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422),
            ("kuttet.png", &PIXEL[..40], 422),
            ("stor.pdf", &[b"%PDF-1.7".as_slice(), &vec![b' '; 10 << 20]].concat(), 413),
        ] {
            let refused = hand_in(&mut desk.consumer, &path, None, name, bytes).await.expect(expect).text();
            assert!(refused.contains("href=\"#file\""), "{name}: {refused}");
        }
        for side in [12_001, 50_000, 0, u32::MAX] {
            hand_in(&mut desk.consumer, &path, None, "bombe.png", &bomb(side)).await.expect(422);
        }
        assert_eq!(files(app).await, [""; 0]);
        for _ in 0..2 {
            hand_in(&mut desk.consumer, &path, None, "..\\\\..\\\\skjerm<b>.html", PIXEL).await.expect(303);
        }
        hand_in(&mut desk.provider, &path, None, "logg.pdf", b"%PDF-1.7 <script>").await.expect(303);
        assert_eq!(files(app).await, ["skjerm<b>.html image/png", "logg.pdf application/pdf"], "what comes twice is one");
        let shown = desk.provider.get(&mine).await.expect(200).text();
        assert!(shown.contains("skjerm&#60;b&#62;.html"), "{shown}");
        let ids: Vec<String> = app.rows("SELECT id FROM dispute_file ORDER BY at_us, id", params![]).await;
        for (id, kind) in [(&ids[0], "image/png"), (&ids[1], "application/pdf")] {
            for client in [&mut desk.consumer, &mut desk.provider] {
                let file = client.get(&format!("/disputes/files/{id}")).await.expect(200);
                assert_eq!(header_of(&file, &header::CONTENT_TYPE), kind);
                assert_eq!(header_of(&file, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");
                let disposition = header_of(&file, &header::CONTENT_DISPOSITION);
                assert!(disposition.starts_with("attachment; filename=\"booka-"), "{disposition}");
            }
            desk.stranger.get(&format!("/disputes/files/{id}")).await.expect(404);
        }
        // An operator says why first, and each file is on record.
        let file = format!("/disputes/files/{}", ids[0]);
        assert_eq!(desk.operator.get(&file).await.expect(303).location(), format!("/operator/appointments/{appointment}"));
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        desk.operator.get(&file).await.expect(200);
        let seen = "SELECT COUNT(*) FROM operator_look WHERE action = 'dispute_file_seen'";
        assert_eq!(app.number(seen, params![]).await, 2);
    }
}

on_both! {
    /// S32: so many files a side, and no more.
    async fn s32_a_side_hands_in_ten_files(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let path = format!("/bookings/{appointment}/dispute/files");
        desk.consumer.post(&page(&appointment), COMPLAINT).await.expect(303);
        for number in 0..10 {
            hand_in(&mut desk.consumer, &path, None, "a.pdf", format!("%PDF-1.7 {number}").as_bytes()).await.expect(303);
        }
        hand_in(&mut desk.consumer, &path, None, "a.pdf", b"%PDF-1.7 11").await.expect(409).expect_text("ti filer");
        hand_in(&mut desk.provider, &path, None, "a.pdf", b"%PDF-1.7 11").await.expect(303);
        assert_eq!((files(app).await.len(), stored(app)), (11, 12));
        // What no row names leaves the store.
        app.advance(2 * HOUR_US);
        desk.jobs().await;
        assert_eq!((files(app).await.len(), stored(app)), (11, 11));
        desk.consumer.post(&page(&appointment), &[("action", "withdraw")]).await.expect(303);
        hand_in(&mut desk.provider, &path, None, "b.pdf", b"%PDF-1.7 12").await.expect(409);
    }
}

on_both! {
    /// S33: an operator brings in what others say, marked with whose it is, and both sides read it.
    async fn s33_statements_of_third_parties_are_marked_with_their_source(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let mine = page(&appointment);
        let theirs = format!("/operator/appointments/{appointment}/dispute");
        desk.consumer.post(&mine, COMPLAINT).await.expect(303);
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let nobody = [("action", "statement"), ("known", "1"), ("source", " "), ("statement", "Vi målte linjen den dagen.")];
        desk.operator.post(&theirs, &nobody).await.expect(422).expect_text("href=\"#source\"").expect_text("Vi målte linjen");
        let said = [
            ("action", "statement"), ("known", "1"), ("source", "Telenor, kundeservice"), ("statement", "Vi målte linjen den dagen."),
        ];
        for _ in 0..2 {
            desk.operator.post(&theirs, &said).await.expect(303);
        }
        let path = format!("{theirs}/files");
        hand_in(&mut desk.operator, &path, None, "rapport.pdf", b"%PDF-1.7 x").await.expect(422).expect_text("href=\"#file_source\"");
        hand_in(&mut desk.operator, &path, Some("Telenor, kundeservice"), "rapport.pdf", b"%PDF-1.7 x").await.expect(303);
        for client in [&mut desk.consumer, &mut desk.provider] {
            client.post(&theirs, &said).await.expect(404);
            hand_in(client, &path, Some("Meg selv"), "x.pdf", b"%PDF-1.7 y").await.expect(404);
            let read = client.get(&mine).await.expect(200).text();
            assert_eq!(read.matches("Fra: Telenor, kundeservice").count(), 2, "{read}");
            assert!(read.contains("Vi målte linjen") && read.contains("rapport.pdf") && read.contains("Driften"), "{read}");
        }
        let record = "SELECT reason FROM operator_record WHERE action = 'dispute_statement' ORDER BY at_us, id";
        assert_eq!(app.rows::<String>(record, params![]).await, ["Telenor, kundeservice", "Telenor, kundeservice"]);
        let sources = "SELECT source FROM dispute_entry WHERE kind = 'statement'";
        assert_eq!(app.rows::<String>(sources, params![]).await, ["Telenor, kundeservice"]);
    }
}

on_both! {
    /// S32: an account stays while its dispute is open; afterwards what the person wrote and handed in goes.
    async fn s32_an_account_is_erased_when_its_dispute_is_over(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let mine = page(&appointment);
        desk.consumer.post(&mine, COMPLAINT).await.expect(303);
        let path = format!("/bookings/{appointment}/dispute/files");
        hand_in(&mut desk.consumer, &path, None, "mitt.png", PIXEL).await.expect(303);
        hand_in(&mut desk.provider, &path, None, "vårt.pdf", b"%PDF-1.7").await.expect(303);
        let exported = desk.consumer.get("/account/export").await.expect(200).text();
        for mine in ["Lyden var borte i ti minutter", "mitt.png", "iVBORw0KGgo"] {
            assert!(exported.contains(mine), "{mine}: {exported}");
        }
        assert!(!exported.contains("vårt.pdf"), "{exported}");
        app.execute("UPDATE account SET deletion_asked_us = $1 WHERE id = 'c'", params![app.now()]).await;
        app.advance(8 * DAY_US);
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM account WHERE erased_us IS NOT NULL", params![]).await, 0);
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let decision = [("action", "decide"), ("known", "1"), ("amount", "0"), ("reason", "Målingene viser noe annet")];
        desk.operator.post(&format!("/operator/appointments/{appointment}/dispute"), &decision).await.expect(303);
        desk.jobs().await;
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM account WHERE erased_us IS NOT NULL", params![]).await, 1);
        assert_eq!((files(app).await, stored(app)), (vec!["vårt.pdf application/pdf".to_owned()], 1));
        let words = "SELECT body FROM dispute_entry ORDER BY at_us, id";
        assert_eq!(app.rows::<String>(words, params![]).await, ["", "Målingene viser noe annet"]);
        desk.provider.get(&mine).await.expect(200).expect_text("Målingene viser noe annet");
    }
}
