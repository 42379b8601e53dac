//! The embedded client: scripts, styles, icons and fonts under names that change with their content.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "dist"]
#[allow_missing = true]
struct Dist;

/// Logical name (`style.css`) to the name with a content hash, as the client's build wrote it.
static MANIFEST: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    Dist::get("manifest.json")
        .and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default()
});

/// The sign in the browser's tab; small enough to live here.
const FAVICON: &str = include_str!("favicon.svg");

/// Lets a phone keep the site like an app. It names no file with a hash, so it can be written here.
const APP_MANIFEST: &str = r##"{
  "name": "Booka",
  "short_name": "Booka",
  "start_url": "/",
  "scope": "/",
  "display": "minimal-ui",
  "background_color": "#fcfbf9",
  "theme_color": "#015c59",
  "icons": [
    { "src": "/static/favicon.svg", "sizes": "any", "type": "image/svg+xml" },
    { "src": "/static/icon.png", "sizes": "512x512", "type": "image/png", "purpose": "any maskable" }
  ]
}
"##;

/// What is shown beside a link to us elsewhere, 1200 by 630: what shows links takes no SVG. Made from `share.svg`.
const SHARE: &[u8] = include_bytes!("share.png");

/// The favicon on a square without corners, 512 by 512, for the home screens of phones, which round it themselves.
const ICON: &[u8] = include_bytes!("icon.png");

/// Files that are compiled in and keep their names.
const FIXED: [(&str, &[u8]); 4] = [
    ("favicon.svg", FAVICON.as_bytes()),
    ("icon.png", ICON),
    ("app.webmanifest", APP_MANIFEST.as_bytes()),
    ("share.png", SHARE),
];

/// One embedded file, ready to be sent.
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    pub content_type: &'static str,
    /// SHA-256 of the bytes in hexadecimal, for `ETag`; empty where there is none.
    pub sha256: String,
    /// The name carries a content hash, so the file may be cached for ever.
    pub immutable: bool,
}

/// The file `name` of `/static/`, or `None`.
#[must_use]
pub fn get(name: &str) -> Option<Asset> {
    if name.contains("..") || name == "manifest.json" {
        return None;
    }
    if let Some((_, bytes)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
        return Some(Asset {
            bytes: Cow::Borrowed(bytes),
            content_type: content_type(name),
            sha256: String::new(),
            immutable: false,
        });
    }
    let file = Dist::get(name)?;
    let sha256 = file
        .metadata
        .sha256_hash()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let immutable = MANIFEST.values().any(|hashed| hashed == name);
    Some(Asset {
        bytes: file.data,
        content_type: content_type(name),
        sha256,
        immutable,
    })
}

/// The address of a logical name such as `style.css`; the bare name where the client is not built.
#[must_use]
pub fn url(logical: &str) -> String {
    crate::routes::static_file(MANIFEST.get(logical).map_or(logical, String::as_str))
}

/// Whether the client was built before this binary: without it pages have no style and calls no script.
#[must_use]
pub fn built() -> bool {
    !MANIFEST.is_empty()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_folder_are_not_served() {
        assert!(get("../Cargo.toml").is_none());
        assert!(get("manifest.json").is_none());
        assert!(get("no-such-file.css").is_none());
    }

    /// Trial E14: no manifest.
    #[test]
    fn the_app_manifest_is_json_and_its_icons_are_there() {
        let asset = get("app.webmanifest").expect("it is compiled in");
        assert_eq!(asset.content_type, "application/manifest+json");
        let manifest: serde_json::Value = serde_json::from_slice(&asset.bytes).expect("JSON");
        let icons = manifest["icons"].as_array().expect("a list");
        assert_eq!(icons.len(), 2);
        for icon in icons {
            let name = icon["src"].as_str().and_then(|src| src.strip_prefix("/static/"));
            let file = get(name.expect("one of ours")).expect("it is there");
            assert_eq!(file.content_type, icon["type"]);
        }
    }

    /// Trial E14: a link that was shared had no picture.
    #[test]
    fn e14_the_picture_of_shared_links_has_the_size_that_pages_say() {
        let asset = get("share.png").expect("it is compiled in");
        assert_eq!(asset.content_type, "image/png");
        // PNG, section 11.2.2: signature, length and name of the first chunk, then width and height.
        let size = |at: usize| u32::from_be_bytes(asset.bytes[at..at + 4].try_into().expect("four bytes"));
        assert_eq!((&asset.bytes[12..16], size(16), size(20)), (&b"IHDR"[..], 1200, 630));
        assert!(asset.bytes.len() < 100_000, "some take no larger ones");
    }

    #[test]
    fn every_name_of_the_manifest_is_there() {
        for hashed in MANIFEST.values() {
            assert!(get(hashed).is_some_and(|asset| asset.immutable), "{hashed}");
        }
    }
}
