//! Authorization codes and access tokens: what they are good for, and until when.

use serde::{Deserialize, Serialize};

use super::World;
use crate::{
    Login,
    clock::{DAY_MS, HOUR_MS},
    ids,
};

/// An authorization code works for an hour.
pub(crate) const CODE_LIFE_MS: i64 = HOUR_MS;
/// Short-lived tokens work for an hour.
pub(crate) const SHORT_LIFE_MS: i64 = HOUR_MS;
/// Long-lived tokens work for about 60 days: the number of seconds Meta's samples show.
pub(crate) const LONG_LIFE_MS: i64 = 5_183_944_000;
/// A token younger than this is not refreshed.
pub(crate) const MIN_REFRESH_AGE_MS: i64 = DAY_MS;
/// Access to a person's data ends this long after they last logged in.
pub(crate) const DATA_ACCESS_MS: i64 = 90 * DAY_MS;

/// What a person granted at a dialog, waiting for its exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) app_id: String,
    pub(crate) login: Login,
    /// An `IG_ID` (Instagram Login) or the username of a person (Facebook Login).
    pub(crate) holder: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) declined: Vec<String>,
    pub(crate) issued_at_ms: i64,
    pub(crate) used: bool,
}

/// An access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) app_id: String,
    pub(crate) kind: TokenKind,
    /// An `IG_ID` (Instagram Login) or the username of a person (Facebook Login).
    pub(crate) holder: String,
    /// The Page that a Page token speaks for.
    pub(crate) page_id: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) declined: Vec<String>,
    pub(crate) issued_at_ms: i64,
    /// `None`: never.
    pub(crate) expires_at_ms: Option<i64>,
    pub(crate) data_access_expires_at_ms: i64,
    /// Why it does not work any more: the subcode of error 190.
    #[serde(default)]
    pub(crate) invalid: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    InstagramShort,
    InstagramLong,
    FacebookShort,
    FacebookLong,
    Page,
    /// Of Unified Login: it speaks for the accounts of a person, and never expires.
    SystemUser,
}

impl TokenKind {
    pub(crate) const fn login(self) -> Login {
        match self {
            Self::InstagramShort | Self::InstagramLong => Login::Instagram,
            Self::FacebookShort | Self::FacebookLong | Self::Page | Self::SystemUser => Login::Facebook,
        }
    }

    pub(crate) const fn is_long(self) -> bool {
        matches!(self, Self::InstagramLong | Self::FacebookLong)
    }
}

impl Token {
    pub(crate) fn grants(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// The holder, as the app sees them.
    pub(crate) fn user_id(&self) -> String {
        ids::app_scoped(&self.app_id, &self.holder)
    }

    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|expires_at_ms| expires_at_ms <= now_ms)
    }
}

impl World {
    /// Issues the first token for a code: a short-lived one, or with Unified Login one that never ends.
    pub(crate) fn token_for_code(&mut self, code: &Code, now_ms: i64) -> String {
        let kind = match code.login {
            Login::Instagram => TokenKind::InstagramShort,
            Login::Facebook if self.switches(&code.app_id).unified => TokenKind::SystemUser,
            Login::Facebook => TokenKind::FacebookShort,
        };
        let expires_at_ms = (kind != TokenKind::SystemUser).then_some(now_ms + SHORT_LIFE_MS);
        self.issue(Token {
            app_id: code.app_id.clone(),
            kind,
            holder: code.holder.clone(),
            page_id: None,
            scopes: code.scopes.clone(),
            declined: code.declined.clone(),
            issued_at_ms: now_ms,
            expires_at_ms,
            data_access_expires_at_ms: now_ms + DATA_ACCESS_MS,
            invalid: None,
        })
    }

    /// Issues a long-lived token with the grants of another. Data access is not prolonged: no person was asked.
    pub(crate) fn long_token(&mut self, from: &Token, now_ms: i64) -> String {
        let kind = match from.kind.login() {
            Login::Instagram => TokenKind::InstagramLong,
            Login::Facebook => TokenKind::FacebookLong,
        };
        self.issue(Token { kind, issued_at_ms: now_ms, expires_at_ms: Some(now_ms + LONG_LIFE_MS), ..from.clone() })
    }

    /// The token of a Page, taken with a User token: it never expires when that is long-lived, and is the same each
    /// time it is asked for.
    pub(crate) fn page_token(&mut self, from: &Token, page_id: &str, now_ms: i64) -> String {
        let lasting = from.kind.is_long();
        let known = self.tokens.iter().find(|(_, token)| {
            token.kind == TokenKind::Page
                && token.app_id == from.app_id
                && token.holder == from.holder
                && token.page_id.as_deref() == Some(page_id)
                && token.expires_at_ms.is_none() == lasting
                && token.scopes == from.scopes
                && token.data_access_expires_at_ms == from.data_access_expires_at_ms
                && token.invalid.is_none()
        });
        if let Some((value, _)) = known {
            return value.clone();
        }
        self.issue(Token {
            kind: TokenKind::Page,
            page_id: Some(page_id.to_owned()),
            issued_at_ms: now_ms,
            expires_at_ms: if lasting { None } else { from.expires_at_ms },
            ..from.clone()
        })
    }

    /// Puts a token into the world and returns its value.
    pub(crate) fn issue(&mut self, token: Token) -> String {
        let value = match token.kind.login() {
            Login::Instagram => ids::instagram_token(),
            Login::Facebook => ids::facebook_token(),
        };
        self.tokens.insert(value.clone(), token);
        value
    }

    /// Makes all tokens of a holder useless, for one app or for all. Returns how many, and the apps that held one.
    pub(crate) fn invalidate(&mut self, app_id: Option<&str>, holder: &str, subcode: u32) -> (usize, Vec<String>) {
        let mut count = 0;
        let mut apps = Vec::new();
        for token in self.tokens.values_mut() {
            let meant = token.holder == holder && app_id.is_none_or(|app_id| token.app_id == app_id);
            if !meant || token.invalid.is_some() {
                continue;
            }
            token.invalid = Some(subcode);
            count += 1;
            if !apps.contains(&token.app_id) {
                apps.push(token.app_id.clone());
            }
        }
        (count, apps)
    }

    /// What a person's removal of an app does: tokens die, subscriptions end.
    pub(crate) fn remove_grant(&mut self, app_id: Option<&str>, holder: &str) -> (usize, Vec<String>) {
        let (count, apps) = self.invalidate(app_id, holder, 458);
        let mut objects: Vec<String> = self.roles_of(holder).map(|(page, _)| page.id.clone()).collect();
        objects.extend(self.person(holder).map_or(&[][..], |person| &person.accounts).iter().cloned());
        for app in &apps {
            self.unsubscribe(app, holder);
            for object in &objects {
                self.unsubscribe(app, object);
            }
        }
        (count, apps)
    }
}
