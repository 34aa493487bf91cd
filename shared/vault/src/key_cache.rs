//! Unwrapped data keys, for a short time and a bounded number of uses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::UnixSeconds;

use crate::context::TokenContext;
use crate::data_key::DataKey;
use crate::envelope::Envelope;

/// How long a data key opens without asking KMS again: as long as a revoked permission may stay without effect.
const SECONDS: i64 = 300;
/// How many tokens it opens in that time.
const USES: u32 = 1000;
/// How many data keys are held at once.
const ENTRIES: usize = 100;

/// Names a data key by all that KMS would check before unwrapping it: an altered envelope misses the cache.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct WrappedKey {
    key_id: String,
    bytes: Vec<u8>,
    context: TokenContext,
}

impl WrappedKey {
    pub(crate) fn of(envelope: &Envelope, context: &TokenContext) -> Self {
        Self { key_id: envelope.key_id.clone(), bytes: envelope.wrapped_key.clone(), context: context.clone() }
    }
}

/// A key that leaves the cache is wiped, once the call that still uses it has ended.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<HashMap<WrappedKey, Entry>>);

struct Entry {
    key: Arc<DataKey>,
    since: UnixSeconds,
    uses: u32,
}

impl Entry {
    /// A clock that went back makes it unusable rather than everlasting.
    fn is_usable(&self, now: UnixSeconds) -> bool {
        (0..SECONDS).contains(&(now.get() - self.since.get())) && self.uses < USES
    }
}

impl KeyCache {
    /// The key, which counts as used once more. Drops every key whose time is over.
    pub(crate) fn find(&self, name: &WrappedKey, now: UnixSeconds) -> Option<Arc<DataKey>> {
        let mut entries = self.lock();
        entries.retain(|_, entry| entry.is_usable(now));
        let entry = entries.get_mut(name)?;
        entry.uses += 1;
        Some(Arc::clone(&entry.key))
    }

    /// Holds a key from now on, in the place of the oldest if there is no room.
    pub(crate) fn insert(&self, name: WrappedKey, key: Arc<DataKey>, now: UnixSeconds) {
        let mut entries = self.lock();
        entries.retain(|_, entry| entry.is_usable(now));
        if entries.len() >= ENTRIES
            && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.since).map(|(name, _)| name.clone())
        {
            entries.remove(&oldest);
        }
        entries.insert(name, Entry { key, since: now, uses: 0 });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WrappedKey, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::tests::context;
    use crate::data_key::tests::key;

    const NOW: UnixSeconds = UnixSeconds::new(1_795_158_000);

    fn name(byte: u8) -> WrappedKey {
        WrappedKey { key_id: "arn".to_owned(), bytes: vec![byte], context: context("acme", "17841") }
    }

    fn holding(byte: u8) -> KeyCache {
        let cache = KeyCache::default();
        cache.insert(name(byte), Arc::new(key(1)), NOW);
        cache
    }

    #[test]
    fn a_key_is_found_for_five_minutes() {
        let cache = holding(1);
        assert!(cache.find(&name(1), NOW.plus(SECONDS - 1)).is_some());
        assert!(cache.find(&name(1), NOW.plus(SECONDS)).is_none());
        assert!(cache.lock().is_empty());
    }

    #[test]
    fn a_key_is_not_found_before_it_was_put_in() {
        assert!(holding(1).find(&name(1), NOW.plus(-1)).is_none());
    }

    #[test]
    fn a_key_is_found_so_many_times() {
        let cache = holding(1);
        let found = (0..=USES).filter(|_| cache.find(&name(1), NOW).is_some()).count();
        assert_eq!(found, USES as usize);
    }

    #[test]
    fn a_key_is_found_under_its_whole_name_only() {
        let cache = holding(1);
        assert!(cache.find(&name(2), NOW).is_none());
        assert!(cache.find(&WrappedKey { key_id: "other".to_owned(), ..name(1) }, NOW).is_none());
        assert!(cache.find(&WrappedKey { context: context("other", "17841"), ..name(1) }, NOW).is_none());
    }

    #[test]
    fn the_oldest_key_makes_room() {
        let cache = KeyCache::default();
        for age in 0..=u8::try_from(ENTRIES).expect("is small") {
            cache.insert(name(age), Arc::new(key(age)), NOW.plus(i64::from(age)));
        }
        assert_eq!(cache.lock().len(), ENTRIES);
        assert!(cache.find(&name(0), NOW.plus(100)).is_none());
        assert!(cache.find(&name(1), NOW.plus(100)).is_some());
    }
}
