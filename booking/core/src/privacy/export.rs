//! Everything that is linked to an account as one download: the rows of the registry, and the files that the person handed in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::registry;
use crate::base::{Base, Result};
use crate::disputes::evidence::{self, Evidence};

/// Bytes of files in one download. Those beyond are named with where they are.
const FILES_BYTES_MAX: i64 = 64 << 20;

/// Everything that is linked to an account, as JSON.
///
/// # Errors
/// When the database or the store of files fails.
pub async fn export_all(state: &Base, account_id: &str) -> Result<String> {
    let mut tx = state.db.read().await?;
    let mut text = registry::export(&mut tx, account_id).await?;
    let files = evidence::of_account(&mut tx, account_id).await?;
    drop(tx);
    text.truncate(text.trim_end().trim_end_matches('}').len());
    text.push_str("},\"files\":[");
    let mut taken = 0;
    for (index, file) in files.iter().enumerate() {
        taken += file.size_bytes;
        let row = match taken <= FILES_BYTES_MAX {
            true => as_json(file, Some(&evidence::load_bytes(state, file).await?)),
            false => as_json(file, None),
        };
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&row.to_string());
    }
    text.push_str("]}\n");
    Ok(text)
}

fn as_json(file: &Evidence, bytes: Option<&[u8]>) -> Value {
    json!({
        "name": file.name,
        "media_type": file.kind.media_type(),
        "at_us": file.at,
        "path": texts::routes::dispute_file(&file.id),
        "base64": bytes.map(|bytes| STANDARD.encode(bytes)),
    })
}
