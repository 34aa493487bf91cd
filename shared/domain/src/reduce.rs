//! What is left of a message that a database cannot hold as it came: what a person reads, cut to a sensible length.
//!
//! `meta::webhook` reduces too, and neither can stand in for the other. That one is there before anything is read: it cuts
//! JSON of an unknown shape to what a queue takes (1 MB), with room for every spelling that the readers know. This one cuts what
//! was read, and not from one event alone: a message grows by edits and reactions, and what is sent comes from no webhook at all.

use crate::message::{Change, Edit, Message, Reaction, ReplyTo};

/// Characters of a text. Meta's own limit is a thousand bytes.
const TEXT: usize = 20_000;
/// Characters of an address. A longer one is left out: half an address leads nowhere.
const ADDRESS: usize = 4_000;
/// Characters of a word or a title.
const WORDS: usize = 200;
const ATTACHMENTS: usize = 40;

impl Message {
    /// The message without what only its channel knows, and cut to lengths that stay far below 400 KB.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        cut(&mut self.text, TEXT);
        self.attachments.truncate(ATTACHMENTS);
        for attachment in &mut self.attachments {
            shorten(&mut attachment.kind, WORDS);
            attachment.url.take_if(|url| is_longer(url, ADDRESS));
            cut(&mut attachment.title, WORDS);
            attachment.metadata.clear();
        }
        match &mut self.reply_to {
            Some(ReplyTo::Story { id, url }) => {
                cut(id, WORDS);
                url.take_if(|url| is_longer(url, ADDRESS));
            }
            Some(ReplyTo::Other(_)) => self.reply_to = None,
            Some(ReplyTo::Message { .. }) | None => {}
        }
        if let Some(referral) = &mut self.referral {
            for words in [&mut referral.source, &mut referral.reference, &mut referral.ad_id] {
                cut(words, WORDS);
            }
            referral.metadata.clear();
        }
        for reaction in self.reactions.values_mut() {
            shorten_reaction(reaction);
        }
        if let Some(edit) = &mut self.edit {
            shorten_edit(edit);
        }
        self.metadata.clear();
        self
    }
}

impl Change {
    /// The change, cut as [`Message::reduced`] cuts a message.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        match &mut self {
            Self::React { reaction, .. } => shorten_reaction(reaction),
            Self::Edit { edit } => shorten_edit(edit),
            Self::Unsend { .. } => {}
        }
        self
    }
}

fn shorten_reaction(reaction: &mut Reaction) {
    cut(&mut reaction.emoji, WORDS);
    cut(&mut reaction.name, WORDS);
}

fn shorten_edit(edit: &mut Edit) {
    shorten(&mut edit.text, TEXT);
}

fn cut(text: &mut Option<String>, chars: usize) {
    if let Some(text) = text {
        shorten(text, chars);
    }
}

fn shorten(text: &mut String, chars: usize) {
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
    }
}

fn is_longer(text: &str, chars: usize) -> bool {
    text.chars().nth(chars).is_some()
}
