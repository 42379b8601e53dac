//! Counters with names. The names are fixed, so the labels of their metrics are bounded.

/// Makes `Count`, an enum of everything that is counted, and `Metrics`, which counts it. Each name is the one for export.
#[macro_export]
macro_rules! counts {
    ($($count:ident = $name:literal,)+) => {
        /// What is counted, always upward.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Count {
            $($count,)+
        }

        /// In the order of the enum.
        const NAMES: &[&str] = &[$($name),+];

        /// The counters since the start.
        #[derive(Debug, Default)]
        pub struct Metrics {
            values: [::std::sync::atomic::AtomicU64; NAMES.len()],
        }

        impl Metrics {
            /// Counts one more.
            pub fn add(&self, count: Count) {
                self.values[count as usize].fetch_add(1, ::std::sync::atomic::Ordering::Relaxed);
            }

            #[must_use]
            pub fn get(&self, count: Count) -> u64 {
                self.values[count as usize].load(::std::sync::atomic::Ordering::Relaxed)
            }

            /// Every counter by name.
            #[must_use]
            pub fn snapshot(&self) -> Vec<(&'static str, u64)> {
                let value = |value: &::std::sync::atomic::AtomicU64| value.load(::std::sync::atomic::Ordering::Relaxed);
                NAMES.iter().copied().zip(self.values.iter().map(value)).collect()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #[expect(unreachable_pub, reason = "as a crate's own counters are made")]
    mod made {
        counts! {
            Comings = "comings",
            Goings = "goings",
        }
    }
    use made::{Count, Metrics};

    #[test]
    fn each_is_counted_under_its_own_name() {
        let metrics = Metrics::default();
        metrics.add(Count::Goings);
        metrics.add(Count::Goings);
        metrics.add(Count::Comings);
        assert_eq!(metrics.get(Count::Goings), 2);
        assert_eq!(metrics.snapshot(), [("comings", 1), ("goings", 2)]);
    }
}
