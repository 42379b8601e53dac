//! A way in for the fuzz targets to what is not public; of no use to anybody else.

use crate::fragment::{Fragment, Frame};
use crate::offer;

/// An offer as WHIP and WHEP read it before the media plane does, and after.
///
/// # Panics
/// When something that was read breaks its promise.
pub fn offer(text: &str) {
    let published = offer::published(text);
    assert!(published.len() <= 3, "one sound and two pictures");
    let rejecting: Vec<_> = text
        .lines()
        .map(|line| if line.starts_with("m=") { "m=audio 0 X 0" } else { line })
        .collect();
    let mids: Vec<_> = published.into_iter().map(|(mid, _)| mid).collect();
    let rejected = offer::rejected(&rejecting.join("\r\n"), &mids);
    assert_eq!(
        rejected.is_some(),
        !mids.is_empty(),
        "an answer that rejects all rejects these"
    );
    let receiving = offer::receiving_only(text);
    assert!(
        offer::published(&receiving.replace("a=sendonly", "a=recvonly")).is_empty(),
        "nothing sends that only receives"
    );
    if offer::is_description(text) {
        assert!(offer::is_description(&receiving), "still one");
    }
}

/// A fragment of a PATCH, and the answer to it when it is an answer's.
///
/// # Panics
/// When something that was read breaks its promise.
pub fn fragment(text: &str) {
    let credentials = Fragment::parse(text).and_then(|fragment| fragment.ufrag);
    if let Some(ufrag) = credentials {
        assert!((4..=256).contains(&ufrag.len()), "RFC 8839 5.4");
        let answer = Frame::of(text).with(&ufrag, "0123456789012345678901");
        let again = Fragment::parse(&answer).and_then(|fragment| fragment.ufrag);
        assert_eq!(again, Some(ufrag), "the answer is a fragment, too");
    }
}
