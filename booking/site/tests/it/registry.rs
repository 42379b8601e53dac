//! The registry of personal columns against the schema, and the export against what we know.

use std::collections::BTreeSet;

use booking_core::params;
use booking_core::privacy::registry::{Kind, TABLES};

use crate::harness::Engine;
use crate::on_both;
use crate::walk::{hold, provider, tomorrow};

on_both! {
    async fn every_column_is_personal_or_listed_as_not(app: App) {
        let text = match app.engine {
            Engine::Sqlite => "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx_%'",
            Engine::Postgres => "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name NOT LIKE '_sqlx_%'",
        };
        let migrated: BTreeSet<(String, String)> = app.rows(text, params![]).await.into_iter().collect();
        let mut registered = BTreeSet::new();
        for table in TABLES {
            let personal = table.personal.iter().map(|column| column.name);
            for column in personal.chain(table.plain.iter().copied()) {
                assert!(registered.insert((table.name.to_owned(), column.to_owned())), "{}.{column} twice", table.name);
            }
        }
        let missing: Vec<_> = migrated.difference(&registered).collect();
        let gone: Vec<_> = registered.difference(&migrated).collect();
        assert!(missing.is_empty() && gone.is_empty(), "not registered: {missing:?}; not in the schema: {gone:?}");
    }
}

on_both! {
    /// S47.
    async fn the_export_holds_a_marker_of_every_personal_column(app: App) {
        // Somebody who is provider and consumer at once has rows in most tables.
        let other = provider(app, "per").await;
        let mut me = provider(app, "kari").await;
        hold(&mut me.client, &other.service, tomorrow(app, 0)).await;
        me.client.post("/provider/hours", &[("action", "close"), ("date", "2026-12-24"), ("reason", "Jul")]).await.expect(303);
        let account: String =
            app.rows("SELECT account_id FROM member WHERE id = $1", params![&me.member]).await.pop().expect("one");
        let mut marked = 0;
        let mut markers = Vec::new();
        for table in TABLES.iter().filter(|table| !table.owner.is_empty()) {
            for column in table.personal.iter().filter(|column| column.kind == Kind::Text && column.name != "day") {
                let marker = format!("marker-{}-{}", table.name, column.name);
                let text = format!("UPDATE {} SET {} = $2 WHERE {}", table.name, column.name, table.owner);
                let text: &'static str = Box::leak(text.into_boxed_str());
                let rows = app.execute(text, params![&account, &marker]).await;
                marked += u32::from(rows > 0);
                if rows > 0 {
                    markers.push(marker);
                }
            }
        }
        assert!(marked >= 25, "only {marked} columns had a row");
        let export = me.client.get("/account/export").await.expect(200);
        let text = export.text();
        for marker in &markers {
            assert!(text.contains(marker), "{marker} is not in the export");
        }
        assert!(!text.contains("argon2id") && !text.contains("token_hash"), "secrets are not exported");
        let data: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(data["tables"]["day_override"][0]["day"], "2026-12-24");
        me.client.get("/account/data").await.expect(200).expect_text("marker-account-name");
    }
}
