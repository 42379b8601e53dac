//! Offers of other people's clients: what they may leave out, write otherwise, or ask for.

use super::*;

fn formats(answer: &str, payload_type: u8) -> String {
    let prefix = format!("a=fmtp:{payload_type} ");
    let found = answer.lines().find_map(|line| line.strip_prefix(&prefix));
    found.unwrap_or_default().to_owned()
}

/// Trial D4: what a publisher says of its sound is echoed, so that it sends as it means to (RFC 7587 7).
#[test]
fn d4_a_publisher_may_send_opus_as_it_offers() {
    let check = |offered: &str, answered: &str| {
        let line = audio("0", "sendonly").replace("minptime=10;useinbandfec=1", offered);
        let answer = answer_to(&offer(&[line]), &[source("0", SourceKind::Microphone)]).unwrap();
        assert_eq!(formats(&answer, 111), answered, "{offered}");
    };
    check("minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1");
    check("x=y", "minptime=10;useinbandfec=1");
    check("stereo=1", "minptime=10;useinbandfec=1;stereo=1");
    check("sprop-stereo=1; stereo=0", "minptime=10;useinbandfec=1;stereo=1");
    check("stereo=0;sprop-stereo=0", "minptime=10;useinbandfec=1");
    check("useinbandfec=0", "minptime=10;useinbandfec=0");
    check(
        "maxaveragebitrate=256000;STEREO=1;usedtx=1;cbr=1;useinbandfec=0",
        "minptime=10;useinbandfec=0;stereo=1;maxaveragebitrate=256000;usedtx=1;cbr=1",
    );
    check("usedtx=0;cbr=0;stereo=2", "minptime=10;useinbandfec=1");
    for bps in ["5999", "510001", "-1", "99999999999", "many", ""] {
        check(&format!("maxaveragebitrate={bps}"), "minptime=10;useinbandfec=1");
    }
}

/// Trial D4: whoever is heard may send two channels, and a viewer is told so before it makes its decoder.
#[test]
fn d4_a_viewer_is_told_that_stereo_may_come() {
    let check = |offered: &str, answered: &str| {
        let line = audio("0", "recvonly").replace("minptime=10;useinbandfec=1", offered);
        let answer = answer_to(&offer(&[line]), &[]).unwrap();
        assert_eq!(formats(&answer, 111), answered, "{offered}");
    };
    check("x=y", "minptime=10;useinbandfec=1;sprop-stereo=1");
    check("stereo=1", "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1");
    // What it wants to get is the publisher's to send, and not promised.
    check(
        "maxaveragebitrate=20000;cbr=1;usedtx=1",
        "minptime=10;useinbandfec=1;sprop-stereo=1",
    );
}

/// Trial D7: the names of hashes and feedbacks are compared without regard to case (RFC 8122 5, RFC 4585 4.2).
#[test]
fn d7_names_are_taken_in_any_case() {
    let text = offer(&[audio("0", "sendonly"), video("1", "sendonly")]);
    let sources = [source("0", SourceKind::Microphone), source("1", SourceKind::Camera)];
    let expected = answer_to(&text, &sources).unwrap();
    let fingerprint = text.lines().find(|line| line.starts_with("a=fingerprint:")).unwrap();
    for other in [
        fingerprint.replace("sha-256", "SHA-256"),
        fingerprint.replace("sha-256", "Sha-256"),
        format!("a=fingerprint:sha-256 {}", fingerprint[22..].to_ascii_lowercase()),
    ] {
        assert_eq!(
            answer_to(&text.replace(fingerprint, &other), &sources),
            Ok(expected.clone()),
            "{other}"
        );
    }
    let loud = text
        .replace(" nack pli\r\n", " NACK PLI\r\n")
        .replace(" ccm fir\r\n", " CCM FIR\r\n");
    assert_eq!(answer_to(&loud, &sources), Ok(expected));
    refused(&text.replace("sha-256", "SHA-1"), &sources, "fingerprint");
}

