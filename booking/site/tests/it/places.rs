//! Towns and postcodes are there on an empty server, under every name that people type.

use booking_core::params;
use booking_core::search::{PlaceMatch, find_place};

use crate::harness::App;
use crate::on_both;
use crate::walk::consumer;

/// The name of the place that a text means, `""` where none does.
async fn named(app: &App, text: &str) -> String {
    let mut tx = app.state.db.read().await.expect("a connection");
    let found = find_place(&mut tx, text).await.expect("it looks");
    found.place().map(|place| place.name.clone()).unwrap_or_default()
}

on_both! {
    /// Trial A1, S09: nothing is seeded and no row is put in by hand.
    async fn a_business_signs_up_on_an_empty_server(app: App) {
        let towns = [("Bergen", "Bergen"), ("Oslo", "Oslo"), ("5003", "Bergen"), ("9730 Karasjok", "Karasjok")];
        for (number, (typed, town)) in towns.into_iter().enumerate() {
            let mut client = consumer(app, &format!("kari{number}")).await;
            let form = [("name", "Klinikken"), ("vat", "no"), ("category", "vet"), ("place", typed), ("about", "Råd")];
            client.post("/provider/signup", &form).await.expect(303);
            let last: Vec<String> = app.rows("SELECT town FROM org ORDER BY created_us DESC, id DESC LIMIT 1", params![]).await;
            assert_eq!(last, [town], "{typed}");
        }
    }
}

on_both! {
    /// Trial A1: a postcode says where in a town, and the profile keeps it when it is saved again.
    async fn a_postcode_of_a_business_is_kept(app: App) {
        let mut client = consumer(app, "kari").await;
        let form = [("name", "Klinikken"), ("vat", "no"), ("category", "vet"), ("place", "9016"), ("about", "Råd")];
        client.post("/provider/signup", &form).await.expect(303);
        let position = "SELECT lat_e6, lon_e6 FROM org";
        let before: Vec<(i64, i64)> = app.rows(position, params![]).await;
        client.get("/provider/profile").await.expect(200).expect_text("value=\"9016 Tromsø\"");
        let form = [("action", "save"), ("name", "Klinikken"), ("vat", "no"), ("category", "vet"), ("place", "9016 Tromsø"), ("about", "Råd")];
        client.post("/provider/profile", &form).await.expect(303);
        assert_eq!(app.rows::<(i64, i64)>(position, params![]).await, before);
    }
}

on_both! {
    /// Trial E2, S04: what the trial typed, and its kind.
    async fn places_are_known_by_every_name_that_people_type(app: App) {
        let typed = [
            ("Tromsoe", "Tromsø"), ("Bodoe", "Bodø"), ("Aalesund", "Ålesund"), ("5003", "Bergen"), ("5003 Bergen", "Bergen"),
            ("N-5003 Bergen", "Bergen"), ("Bergen, Norge", "Bergen"), ("Bergen Norway", "Bergen"), ("Kristiansand S", "Kristiansand"),
            ("Kristiansund N", "Kristiansund"), ("Karasjok", "Karasjok"), ("Kárášjohka", "Karasjok"), ("Snåsa", "Snåsa"),
            ("Snåase", "Snåsa"), ("Hamarr", "Hamar"), ("Guovdageaidnu", "Kautokeino"), ("Porsanki", "Porsanger"),
            ("Romsa", "Tromsø"), ("Bådåddjo", "Bodø"), ("Tråante", "Trondheim"), ("Берген", "Bergen"), ("TROMSØ", "Tromsø"),
            ("A\u{30a}lesund", "Ålesund"), ("Trondhjem", "Trondheim"), ("Bø, Nordland", "Bø i Vesterålen"), ("Bø", "Bø i Telemark"),
            ("Storgata 1, 9008 Tromsø", "Tromsø"), ("Storgata 1, Tromsø", "Tromsø"), ("Bergen sentrum", "Bergen"),
            ("Stavanger kommune", "Stavanger"), ("Lillehamer", "Lillehammer"), ("Olso", "Oslo"), ("Drammn", "Drammen"),
            ("Haugesnud", "Haugesund"), ("Longyearbyen", "Longyearbyen"), ("9170", "Longyearbyen"), ("Nesodden", "Nesodden"),
            ("Mo i Rana", "Mo i Rana"), ("Mo", "Mo i Rana"), ("Sandnes", "Sandnes"), ("Trond", "Trondheim"), ("Honefoss", "Hønefoss"),
        ];
        let mut wrong = Vec::new();
        for (text, place) in typed {
            let found = named(app, text).await;
            if found != place {
                wrong.push(format!("{text}: {found:?}, not {place:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        for text in ["", "  ", "Atlantis by", "0000", "%", "_____", "zzzzzz"] {
            assert_eq!(named(app, text).await, "", "{text}");
        }
    }
}

on_both! {
    /// Trial E2: what no name fits is answered with those that come closest, and a name of two places with the other one.
    async fn proposals_are_made_where_the_text_is_not_enough(app: App) {
        let mut tx = app.state.db.read().await.expect("a connection");
        let PlaceMatch::Unknown { nearest } = find_place(&mut tx, "Tromøsy").await.expect("it looks") else {
            panic!("two letters are wrong");
        };
        assert!(nearest.iter().any(|place| place.name == "Tromsø"), "{nearest:?}");
        let PlaceMatch::Named { place, others } = find_place(&mut tx, "Bø").await.expect("it looks") else {
            panic!("there are two");
        };
        assert_eq!((place.county.as_str(), others[0].name.as_str()), ("Telemark", "Bø i Vesterålen"));
        let again = find_place(&mut tx, &others[0].full_name()).await.expect("it looks");
        assert_eq!(again.place(), Some(&others[0]), "its full name leads to it");
    }
}

on_both! {
    /// Every stored name is what the folding makes of it, so that each can be found.
    async fn stored_names_are_folded_as_searches_are(app: App) {
        let names: Vec<String> = app.rows("SELECT DISTINCT folded FROM place_name", params![]).await;
        assert!(names.len() > 3000, "{}", names.len());
        let odd: Vec<&String> = names.iter().filter(|name| booking_core::search::fold(name) != **name).collect();
        assert!(odd.is_empty(), "{odd:?}");
        let shown: Vec<String> = app.rows("SELECT p.name FROM place p WHERE p.weight >= 0", params![]).await;
        let lost: Vec<&String> = shown.iter().filter(|name| !names.contains(&booking_core::search::fold(name))).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let orphans = "SELECT COUNT(*) FROM postcode c WHERE NOT EXISTS (SELECT 1 FROM place p WHERE p.id = c.place_id)";
        assert_eq!(app.number(orphans, params![]).await, 0);
        assert!(app.number("SELECT COUNT(*) FROM postcode", params![]).await > 5000);
        assert_eq!(app.number("SELECT COUNT(*) FROM place WHERE lat_e6 % 10000 <> 0 OR lon_e6 % 10000 <> 0", params![]).await, 0);
    }
}
