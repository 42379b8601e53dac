//! A database that is sorted by a language: beginnings, signs and letters must be found there as elsewhere.

use booking_core::params;

use crate::desk::{ACCEPTED, Desk, METERED};
use crate::harness::{App, with_sorted_app};
use crate::on_both;

on_both! {
    /// Trial E15: plurals and articles found nothing.
    async fn e15_trades_are_found_by_plural_and_article(app: App) {
        trades_are_found(app).await;
    }
}

async fn trades_are_found(app: &App) {
    booking_core::seed::seed_demo(&app.state).await.expect("it seeds");
    let mut visitor = app.client();
    for (one, many) in [
        ("psykolog", "psykologer"),
        ("psykolog", "psykologen"),
        ("lege", "leger"),
        ("veterinær", "veterinærer"),
        ("veterinær", "veterinærene"),
        ("advokat", "advokater"),
        ("elektriker", "elektrikere"),
        ("lawyer", "lawyers"),
    ] {
        let mut totals = Vec::new();
        for what in [one, many] {
            let page = visitor
                .get(&format!("/search?what={}", web::routes::encode(what)))
                .await
                .expect(200)
                .text();
            totals.push(page.matches("href=\"/providers/").count());
        }
        assert!(totals[0] > 0 && totals[0] == totals[1], "{one}, {many}: {totals:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e15_what_is_sorted_by_a_language_is_searched_alike() {
    with_sorted_app(|app| Box::pin(sorted(app))).await;
}

async fn sorted(app: &App) {
    let by_language: Vec<i64> = app
        .rows(
            "SELECT CAST(CASE WHEN 'a' < 'B' THEN 1 ELSE 0 END AS BIGINT)",
            params![],
        )
        .await;
    assert_eq!(by_language, [1], "by bytes, capitals come first: this is no test then");
    trades_are_found(app).await;
    let mut visitor = app.client();
    // Beginnings of places, and the search in spite of a typing mistake, are ranges of names.
    for (typed, place) in [
        ("Berge", "Bergen"),
        ("Trond", "Trondheim"),
        ("Ålesu", "Ålesund"),
        ("Hamarr", "Hamar"),
        ("tromsø", "Tromsø"),
    ] {
        let path = format!("/search?what=veterin%C3%A6r&where={}", web::routes::encode(typed));
        let page = visitor.get(&path).await.expect(200).text();
        assert!(page.contains(place), "{typed}: no {place} in {page}");
    }
    let near = visitor
        .get("/search?what=veterin%C3%A6r&where=Berge")
        .await
        .expect(200)
        .text();
    assert!(
        near.contains("dyreklinikken-nordli") && !near.contains("lokka-smadyrklinikk"),
        "{near}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e15_the_operator_finds_names_where_sorting_is_by_a_language() {
    with_sorted_app(|app| Box::pin(found_by_the_operator(app))).await;
}

async fn found_by_the_operator(app: &App) {
    let mut desk = Desk::open(app, METERED).await;
    app.execute("UPDATE account SET name = 'Åshild Ødegård_1' WHERE id = 'c'", params![])
        .await;
    desk.book(Desk::slot(2), ACCEPTED).await;
    for (q, is_found) in [
        ("Åshild", true),
        ("ØDEGÅRD", true),
        ("ård_1", true),
        ("å_hild", false),
        ("ashild", false),
    ] {
        let form = [("action", "find"), ("q", q), ("reason", "Ringte")];
        let people = desk.operator.post("/operator/people", &form).await.expect(200).text();
        assert_eq!(people.contains("Ødegård_1"), is_found, "{q}");
        let form = [("q", q), ("reason", "Ringte")];
        let mails = desk.operator.post("/operator/outbox", &form).await.expect(200).text();
        assert_eq!(mails.contains("href=\"/operator/outbox/"), is_found, "{q}");
    }
}
