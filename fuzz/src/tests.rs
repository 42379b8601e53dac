//! Replays each corpus and tries inputs at random.

macro_rules! targets {
    ($($name:ident,)*) => {
        $(#[test]
        fn $name() {
            bolero::check!().for_each(|bytes: &[u8]| crate::$name(bytes));
        })*

        /// A corpus that is not found would be replayed in silence.
        #[test]
        fn every_target_has_a_corpus() {
            $({
                let name = stringify!($name);
                let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/__fuzz__/tests__", stringify!($name), "/corpus");
                let inputs = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(inputs.count() >= 3, "{name}");
            })*
        }
    };
}

targets! {
    stun,
    tcp_frames,
    rtp,
    redundant_audio,
    dependency_descriptor,
    rtcp,
    transport_feedback,
    srtp,
    sdp,
    signaling,
    media_offer,
    media_fragment,
}
