//! The template structure of a coded video sequence: its layers, decode targets and chains (A.8.3).

use super::super::bits::Bits;
use super::{ChainDistances, Indication, Indications, References};

/// Templates of one structure, by the six bits of their id.
pub(crate) const TEMPLATES_MAX: usize = 64;
/// Decode targets, and chains, of one structure.
pub const DECODE_TARGETS_MAX: usize = 32;

/// What frames of one kind have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    pub spatial: u8,
    pub temporal: u8,
    pub indications: Indications,
    pub references: References,
    pub chains: ChainDistances,
}

const EMPTY: Template = Template {
    spatial: 0,
    temporal: 0,
    indications: Indications(0),
    references: References::NONE,
    chains: [0; DECODE_TARGETS_MAX],
};

/// The templates of a coded video sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    pub(super) template_id_offset: u8,
    templates: [Template; TEMPLATES_MAX],
    template_count: u8,
    /// 1 to [`DECODE_TARGETS_MAX`].
    pub decode_targets: u8,
    /// Up to as many as decode targets.
    pub chains: u8,
    /// The chain that protects each decode target; of no meaning without chains.
    protected_by: [u8; DECODE_TARGETS_MAX],
    /// Highest spatial and temporal layer of each decode target.
    pub(super) layers: [(u8, u8); DECODE_TARGETS_MAX],
    /// A bit for each decode target that the publisher sends, as it last said.
    pub active_targets: u32,
    /// Width and height of each spatial layer in pixels; zeros where it was not said.
    pub resolutions: [(u32, u32); 4],
}

impl Structure {
    pub(super) fn read(bits: &mut Bits<'_>) -> Option<Self> {
        let mut read = Self {
            template_id_offset: bits.take_u8(6)?,
            templates: [EMPTY; TEMPLATES_MAX],
            template_count: 0,
            decode_targets: bits.take_u8(5)? + 1,
            chains: 0,
            protected_by: [0; DECODE_TARGETS_MAX],
            layers: [(0, 0); DECODE_TARGETS_MAX],
            active_targets: 0,
            resolutions: [(0, 0); 4],
        };
        let spatial_max = read.read_layers(bits)?;
        let count = usize::from(read.template_count);
        for template in &mut read.templates[..count] {
            template.indications = Indications::read(bits, read.decode_targets)?;
        }
        for template in &mut read.templates[..count] {
            while bits.flag()? {
                template.references.push(u16::try_from(bits.take(4)? + 1).ok()?)?;
            }
        }
        read.read_chains(bits)?;
        read.derive_layers();
        read.active_targets = read.all_targets();
        if bits.flag()? {
            for resolution in &mut read.resolutions[..=usize::from(spatial_max)] {
                *resolution = (bits.take(16)? + 1, bits.take(16)? + 1);
            }
        }
        Some(read)
    }

    /// Layers of the templates; the result is the highest spatial one.
    fn read_layers(&mut self, bits: &mut Bits<'_>) -> Option<u8> {
        let (mut spatial, mut temporal) = (0, 0);
        loop {
            let template = self.templates.get_mut(usize::from(self.template_count))?;
            (template.spatial, template.temporal) = (spatial, temporal);
            self.template_count += 1;
            match bits.take(2)? {
                0 => {}
                1 => temporal += 1,
                2 => (spatial, temporal) = (spatial + 1, 0),
                _ => return Some(spatial),
            }
            // Two bits of spatial and three of temporal id are all there are (AV1 5.3.3).
            if spatial > 3 || temporal > 7 {
                return None;
            }
        }
    }

    fn read_chains(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        let chains = bits.non_symmetric(u32::from(self.decode_targets) + 1)?;
        self.chains = u8::try_from(chains).ok()?;
        if chains == 0 {
            return Some(());
        }
        for target in 0..usize::from(self.decode_targets) {
            self.protected_by[target] = u8::try_from(bits.non_symmetric(chains)?).ok()?;
        }
        for template in &mut self.templates[..usize::from(self.template_count)] {
            for distance in &mut template.chains[..usize::from(self.chains)] {
                *distance = bits.take_u8(4)?;
            }
        }
        Some(())
    }

    fn derive_layers(&mut self) {
        for target in 0..self.decode_targets {
            let parts = self
                .templates()
                .iter()
                .filter(|template| template.indications.get(target) != Indication::NotPresent);
            let highest = parts.fold((0, 0), |(spatial, temporal), template| {
                (template.spatial.max(spatial), template.temporal.max(temporal))
            });
            self.layers[usize::from(target)] = highest;
        }
    }

    pub(super) fn template(&self, id: u8) -> Option<&Template> {
        let index = (id + 64 - self.template_id_offset) % 64;
        self.templates().get(usize::from(index))
    }

    /// In the order of their ids.
    #[must_use]
    pub fn templates(&self) -> &[Template] {
        &self.templates[..usize::from(self.template_count)]
    }

    /// Highest spatial and temporal layer of a decode target.
    #[must_use]
    pub fn layer_of(&self, target: u8) -> Option<(u8, u8)> {
        self.layers[..usize::from(self.decode_targets)]
            .get(usize::from(target))
            .copied()
    }

    /// The chain whose frames a decode target must not miss one of; `None` without chains.
    #[must_use]
    pub fn chain_of(&self, target: u8) -> Option<u8> {
        let protected_by = &self.protected_by[..usize::from(self.decode_targets)];
        protected_by
            .get(usize::from(target))
            .copied()
            .filter(|_| self.chains > 0)
    }

    /// A bit for each decode target.
    #[must_use]
    pub(crate) fn all_targets(&self) -> u32 {
        u32::MAX >> (32 - u32::from(self.decode_targets))
    }
}
