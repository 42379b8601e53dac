//! What surrounds every page: addresses that cannot be opened, the way back, errors that are ours.

use booking_core::params;
use sqlx::{Connection as _, Executor as _};
use web::routes::pattern;

use crate::harness::{Engine, with_app};
use crate::on_both;
use crate::walk::{consumer, provider, tomorrow};

on_both! {
    /// Trial E4: opening the address of a form showed a blank page, and so did the language button on its answer.
    async fn the_address_of_a_form_has_a_page_and_a_way_back(app: App) {
        let mut client = app.client();
        let forms = pattern::ALL.iter().filter(|(_, form_only)| *form_only);
        for path in forms.map(|(pattern, _)| pattern.replace("{hold}", "x").replace("{id}", "x")) {
            let answer = client.get(&path).await.expect(405);
            assert_eq!(answer.headers["allow"], "POST", "{path}");
            answer.expect_text("<h1>Her er det ingenting å se</h1>").expect_text("name=\"return_to\" value=\"/\"");
        }
        for path in ["/book/x/release", "/book/x/extend"] {
            client.post(path, &[]).await.expect(404).expect_text("name=\"return_to\" value=\"/\"");
        }
        // What can be opened is what one comes back to.
        client.post("/login", &[]).await.expect(422).expect_text("name=\"return_to\" value=\"/login\"");
        let mut ola = consumer(app, "ola").await;
        let invitations = ola.get("/account/invitations").await.expect(200);
        invitations.expect_text("name=\"return_to\" value=\"/account/invitations\"");
    }
}

on_both! {
    /// The id on the page is the one by which the log is searched; who asked wrongly gets none.
    async fn what_is_our_fault_has_an_id(app: App) {
        let mut client = app.client();
        assert!(!client.get("/nowhere").await.expect(404).text().contains("<code>"));
        app.execute("ALTER TABLE org RENAME TO org_gone", params![]).await;
        let first = client.get("/providers/x").await.expect(500);
        let id = first.headers["x-request-id"].to_str().expect("an id").to_owned();
        assert_eq!(id.len(), 36);
        first.expect_text(&format!("<code>{id}</code>"));
        let second = client.get("/providers/x").await.expect(500);
        assert_ne!(second.headers["x-request-id"], id.as_str());
    }
}

