//! What the demo's providers offer: a few services for each trade, in every price model.

use signaling_protocol::{PriceModel, PriceTerms};

use crate::base::vat::VatCode;

/// A service as the demo offers it.
pub(super) struct Offer {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) duration_min: i64,
    pub(super) buffer_after_min: i64,
    pub(super) step_min: i64,
    pub(super) notice_min: i64,
    model: Model,
}

#[derive(Clone, Copy)]
enum Model {
    Free,
    /// Kroner.
    Fixed(i64),
    /// Kroner a minute by the second, free seconds; the cap is the whole duration.
    PerMinute(i64, u32),
    /// Kroner for every minute that has begun; the cap is the whole duration.
    PerStartedMinute(i64),
}

/// What is charged by the minute is counted in this, seconds.
const INCREMENT_S: u32 = 1;

impl Offer {
    pub(super) fn price(&self) -> PriceTerms {
        let model = match self.model {
            Model::Free => PriceModel::Free,
            Model::Fixed(kroner) => PriceModel::Fixed {
                amount_minor: kroner * 100,
            },
            Model::PerMinute(kroner, free_s) => PriceModel::PerMinute {
                rate_minor: kroner * 100,
                increment_s: INCREMENT_S,
                free_s,
                cap_minor: kroner * 100 * self.duration_min - kroner * 100 * i64::from(free_s) / 60,
            },
            Model::PerStartedMinute(kroner) => PriceModel::PerMinute {
                rate_minor: kroner * 100,
                increment_s: 60,
                free_s: 0,
                cap_minor: kroner * 100 * self.duration_min,
            },
        };
        PriceTerms {
            currency: "NOK".to_owned(),
            discount: None,
            model,
        }
    }
}

const fn offer(title: &'static str, description: &'static str, duration_min: i64, model: Model) -> Offer {
    Offer {
        title,
        description,
        duration_min,
        buffer_after_min: 5,
        step_min: 15,
        notice_min: 30,
        model,
    }
}

/// Bookable at once, every five minutes: for emergencies and for trying things out.
const fn at_once(title: &'static str, description: &'static str, duration_min: i64, model: Model) -> Offer {
    Offer {
        title,
        description,
        duration_min,
        buffer_after_min: 0,
        step_min: 5,
        notice_min: 0,
        model,
    }
}

const FIRST_TALK: Offer = offer(
    "Bli kjent",
    "Ti minutter uten betaling: fortell kort hva det gjelder, og hør om vi kan hjelpe.",
    10,
    Model::Free,
);

const VET: &[Offer] = &[
    at_once(
        "Videotime",
        "Vis oss dyret. Vi vurderer om du kan vente, behandle hjemme eller bør komme inn.",
        30,
        Model::PerMinute(15, 0),
    ),
    at_once(
        "Kort spørsmål",
        "Fem minutter om fôr, flått, medisin eller oppfølging.",
        5,
        Model::PerStartedMinute(18),
    ),
    offer(
        "Ny vurdering",
        "Oppfølging av et dyr som har vært hos oss.",
        15,
        Model::Fixed(290),
    ),
];
const TRADE: &[Offer] = &[
    offer(
        "Se på det sammen",
        "Vis anlegget med kameraet. Du får vite hva det er, hva det haster med, og hva det kan koste.",
        20,
        Model::PerMinute(14, 60),
    ),
    offer(
        "Befaring over video",
        "Grundig gjennomgang med skriftlig vurdering etterpå.",
        45,
        Model::Fixed(890),
    ),
    FIRST_TALK,
];
const ADVISER: &[Offer] = &[
    offer(
        "Rådgivning",
        "Du betaler for tiden vi snakker sammen, aldri mer enn makspris.",
        30,
        Model::PerMinute(35, 0),
    ),
    offer(
        "Gjennomgang av dokument",
        "Send dokumentet på forhånd, så går vi gjennom det sammen.",
        45,
        Model::Fixed(1490),
    ),
    FIRST_TALK,
];
const HEALTH: &[Offer] = &[
    offer(
        "Konsultasjon",
        "Samtale over video med god tid.",
        45,
        Model::Fixed(1100),
    ),
    offer(
        "Kort samtale",
        "For deg som har vært her før.",
        20,
        Model::PerMinute(22, 0),
    ),
    FIRST_TALK,
];
const EVERYDAY: &[Offer] = &[
    offer(
        "Hjelp over video",
        "Vis oss problemet, så løser vi det sammen.",
        30,
        Model::PerMinute(12, 120),
    ),
    offer(
        "Fast pris",
        "En avklart oppgave til avtalt pris.",
        30,
        Model::Fixed(490),
    ),
    FIRST_TALK,
];

/// What a trade offers.
pub(super) fn offers(category: &str) -> &'static [Offer] {
    match category {
        "vet" => VET,
        "electrician" | "plumber" | "carpenter" => TRADE,
        "lawyer" | "accountant" => ADVISER,
        "psychologist" | "doctor" | "dentist" => HEALTH,
        _ => EVERYDAY,
    }
}

/// How a trade's services are taxed: health services are exempt.
pub(super) fn vat_code(category: &str) -> VatCode {
    match category {
        "psychologist" | "doctor" | "dentist" => VatCode::ExemptHealth,
        _ => VatCode::Standard,
    }
}

/// Opening hours in civil minutes, by weekday from Monday: the demo's vets answer around the clock.
pub(super) fn hours(category: &str) -> [Option<(i64, i64)>; 7] {
    match category {
        "vet" => [Some((0, 1440)); 7],
        "computer" => [Some((600, 1080)); 7],
        _ => {
            let weekday = Some((480, 960));
            [weekday, weekday, weekday, weekday, weekday, None, None]
        }
    }
}
