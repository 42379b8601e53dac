//! All SQL of searching. Only published providers are ever seen here.

use crate::statements;

statements! {
    /// folded beginning, its end
    PLACE_FIND = "SELECT name, lat_e6, lon_e6 FROM place WHERE folded >= $1 AND folded < $2
        ORDER BY CASE WHEN folded = $1 THEN 0 ELSE 1 END, length(folded), id LIMIT 1";
    /// category or empty, south, north, west, east, limit
    CANDIDATES = "SELECT id, slug, name, category, town, lat_e6, lon_e6, folded FROM org
        WHERE status = 'active' AND ($1 = '' OR category = $1)
            AND lat_e6 >= $2 AND lat_e6 <= $3 AND lon_e6 >= $4 AND lon_e6 <= $5
        ORDER BY id LIMIT $6";
    /// org
    SERVICES = "SELECT id, title, duration_min, price_terms FROM service
        WHERE org_id = $1 AND active = 1 ORDER BY created_us, id LIMIT 10";
    CATEGORIES = "SELECT DISTINCT category FROM org WHERE status = 'active' ORDER BY category";
}