on_both! {
    /// Trial E6: 2020-01-01, 9999-12-31 and a date with a time were "saved".
    async fn only_days_that_can_be_meant_are_closed(app: App) {
        let mut clinic = provider(app, "kari").await;
        for date in ["2020-01-01", "2026-11-22", "9999-12-31", "2028-11-24", "2026-12-24T10:00", "24.12.2026", ""] {
            let form = [("action", "close"), ("date", date), ("reason", "")];
            clinic.client.post("/provider/hours", &form).await.expect(422).expect_text("date-error");
        }
        for date in ["2026-11-23", "2026-12-24", "2028-11-23"] {
            let form = [("action", "close"), ("date", date), ("reason", "")];
            clinic.client.post("/provider/hours", &form).await.expect(303);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM day_override", params![]).await, 3);
    }
}

on_both! {
    /// Trial E12 and E9: "9" was refused, and "00:00" as an end.
    async fn hours_are_taken_as_people_write_them(app: App) {
        let mut clinic = provider(app, "kari").await;
        let week = [("action", "save"), ("d1_1_from", "9"), ("d1_1_to", "16.30"), ("d5_1_from", "18"), ("d5_1_to", "00:00")];
        clinic.client.post("/provider/hours", &week).await.expect(303);
        let rows: Vec<(i64, i64, i64)> =
            app.rows("SELECT weekday, start_min, end_min FROM weekly_rule ORDER BY weekday", params![]).await;
        assert_eq!(rows, [(1, 540, 990), (5, 1080, 1440)]);
    }
}

on_both! {
    /// Trial E14: no description, robots or site map.
    async fn search_engines_find_what_is_for_everybody(app: App) {
        let clinic = provider(app, "kari").await;
        let mut client = app.client();
        let robots = client.get("/robots.txt").await.expect(200).text();
        assert!(robots.contains("Disallow: /account\n") && robots.contains("Sitemap: http://localhost:8080/sitemap.xml\n"));
        let map = client.get("/sitemap.xml").await.expect(200).text();
        assert!(map.contains(&format!("<loc>http://localhost:8080/providers/{}</loc>", clinic.slug)), "{map}");
        // As RFC 9309 has it, the longest rule that fits counts; none of the map's addresses has a query.
        let rules = |verb: &str| robots.lines().filter_map(|line| line.strip_prefix(verb).map(str::to_owned)).collect::<Vec<_>>();
        let longest = |rules: &[String], path: &str| {
            rules.iter().filter(|rule| path.starts_with(rule.as_str())).map(String::len).max()
        };
        let (blocked, open) = (rules("Disallow: "), rules("Allow: "));
        let pages: Vec<&str> = map.split("<loc>http://localhost:8080").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        assert!(pages.contains(&"/provider/signup") && pages.len() > 5, "{pages:?}");
        for path in pages {
            assert!(longest(&blocked, path) <= longest(&open, path), "{path} is in the map and blocked");
            client.get(path).await.expect(200);
        }
        for path in ["/provider/hours", "/account", "/verify/token", "/bookings"] {
            assert!(longest(&blocked, path) > longest(&open, path), "{path} is not for crawlers");
        }
        let page = client.get(&format!("/providers/{}", clinic.slug)).await.expect(200).text();
        assert!(page.contains("name=\"description\" property=\"og:description\" content=\"Veterinær, Bergen. Råd om hund og katt"), "{page}");
    }
}

on_both! {
    /// Trial E14: a link that is shared says what it leads to, on every page for everybody and in both languages; one to
    /// a page of one's own says nothing of it.
    async fn e14_a_shared_link_says_where_it_leads(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut client = app.client();
        let slug = format!("/providers/{}", clinic.slug);
        for (path, nb, en) in [
            ("/", "Snakk med en fagperson i dag", "Talk to a professional today"),
            (slug.as_str(), "Klinikken kari, Bergen", "Klinikken kari, Bergen"),
            ("/about", "Et videomøte med en fagperson, uten mellommenn", "A video meeting with a professional, without middlemen"),
            ("/terms", "Vilkår", "Terms"),
            ("/notice", "Personvern", "Privacy"),
        ] {
            for (language, title) in [("nb", nb), ("en", en)] {
                client.language = language.to_owned();
                let page = client.get(path).await.expect(200).text();
                let expect = format!("<meta property=\"og:title\" content=\"{title}\">");
                assert!(page.contains(&expect), "no {expect} in {path}");
                let description = page.split("property=\"og:description\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
                assert!(description.is_some_and(|text| text.len() > 20), "{path}: {description:?}");
                assert_eq!(page.matches("og:title").count(), 1, "{path}");
                // Whoever shows the link fetches the picture by itself, so its address is whole.
                let image = "<meta property=\"og:image\" content=\"http://localhost:8080/static/share.png\">";
                assert!(page.contains(image), "no {image} in {path}");
                let own = format!("<link rel=\"canonical\" href=\"http://localhost:8080{path}\">");
                assert!(page.contains(&own), "no {own} in {path}");
            }
        }
        // The times of one day are a part of the same page.
        let day = client.get(&format!("{slug}?day=2026-11-26")).await.expect(200);
        day.expect_text(&format!("<link rel=\"canonical\" href=\"http://localhost:8080{slug}\">"));
        let own = clinic.client.get("/provider").await.expect(200).text();
        let head = own.split("</head>").next().expect("a head");
        assert!(!head.contains("Klinikken kari"), "{head}");
    }
}

/// Trial E12: SQLite kept by another process for longer than we wait (five seconds) was 500 instead of 503.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e12_a_database_that_another_process_keeps_is_no_fault_of_the_page() {
    with_app(Engine::Sqlite, |app| {
        Box::pin(async move {
            let clinic = provider(app, "kari").await;
            let mut other = sqlx::SqliteConnection::connect(&app.state.config.database_url)
                .await
                .expect("the file opens");
            other.execute("BEGIN IMMEDIATE").await.expect("the lock is free");
            let mut client = app.client();
            let start = tomorrow(app, 0).to_string();
            let form = [("service", clinic.service.as_str()), ("start", start.as_str())];
            let refused = client.post("/holds", &form).await.expect(503);
            refused.expect_text("<h1>Vi er straks tilbake</h1>");
            client.get("/").await.expect(200);
            other.execute("ROLLBACK").await.expect("the lock is given back");
            client.post("/holds", &form).await.expect(303);
        })
    })
    .await;
}
