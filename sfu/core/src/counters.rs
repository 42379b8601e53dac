//! What a core has dropped and done, for metrics and for tests of hostile input.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters since the start; they only grow.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// Name and value of every counter, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// Adds the counters of another core.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Datagrams that came in.
    datagrams_in,
    /// Datagrams that are no STUN, DTLS, RTP or RTCP, or too long.
    datagrams_unknown,
    /// DTLS, RTP or RTCP from an address pair that no STUN check has validated.
    unvalidated,
    /// STUN checks answered with success.
    stun_checks,
    /// STUN that does not parse, is no request, or asks for what is unknown.
    stun_bad,
    /// STUN for a ufrag of no live peer.
    stun_unknown_ufrag,
    /// STUN whose message integrity does not fit.
    stun_auth_failed,
    /// Authentic STUN checks that came before, from an address that they do not speak for.
    stun_replayed,
    /// Authentic STUN checks from an address pair that is another peer's.
    stun_pair_taken,
    /// Peers that are sent to over another validated pair, since the nominated one fell silent.
    paths_moved,
    /// Peers reported absent: silent, or without an acknowledgement of what they were sent.
    absences,
    /// DTLS of clients that are to wait for ours, before it began.
    dtls_early,
    /// DTLS associations that ended by an error or another certificate than promised.
    dtls_failed,
    /// SRTP or SRTCP before the keys are known.
    srtp_early,
    /// SRTP or SRTCP whose authentication tag does not fit.
    srtp_auth_failed,
    /// SRTP or SRTCP that came before, or is older than the replay window.
    srtp_replayed,
    /// SRTP of more SSRCs than one peer may use.
    srtp_too_many_ssrcs,
    /// RTP that does not parse.
    rtp_malformed,
    /// RTCP that does not parse.
    rtcp_malformed,
    /// RTP of an SSRC that belongs to no negotiated track, is one too many of it, or was replaced there by another.
    unknown_ssrc,
    /// RTP of a payload type that the track did not negotiate.
    unknown_payload_type,
    /// RTP that the same track brought before, by another way.
    rtp_duplicate,
    /// Retransmissions of packets of an SSRC that was replaced, or of such as cannot have been sent yet.
    retransmissions_stray,
    /// Packets, checks, handshakes, or requests for packets, beyond the rate of one peer.
    rate_limited,
    /// Media for a slot whose client did not negotiate the codec.
    codec_not_negotiated,
    /// Lost packets of sound that were taken from the redundancy of later ones.
    redundancy_used,
    /// Packets of sound sent with earlier frames.
    redundancy_made,
    /// Media of a publisher, or for a subscriber, whose gate is shut.
    gate_closed,
    /// Media for a subscriber that has no validated path or no keys.
    no_path,
    /// Media of an encoding that a slot neither shows nor goes to, or of a slot that is paused.
    other_encoding,
    /// Media of a layer that a slot does not show.
    layer_left_out,
    /// Media that came when its number was not free any more, or from before a slot's start.
    too_late,
    /// Media without a payload, which needs no number.
    no_payload,
    /// Media packets forwarded for the first time.
    forwarded,
    /// Media packets sent again.
    retransmitted,
    /// Those of them that were sent again unasked, or a second time when asked, since the path loses packets.
    repeated,
    /// Requests for a packet that is no longer (or never was) there.
    retransmit_missing,
    /// Requests of subscribers that wait, since repeats would fill their path.
    retransmit_held,
    /// Packets dropped since too many were held for a narrow path.
    paced_dropped,
    /// Packets held for a narrow path for so long that they were not there any more.
    paced_gone,
    /// Packets of padding sent to find out what a path carries.
    probes,
    /// Transport-wide feedback that does not parse, claims too much, or was not negotiated.
    feedback_bad,
    /// Keyframe requests of clients that ask all the time.
    keyframe_requests_ignored,
    /// Packets dropped since the driver did not take earlier ones away.
    arena_full,
    /// Periodic events left out, since the earlier ones were not taken.
    events_dropped,
    /// Copies of headers dropped since the driver did not take earlier ones away.
    captures_dropped,
    /// Joins refused.
    joins_refused,
    /// Rooms ended by a broken invariant.
    rooms_failed,
}

/// Why a packet was not forwarded to a slot, each with a counter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropReason {
    GateClosed,
    NoPath,
    CodecNotNegotiated,
    OtherEncoding,
    LayerLeftOut,
    TooLate,
    NoPayload,
    /// Counted by the arena.
    ArenaFull,
}

impl Counters {
    pub(crate) fn add_dropped(&mut self, reason: DropReason) {
        *match reason {
            DropReason::GateClosed => &mut self.gate_closed,
            DropReason::NoPath => &mut self.no_path,
            DropReason::CodecNotNegotiated => &mut self.codec_not_negotiated,
            DropReason::OtherEncoding => &mut self.other_encoding,
            DropReason::LayerLeftOut => &mut self.layer_left_out,
            DropReason::TooLate => &mut self.too_late,
            DropReason::NoPayload => &mut self.no_payload,
            DropReason::ArenaFull => return,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_names_every_counter() {
        let mut sum = Counters {
            stun_bad: 1,
            ..Counters::default()
        };
        sum.add(&Counters {
            stun_bad: 2,
            rooms_failed: 5,
            ..Counters::default()
        });
        let seen: Vec<_> = sum.iter().filter(|(_, value)| *value > 0).collect();
        assert_eq!(seen, [("stun_bad", 3), ("rooms_failed", 5)]);
    }
}
