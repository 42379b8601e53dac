//! What cancelling late and not coming cost: shown before the click, frozen at booking, charged once, with a receipt.

use booking_core::appointments::let_downs_of;
use booking_core::base::{DAY_US, HOUR_US, MINUTE_US, Micros, SECOND_US};
use booking_core::calls;
use booking_core::params;

use crate::desk::{ACCEPTED, DECLINED_LATER, Desk, FREE, METERED, booked, present};
use crate::documents::text_of;
use crate::harness::{Answer, App};
use crate::on_both;
use crate::walk::{PASSWORD, consumer};

/// Half from 24 hours before the start on.
pub(crate) const DAY: &[(&str, &str)] = &[("policy", "day")];

/// The provider saves the service that costs 15 kr a minute and at most 450 kr, with a policy.
pub(crate) async fn save_policy(desk: &mut Desk<'_>, policy: &[(&str, &str)]) -> Answer {
    let form = [
        ("title", "Videotime"),
        ("duration_min", "30"),
        ("buffer_min", "0"),
        ("notice_h", "0"),
        ("window_days", "30"),
        ("open_max", "30"),
        ("kind", "per_minute"),
        ("rate", "15"),
        ("cap", "450"),
        ("free_min", "0"),
        ("vat_code", "standard"),
        ("active", "yes"),
        ("action", "save"),
    ];
    // A business that sells has given leave to issue its receipts.
    desk.provider
        .post("/provider/profile", &[("action", "mandate")])
        .await
        .expect(303);
    desk.provider
        .post("/provider/services/service", &[&form, policy].concat())
        .await
}

/// A desk whose service has a policy.
async fn open_with<'a>(app: &'a App, policy: &[(&str, &str)]) -> Desk<'a> {
    let mut desk = Desk::open(app, METERED).await;
    save_policy(&mut desk, policy).await.expect(303);
    desk
}

/// What a page says, with ordinary spaces.
async fn page(client: &mut crate::harness::Client, path: &str) -> String {
    client.get(path).await.expect(200).text().replace('\u{a0}', " ")
}

async fn charges(app: &App) -> Vec<(String, i64, i64)> {
    app.rows(
        "SELECT outcome, amount_minor, vat_minor FROM charge ORDER BY created_us",
        params![],
    )
    .await
}

async fn mail_to_consumer(app: &App, kind: &str) -> String {
    let mail = "SELECT body FROM outbox WHERE kind = $1 AND recipient = 'c@example.no' ORDER BY created_us DESC, id DESC LIMIT 1";
    app.rows::<String>(mail, params![kind])
        .await
        .remove(0)
        .replace('\u{a0}', " ")
}

on_both! {
    /// S22: the terms are part of the order, with dates and sums.
    async fn what_cancelling_costs_is_shown_before_the_click(app: App) {
        let mut desk = open_with(app, DAY).await;
        let relative = page(&mut desk.stranger, "/providers/nordli").await;
        for line in [
            "Gratis avbestilling til 24 timer før timen begynner.",
            "Avbestiller du senere enn 24 timer før, koster det 225 kr.",
            "Møter du ikke, koster det 450 kr.",
        ] {
            assert!(relative.contains(line), "no {line:?} in {relative}");
        }
        // Two days and two hours ahead: Wednesday 25 November, 11:00 in Oslo.
        let hold = desk.hold(Desk::slot(100)).await;
        let payment = page(&mut desk.consumer, &format!("/book/{hold}/payment")).await;
        let exact = [
            "Gratis avbestilling til tirsdag 24. november kl. 11:00.",
            "Avbestiller du etter tirsdag 24. november kl. 11:00, koster det 225 kr.",
            "Møter du ikke, koster det 450 kr.",
        ];
        for line in exact {
            assert!(payment.contains(line), "no {line:?} in {payment}");
        }
        assert!(payment.contains("Bestill og betal inntil 450 kr"), "{payment}");
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        let mail = mail_to_consumer(app, "booked").await;
        let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}")).await;
        for line in exact {
            assert!(mail.contains(line), "no {line:?} in {mail}");
            assert!(shown.contains(line), "no {line:?} in {shown}");
        }
        let theirs = page(&mut desk.provider, &format!("/bookings/{appointment}")).await;
        assert!(!theirs.contains("Avbestiller du"), "the provider pays nothing: {theirs}");
    }
}

