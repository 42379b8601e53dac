//! Pictures and PDFs that are handed in: told by their bytes and never by their name, pictures drawn anew, and kept in the
//! store of files. Nobody's browser renders them on a page of ours.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::{Dispute, Side};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::fields::is_invisible;
use crate::base::{Base, Fault, HOUR_US, Micros, Result, hex};
use crate::{params, statements};

/// Bytes of a file as it is handed in; more is refused.
pub const FILE_BYTES_MAX: usize = 5 << 20;
/// Files of one side in a dispute; one more is refused.
pub const FILES_PER_SIDE_MAX: i64 = 10;
/// Characters of a file's name that are kept.
const NAME_CHARS_MAX: usize = 100;
/// Width or height of a picture, pixels; a larger one is refused before it is decoded.
const SIDE_PIXELS_MAX: u32 = 12_000;
/// Pixels of a picture, as a phone takes them; more are refused before they are decoded.
const PIXELS_MAX: u64 = 50_000_000;
/// Memory that decoding one picture may take, bytes.
const DECODE_BYTES_MAX: u64 = 256 << 20;
/// Width or height of the picture that is kept, pixels: small print can still be read.
const KEPT_PIXELS_MAX: u32 = 2_560;
const JPEG_QUALITY: u8 = 85;
/// A file that no row names is deleted after this long: an upload takes seconds.
const REMOVED_AFTER_US: Micros = HOUR_US;
/// Files that one round deletes.
const REMOVED_AT_ONCE: i64 = 50;

/// One picture is decoded at a time; others wait.
static DRAWING: Semaphore = Semaphore::const_new(1);

macro_rules! file_select {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.dispute_id, f.appointment_id, f.side, f.account_id, f.source, f.name, f.media_type, f.size_bytes, f.sha256,
                f.path, f.at_us
            FROM dispute_file f ",
            $rest
        )
    };
}

statements! {
    /// path, now
    EXPECT = "INSERT INTO file_removal (path, since_us) VALUES ($1, $2) ON CONFLICT (path) DO NOTHING";
    ARRIVED = "DELETE FROM file_removal WHERE path = $1";
    /// id, dispute, appointment, side, who, source, name, type, bytes, hash as given, hash, path, now
    ADD = "INSERT INTO dispute_file (id, dispute_id, appointment_id, side, account_id, source, name, media_type, size_bytes,
            given_sha256, sha256, path, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (dispute_id, account_id, given_sha256) DO NOTHING";
    /// dispute, oldest first
    OF_DISPUTE = file_select!("WHERE f.dispute_id = $1 ORDER BY f.at_us, f.id");
    LOAD = file_select!("WHERE f.id = $1");
    /// account, oldest first: for its export
    OF_ACCOUNT = file_select!("WHERE f.account_id = $1 ORDER BY f.at_us, f.id LIMIT 200");
    /// dispute, side
    COUNT = "SELECT COUNT(*) FROM dispute_file WHERE dispute_id = $1 AND side = $2";
    /// dispute, account, hash as given
    KNOWN = "SELECT COUNT(*) FROM dispute_file WHERE dispute_id = $1 AND account_id = $2 AND given_sha256 = $3";
    /// since before, limit
    TO_REMOVE = "SELECT path FROM file_removal WHERE since_us <= $1 ORDER BY since_us, path LIMIT $2";
    /// account: what it handed in is to leave the store, too
    LET_GO_OF_ACCOUNT = "INSERT INTO file_removal (path, since_us) SELECT f.path, CAST(0 AS BIGINT) FROM dispute_file f
        WHERE f.account_id = $1 ON CONFLICT (path) DO NOTHING";
    /// after, last: what was handed in about these appointments is to leave the store, too
    LET_GO_OF_CASES = "INSERT INTO file_removal (path, since_us) SELECT f.path, CAST(0 AS BIGINT) FROM dispute_file f
        WHERE f.appointment_id > $1 AND f.appointment_id <= $2 ON CONFLICT (path) DO NOTHING";
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Jpeg,
    Png,
    Pdf,
}

impl FileKind {
    /// By its first bytes (JFIF, PNG section 5.2, ISO 32000-2 section 7.5.2).
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => None,
        }
    }

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }
}

