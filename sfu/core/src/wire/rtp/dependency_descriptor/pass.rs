//! Passes a descriptor on to a receiver that gets other frames, under other numbers, than the publisher sent.

use super::{DECODE_TARGETS_MAX, DependencyDescriptor, Indication, Structure};

/// Bytes that every descriptor has.
const MANDATORY_LEN: usize = 3;
/// Bits before a structure: the mandatory ones and five flags (A.8.2).
pub(super) const FLAGS_END: u16 = 29;
const STRUCTURE_FLAG: u8 = 0x80;
const ACTIVE_TARGETS_FLAG: u8 = 0x40;
/// Longest value of a header extension (RFC 8285 4.3).
pub(crate) const VALUE_LEN_MAX: usize = 255;

/// Template ids have six bits.
pub(crate) const TEMPLATE_IDS: u8 = 64;

/// What passing a descriptor on needs to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passable {
    pub(crate) frame_number: u16,
    /// First template id and number of templates of a structure in it.
    pub(crate) brought: Option<(u8, u8)>,
    len: u8,
    /// The bit at which the active decode targets stand, or would stand.
    targets_at: u16,
    targets_told: bool,
    /// Those that the publisher sends.
    active: u32,
    /// Of each decode target the highest layer, spatial and temporal.
    layers: [(u8, u8); DECODE_TARGETS_MAX],
    /// Zero where it could not be read.
    decode_targets: u8,
}

/// What to add to the numbers of a descriptor. Both wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Renumber {
    pub(crate) frame_number: u16,
    pub(crate) template: u8,
}

impl Passable {
    /// Of a value that cannot be read (now), since its structure never came: only its numbers are known. `None` where it
    /// is too short or too long even for that.
    #[must_use]
    pub(crate) fn unread(value: &[u8]) -> Option<Self> {
        let fixed: &[u8; MANDATORY_LEN] = value.first_chunk()?;
        Some(Self {
            frame_number: u16::from_be_bytes([fixed[1], fixed[2]]),
            brought: None,
            len: u8::try_from(value.len()).ok()?,
            targets_at: FLAGS_END,
            targets_told: false,
            active: 0,
            layers: [(0, 0); DECODE_TARGETS_MAX],
            decode_targets: 0,
        })
    }

    /// Of a value that was read with this structure, the one that it brought included.
    #[must_use]
    pub(crate) fn read(value: &[u8], read: &DependencyDescriptor, structure: &Structure) -> Option<Self> {
        let templates = u8::try_from(structure.templates().len()).ok()?;
        Some(Self {
            brought: read.has_structure.then_some((structure.template_id_offset, templates)),
            targets_at: read.targets_at,
            targets_told: read.targets_told,
            active: read.active_targets.unwrap_or(structure.active_targets),
            layers: structure.layers,
            decode_targets: structure.decode_targets,
            ..Self::unread(value)?
        })
    }

    /// The decode targets to name to a receiver of layers up to this spatial and temporal one; `None` when nothing
    /// has to be said, since the publisher's own word holds.
    #[must_use]
    pub(crate) fn targets_up_to(&self, spatial: u8, temporal: u8) -> Option<u32> {
        let all = &self.layers[..usize::from(self.decode_targets)];
        let (mut kept, mut whole) = (0, true);
        for (target, layer) in all.iter().enumerate() {
            if layer.0 <= spatial && layer.1 <= temporal {
                kept |= 1 << target;
            } else {
                whole = false;
            }
        }
        (!whole).then_some(kept & self.active)
    }

    /// Writes `value`, of which this was made, with other numbers, and with other active decode targets where these are
    /// given, into zeroed bytes; its length.
    pub(crate) fn write(
        &self,
        value: &[u8],
        renumber: Renumber,
        active: Option<u32>,
        out: &mut [u8; VALUE_LEN_MAX],
    ) -> usize {
        let len = value.len();
        debug_assert_eq!(len, usize::from(self.len), "the value that this was made of");
        let wider = usize::from(self.decode_targets).div_ceil(8) + 1;
        let active = active.filter(|_| self.targets_told || len + wider <= VALUE_LEN_MAX);
        let mut written = len;
        out[..len].copy_from_slice(value);
        if let Some(active) = active {
            written = self.write_targets(value, active, out);
        }
        let template = (out[0] & 0x3f).wrapping_add(renumber.template) % TEMPLATE_IDS;
        out[0] = out[0] & 0xc0 | template;
        let frame_number = self.frame_number.wrapping_add(renumber.frame_number);
        out[1..MANDATORY_LEN].copy_from_slice(&frame_number.to_be_bytes());
        if self.brought.is_some() {
            // The first id stands behind the flags, in three bits of one byte and three of the next.
            let first = (out[3] & 0x07) << 3 | out[4] >> 5;
            let first = first.wrapping_add(renumber.template) % TEMPLATE_IDS;
            out[3] = out[3] & 0xf8 | first >> 3;
            out[4] = out[4] & 0x1f | first << 5;
        }
        written
    }

    fn write_targets(&self, value: &[u8], active: u32, out: &mut [u8; VALUE_LEN_MAX]) -> usize {
        let (at, width) = (usize::from(self.targets_at), usize::from(self.decode_targets));
        let rest = if self.targets_told { at + width } else { at };
        let bit = |at: usize| value.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 > 0);
        let mut put = |at: usize, set: bool| {
            let mask = 0x80 >> (at % 8);
            out[at / 8] = out[at / 8] & !mask | if set { mask } else { 0 };
        };
        for target in 0..width {
            put(at + target, active >> (width - 1 - target) & 1 > 0);
        }
        let moved = (value.len() * 8).saturating_sub(rest);
        if !self.targets_told {
            for from in 0..moved {
                put(at + width + from, bit(rest + from));
            }
        }
        out[MANDATORY_LEN] |= ACTIVE_TARGETS_FLAG;
        (at + width + moved).div_ceil(8)
    }
}

impl DependencyDescriptor {
    /// Whether a template structure comes with the descriptor, if it can be read at all.
    #[must_use]
    pub(crate) fn brings_structure(value: &[u8]) -> bool {
        value
            .get(MANDATORY_LEN)
            .is_some_and(|flags| flags & STRUCTURE_FLAG != 0)
    }

    /// Whether a decode target needs this frame.
    #[must_use]
    pub fn is_part_of(&self, target: u8) -> bool {
        self.indications.get(target) != Indication::NotPresent
    }
}