/// Trial D7: without `profile-level-id` baseline is meant, without `packetization-mode` single units (RFC 6184 8.1).
#[test]
fn d7_h264_may_leave_out_its_parameters() {
    let check = |direction: &str, offered: &str, answered: &str| {
        let line = format!(
            "m=video 9 UDP/TLS/RTP/SAVPF 98\r\n{TRANSPORT}a=mid:1\r\na={direction}\r\na=rtcp-mux\r\n\
             a=rtpmap:98 H264/90000\r\n{offered}"
        );
        let kind = (direction == "sendonly").then(|| source("1", SourceKind::Camera));
        let answer = answer_to(&offer(&[audio("0", "sendonly"), line]), kind.as_slice()).unwrap();
        assert_eq!(formats(&answer, 98), answered, "{direction} {offered}");
    };
    let (none, one) = ("packetization-mode=0", "packetization-mode=1");
    let answered = |rest: &str| format!("level-asymmetry-allowed=1;{rest}");
    check("sendonly", "", &answered(none));
    check("sendonly", &format!("a=fmtp:98 {one}\r\n"), &answered(one));
    check(
        "sendonly",
        &format!("a=fmtp:98 {none};profile-level-id=42e01f\r\n"),
        &answered(&format!("{none};profile-level-id=42e01f")),
    );
    check("recvonly", &format!("a=fmtp:98 {one}\r\n"), &answered(one));
    // A viewer that takes single units only could be sent next to nothing.
    check("recvonly", "", "");
    check("sendonly", "a=fmtp:98 packetization-mode=2\r\n", "");
    check("sendonly", "a=fmtp:98 profile-level-id=42e01\r\n", "");
}

/// Several units in a packet are better than single ones, whatever stands first.
#[test]
fn d7_of_two_modes_of_h264_a_publisher_gets_the_better_one() {
    let lines = "a=rtpmap:98 H264/90000\r\na=rtpmap:99 H264/90000\r\n\
        a=fmtp:98 packetization-mode=0;profile-level-id=42e01f\r\n\
        a=fmtp:99 packetization-mode=1;profile-level-id=42001f\r\n";
    let line =
        format!("m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\n{TRANSPORT}a=mid:1\r\na=sendonly\r\na=rtcp-mux\r\n{lines}");
    let answer = answer_to(&offer(&[line]), &[source("1", SourceKind::Camera)]).unwrap();
    assert!(answer.contains("m=video 9 UDP/TLS/RTP/SAVPF 99\r\n"), "{answer}");
}

/// Trial D7: one m-line needs no mid and no bundle, and then the answer has neither (RFC 9143 7.3).
#[test]
fn d7_a_single_m_line_needs_no_mid() {
    let named = offer(&[video("0", "sendonly")]);
    let sources = [(Mid::unnamed(), SourceKind::Camera)];
    let expected = answer_to(&named, &sources).unwrap();
    let unbundled = named.replace("a=group:BUNDLE 0\r\n", "");
    let expected = expected.replace("a=group:BUNDLE 0\r\n", "");
    assert_eq!(answer_to(&unbundled, &sources), Ok(expected.clone()));
    let nameless = unbundled.replace("a=mid:0\r\n", "");
    assert_eq!(answer_to(&nameless, &sources), Ok(expected.replace("a=mid:0\r\n", "")));
    let slot = answer_to(&nameless.replace("a=sendonly", "a=recvonly"), &[]).unwrap();
    assert!(
        slot.contains("a=sendonly\r\na=msid:slot1 track-0\r\n") && !slot.contains("a=mid:"),
        "{slot}"
    );
    // Of two, nobody could tell which is which.
    let two = offer(&[audio("0", "sendonly"), video("1", "sendonly")]);
    refused(&two.replace("a=mid:0\r\n", ""), &[], "no mid");
}

/// Trial D5: who waits for a handshake gets one (RFC 8842 5.3); who leaves us the choice begins it.
#[test]
fn d5_the_dtls_role_is_the_other_one() {
    for (offered, answered) in [
        ("actpass", "passive"),
        ("active", "passive"),
        ("passive", "active"),
        ("PASSIVE", "active"),
    ] {
        let text = offer(&[audio("0", "sendonly")]).replace("a=setup:actpass", &format!("a=setup:{offered}"));
        let answer = answer_to(&text, &[]).unwrap();
        assert!(
            answer.contains(&format!("a=setup:{answered}\r\n")),
            "{offered}: {answer}"
        );
    }
}
