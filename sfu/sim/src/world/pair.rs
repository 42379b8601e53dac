//! A call of two on a bad network.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::World;
use crate::client::{ClientConfig, Received};
use crate::network::Conditions;

/// What a two-person call came to.
#[derive(Debug)]
pub struct Outcome {
    pub received: Vec<Received>,
    pub counters: sfu_core::Counters,
    /// Media packets forwarded before both gates were open.
    pub forwarded_early: u64,
    pub lost_by_network: u64,
    /// A gate was shut for a while: what was lost just before that is not sent again through it.
    pub gate_shut: bool,
}

impl World {
    /// A call of two that follows from its seed: how bad the network is, whether SSRCs are declared, when one shuts the
    /// gate for a while and when one changes its address. The clients check what they get.
    ///
    /// # Errors
    /// What a client found wrong, with the seed.
    pub fn run_pair(seed: u64) -> Result<Outcome, String> {
        let mut plan = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
        let conditions = Conditions {
            lost: plan.random_range(0..60),
            duplicated: plan.random_range(0..20),
            delay: Duration::from_millis(plan.random_range(1..40)),
            jitter: Duration::from_millis(plan.random_range(0..30)),
        };
        let mut world = Self::new(seed, conditions);
        for tag in 1..=2 {
            world.join(ClientConfig {
                seed,
                tag,
                declare_ssrcs: plan.random(),
                ..ClientConfig::default()
            });
        }
        world.connect_all();
        for index in 0..2 {
            let now = world.now;
            world.client(index).start_media(now);
        }
        world.show_everybody();
        world.admit(0, true);
        world.run_for(Duration::from_millis(plan.random_range(500..2_000)));
        let forwarded_early = world.sfu.counters().forwarded;
        world.admit(1, true);
        world.run_for(Duration::from_secs(4));
        if plan.random() {
            world.roam(plan.random_range(0..2));
        }
        world.run_for(Duration::from_secs(2));
        let gate_shut = plan.random();
        if gate_shut {
            let index = plan.random_range(0..2);
            world.admit(index, false);
            world.run_for(Duration::from_secs(1));
            world.admit(index, true);
        }
        world.run_for(Duration::from_secs(3));
        world.finish(seed).map(|outcome| Outcome {
            forwarded_early,
            gate_shut,
            ..outcome
        })
    }

    /// Lets the last losses be repaired on a perfect network, then asks the clients.
    fn finish(mut self, seed: u64) -> Result<Outcome, String> {
        let lost_by_network = self.network.lost;
        self.network.conditions = Conditions::PERFECT;
        self.run_for(Duration::from_secs(1));
        for member in &mut self.members {
            member.client.stop_media();
        }
        self.run_for(Duration::from_secs(1));
        let mut received = Vec::new();
        for member in &self.members {
            let checked = member.client.check_received();
            received.push(checked.map_err(|wrong| format!("seed {seed}, client {}: {wrong}", member.client.tag()))?);
        }
        Ok(Outcome {
            received,
            counters: *self.sfu.counters(),
            forwarded_early: 0,
            lost_by_network,
            gate_shut: false,
        })
    }
}