impl std::str::FromStr for FileKind {
    type Err = ();

    fn from_str(media_type: &str) -> std::result::Result<Self, ()> {
        [Self::Jpeg, Self::Png, Self::Pdf]
            .into_iter()
            .find(|kind| kind.media_type() == media_type)
            .ok_or(())
    }
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    #[error("no file")]
    Missing,
    #[error("too many bytes")]
    TooLarge,
    #[error("neither a picture nor a PDF")]
    UnknownKind,
    #[error("a picture that cannot be read, or with too many pixels")]
    Unreadable,
}

/// A file that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub id: String,
    pub dispute_id: String,
    pub appointment_id: String,
    pub side: Side,
    pub account_id: String,
    /// Whose it is, where an operator brings it in.
    pub source: String,
    /// As it was called where it came from, without what could mislead.
    pub name: String,
    pub kind: FileKind,
    pub size_bytes: i64,
    sha256: String,
    path: String,
    pub at: Micros,
}

impl FromRow for Evidence {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            dispute_id: row.get("dispute_id")?,
            appointment_id: row.get("appointment_id")?,
            side: row.parse("side")?,
            account_id: row.get("account_id")?,
            source: row.get("source")?,
            name: row.get("name")?,
            kind: row.parse("media_type")?,
            size_bytes: row.get("size_bytes")?,
            sha256: row.get("sha256")?,
            path: row.get("path")?,
            at: row.get("at_us")?,
        })
    }
}

/// A file that was checked, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    pub kind: FileKind,
    /// Of the bytes that were handed in.
    pub given_sha256: String,
    pub bytes: Vec<u8>,
}

/// A checked file in the store, which no row names yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    pub kind: FileKind,
    pub given_sha256: String,
    pub sha256: String,
    pub size_bytes: i64,
    pub path: String,
}

/// Checks a file and draws pictures anew, without what cameras write into them: where and when they were taken.
///
/// # Errors
/// [`BadFile`].
pub async fn check_file(bytes: Vec<u8>) -> std::result::Result<CheckedFile, BadFile> {
    if bytes.is_empty() {
        return Err(BadFile::Missing);
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(BadFile::TooLarge);
    }
    let given_sha256 = hex(&Sha256::digest(&bytes));
    let (kind, bytes) = match FileKind::detect(&bytes).ok_or(BadFile::UnknownKind)? {
        FileKind::Pdf => (FileKind::Pdf, bytes),
        kind @ (FileKind::Jpeg | FileKind::Png) => {
            let turn = DRAWING.acquire().await.expect("it is never closed");
            // The turn ends with the drawing, also where whoever sent the file has gone meanwhile.
            let drawing = move || {
                let drawn = draw_anew(kind, &bytes);
                drop(turn);
                drawn
            };
            tokio::task::spawn_blocking(drawing)
                .await
                .unwrap_or(Err(BadFile::Unreadable))?
        }
    };
    Ok(CheckedFile {
        kind,
        given_sha256,
        bytes,
    })
}

fn draw_anew(kind: FileKind, bytes: &[u8]) -> std::result::Result<(FileKind, Vec<u8>), BadFile> {
    let picture = decode(kind, bytes).ok_or(BadFile::Unreadable)?;
    let larger = picture.width().max(picture.height()) > KEPT_PIXELS_MAX;
    let picture = match larger {
        true => picture.resize(KEPT_PIXELS_MAX, KEPT_PIXELS_MAX, image::imageops::FilterType::Triangle),
        false => picture,
    };
    if kind == FileKind::Png {
        let mut out = Cursor::new(Vec::new());
        let drawn = DynamicImage::from(picture.to_rgba8()).write_to(&mut out, ImageFormat::Png);
        // A photograph as PNG takes many times its size as JPEG.
        if drawn.is_ok() && out.get_ref().len() <= FILE_BYTES_MAX {
            return Ok((FileKind::Png, out.into_inner()));
        }
    }
    let mut out = Vec::new();
    picture
        .to_rgb8()
        .write_with_encoder(JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY))
        .map_err(|_| BadFile::Unreadable)?;
    Ok((FileKind::Jpeg, out))
}