on_both! {
    async fn a_late_cancellation_is_charged_and_the_rest_released(app: App) {
        let mut desk = open_with(app, DAY).await;
        let start = Desk::slot(100);
        let appointment = desk.book(start, ACCEPTED).await;
        let cancel = format!("/bookings/{appointment}/cancel");
        app.set_now(start - DAY_US);
        let free = page(&mut desk.consumer, &cancel).await;
        assert!(free.contains("Det er gratis å avbestille. Vi frigir 450 kr."), "{free}");
        app.advance(1);
        let late = page(&mut desk.consumer, &cancel).await;
        assert!(late.contains("Avbestill for 225 kr"), "{late}");
        assert!(late.contains("Vi trekker 225 kr og frigir 225 kr."), "{late}");
        desk.consumer.post(&cancel, &[("fee", "22500")]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(charges(app).await, [("cancelled".to_owned(), 22_500, 4_500)]);
        assert_eq!(desk.payment(&appointment).await, "captured 45000 22500");
        assert_eq!(desk.outside(&appointment).await, ["captured 22500"]);
        let ledger = [
            "authorised reserved 45000",
            "authorised reserved_contra -45000",
            "charged consumer_receivable 22500",
            "charged provider_payable -18000",
            "charged provider_vat -4500",
            "captured psp_clearing 22500",
            "captured consumer_receivable -22500",
            "captured reserved -45000",
            "captured reserved_contra 45000",
        ];
        assert_eq!(desk.ledger(&appointment).await, ledger);
        let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}")).await;
        assert!(shown.contains("Etter vilkårene koster det 225 kr, og resten blir frigitt."), "{shown}");
        let told = mail_to_consumer(app, "cancelled").await;
        assert!(told.contains("betaler du 225,00 kr, og 225,00 kr blir frigitt."), "{told}");
        let receipt = mail_to_consumer(app, "receipt").await;
        assert!(receipt.contains("du avbestilte timen hos Dyreklinikken Nordli"), "{receipt}");
        let receipt = desk.consumer.get(&format!("/bookings/{appointment}/receipt.pdf")).await.expect(303).location();
        let pdf = desk.consumer.get(&receipt).await.expect(200);
        if let Some(text) = text_of(&pdf.bytes) {
            for part in ["Storgata 1", "5003 Bergen", "Avbestilt etter fristen", "225,00 kr", "45,00 kr"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
        }
        // Its time passes, and nothing more is charged; nor is it by pressing again.
        desk.consumer.post(&cancel, &[("fee", "45000")]).await.expect(303);
        app.set_now(start + HOUR_US);
        desk.jobs().await;
        assert_eq!(charges(app).await.len(), 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
    }
}

on_both! {
    async fn a_fee_that_cannot_be_taken_is_shown_as_owed(app: App) {
        let mut desk = open_with(app, DAY).await;
        let start = Desk::slot(100);
        let appointment = desk.book(start, crate::desk::CAPTURE_FAILS).await;
        app.set_now(start - DAY_US + 1);
        desk.consumer.post(&format!("/bookings/{appointment}/cancel"), &[("fee", "22500")]).await.expect(303);
        for _ in 0..12 {
            desk.jobs().await;
            app.advance(4 * HOUR_US);
        }
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}")).await;
        for part in ["Etter vilkårene koster det 225 kr.", "<dt>Ikke betalt</dt>", "225,00 kr"] {
            assert!(shown.contains(part), "no {part:?} in {shown}");
        }
        assert!(!shown.contains("ingenting blir trukket") && !shown.contains("Å betale"), "{shown}");
    }
}

on_both! {
    async fn nobody_is_charged_more_than_was_shown(app: App) {
        let mut desk = open_with(app, &[("policy", "strict")]).await;
        let start = Desk::slot(120);
        let appointment = desk.book(start, ACCEPTED).await;
        let cancel = format!("/bookings/{appointment}/cancel");
        for (before, shown, asked) in [
            (48 * HOUR_US, "0", "Avbestill for 225 kr"),
            (24 * HOUR_US, "22500", "Avbestill for 450 kr"),
        ] {
            app.set_now(start - before + 1);
            let again = desk.consumer.post(&cancel, &[("fee", shown)]).await.expect(409).text();
            let again = again.replace('\u{a0}', " ");
            assert!(again.contains("Det koster mer å avbestille"), "{again}");
            assert!(again.contains(asked), "{again}");
            assert_eq!(desk.status(&appointment).await, "confirmed");
        }
        // Not said is nothing shown, and what is no number is not asked for.
        desk.consumer.post(&cancel, &[]).await.expect(409);
        desk.consumer.post(&cancel, &[("fee", "alt")]).await.expect(400);
        assert!(charges(app).await.is_empty());
        assert_eq!(desk.payment(&appointment).await, "authorised 45000 0");
        desk.consumer.post(&cancel, &[("fee", "45000")]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 45000 45000");
    }
}

on_both! {
    async fn a_consumer_who_does_not_come_pays_the_share_of_the_policy(app: App) {
        let own = [
            ("policy", "own"),
            ("policy_free_h", "1"),
            ("policy_percent", "10"),
            ("policy_no_show", "33"),
        ];
        let mut desk = open_with(app, &own).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        let (_, provider) = desk.seats(&appointment).await;
        calls::record_arrival(&app.state, &appointment, &provider, start, false).await.expect("it is written");
        present(&app.state, &appointment, &provider, 0, (start, start + 30 * MINUTE_US)).await;
        app.set_now(start + 30 * MINUTE_US + 15 * SECOND_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "no_show_consumer");
        assert_eq!(charges(app).await, [("no_show_consumer".to_owned(), 14_850, 2_970)]);
        assert_eq!(desk.payment(&appointment).await, "captured 45000 14850");
        let missed = mail_to_consumer(app, "no_show").await;
        assert!(missed.contains("betaler du 148,50 kr, og 301,50 kr blir frigitt."), "{missed}");
        let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}")).await;
        assert!(shown.contains("Etter vilkårene koster det 148,50 kr"), "{shown}");
        let theirs = page(&mut desk.provider, &format!("/bookings/{appointment}")).await;
        assert!(theirs.contains("<dt>Kunden møtte ikke</dt>") && !theirs.contains("Du møtte ikke"), "{theirs}");
        let theirs = "SELECT body FROM outbox WHERE kind = 'no_show' AND recipient = 'p@example.no'";
        let theirs = app.rows::<String>(theirs, params![]).await.remove(0).replace('\u{a0}', " ");
        assert!(theirs.contains("Kunden betaler 148,50 kr"), "{theirs}");
    }
}

on_both! {
    async fn a_provider_never_costs_the_consumer_anything(app: App) {
        let mut desk = open_with(app, &[("policy", "strict")]).await;
        let start = Desk::slot(4);
        let cancelled = desk.book(start, ACCEPTED).await;
        let cancel = format!("/bookings/{cancelled}/cancel");
        let asked = page(&mut desk.provider, &cancel).await;
        assert!(asked.contains("Kunden betaler ingenting når dere avbestiller."), "{asked}");
        desk.provider.post(&cancel, &[]).await.expect(303);
        let missed = desk.book(start, ACCEPTED).await;
        // The consumer may go as soon as the provider is late.
        let left = desk.book(Desk::slot(6), ACCEPTED).await;
        app.set_now(start + 30 * MINUTE_US + 15 * SECOND_US);
        desk.jobs().await;
        app.set_now(Desk::slot(6));
        desk.consumer.post(&format!("/bookings/{left}/cancel"), &[("fee", "0")]).await.expect(303);
        desk.jobs().await;
        for (appointment, status) in [(&cancelled, "cancelled"), (&missed, "no_show_provider"), (&left, "cancelled")] {
            assert_eq!(desk.status(appointment).await, status);
            assert_eq!(desk.payment(appointment).await, "released 45000 0");
        }
        assert_eq!(charges(app).await, [("no_show_provider".to_owned(), 0, 0)]);
    }
}

on_both! {
    async fn what_is_booked_keeps_the_policy_it_was_booked_under(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(4);
        let before = desk.book(start, ACCEPTED).await;
        let held = desk.hold(Desk::slot(6)).await;
        save_policy(&mut desk, &[("policy", "strict")]).await.expect(303);
        let begun = booked(&desk.pay(&held, ACCEPTED).await);
        let after = desk.book(Desk::slot(8), ACCEPTED).await;
        for (appointment, button) in [
            (before, "Avbestill timen"),
            (begun, "Avbestill timen"),
            (after, "Avbestill for 450 kr"),
        ] {
            let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}/cancel")).await;
            assert!(shown.contains(button), "no {button:?} in {shown}");
        }
    }
}

