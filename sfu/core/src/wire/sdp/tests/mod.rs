//! Offers as browsers write them, and offers as nobody should.

mod strangers;

use super::codec::Profile;
use super::parameters::Parameters;
use super::*;
use crate::event::MediaKind;

const SESSION: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
const TRANSPORT: &str = "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2 x.local 9 typ host\r\n\
    a=ice-ufrag:Ab3+\r\na=ice-pwd:asd88fgpdd777uzjYhagZgLk\r\na=ice-options:trickle\r\n\
    a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF\r\n\
    a=setup:actpass\r\n";

fn audio(mid: &str, direction: &str) -> String {
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\n{TRANSPORT}a=mid:{mid}\r\n\
         a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
         a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na={direction}\r\na=msid:- track\r\na=rtcp-mux\r\n\
         a=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
         a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
         a=rtpmap:9 G722/8000\r\na=ssrc:77 cname:x\r\na=ssrc:77 msid:- track\r\n"
    )
}

fn video(mid: &str, direction: &str) -> String {
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 103 104 96 97\r\n{TRANSPORT}a=mid:{mid}\r\n\
         a=extmap:14 urn:ietf:params:rtp-hdrext:toffset\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a={direction}\r\na=rtcp-mux\r\na=rtpmap:103 H264/90000\r\n\
         a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
         a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\n\
         a=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
         a=rtcp-fb:96 rrtr\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc-group:FID 88 89\r\n\
         a=ssrc:88 cname:x\r\na=ssrc:89 cname:x\r\n"
    )
}

fn offer(lines: &[String]) -> String {
    let mids: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split("a=mid:").nth(1)?.split("\r\n").next())
        .collect();
    format!(
        "{SESSION}a=group:BUNDLE {}\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n{}",
        mids.join(" "),
        lines.concat()
    )
}

fn source(mid: &str, kind: SourceKind) -> (Mid, SourceKind) {
    (Mid(mid.to_owned()), kind)
}

fn answer_to(text: &str, sources: &[(Mid, SourceKind)]) -> Result<String, JoinError> {
    let offer = Offer::parse(text)?;
    let mut next = 100u8;
    let lines = negotiate(&offer, sources, &mut |bytes| {
        next += 1;
        bytes.fill(next);
    })?;
    let answer = Answer {
        session_id: 9,
        candidates: &crate::wire::candidate::Candidate::all(
            &["192.0.2.1:7000".parse().unwrap(), "[2001:db8::1]:7000".parse().unwrap()],
            &[],
        ),
        ufrag: "us",
        password: "secret",
        fingerprint: "AA:BB",
        bundle: offer.bundle,
        setup: offer.dtls_role.setup(),
    };
    Ok(write(&answer, &lines))
}

fn refused(text: &str, sources: &[(Mid, SourceKind)], because: &str) {
    let error = answer_to(text, sources).expect_err(because);
    assert!(error.to_string().contains(because), "{error} does not say {because}");
}

