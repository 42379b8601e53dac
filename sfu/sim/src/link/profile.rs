//! Accesses worth trying, by name.

use std::time::Duration;

use super::{CompetingFlow, Competitor, LinkConfig, Loss, Rate};

/// 60 s of a moving phone's download, in kbit/s every half second. It is made up, after the shape of published traces:
/// a rate that wanders over a decade within seconds, two fades almost to nothing, one handover of a second.
const LTE_KBPS: [u32; 120] = [
    3200, 3400, 3100, 2900, 3300, 3800, 4100, 3900, 3500, 3000, 2600, 2400, 2700, 3100, 3600, 4200, 4600, 4400, 3900,
    3300, 2800, 2300, 1900, 1500, 1200, 1000, 900, 1100, 1300, 1600, 2000, 2400, 2800, 3000, 2900, 2500, 2000, 1600,
    1200, 800, 500, 350, 250, 300, 450, 700, 1100, 1500, 1900, 2200, 2600, 3100, 3500, 3700, 3400, 3200, 3300, 3600,
    4000, 4300, 4100, 3700, 3000, 2400, 1800, 0, 0, 600, 1200, 1700, 2100, 2300, 2500, 2800, 3200, 3500, 3300, 2900,
    2700, 2400, 2100, 1800, 1600, 1500, 1400, 1300, 1400, 1700, 2100, 2600, 2900, 3000, 2700, 2200, 1700, 1300, 900,
    600, 400, 300, 350, 550, 800, 1200, 1700, 2200, 2700, 3200, 3600, 3900, 4200, 4500, 4300, 4000, 3800, 3500, 3300,
    3100, 3000, 3100,
];

/// How long a run over a profile is.
const LENGTH: Duration = Duration::from_secs(60);

/// A kind of access. What it names happens on the way to the client; losses and outages on both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// 2 Mbit/s.
    Steady,
    /// 2 Mbit/s, 500 kbit/s from 20 to 40 s, 2 Mbit/s again.
    StepDown,
    /// 500 kbit/s, 2.5 Mbit/s from 20 s on.
    StepUp,
    /// 2 % random loss at 3 Mbit/s.
    Loss2,
    /// 5 % random loss and 60 ms round trip at 3 Mbit/s.
    Loss5Rtt60,
    /// 1 Mbit/s behind a queue of two seconds.
    Bufferbloat,
    /// 3 Mbit/s, shared with a download from 20 to 40 s.
    Competing,
    /// 2.5 Mbit/s, nothing at all from 20 to 22 s.
    Outage2s,
    /// A made-up trace of a moving phone.
    Lte,
    /// 8 Mbit/s with jitter, bursts of loss and some reordering.
    Wifi,
}

impl Profile {
    pub const ALL: [Self; 10] = [
        Self::Steady,
        Self::StepDown,
        Self::StepUp,
        Self::Loss2,
        Self::Loss5Rtt60,
        Self::Bufferbloat,
        Self::Competing,
        Self::Outage2s,
        Self::Lte,
        Self::Wifi,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::StepDown => "step_down",
            Self::StepUp => "step_up",
            Self::Loss2 => "loss_2",
            Self::Loss5Rtt60 => "loss_5_rtt_60",
            Self::Bufferbloat => "bufferbloat",
            Self::Competing => "competing",
            Self::Outage2s => "outage_2s",
            Self::Lte => "lte",
            Self::Wifi => "wifi",
        }
    }

    /// How long a run is.
    #[must_use]
    pub fn length(self) -> Duration {
        LENGTH
    }

    /// What happens to the access and when it is over, if something does: recovery is measured from then on.
    #[must_use]
    pub fn disturbance(self) -> Option<(Duration, Duration)> {
        let seconds = |from, until| Some((Duration::from_secs(from), Duration::from_secs(until)));
        match self {
            Self::StepDown | Self::Competing => seconds(20, 40),
            Self::StepUp => seconds(0, 20),
            Self::Outage2s => seconds(20, 22),
            Self::Steady | Self::Loss2 | Self::Loss5Rtt60 | Self::Bufferbloat | Self::Lte | Self::Wifi => None,
        }
    }

    /// To the client.
    #[must_use]
    pub fn down(self) -> LinkConfig {
        let delay = Duration::from_millis(20);
        let clean = |bps| LinkConfig::clean(bps, delay);
        match self {
            Self::Steady => clean(2_000_000),
            Self::StepDown => LinkConfig {
                rate: Rate::steps(&[(0, 2_000_000), (20, 500_000), (40, 2_000_000)]),
                ..clean(2_000_000)
            },
            Self::StepUp => LinkConfig {
                rate: Rate::steps(&[(0, 500_000), (20, 2_500_000)]),
                ..clean(1_000_000)
            },
            Self::Loss2 => LinkConfig {
                loss: Loss::Random(20),
                ..clean(3_000_000)
            },
            Self::Loss5Rtt60 => LinkConfig {
                loss: Loss::Random(50),
                ..LinkConfig::clean(3_000_000, Duration::from_millis(30))
            },
            Self::Bufferbloat => LinkConfig {
                queue_bytes: 250_000,
                ..clean(1_000_000)
            },
            Self::Competing => LinkConfig {
                competitor: Some(CompetingFlow {
                    from: Duration::from_secs(20),
                    until: Duration::from_secs(40),
                    flow: Competitor::Download {
                        round_trip: Duration::from_millis(50),
                    },
                }),
                ..clean(3_000_000)
            },
            Self::Outage2s => LinkConfig {
                outages: vec![(Duration::from_secs(20), Duration::from_secs(22))],
                ..clean(2_500_000)
            },
            Self::Lte => LinkConfig {
                rate: Rate::trace(Duration::from_millis(500), &LTE_KBPS),
                queue_bytes: 100_000,
                jitter: Duration::from_millis(8),
                ..LinkConfig::clean(3_000_000, Duration::from_millis(30))
            },
            Self::Wifi => LinkConfig {
                jitter: Duration::from_millis(15),
                loss: Loss::Burst {
                    turns_bad: 5,
                    turns_good: 300,
                    lost: 500,
                },
                reordered: 5,
                ..LinkConfig::clean(8_000_000, Duration::from_millis(10))
            },
        }
    }

    /// From the client.
    #[must_use]
    pub fn up(self) -> LinkConfig {
        let down = self.down();
        LinkConfig {
            rate: Rate::constant(5_000_000),
            queue_bytes: 150_000,
            competitor: None,
            ..down
        }
    }
}