on_both! {
    async fn too_late_to_cancel_is_too_late_for_the_consumer_alone(app: App) {
        let own = [
            ("policy", "own"),
            ("policy_free_h", "3"),
            ("policy_percent", "50"),
            ("policy_no_show", "50"),
            ("policy_notice_h", "1"),
        ];
        let mut desk = open_with(app, &own).await;
        let start = Desk::slot(4);
        let appointment = desk.book(start, ACCEPTED).await;
        let path = format!("/bookings/{appointment}");
        let cancel = format!("{path}/cancel");
        app.set_now(start - HOUR_US);
        page(&mut desk.consumer, &cancel).await;
        app.advance(1);
        assert_eq!(desk.consumer.get(&cancel).await.location(), path);
        desk.consumer.post(&cancel, &[("fee", "45000")]).await.expect(409);
        assert_eq!(desk.status(&appointment).await, "confirmed");
        desk.provider.post(&cancel, &[]).await.expect(303);
        assert_eq!(desk.status(&appointment).await, "cancelled");
    }
}

on_both! {
    async fn a_form_that_is_wrong_comes_back_with_what_was_typed(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let own = [("policy", "own"), ("policy_free_h", "24"), ("policy_percent", "101"), ("policy_no_show", "40")];
        let back = save_policy(&mut desk, &own).await.expect(422).text();
        assert!(back.contains("Skriv et helt tall fra 0 til 100."), "{back}");
        assert!(back.contains("value=\"101\""), "{back}");
        save_policy(&mut desk, &[("policy", "gift")]).await.expect(422).expect_text("Velg en av reglene.");
        let policies: Vec<String> = app.rows("SELECT cancel_policy FROM service", params![]).await;
        assert_eq!(policies, ["{}"]);
        let shown = page(&mut desk.provider, "/provider/services/service").await;
        assert!(shown.contains("value=\"free\" checked"), "{shown}");
    }
}