#[test]
fn a_browsers_offer_gets_tracks_and_slots() {
    let text = offer(&[
        audio("0", "sendonly"),
        video("1", "sendrecv"),
        audio("2", "recvonly"),
        video("3", "recvonly"),
    ]);
    let answer = answer_to(
        &text,
        &[source("0", SourceKind::Microphone), source("1", SourceKind::Camera)],
    )
    .unwrap();
    let expected = "v=0\r\no=- 4 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0 1 2 3\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:us\r\na=ice-pwd:secret\r\n\
        a=fingerprint:sha-256 AA:BB\r\na=setup:passive\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
        a=rtcp-fb:111 transport-cc\r\na=extmap-allow-mixed\r\n\
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
        a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host\r\n\
        a=candidate:2 1 udp 2130706175 2001:db8::1 7000 typ host\r\na=end-of-candidates\r\na=recvonly\r\n";
    assert_eq!(&answer[..expected.len()], expected);
    let sections: Vec<&str> = answer.split("m=").skip(1).collect();
    assert!(
        sections[1].starts_with("video 9 UDP/TLS/RTP/SAVPF 103 104 96 97\r\n")
            && sections[1].contains("a=recvonly\r\n")
    );
    assert!(!sections[1].contains("ssrc"));
    for section in &sections {
        assert_eq!(section.matches("a=candidate:").count(), 2, "{section}");
        assert_eq!(section.matches("a=end-of-candidates\r\n").count(), 1, "{section}");
    }
    assert!(sections[2].contains("a=sendonly\r\na=msid:slot1 track-2\r\na=ssrc:1701143909 cname:booka\r\n"));
    let slot = "a=rtpmap:103 H264/90000\r\n\
        a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
        a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtcp-fb:96 nack\r\n\
        a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 goog-remb\r\na=extmap-allow-mixed\r\n\
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
        a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host\r\n\
        a=candidate:2 1 udp 2130706175 2001:db8::1 7000 typ host\r\na=end-of-candidates\r\na=sendonly\r\n\
        a=msid:slot1 track-3\r\na=ssrc-group:FID 1717986918 1734829927\r\n\
        a=ssrc:1717986918 cname:booka\r\na=ssrc:1734829927 cname:booka\r\n";
    assert!(sections[3].ends_with(slot), "{}", sections[3]);
}

#[test]
fn that_rtcp_has_no_port_of_its_own_is_confirmed_where_it_is_said() {
    let only = |section: String| section.replace("a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-mux-only\r\n");
    let text = offer(&[only(audio("0", "sendonly")), video("1", "sendonly")]);
    let answer = answer_to(&text, &[]).unwrap();
    let sections: Vec<&str> = answer.split("m=").skip(1).collect();
    assert!(sections[0].contains("a=rtcp-mux\r\na=rtcp-mux-only\r\n"));
    assert!(sections[1].contains("a=rtcp-mux\r\na=rtcp-rsize\r\n") && !sections[1].contains("mux-only"));
}

