//! Searching without an account, and what it says against what can be booked.

use std::sync::Arc;

use booking_core::availability::{FreeTimes, Reach};
use booking_core::base::charge::Selling;
use booking_core::base::{DAY_US, HOUR_US, MINUTE_US, Micros};
use booking_core::params;

use crate::harness::Client;
use crate::on_both;
use crate::walk::{hold, provider, tomorrow};

/// Slugs of the providers on a page of results, in order.
async fn found(client: &mut Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/search?{query}")).await.expect(200).text();
    let mut slugs: Vec<String> = Vec::new();
    for part in page.split("href=\"/providers/").skip(1) {
        let slug = part.split(['"', '?']).next().expect("an address ends").to_owned();
        if slugs.last() != Some(&slug) && !slugs.contains(&slug) {
            slugs.push(slug);
        }
    }
    slugs
}

on_both! {
    /// S01.
    async fn the_demo_is_found_by_words_places_and_distance(app: App) {
        let report = booking_core::seed::seed_demo(&app.state).await.expect("it seeds");
        assert!(report.providers >= 40 && report.towns >= 12, "{report:?}");
        let again = booking_core::seed::seed_demo(&app.state).await.expect("it seeds again");
        assert_eq!((again.providers, again.towns), (report.providers, report.towns));
        assert_eq!(app.number("SELECT COUNT(*) FROM org", params![]).await, i64::try_from(report.providers).expect("few"));

        let mut visitor = app.client();
        let vets = found(&mut visitor, "what=veterin%C3%A6r&where=Bergen").await;
        assert!(vets.contains(&"dyreklinikken-nordli".to_owned()), "{vets:?}");
        assert!(!vets.contains(&"lokka-smadyrklinikk".to_owned()), "Oslo is not near Bergen: {vets:?}");
        assert_eq!(vets, found(&mut visitor, "what=vetrinaer&where=bergen").await);
        let oslo = found(&mut visitor, "what=lokka").await;
        assert_eq!(oslo, ["lokka-smadyrklinikk"]);
        assert!(found(&mut visitor, "what=finnesikkefinnes").await.is_empty());
        let hostile = ["what=%27%3B--", "where=%25", "what=%00", "radius=-5", "page=99999999999", "when=never", "category=%22"];
        for query in hostile {
            visitor.get(&format!("/search?{query}")).await.expect(200);
        }
        visitor.get(&format!("/search?what={}", "x".repeat(300))).await.expect(400);
        // Searching leaves no cookie: nobody is followed.
        assert_eq!(visitor.cookie("booka"), None);
        assert_eq!(visitor.cookie("booka_visitor"), None);
    }
}

on_both! {
    async fn somebody_in_bergen_can_be_met_now(app: App) {
        booking_core::seed::seed_demo(&app.state).await.expect("it seeds");
        // Sunday night, when everybody else is asleep.
        app.set_now(app.now() + 6 * DAY_US + 18 * HOUR_US);
        let mut visitor = app.client();
        let page = visitor.get("/providers/dyreklinikken-nordli").await.expect(200).text();
        let first: Micros = page
            .split("name=\"start\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a free time")
            .parse()
            .expect("UTC microseconds");
        assert!(first - app.now() <= 10 * 60_000_000, "the room is open within minutes");
    }
}

on_both! {
    async fn a_search_for_today_finds_those_who_can_be_booked_today(app: App) {
        let free = provider(app, "kari").await;
        let full = provider(app, "nils").await;
        let closed = provider(app, "per").await;
        app.execute(
            "INSERT INTO busy_block (id, member_id, start_us, end_us) VALUES ('1', $1, $2, $3)",
            params![&full.member, app.now() - DAY_US, app.now() + DAY_US],
        ).await;
        app.execute("DELETE FROM weekly_rule WHERE member_id = $1 AND weekday = 1", params![&closed.member]).await;
        let mut visitor = app.client();
        let mut today = found(&mut visitor, "what=klinikken&when=today").await;
        today.sort();
        assert_eq!(today, [free.slug.as_str()]);
        let mut week = found(&mut visitor, "what=klinikken&when=week").await;
        week.sort();
        let mut everybody = vec![free.slug.clone(), full.slug.clone(), closed.slug.clone()];
        everybody.sort();
        assert_eq!(week, everybody);
        // What is found today is exactly what the slot list offers today.
        for clinic in [&free, &full, &closed] {
            let mut tx = app.state.db.read().await.expect("a connection");
            let (now, midnight) = (app.now(), tomorrow(app, -600));
            let slots = booking_core::availability::of_service(&mut tx, &clinic.service, now, now, midnight).await;
            let bookable = !slots.expect("it loads").expect("a service").merged().is_empty();
            assert_eq!(bookable, today.contains(&clinic.slug), "{}", clinic.slug);
        }
    }
}

