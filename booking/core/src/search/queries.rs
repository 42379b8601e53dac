//! All SQL of searching. Only published providers are ever seen here.

use crate::{seller_stands, statements};

statements! {
    /// postcode
    PLACE_OF_POSTCODE = "SELECT p.name, p.municipality, p.county, c.code AS postcode, c.lat_e6, c.lon_e6
        FROM postcode c JOIN place p ON p.id = c.place_id WHERE c.code = $1";
    /// folded name
    PLACES_NAMED = "SELECT p.name, p.municipality, p.county, '' AS postcode, p.lat_e6, p.lon_e6
        FROM place_name n JOIN place p ON p.id = n.place_id WHERE n.folded = $1 ORDER BY p.weight DESC, p.id LIMIT 10";
    /// folded beginning, its end
    PLACES_BEGINNING = "SELECT p.name, p.municipality, p.county, '' AS postcode, p.lat_e6, p.lon_e6 FROM place p
        WHERE p.id IN (SELECT n.place_id FROM place_name n WHERE n.folded >= $1 AND n.folded < $2)
        ORDER BY p.weight DESC, p.id LIMIT 4";
    /// first letter, its end, pattern of the last two, least and greatest length, limit
    NAMES_LIKE = "SELECT n.folded, n.place_id FROM place_name n JOIN place p ON p.id = n.place_id
        WHERE ((n.folded >= $1 AND n.folded < $2) OR n.folded LIKE $3) AND length(n.folded) BETWEEN $4 AND $5
        ORDER BY p.weight DESC, p.id LIMIT $6";
    /// place
    PLACE_BY_ID = "SELECT name, municipality, county, '' AS postcode, lat_e6, lon_e6 FROM place WHERE id = $1";
    /// category or empty, south, north, west, east, limit
    CANDIDATES = concat!("SELECT o.id, o.slug, o.name, o.category, o.town, o.lat_e6, o.lon_e6, o.folded, ", seller_stands!(), " AS seller_stands
        FROM org o
        WHERE o.status = 'active' AND ($1 = '' OR o.category = $1)
            AND o.lat_e6 >= $2 AND o.lat_e6 <= $3 AND o.lon_e6 >= $4 AND o.lon_e6 <= $5
        ORDER BY o.id LIMIT $6");
    /// org
    INDEXED_WORDS = "SELECT category, name || ' ' || headline || ' ' || description || ' ' || town FROM org WHERE id = $1";
    /// org
    INDEXED_TITLES = "SELECT title FROM service WHERE org_id = $1 AND active = 1 ORDER BY created_us, id LIMIT 50";
    /// org, folded
    INDEX = "UPDATE org SET folded = $2 WHERE id = $1";
    /// org
    SERVICES = "SELECT id, title, duration_min, price_terms FROM service
        WHERE org_id = $1 AND active = 1 ORDER BY created_us, id LIMIT 10";
    /// limit
    PUBLIC_PAGES = "SELECT slug FROM org WHERE status = 'active' ORDER BY slug LIMIT $1";
    CATEGORIES = "SELECT DISTINCT category FROM org WHERE status = 'active' ORDER BY category";
}