#[test]
fn what_is_not_wanted_is_inactive_and_what_is_not_known_is_rejected() {
    let h265_only = video("1", "sendonly")
        .replace("VP8/90000", "H265/90000")
        .replace("H264/90000", "H265/90000");
    let data = format!(
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n{TRANSPORT}a=mid:2\r\na=sctp-port:5000\r\n\
         a=max-message-size:262144\r\n"
    );
    let text = offer(&[audio("0", "sendrecv"), h265_only, data]);
    let answer = answer_to(&text, &[source("1", SourceKind::Camera)]).unwrap();
    assert!(answer.contains("a=group:BUNDLE 0\r\n"));
    let sections: Vec<&str> = answer.split("m=").skip(1).collect();
    assert!(sections[0].ends_with("a=end-of-candidates\r\na=inactive\r\n"));
    assert!(sections[1].starts_with("video 0 UDP/TLS/RTP/SAVPF 103 104 96 97\r\n"));
    assert!(sections[2].starts_with("application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
}

#[test]
fn reads_what_belongs_to_the_codec() {
    let offer = Offer::parse(&offer(&[video("v", "sendonly")])).unwrap();
    let media = &offer.media[0];
    assert_eq!((media.kind, offer.ufrag.as_str()), (Some(MediaKind::Video), "Ab3+"));
    assert_eq!(
        (media.ssrcs.as_slice(), media.flows.as_slice()),
        ([88, 89].as_slice(), [(88, 89)].as_slice())
    );
    let codec = OfferedCodec {
        codec: Codec::Vp8,
        payload_type: 96,
        rtx: Some(97),
        red: None,
        red_first: false,
        parameters: Parameters::None,
        nack: true,
        pli: true,
        fir: true,
        remb: true,
        // Its packets have no numbers.
        transport_cc: false,
    };
    assert_eq!(media.codecs.of(Codec::Vp8), Some(&codec));
    assert_eq!(
        media.codecs.by_payload_type(103).map(|found| found.codec),
        Some(Codec::H264(Profile::Baseline))
    );
    assert_eq!(
        media.codecs.by_rtx(104).map(|found| found.codec),
        Some(Codec::H264(Profile::Baseline))
    );
    assert_eq!(
        (media.codecs.of(Codec::Vp9), media.codecs.by_payload_type(97)),
        (None, None)
    );
    let extensions = Extensions {
        mid: Some(4),
        ..Extensions::default()
    };
    assert_eq!(media.extensions, extensions);
}

/// W8.
#[test]
fn refuses_with_a_reason() {
    let good = offer(&[audio("0", "sendonly"), video("1", "sendonly")]);
    answer_to(&good, &[]).unwrap();
    refused(&good, &[source("7", SourceKind::Camera)], "names no m-line");
    refused(&good, &[source("0", SourceKind::Camera)], "another kind");
    refused(
        &good,
        &[
            source("0", SourceKind::Microphone),
            source("0", SourceKind::ScreenAudio),
        ],
        "twice",
    );
    refused(
        &good.replace("sendonly", "recvonly"),
        &[source("1", SourceKind::Camera)],
        "does not send",
    );
    refused(&good.replace("sha-256", "sha-1"), &[], "fingerprint");
    refused(&good.replace("setup:actpass", "setup:holdconn"), &[], "setup");
    refused(&good.replace("a=setup:actpass\r\n", ""), &[], "setup");
    refused(&good.replace("a=ice-ufrag:Ab3+\r\n", ""), &[], "ice-ufrag");
    refused(&good.replace("a=mid:1", "a=mid:0"), &[], "one mid");
    refused(&good.replace("BUNDLE 0 1", "BUNDLE 0"), &[], "bundled");
    refused(&good.replace("a=mid:1\r\n", ""), &[], "no mid");
    refused(&good.replace("a=mid:1", "a=mid:12345678901234567"), &[], "mid");
    refused(
        &good.replace("SAVPF 111", "SAVPX 111").replace("UDP/TLS", "UDP"),
        &[],
        "",
    );
    refused(
        &offer(&[video("1", "sendonly").replace("VP8", "VP7").replace("H264", "H263")]),
        &[],
        "no m-line has a codec",
    );
    refused(&format!("{good}{}", "a=x\r\n".repeat(20_000)), &[], "64 KiB");
    refused(
        &format!("{good}{}", "a=inactive\r\n".repeat(4_200)),
        &[],
        "too many lines",
    );
    let many: Vec<String> = (0..65)
        .map(|mid| audio(&mid.to_string(), "recvonly").replace(TRANSPORT, ""))
        .collect();
    refused(&offer(&many), &[], "too many lines");
    refused("", &[], "");
    refused("v=0", &[], "");
}

/// W8.
#[test]
fn an_odd_line_is_ignored() {
    let text = offer(&[audio("0", "sendonly")]);
    let odd = format!(
        "{text}a=fmtp:\r\na=rtcp-fb:x y\r\na=candidate:\r\na=rid:\r\nk=clear:x\r\nq\r\n\
        a=rid:\r\na=rid:h\r\na=rid:h send pt=x\r\na=simulcast:\r\na=simulcast:send\r\na=simulcast:send nobody;;~,\r\n\
        a=fmtp:111\r\na=fmtp:300 x=1\r\na=extmap:x y\r\n"
    );
    assert_eq!(answer_to(&odd, &[]), answer_to(&text, &[]));
}

#[test]
fn payload_types_that_look_like_rtcp_are_not_used() {
    let text = offer(&[audio("0", "sendonly").replace("111", "72")]);
    refused(&text, &[], "no m-line has a codec");
}

#[test]
fn port_zero_withdraws_an_m_line_unless_it_is_only_bundled() {
    let sources = [source("1", SourceKind::Camera)];
    let lines = |video: String| offer(&[audio("0", "sendonly"), video]);
    let withdrawn = lines(video("1", "sendonly").replace("m=video 9", "m=video 0"));
    assert!(answer_to(&withdrawn, &sources).unwrap().contains("m=video 0 "));
    let bundled = video("1", "sendonly").replace("m=video 9", "m=video 0");
    let bundled = lines(bundled.replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n"));
    let answer = answer_to(&bundled, &sources).unwrap();
    assert!(
        answer.contains("m=video 9 ") && answer.contains("a=group:BUNDLE 0 1\r\n"),
        "{answer}"
    );
}

fn simulcast(rids: &[&str], line: &str) -> String {
    let rids: String = rids.iter().map(|rid| format!("a=rid:{rid} send\r\n")).collect();
    let extensions = "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
        a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n";
    let video = video("1", "sendonly").replace("a=sendonly\r\n", &format!("{extensions}a=sendonly\r\n"));
    offer(&[format!("{video}{rids}{line}\r\n")])
}

#[test]
fn encodings_of_a_simulcast_source_are_taken_in_the_clients_order() {
    let sources = [source("1", SourceKind::Camera)];
    let check = |rids: &[&str], line: &str, expected: &str| {
        let text = simulcast(rids, line);
        let answer = answer_to(&text, &sources).unwrap();
        let found: Vec<&str> = answer
            .lines()
            .filter(|line| line.starts_with("a=rid:") || line.starts_with("a=simulcast:"))
            .collect();
        assert_eq!(found.join(" "), expected);
        let offer = Offer::parse(&text).unwrap();
        let rids = offer.media[0].rids.iter().map(|rid| format!("a=rid:{} recv ", rid.0));
        assert!(expected.starts_with(&rids.collect::<String>()));
    };
    let all = "a=rid:l recv a=rid:m recv a=rid:h recv a=simulcast:recv l;m;h";
    check(&["h", "m", "l"], "a=simulcast:send l;m;h", all);
    check(&["l", "m", "h"], "a=simulcast:recv x send l;~m,h;h", all);
    let four = "a=rid:q recv a=rid:l recv a=rid:m recv a=rid:h recv a=simulcast:recv q;l;m;h";
    check(&["q", "l", "m", "h"], "a=simulcast:send q;l;m;h", four);
    // Trial D2: of too many the ends of the line are kept, which are the best and the smallest.
    let six = "a=rid:a recv a=rid:b recv a=rid:e recv a=rid:f recv a=simulcast:recv a;b;e;f";
    check(&["a", "b", "c", "d", "e", "f"], "a=simulcast:send a;b;c;d;e;f", six);
    check(
        &["l", "m"],
        "a=simulcast:send l;x;m;l",
        "a=rid:l recv a=rid:m recv a=simulcast:recv l;m",
    );
    check(
        &["a-b", "12345678901234567"],
        "a=simulcast:send a-b;12345678901234567",
        "",
    );
    check(&["l", "m"], "", "");
    // Without the extension that tells them apart there is one encoding; and what is not sent has none.
    let bare = simulcast(&["l"], "a=simulcast:send l").replace("rtp-stream-id", "x");
    assert!(!answer_to(&bare, &sources).unwrap().contains("a=simulcast"));
    let unwanted = simulcast(&["l"], "a=simulcast:send l");
    assert!(!answer_to(&unwanted, &[]).unwrap().contains("a=simulcast"));
}

/// Trial D1: Firefox says of each extension in which direction it goes, and offers simulcast by `sendonly` ones.
#[test]
fn extensions_in_one_direction_are_taken_where_it_is_the_one_of_the_media() {
    let sources = [source("1", SourceKind::Camera)];
    let firefox = simulcast(&["l", "m", "h"], "a=simulcast:send l;m;h")
        .replace("a=extmap:10 ", "a=extmap:10/sendonly ")
        .replace("a=extmap:11 ", "a=extmap:11/sendonly ")
        .replace(
            "a=extmap:4 ",
            "a=extmap:3/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level\r\na=extmap:4 ",
        );
    let answer = answer_to(&firefox, &sources).unwrap();
    for line in [
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:10/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        "a=extmap:11/recvonly urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        "a=simulcast:recv l;m;h",
    ] {
        assert!(answer.lines().any(|answered| answered == line), "{line}\n{answer}");
    }
    // What only comes to the client tells nothing of what it sends.
    for other in ["recvonly", "inactive"] {
        let turned = firefox.replace("a=extmap:10/sendonly", &format!("a=extmap:10/{other}"));
        let answer = answer_to(&turned, &sources).unwrap();
        assert!(!answer.contains("a=simulcast"), "{other}");
    }
    let number = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    for (direction, offered, answered) in [
        ("recvonly", "recvonly", true),
        ("recvonly", "sendonly", false),
        ("recvonly", "sendrecv", true),
        ("sendonly", "sendonly", true),
        ("sendonly", "recvonly", false),
    ] {
        let line = audio("1", direction).replace("a=extmap:3 ", &format!("a=extmap:3/{offered} "));
        let sends = direction == "sendonly";
        let sources = sends.then(|| source("1", SourceKind::Microphone));
        let answer = answer_to(&offer(&[line]), sources.as_slice()).unwrap();
        assert_eq!(answer.contains(number), answered, "{offered} of {direction}");
    }
}

#[test]
fn parameters_decide_whether_a_codec_is_supported() {
    let check = |name: &str, parameters: &str, expected: &str| {
        let text = video("1", "recvonly")
            .replace("VP8/90000", "VP7/90000")
            .replace("H264/90000", name);
        let text = text.replace(
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
            parameters,
        );
        let answer = answer_to(&offer(&[audio("0", "sendonly"), text]), &[]).unwrap();
        let found = answer.lines().find(|line| line.starts_with("a=fmtp:103 "));
        assert_eq!(found.unwrap_or_default(), expected, "{name} {parameters}");
    };
    let answered = "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=";
    let baseline = format!("{answered}42e01f");
    check("H264/90000", "profile-level-id=42e01f; packetization-mode=1", &baseline);
    check(
        "h264/90000",
        "PROFILE-LEVEL-ID=42E01F;packetization-mode=1;x",
        &baseline,
    );
    check("H264/90000", "profile-level-id=42e01f;packetization-mode=0", "");
    check("H264/90000", "profile-level-id=42e01f", "");
    for profile in ["42001f", "4d001f", "4de01f", "640c1f", "64001f"] {
        let parameters = format!("profile-level-id={profile};packetization-mode=1");
        check("H264/90000", &parameters, &format!("{answered}{profile}"));
    }
    // Extended, and high with constraints that nobody makes.
    check("H264/90000", "profile-level-id=58001f;packetization-mode=1", "");
    check("H264/90000", "profile-level-id=64401f;packetization-mode=1", "");
    check("H264/90000", "profile-level-id=+2e01f;packetization-mode=1", "");
    check("H264/48000", "profile-level-id=42e01f;packetization-mode=1", "");
    check("VP9/90000", "profile-id=0", "a=fmtp:103 profile-id=0");
    check("VP9/90000", "max-fs=12288", "a=fmtp:103 profile-id=0");
    check("VP9/90000", "profile-id=2", "");
    check("AV1/90000", "level-idx=5;profile=0;tier=0", "a=fmtp:103 profile=0");
    check("AV1/90000", "profile=1", "");
}

#[test]
fn redundant_audio_is_of_the_codec_beside_it() {
    let check = |from: &str, to: &str, expected: bool| {
        let answer = answer_to(&offer(&[audio("0", "sendonly").replace(from, to)]), &[]).unwrap();
        assert_eq!(
            answer.contains("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"),
            expected,
            "{to}"
        );
    };
    check("a=fmtp:63 111/111", "a=fmtp:63 111/111/111", true);
    check("a=fmtp:63 111/111", "a=fmtp:63 111/9", false);
    check("a=fmtp:63 111/111", "", false);
    check("red/48000/2", "red/8000", false);
    let preferred = offer(&[audio("0", "sendonly").replace("SAVPF 111 63 9", "SAVPF 63 111 9")]);
    assert!(
        answer_to(&preferred, &[])
            .unwrap()
            .contains("m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n")
    );
}

/// An m-line with H.264 of these profiles, in this order, each in packetization mode 1 and 0.
fn profiles(direction: &str, profiles: &[&str]) -> String {
    let mut formats = String::new();
    let mut lines = String::new();
    for (at, profile) in profiles.iter().enumerate() {
        for (mode, payload_type) in [(1, 96 + 4 * at), (0, 98 + 4 * at)] {
            let rtx = payload_type + 1;
            formats += &format!(" {payload_type} {rtx}");
            lines += &format!(
                "a=rtpmap:{payload_type} H264/90000\r\na=rtcp-fb:{payload_type} nack pli\r\n\
                 a=fmtp:{payload_type} level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}\r\n\
                 a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}\r\n"
            );
        }
    }
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF{formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na={direction}\r\na=rtcp-mux\r\n{lines}"
    )
}

#[test]
fn publishers_send_the_profile_that_everybody_takes() {
    use Profile::{Baseline, ConstrainedHigh, High, Main};
    let check = |direction: &str, offered: &[&str], expected: &[(Profile, u8)]| {
        let offer = Offer::parse(&offer(&[audio("1", "sendonly"), profiles(direction, offered)])).unwrap();
        let kept: Vec<_> = offer.media[1].codecs.iter().collect();
        let kept: Vec<_> = kept.iter().map(|one| (one.codec, one.payload_type)).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(profile, payload_type)| (Codec::H264(*profile), *payload_type))
            .collect();
        assert_eq!(kept, expected, "{direction} {offered:?}");
    };
    // As Safari, Firefox and Chromium have them.
    let (safari, firefox) = (["640c1f", "42e01f"], ["42e01f"]);
    let chromium = ["42001f", "42e01f", "4d001f", "64001f"];
    check("sendonly", &safari, &[(Baseline, 100)]);
    check("sendonly", &firefox, &[(Baseline, 96)]);
    check("sendonly", &chromium, &[(Baseline, 100)]);
    check("recvonly", &safari, &[(ConstrainedHigh, 96), (Baseline, 100)]);
    check("recvonly", &firefox, &[(Baseline, 96)]);
    check("recvonly", &chromium, &[(Baseline, 100), (Main, 104), (High, 108)]);
    // An encoder in hardware without baseline sends one of the others, to those who take it.
    check("sendonly", &["640c1f", "64001f", "4d001f"], &[(ConstrainedHigh, 96)]);
    check("sendonly", &["4de01f", "42001f"], &[(Baseline, 96)]);
}

#[test]
fn an_m_line_has_so_many_codecs_and_no_more() {
    let profiles = ["42001f", "4d001f", "640c1f", "64001f"];
    let h264 = (100..).zip(profiles).map(|(number, profile)| {
        format!("a=rtpmap:{number} H264/90000\r\na=fmtp:{number} packetization-mode=1;profile-level-id={profile}\r\n")
    });
    let others = "a=rtpmap:98 VP9/90000\r\na=rtpmap:99 AV1/90000\r\n".to_owned() + &h264.collect::<String>();
    let line = video("0", "recvonly").replace("103 104 96 97", "96 98 99 100 101 102 103");
    let (before, after) = line.split_once("a=rtpmap:103").expect("the first codec");
    let (_, vp8) = after.split_once("a=rtpmap:96").expect("the second");
    let text = offer(&[format!("{before}a=rtpmap:96{vp8}{others}")]);
    let answer = answer_to(&text, &[]).unwrap();
    let taken: Vec<&str> = answer.lines().filter(|line| line.starts_with("a=rtpmap:")).collect();
    assert_eq!(taken.len(), crate::limits::CODECS_PER_LINE_MAX, "{taken:?}");
}