on_both! {
    async fn withdrawing_costs_nothing_where_cancelling_does(app: App) {
        let mut desk = open_with(app, &[("policy", "strict")]).await;
        let start = Desk::slot(4);
        let appointment = desk.book(start, ACCEPTED).await;
        let mail = mail_to_consumer(app, "booked").await;
        for part in [
            "Du har angrerett til tirsdag 8. desember kl. 00:00, så lenge timen ikke er gjennomført. Før timen koster det ingenting",
            "Du ba 23. nov. 2026 09:00 om at timen gjennomføres i angrefristen",
            "«Jeg ønsker at timen gjennomføres før angrefristen på 14 dager er ute, og vet at angreretten er borte når timen er gjennomført»",
            "Når timen er gjennomført, har du ikke angrerett lenger.",
        ] {
            assert!(mail.contains(part), "no {part:?} in {mail}");
        }
        let path = format!("/bookings/{appointment}");
        let withdraw = format!("{path}/withdraw");
        let cancel = page(&mut desk.consumer, &format!("{path}/cancel")).await;
        assert!(cancel.contains("Bruker du den, koster det ingenting."), "{cancel}");
        assert!(cancel.contains(&withdraw), "{cancel}");
        assert!(page(&mut desk.consumer, &path).await.contains(&withdraw));
        let form = page(&mut desk.consumer, &withdraw).await;
        for part in ["Angreskjema", "Jeg underretter herved", "post@nordli.example", "Forbrukerens navn: Ola Hansen"] {
            assert!(form.contains(part), "no {part:?} in {form}");
        }
        for other in [&mut desk.provider, &mut desk.stranger] {
            other.get(&withdraw).await.expect(404);
            other.post(&withdraw, &[]).await.expect(404);
        }
        app.set_now(start - 1);
        desk.consumer.post(&withdraw, &[]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        assert!(charges(app).await.is_empty());
        let shown = page(&mut desk.consumer, &path).await;
        assert!(shown.contains("Kunden brukte angreretten"), "{shown}");
    }
}

/// The right ends with Monday 7 December, in Oslo.
const RIGHT_ENDS_US: Micros = crate::harness::START_US + 14 * DAY_US + 15 * HOUR_US;

on_both! {
    async fn the_right_of_withdrawal_ends_with_its_last_day(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let early = desk.book(Desk::slot(20 * 48), ACCEPTED).await;
        let late = desk.book(Desk::slot(20 * 48 + 2), ACCEPTED).await;
        app.set_now(RIGHT_ENDS_US - 1);
        desk.consumer.post(&format!("/bookings/{early}/withdraw"), &[]).await.expect(303);
        assert_eq!(desk.status(&early).await, "cancelled");
        app.advance(1);
        let path = format!("/bookings/{late}");
        assert_eq!(desk.consumer.get(&format!("{path}/withdraw")).await.location(), path);
        desk.consumer.post(&format!("{path}/withdraw"), &[]).await.expect(409);
        assert_eq!(desk.status(&late).await, "confirmed");
        assert!(!page(&mut desk.consumer, &path).await.contains("angreretten"));
    }
}

on_both! {
    async fn the_right_of_withdrawal_is_asked_about_only_where_it_exists(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let asks = |page: &str| page.contains("name=\"withdrawal\"");
        let ahead = desk.hold(Desk::slot(20 * 48)).await;
        assert!(!asks(&page(&mut desk.consumer, &format!("/book/{ahead}/payment")).await), "the right ends before");
        let soon = desk.hold(Desk::slot(2)).await;
        let payment = format!("/book/{soon}/payment");
        assert!(asks(&page(&mut desk.consumer, &payment).await));
        desk.consumer.post(&payment, &[("provider", "test"), ("method", ACCEPTED)]).await.expect(422);
        desk.offer("gratis", FREE).await;
        let free = desk.hold(Desk::slot(6)).await;
        assert!(!asks(&page(&mut desk.consumer, &format!("/book/{free}/payment")).await));
        let free = booked(&desk.pay(&free, "").await);
        desk.consumer.get(&format!("/bookings/{free}/withdraw")).await.expect(303);
        desk.consumer.post(&format!("/bookings/{free}/withdraw"), &[]).await.expect(409);
        assert_eq!(app.number("SELECT COUNT(*) FROM withdrawal_request", params![]).await, 0);
    }
}

on_both! {
    async fn s11_an_organisation_is_the_buyer(app: App) {
        let mut desk = open_with(app, DAY).await;
        let start = Desk::slot(4);
        let hold = desk.hold(start).await;
        let details = format!("/book/{hold}");
        for (name, number, error) in [
            ("Hansen Rør AS", "999900004", "Organisasjonsnummeret har ni sifre. Se etter at de er riktige."),
            ("Hansen Rør AS", "", "Skriv organisasjonsnummeret, eller fjern navnet"),
            ("", "999900003", "Skriv navnet på virksomheten"),
        ] {
            let typed = [("about", "Røret lekker"), ("org_name", name), ("org_number", number)];
            let back = desk.consumer.post(&details, &typed).await.expect(422).text();
            assert!(back.contains(error) && back.contains("Røret lekker") && back.contains(name), "{back}");
        }
        let typed = [("about", "Røret lekker"), ("org_name", "Hansen Rør AS"), ("org_number", "NO 999 900 003 MVA")];
        desk.consumer.post(&details, &typed).await.expect(303);
        let payment = page(&mut desk.consumer, &format!("{details}/payment")).await;
        assert!(!payment.contains("name=\"withdrawal\""), "an organisation has no right of withdrawal: {payment}");
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        let path = format!("/bookings/{appointment}");
        assert_eq!(app.number("SELECT COUNT(*) FROM withdrawal_request", params![]).await, 0);
        desk.consumer.get(&format!("{path}/withdraw")).await.expect(303);
        let seen = page(&mut desk.provider, &path).await;
        assert!(seen.contains("Bestilt for Hansen Rør AS, org.nr. 999900003"), "{seen}");
        desk.consumer.post(&format!("{path}/cancel"), &[("fee", "22500")]).await.expect(303);
        desk.jobs().await;
        let receipt = desk.consumer.get(&format!("{path}/receipt.pdf")).await.expect(303).location();
        let pdf = desk.consumer.get(&receipt).await.expect(200);
        if let Some(text) = text_of(&pdf.bytes) {
            for part in ["Hansen Rør AS", "Org.nr. 999900003", "Ola Hansen"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
        }
    }
}

on_both! {
    async fn deleting_the_account_charges_what_its_page_said(app: App) {
        let mut desk = open_with(app, &[("policy", "strict")]).await;
        desk.consumer = consumer(app, "ola").await;
        let hold = desk.hold(Desk::slot(4)).await;
        let typed = [("about", "Røret lekker"), ("org_name", "Hansen Rør AS"), ("org_number", "999900003")];
        desk.consumer.post(&format!("/book/{hold}"), &typed).await.expect(303);
        let charged = booked(&desk.pay(&hold, ACCEPTED).await);
        // One that can be withdrawn from costs nothing.
        let spared = desk.book(Desk::slot(6), ACCEPTED).await;
        let shown = page(&mut desk.consumer, "/account/delete").await;
        assert!(shown.contains("koster det 450 kr å avbestille"), "{shown}");
        assert!(shown.contains("name=\"fee\" value=\"45000\""), "{shown}");
        let leave = |fee| [("password", PASSWORD), ("action", "delete"), ("fee", fee)];
        let again = desk.consumer.post("/account/delete", &leave("22500")).await.expect(409).text();
        assert!(again.contains("Det koster mer å avbestille timene dine"), "{again}");
        assert_eq!(desk.status(&charged).await, "confirmed");
        desk.consumer.post("/account/delete", &leave("45000")).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.payment(&charged).await, "captured 45000 45000");
        assert_eq!(desk.payment(&spared).await, "released 45000 0");
    }
}

on_both! {
    async fn who_lets_customers_down_is_counted(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let own = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.consumer.post(&format!("/bookings/{own}/cancel"), &[]).await.expect(303);
        assert!(!page(&mut desk.provider, "/provider/members").await.contains("det siste året"), "customers may cancel");
        for _ in 0..2 {
            let cancelled = desk.book(Desk::slot(2), ACCEPTED).await;
            desk.provider.post(&format!("/bookings/{cancelled}/cancel"), &[]).await.expect(303);
        }
        desk.book(Desk::slot(2), ACCEPTED).await;
        app.set_now(Desk::slot(3) + MINUTE_US);
        desk.jobs().await;
        let counted = "Avbestilte 2 timer og møtte ikke 1 gang det siste året";
        let members = page(&mut desk.provider, "/provider/members").await;
        assert!(members.contains(counted), "{members}");
        let search = [("action", "find"), ("q", "nordli"), ("reason", "Ringte")];
        let found = desk.operator.post("/operator/people", &search).await.expect(200).text();
        assert!(found.contains(counted), "{found}");
        let mut tx = app.state.db.read().await.expect("a connection");
        let later = Desk::slot(2) + 365 * DAY_US;
        let then = let_downs_of(&mut tx, "org", later).await.expect("it reads");
        assert_eq!(then.iter().map(|member| (member.cancelled, member.missed)).collect::<Vec<_>>(), [(2, 1)]);
        assert!(let_downs_of(&mut tx, "org", later + 1).await.expect("it reads").is_empty());
    }
}

/// Purpose, state and captured amount of each payment of an appointment, in order.
async fn payments(app: &App, appointment: &str) -> Vec<(String, String, i64)> {
    let all = "SELECT purpose, state, captured_minor FROM payment WHERE appointment_id = $1 ORDER BY attempt";
    app.rows(all, params![appointment]).await
}

/// The call is ten days ahead, so that the card is only kept, and half is due from the booking on.
async fn cancel_far_ahead(app: &App, desk: &mut Desk<'_>, card: &str) -> String {
    let appointment = desk.book(Desk::slot(480), card).await;
    let path = format!("/bookings/{appointment}");
    let asked = page(&mut desk.consumer, &format!("{path}/cancel")).await;
    assert!(
        asked.contains("Etter vilkårene koster det 225 kr å avbestille nå."),
        "{asked}"
    );
    desk.consumer
        .post(&format!("{path}/cancel"), &[("fee", "22500")])
        .await
        .expect(303);
    // What is not on the account today may be tomorrow: the card is asked three times.
    for _ in 0..3 {
        app.advance(16 * 60 * MINUTE_US);
        desk.jobs().await;
    }
    assert_eq!(charges(app).await, [("cancelled".to_owned(), 22_500, 4_500)]);
    appointment
}

/// Half from thirty days before on.
const EARLY: &[(&str, &str)] = &[
    ("policy", "own"),
    ("policy_free_h", "720"),
    ("policy_percent", "50"),
    ("policy_no_show", "50"),
];

on_both! {
    async fn the_fee_is_taken_from_a_card_that_is_only_kept(app: App) {
        let mut desk = open_with(app, EARLY).await;
        let appointment = cancel_far_ahead(app, &mut desk, ACCEPTED).await;
        let [save, fee] = payments(app, &appointment).await.try_into().expect("two payments");
        assert_eq!((save.0.as_str(), save.2), ("save", 0));
        assert_eq!(fee, ("fee".to_owned(), "captured".to_owned(), 22_500));
        let left = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account IN ('reserved', 'consumer_receivable')";
        assert_eq!(app.number(left, params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'kept'", params![]).await, 0);
        let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}")).await;
        assert!(shown.contains("Etter vilkårene koster det 225 kr."), "{shown}");
        let told = mail_to_consumer(app, "cancelled").await;
        assert!(told.contains("Etter vilkårene for timen betaler du 225,00 kr."), "{told}");
        let receipt = mail_to_consumer(app, "receipt").await;
        assert!(receipt.contains("Trukket: 225,00 kr"), "{receipt}");
    }
}

on_both! {
    async fn a_fee_that_the_bank_declines_is_owed_and_paid_anew(app: App) {
        let mut desk = open_with(app, EARLY).await;
        let appointment = cancel_far_ahead(app, &mut desk, DECLINED_LATER).await;
        let failed = mail_to_consumer(app, "payment_failed").await;
        assert!(failed.contains("225,00 kr"), "{failed}");
        let again = [("provider", "test"), ("method", ACCEPTED)];
        desk.consumer.post(&format!("/bookings/{appointment}/payment"), &again).await.expect(303);
        for _ in 0..2 {
            app.advance(MINUTE_US);
            desk.jobs().await;
        }
        let last = payments(app, &appointment).await.pop().expect("a payment");
        assert_eq!(last, ("mend".to_owned(), "captured".to_owned(), 22_500));
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
    }
}
