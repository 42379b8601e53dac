//! The dependency descriptor: which layer a frame is of, which decode targets need it, and what it depends on, for any
//! codec and without a look into the payload (RTP payload format for AV1, appendix A).

mod pass;
mod structure;
#[cfg(test)]
mod tests;

use super::bits::Bits;
use pass::FLAGS_END;
pub(crate) use pass::{Passable, Renumber, TEMPLATE_IDS, VALUE_LEN_MAX};
pub use structure::{DECODE_TARGETS_MAX, Structure, Template};

/// Frames that one frame may name as its references; a descriptor with more is not read.
const REFERENCES_MAX: usize = 16;

/// What a frame is to a decode target (A.8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indication {
    /// Not part of it.
    NotPresent,
    /// Part of it, and nothing depends on it.
    Discardable,
    /// Part of it, and from here on everything of it can be decoded.
    Switch,
    /// Part of it, and later frames depend on it.
    Required,
}

/// Indications of all decode targets, two bits each, the first in the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Indications(u64);

impl Indications {
    /// Of one decode target, below [`DECODE_TARGETS_MAX`].
    #[must_use]
    pub fn get(self, target: u8) -> Indication {
        match self.0.checked_shr(u32::from(target) * 2).unwrap_or(0) & 3 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }

    fn read(bits: &mut Bits<'_>, targets: u8) -> Option<Self> {
        let mut read = 0;
        for target in 0..targets {
            read |= u64::from(bits.take(2)?) << (u32::from(target) * 2);
        }
        Some(Self(read))
    }
}

/// Distances to other frames, in frame numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct References {
    distances: [u16; REFERENCES_MAX],
    count: u8,
}

impl References {
    const NONE: Self = Self {
        distances: [0; REFERENCES_MAX],
        count: 0,
    };

    fn push(&mut self, distance: u16) -> Option<()> {
        *self.distances.get_mut(usize::from(self.count))? = distance;
        self.count += 1;
        Some(())
    }

    /// How many frames before this one each reference is.
    #[must_use]
    pub fn as_slice(&self) -> &[u16] {
        &self.distances[..usize::from(self.count)]
    }
}

/// Distances to the frame before in each chain; zero where the frame begins one.
pub type ChainDistances = [u8; DECODE_TARGETS_MAX];

/// What one packet says of its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DependencyDescriptor {
    pub start_of_frame: bool,
    pub end_of_frame: bool,
    pub frame_number: u16,
    /// Spatial and temporal layer.
    pub spatial: u8,
    pub temporal: u8,
    pub indications: Indications,
    pub references: References,
    /// One for each chain of the structure.
    pub chains: ChainDistances,
    /// The packet brings a template structure, as the first of a coded video sequence does.
    pub has_structure: bool,
    /// Bit by decode target: those that the publisher sends now, where the packet says so.
    pub active_targets: Option<u32>,
    /// The bit of the value at which active targets stand or would stand, and whether they do.
    targets_at: u16,
    targets_told: bool,
}

impl DependencyDescriptor {
    /// Reads the value of the header extension. A template structure in it replaces `structure`, which is left alone
    /// otherwise; without one the last of the same stream has to be there. `None` when it does not fit into its bytes or
    /// names a template that is not there.
    #[must_use]
    pub fn parse(value: &[u8], structure: &mut Option<Box<Structure>>) -> Option<Self> {
        let (read, brought) = Self::read(value, structure.as_deref())?;
        if let Some(brought) = brought {
            match structure {
                // No new memory for each keyframe.
                Some(kept) => **kept = brought,
                None => *structure = Some(Box::new(brought)),
            }
        }
        Some(read)
    }

    /// Like [`Self::parse`], but leaves it to the caller what becomes of a structure in it.
    #[must_use]
    pub fn read(value: &[u8], structure: Option<&Structure>) -> Option<(Self, Option<Structure>)> {
        let mut bits = Bits::new(value);
        let start_of_frame = bits.flag()?;
        let end_of_frame = bits.flag()?;
        let template_id = bits.take_u8(6)?;
        let frame_number = u16::try_from(bits.take(16)?).ok()?;
        let mut flags = Flags::default();
        if value.len() > 3 {
            flags = Flags::read(&mut bits)?;
        }
        let brought = if flags.structure {
            Some(Structure::read(&mut bits)?)
        } else {
            None
        };
        let known = brought.as_ref().or(structure)?;
        let targets_at = if value.len() > 3 { bits.position() } else { FLAGS_END };
        let mut active_targets = flags.structure.then(|| known.all_targets());
        if flags.active_targets {
            active_targets = Some(bits.take(u32::from(known.decode_targets))?);
        }
        let template = known.template(template_id)?;
        let mut read = Self {
            start_of_frame,
            end_of_frame,
            frame_number,
            spatial: template.spatial,
            temporal: template.temporal,
            indications: template.indications,
            references: template.references,
            chains: template.chains,
            has_structure: flags.structure,
            active_targets,
            targets_at,
            targets_told: flags.active_targets,
        };
        if flags.custom_indications {
            read.indications = Indications::read(&mut bits, known.decode_targets)?;
        }
        if flags.custom_references {
            read.references = read_references(&mut bits)?;
        }
        if flags.custom_chains {
            for chain in 0..usize::from(known.chains) {
                read.chains[chain] = bits.take_u8(8)?;
            }
        }
        Some((read, brought))
    }
}

#[derive(Default)]
struct Flags {
    structure: bool,
    active_targets: bool,
    custom_indications: bool,
    custom_references: bool,
    custom_chains: bool,
}

impl Flags {
    fn read(bits: &mut Bits<'_>) -> Option<Self> {
        Some(Self {
            structure: bits.flag()?,
            active_targets: bits.flag()?,
            custom_indications: bits.flag()?,
            custom_references: bits.flag()?,
            custom_chains: bits.flag()?,
        })
    }
}

fn read_references(bits: &mut Bits<'_>) -> Option<References> {
    let mut references = References::NONE;
    loop {
        let size = bits.take(2)?;
        if size == 0 {
            return Some(references);
        }
        references.push(u16::try_from(bits.take(4 * size)? + 1).ok()?)?;
    }
}