fn decode(kind: FileKind, bytes: &[u8]) -> Option<DynamicImage> {
    let format = match kind {
        FileKind::Jpeg => ImageFormat::Jpeg,
        FileKind::Png => ImageFormat::Png,
        FileKind::Pdf => return None,
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PIXELS_MAX);
    limits.max_image_height = Some(SIDE_PIXELS_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX || width == 0 || height == 0 {
        return None;
    }
    // The limit of the reader is for what it uses besides the picture itself.
    if decoder.total_bytes() > DECODE_BYTES_MAX {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    Some(picture)
}

/// A file's name as pages show it: without folders, and without letters that cannot be seen or turn the line round.
#[must_use]
pub fn clean_name(typed: &str, kind: FileKind) -> String {
    let last = typed.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|letter| !letter.is_control() && !is_invisible(*letter))
        .take(NAME_CHARS_MAX)
        .collect();
    match name.trim() {
        "" => format!("fil.{}", kind.extension()),
        name => name.to_owned(),
    }
}

/// Puts a checked file into the store, before a row names it: until then it is on the list of those to be deleted.
///
/// # Errors
/// When the store or the database fails.
pub async fn store(state: &Base, file: CheckedFile) -> Result<StoredFile> {
    let path = format!("disputes/{}.{}", state.id(), file.kind.extension());
    let mut tx = state.db.write().await?;
    tx.execute(EXPECT, params![&path, state.now()]).await?;
    tx.commit().await?;
    let stored = StoredFile {
        kind: file.kind,
        given_sha256: file.given_sha256,
        sha256: hex(&Sha256::digest(&file.bytes)),
        size_bytes: i64::try_from(file.bytes.len()).unwrap_or(i64::MAX),
        path: path.clone(),
    };
    let path = Path::from(path.as_str());
    let put = state.files.put(&path, PutPayload::from(file.bytes)).await;
    put.map_err(|error| Fault::internal(&error))?;
    Ok(stored)
}

/// Names a stored file, in the caller's transaction. `false` when it is there already.
///
/// # Errors
/// When the database fails.
pub async fn name_stored(
    tx: &mut Tx,
    id: &str,
    dispute: &Dispute,
    (side, account, source): (Side, &str, &str),
    (file, name): (&StoredFile, &str),
    now: Micros,
) -> Result<bool, DbError> {
    let row = params![
        id,
        &dispute.id,
        &dispute.appointment_id,
        side.name(),
        account,
        source,
        name,
        file.kind.media_type(),
        file.size_bytes,
        &file.given_sha256,
        &file.sha256,
        &file.path,
        now,
    ];
    let added = tx.execute(ADD, row).await? == 1;
    if added {
        tx.execute(ARRIVED, params![&file.path]).await?;
    }
    Ok(added)
}

/// What was handed in, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_dispute(tx: &mut Tx, dispute: &str) -> Result<Vec<Evidence>, DbError> {
    tx.all(OF_DISPUTE, params![dispute]).await
}

/// # Errors
/// When the database fails.
pub async fn load(tx: &mut Tx, id: &str) -> Result<Option<Evidence>, DbError> {
    tx.optional(LOAD, params![id]).await
}

/// What somebody handed in, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_account(tx: &mut Tx, account: &str) -> Result<Vec<Evidence>, DbError> {
    tx.all(OF_ACCOUNT, params![account]).await
}

/// How many files a side has handed in.
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, dispute: &str, side: Side) -> Result<i64, DbError> {
    tx.one(COUNT, params![dispute, side.name()]).await
}

/// Whether somebody has handed in the same bytes before.
///
/// # Errors
/// When the database fails.
pub async fn is_known(tx: &mut Tx, dispute: &str, account: &str, given_sha256: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(KNOWN, params![dispute, account, given_sha256]).await? > 0)
}

/// The bytes of a file, which are the ones that were kept.
///
/// # Errors
/// [`Fault::Internal`] when the stored bytes are others, or the store fails.
pub async fn load_bytes(state: &Base, file: &Evidence) -> Result<Vec<u8>> {
    let path = Path::from(file.path.as_str());
    let found = state.files.get(&path).await.map_err(|error| Fault::internal(&error))?;
    let bytes = found.bytes().await.map_err(|error| Fault::internal(&error))?.to_vec();
    if hex(&Sha256::digest(&bytes)) != file.sha256 {
        return Err(Fault::Internal(format!(
            "the stored bytes of file {} have changed",
            file.id
        )));
    }
    Ok(bytes)
}

