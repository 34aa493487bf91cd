//! The keys by id, ARN and alias, written through to disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors;
use super::key::{Key, State};
use crate::error::{Answer, ServiceError};
use crate::store::{Change, Kind, Store, StoreError};
use crate::{ACCOUNT, REGION};

#[derive(Clone, Serialize, Deserialize)]
struct AliasDocument {
    name: String,
    key: Uuid,
}

#[derive(Debug)]
pub(super) struct Ring {
    store: Arc<Store>,
    keys: BTreeMap<Uuid, Key>,
    aliases: BTreeMap<String, Uuid>,
}

impl Ring {
    pub(super) fn load(store: Arc<Store>) -> Result<Self, StoreError> {
        let keys = store.load::<Key>(Kind::Key)?;
        let aliases = store.load::<AliasDocument>(Kind::Alias)?;
        Ok(Self {
            store,
            keys: keys.into_iter().map(|key| (key.id, key)).collect(),
            aliases: aliases.into_iter().map(|alias| (alias.name, alias.key)).collect(),
        })
    }

    /// A key by its id, its ARN, an alias or an alias ARN.
    ///
    /// # Errors
    ///
    /// `NotFoundException`.
    pub(super) fn find(&self, id: &str) -> Result<&Key, ServiceError> {
        self.id_of(id).and_then(|id| self.keys.get(&id)).ok_or_else(|| errors::not_found(id))
    }

    pub(super) fn by_id(&self, id: Uuid) -> Option<&Key> {
        self.keys.get(&id)
    }

    pub(super) fn insert(&mut self, key: Key) -> Result<(), ServiceError> {
        self.store.apply(&[Change::put(Kind::Key, key.id, &key)?])?;
        self.keys.insert(key.id, key);
        Ok(())
    }

    /// Changes a key, in memory only if it was changed on disk.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Key) -> Answer) -> Answer {
        let mut key = self.find(id)?.clone();
        let answer = change(&mut key)?;
        self.insert(key)?;
        Ok(answer)
    }

    /// Deletes the keys whose waiting period is over, with their aliases.
    pub(super) fn delete_due(&mut self, now_ms: i64) -> Result<(), ServiceError> {
        let is_due = |key: &&Key| {
            key.state == State::PendingDeletion && key.deletion_ms.is_some_and(|deletion_ms| deletion_ms <= now_ms)
        };
        let due: Vec<Uuid> = self.keys.values().filter(is_due).map(|key| key.id).collect();
        for id in due {
            self.store.apply(&[Change::delete(Kind::Key, id)])?;
            self.keys.remove(&id);
        }
        Ok(())
    }

    pub(super) fn keys(&self) -> Value {
        let keys: Vec<_> = self.keys.values().map(|key| json!({ "KeyId": key.id, "KeyArn": key.arn() })).collect();
        json!({ "Keys": keys, "Truncated": false })
    }

    pub(super) fn set_alias(&mut self, name: &str, target: &str, is_new: bool) -> Result<(), ServiceError> {
        if !name.starts_with("alias/") {
            return Err(ServiceError::validation("An alias must begin with alias/"));
        }
        if is_new && self.aliases.contains_key(name) {
            let message = format!("An alias with the name {} already exists", alias_arn(name));
            return Err(ServiceError::new("AlreadyExistsException", message));
        }
        if !is_new && !self.aliases.contains_key(name) {
            return Err(errors::not_found(&alias_arn(name)));
        }
        let key = self.find(target)?.id;
        self.store.apply(&[Change::put(Kind::Alias, name, &AliasDocument { name: name.to_owned(), key })?])?;
        self.aliases.insert(name.to_owned(), key);
        Ok(())
    }

    pub(super) fn delete_alias(&mut self, name: &str) -> Result<(), ServiceError> {
        if !self.aliases.contains_key(name) {
            return Err(errors::not_found(&alias_arn(name)));
        }
        self.store.apply(&[Change::delete(Kind::Alias, name)])?;
        self.aliases.remove(name);
        Ok(())
    }

    pub(super) fn aliases(&self, key: Option<&str>) -> Answer {
        let key = key.map(|id| self.find(id)).transpose()?.map(|key| key.id);
        let of_key = self.aliases.iter().filter(|(_, target)| key.is_none_or(|key| key == **target));
        let aliases: Vec<_> = of_key
            .map(|(name, target)| json!({ "AliasName": name, "AliasArn": alias_arn(name), "TargetKeyId": target }))
            .collect();
        Ok(json!({ "Aliases": aliases, "Truncated": false }))
    }

    fn id_of(&self, id: &str) -> Option<Uuid> {
        let name = id.strip_prefix("arn:").and_then(|arn| arn.rsplit(':').next()).unwrap_or(id);
        if name.starts_with("alias/") {
            self.aliases.get(name).copied()
        } else {
            name.strip_prefix("key/").unwrap_or(name).parse().ok()
        }
    }
}

fn alias_arn(name: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:{name}")
}