on_both! {
    async fn a_provider_is_found_by_whichever_service_is_free(app: App) {
        let mut clinic = provider(app, "kari").await;
        let early = crate::walk::add_service(&mut clinic.client, app, "Straks", &[]).await;
        app.execute("UPDATE service SET notice_min = 43200 WHERE id <> $1", params![&early]).await;
        let mut visitor = app.client();
        assert_eq!(found(&mut visitor, "what=klinikken&when=today").await, [clinic.slug.as_str()]);
        visitor.get("/search?what=klinikken&when=today").await.expect(200).expect_text("Straks");
    }
}

on_both! {
    async fn positions_are_known_no_finer_than_a_kilometre(app: App) {
        provider(app, "kari").await;
        let position: Vec<(i64, i64)> = app.rows("SELECT lat_e6, lon_e6 FROM org", params![]).await;
        assert_eq!(position, [(60_390_000, 5_320_000)]);
    }
}

on_both! {
    async fn searching_too_fast_is_slowed_down(app: App) {
        let mut visitor = app.client();
        let mut statuses = Vec::new();
        for _ in 0..310 {
            statuses.push(visitor.get("/search?what=x").await.status.as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
        let mut neighbour = app.client();
        neighbour.ip = [192, 0, 2, 9];
        neighbour.get("/search?what=x").await.expect(200);
    }
}

on_both! {
    /// S06.
    async fn when_filters_agree_with_the_slot_list_whatever_is_busy(app: App) {
        use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
        let clinic = provider(app, "kari").await;
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(40);
        let mut visitor = app.client();
        let (mut hits, mut misses) = (0, 0);
        for round in 0..40_u32 {
            let hours = |rng: &mut rand_chacha::ChaCha20Rng, most: u32| HOUR_US * i64::from(rng.next_u32() % most);
            let start = app.now() + hours(&mut rng, 48);
            let end = start + HOUR_US + hours(&mut rng, 72);
            app.execute("DELETE FROM busy_block", params![]).await;
            app.execute(
                "INSERT INTO busy_block (id, member_id, start_us, end_us) VALUES ('1', $1, $2, $3)",
                params![&clinic.member, start, end],
            )
            .await;
            app.execute("DELETE FROM weekly_rule WHERE weekday = $1", params![i64::from(1 + rng.next_u32() % 7)]).await;
            let weekday = i64::from(1 + rng.next_u32() % 7);
            let opens = i64::from(rng.next_u32() % 280) * 5;
            let rule = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min) VALUES ($1, $2, $3, $4)
                ON CONFLICT (member_id, weekday, start_min) DO NOTHING";
            app.execute(rule, params![&clinic.member, weekday, opens, opens + 40]).await;
            // Oslo is an hour ahead of UTC in November and December: its days begin at 23:00 UTC.
            let today = (app.now() + HOUR_US).div_euclid(DAY_US) * DAY_US - HOUR_US;
            let windows = [
                ("today", app.now(), today + DAY_US),
                ("tomorrow", today + DAY_US, today + 2 * DAY_US),
                ("week", app.now(), today + 7 * DAY_US),
            ];
            for (when, from, until) in windows {
                let mut tx = app.state.db.read().await.expect("a connection");
                let slots = booking_core::availability::of_service(&mut tx, &clinic.service, app.now(), from, until).await;
                let bookable = !slots.expect("it loads").expect("a service").merged().is_empty();
                drop(tx);
                let listed = !found(&mut visitor, &format!("what=klinikken&when={when}")).await.is_empty();
                assert_eq!(listed, bookable, "round {round}, {when}");
                if bookable { hits += 1 } else { misses += 1 }
            }
            app.advance(7 * HOUR_US);
        }
        assert!(hits > 10 && misses > 10, "both answers are tried: {hits} and {misses}");
    }
}

on_both! {
    /// Trial E1, S05: what people write in the box finds the trade that can help, first.
    async fn everyday_words_find_the_right_trade_first(app: App) {
        booking_core::seed::seed_demo(&app.state).await.expect("it seeds");
        let list = include_str!("../../../core/tests/everyday_searches.csv");
        // Every fourth of the list, which the core tests as a whole; a page computes free times and takes its while.
        let few = list.lines().filter(|line| !line.starts_with('#')).step_by(4);
        let mut visitor = app.client();
        for line in few {
            let (search, trade) = line.split_once(';').expect("a search and a trade");
            let slugs = found(&mut visitor, &format!("what={}", web::routes::encode(search))).await;
            let first = slugs.first().unwrap_or_else(|| panic!("nothing for {search}"));
            let trades: Vec<String> = app.rows("SELECT category FROM org WHERE slug = $1", params![first]).await;
            assert_eq!(trades, [trade], "{search}: {slugs:?}");
        }
        // The inputs of the trial, in Bergen.
        let bergen = found(&mut visitor, "what=hunden+min+har+spist+sjokolade&where=Bergen").await;
        assert_eq!(bergen.len(), 2, "both vets of Bergen, and no plumber in Minde: {bergen:?}");
        let vets = app.number("SELECT COUNT(*) FROM org WHERE category = 'vet'", params![]).await;
        for search in ["dyrlege", "veterin%C3%A6rer", "vet%F0%9F%90%B6", "Videotime"] {
            let hits = found(&mut visitor, &format!("what={search}")).await;
            assert_eq!(i64::try_from(hits.len()).expect("few"), vets, "{search}: {hits:?}");
        }
        assert!(!found(&mut visitor, "what=R%C3%A5dgivning").await.is_empty(), "services are found by their titles");
    }
}

on_both! {
    /// Trial E1: a service is found by its title from when it is saved, and no longer once it is gone.
    async fn titles_of_services_are_found_as_they_change(app: App) {
        let mut clinic = provider(app, "kari").await;
        let service = crate::walk::add_service(&mut clinic.client, app, "Kloklipp", &[]).await;
        let mut visitor = app.client();
        assert_eq!(found(&mut visitor, "what=kloklipp").await, [clinic.slug.as_str()]);
        let path = format!("/provider/services/{service}");
        clinic.client.post(&path, &[("action", "remove")]).await.expect(303);
        let text = app.number("SELECT COUNT(*) FROM org WHERE folded LIKE '%kloklipp%'", params![]).await;
        assert_eq!(text, 0);
    }
}

on_both! {
    /// Trial E2: an unknown place is answered with proposals, a mistaken one is said, and where nobody is near, those who
    /// can help by video are shown.
    async fn nobody_is_left_alone_with_a_place_that_finds_nothing(app: App) {
        booking_core::seed::seed_demo(&app.state).await.expect("it seeds");
        let mut visitor = app.client();
        let page = visitor.get("/search?what=katt&where=%C3%85lesund").await.expect(200);
        page.expect_text("Ingen i Ålesund, men disse kan hjelpe deg over video").expect_text("dyre");
        visitor.get("/search?what=katt&where=Hamarr").await.expect(200).expect_text("Vi viser treff for Hamar");
        visitor.get("/search?what=katt&where=Trom%C3%B8sy").await.expect(200).expect_text("where=Troms%C3%B8");
        let bo = visitor.get("/search?what=katt&where=B%C3%B8").await.expect(200);
        bo.expect_text("Eller mente du").expect_text("Bø i Vesterålen, Bø");
        // Somebody is near: nothing else is offered.
        let near = visitor.get("/search?what=katt&where=5003+Bergen").await.expect(200).text();
        assert!(!near.contains("men disse kan hjelpe"));
    }
}

on_both! {
    /// Trial F15: the front page costs the same, however many look at it.
    async fn f15_who_is_free_soon_is_computed_once_until_something_is_written(app: App) {
        booking_core::seed::seed_demo(&app.state).await.expect("it seeds");
        let load = || async { app.state.soon.load(&app.state, &app.state.calendars, Selling::Everybody).await.expect("it is read") };
        let first = load().await;
        assert!(!first.listings.is_empty());
        assert!(std::sync::Arc::ptr_eq(&first, &load().await), "the same list");
        app.execute("UPDATE org SET status = 'paused'", params![]).await;
        let nobody = load().await;
        assert_eq!(nobody.listings, [], "a write is seen at once");
        app.advance(booking_core::base::MINUTE_US);
        assert!(!std::sync::Arc::ptr_eq(&nobody, &load().await), "and time is");
    }
}

/// Starts that can be chosen on a page, in order.
fn starts(page: &str) -> Vec<Micros> {
    let values = page.split("name=\"start\" value=\"").skip(1);
    values.filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
}

on_both! {
    /// Trial E3: one's own hold hid the times next to it in search results.
    async fn e3_what_one_holds_stands_among_the_results_as_ones_own(app: App) {
        let clinic = provider(app, "kari").await;
        // Times of half an hour each quarter: whoever takes one takes its neighbours along.
        app.execute("UPDATE service SET step_min = 15", params![]).await;
        let mut visitor = app.client();
        let search = "/search?what=klinikken&when=tomorrow";
        let before = starts(&visitor.get(search).await.expect(200).text());
        assert!(before.len() > 2, "{before:?}");
        let page = hold(&mut visitor, &clinic.service, before[1]).await;
        let shown = visitor.get(search).await.expect(200).text();
        assert!(shown.contains(&format!("class=\"time own\" href=\"{page}\"")), "{shown}");
        let mut free = before.clone();
        free.remove(1);
        assert_eq!(starts(&shown), free, "its neighbours stay");
        let others = starts(&app.client().get(search).await.expect(200).text());
        assert!(!others.contains(&before[1]), "for everybody else it is taken: {others:?}");
    }
}

on_both! {
    /// Trial F15: the page of a provider and its times in searches are computed once for all who look, until something is
    /// written that they depend on; what a call or a mail writes is nothing such.
    async fn f15_free_times_are_computed_once_until_something_is_written_that_they_depend_on(app: App) {
        let clinic = provider(app, "kari").await;
        app.execute("UPDATE service SET step_min = 15", params![]).await;
        let (service, calendars) = (clinic.service.as_str(), &app.state.calendars);
        let load = async |reach| {
            let mut tx = app.state.db.read().await.expect("a connection");
            calendars.load(&mut tx, service, reach, app.now()).await.expect("it is read").expect("a service")
        };
        let same = |one: &Arc<FreeTimes>, other: &Arc<FreeTimes>| Arc::ptr_eq(one, other);
        let first = load(Reach::Whole).await;
        assert!(same(&first, &load(Reach::Whole).await));
        app.execute("UPDATE job_lease SET until_us = until_us + 1", params![]).await;
        app.execute("INSERT INTO job_lease (name, owner, until_us) VALUES ('test', '', 0)", params![]).await;
        assert!(same(&first, &load(Reach::Whole).await), "nothing of it concerns free times");
        let block = "INSERT INTO busy_block (id, member_id, start_us, end_us) VALUES ('1', $1, $2, $3)";
        app.execute(block, params![&clinic.member, app.now(), app.now() + DAY_US]).await;
        let fewer = load(Reach::Whole).await;
        assert!(fewer.bookable(app.now()).len() < first.bookable(app.now()).len(), "a write is seen at once");
        app.advance(MINUTE_US);
        assert!(!same(&fewer, &load(Reach::Whole).await), "and time is");

        // Who holds a time sees what everybody would see without it; a list that was kept says the same as a fresh one.
        let mut visitor = app.client();
        let page = format!("/providers/{}?day=2026-11-26", clinic.slug);
        let before = starts(&visitor.get(&page).await.expect(200).text());
        let held = before[before.len() / 2];
        hold(&mut visitor, service, held).await;
        let own = starts(&visitor.get(&page).await.expect(200).text());
        assert_eq!(own, before.iter().copied().filter(|start| *start != held).collect::<Vec<_>>());
        let others = starts(&app.client().get(&page).await.expect(200).text());
        assert!(others.len() < own.len() && others.iter().all(|start| own.contains(start)), "{others:?}");
        let mut tx = app.state.db.read().await.expect("a connection");
        let (from, until) = (others[0], others[others.len() - 1] + 1);
        let fresh = booking_core::availability::of_service(&mut tx, service, app.now(), from, until).await;
        let fresh = fresh.expect("it loads").expect("a service").merged();
        assert_eq!(others, fresh.iter().map(|slot| slot.start_us).collect::<Vec<_>>());
    }
}

on_both! {
    /// A server on which nobody offers anything yet says so, in place of a button that leads to the same page.
    async fn an_empty_marketplace_says_that_it_is_empty(app: App) {
        let mut visitor = app.client();
        let page = visitor.get("/search").await.expect(200).expect_text("Ingen fagpersoner tar imot bestillinger her ennå").text();
        assert!(page.contains("href=\"/provider/signup\"") && !page.contains("Vis alle fagpersoner"), "{page}");
        visitor.get("/search?what=hund").await.expect(200).expect_text("Vis alle fagpersoner");
    }
}