/// Deletes from the store what no row names; for a job. What is gone already is no error, and one that fails holds up none of the
/// others.
///
/// # Errors
/// When the database fails.
pub async fn remove_files(state: &Base) -> Result<()> {
    let before = state.now() - REMOVED_AFTER_US;
    let paths: Vec<String> = state
        .db
        .read()
        .await?
        .all(TO_REMOVE, params![before, REMOVED_AT_ONCE])
        .await?;
    for path in paths {
        if let Err(error) = remove_file(state, &path).await {
            tracing::error!(path, %error, "a file that belongs to nothing is still there");
        }
    }
    Ok(())
}

async fn remove_file(state: &Base, path: &str) -> Result<()> {
    match state.files.delete(&Path::from(path)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(Fault::internal(&error)),
    }
    let mut tx = state.db.write().await?;
    tx.execute(ARRIVED, params![path]).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height)
            .write_to(&mut out, format)
            .expect("it is drawn");
        out.into_inner()
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(FileKind::detect(b"%PDF-1.7"), Some(FileKind::Pdf));
        assert_eq!(FileKind::detect(&picture(ImageFormat::Png, 1, 1)), Some(FileKind::Png));
        assert_eq!(
            FileKind::detect(&picture(ImageFormat::Jpeg, 1, 1)),
            Some(FileKind::Jpeg)
        );
        for other in [
            &b"<svg onload=alert(1)>"[..],
            b"<html>",
            b"MZ",
            b"GIF89a",
            b" %PDF-1.7",
            b"",
        ] {
            assert_eq!(FileKind::detect(other), None, "{other:?}");
        }
    }

    #[tokio::test]
    async fn pictures_are_drawn_anew_and_no_larger_than_needed() {
        let mut given = picture(ImageFormat::Png, 3_000, 30);
        // What stands behind the picture goes.
        given.extend_from_slice(b"<script>alert(1)</script>");
        let kept = check_file(given).await.expect("a picture");
        assert_eq!(kept.kind, FileKind::Png);
        assert!(!kept.bytes.windows(7).any(|bytes| bytes == b"<script"));
        let drawn = decode(FileKind::Png, &kept.bytes).expect("a picture");
        assert_eq!((drawn.width(), drawn.height()), (2_560, 26));
        let pdf = b"%PDF-1.7 as it is".to_vec();
        assert_eq!(check_file(pdf.clone()).await.expect("a PDF").bytes, pdf);
    }

    #[tokio::test]
    async fn what_is_no_picture_or_too_much_of_one_is_refused() {
        assert_eq!(check_file(Vec::new()).await, Err(BadFile::Missing));
        assert_eq!(check_file(vec![0; FILE_BYTES_MAX + 1]).await, Err(BadFile::TooLarge));
        assert_eq!(check_file(b"MZ\x90".to_vec()).await, Err(BadFile::UnknownKind));
        let cut = picture(ImageFormat::Png, 64, 64)[..60].to_vec();
        assert_eq!(check_file(cut).await, Err(BadFile::Unreadable));
        assert_eq!(check_file(vec![0xff, 0xd8, 0xff, 0xe0]).await, Err(BadFile::Unreadable));
        // A few kilobytes that would be decoded to a gigabyte.
        let mut bomb = picture(ImageFormat::Png, 8, 8);
        bomb[16..24].copy_from_slice(&[0, 0, 0x46, 0x50, 0, 0, 0x46, 0x50]);
        assert_eq!(check_file(bomb).await, Err(BadFile::Unreadable));
    }

    #[test]
    fn names_mislead_nobody() {
        let check = |typed: &str, expect: &str| assert_eq!(clean_name(typed, FileKind::Jpeg), expect, "{typed:?}");
        check("C:\\Users\\ola\\bilde.jpg", "bilde.jpg");
        check("../../etc/passwd", "passwd");
        check("a\u{202e}gpj.exe\r\nX: y", "agpj.exeX: y");
        check(" ", "fil.jpg");
        assert_eq!(clean_name(&"å".repeat(500), FileKind::Pdf).chars().count(), 100);
    }
}
