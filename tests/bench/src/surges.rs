//! How long a message waits behind many of another account's.

use stories::{Surge, World};

/// Contacts who write at once.
const CONTACTS: [u32; 3] = [1_000, 5_000, 20_000];

/// What a batch of ten takes, in milliseconds: three calls of the database, and for contacts whom nobody knows yet, Meta's answer
/// who they are, until the processor's patience ends.
const BATCHES: [(&str, u64); 3] = [("known contacts", 40), ("new ones", 340), ("new ones, Meta slow", 1_040)];

/// Plays each surge with each kind of contact.
pub(crate) async fn print() {
    let world = World::start().await;
    println!("contacts of one account who write at once; s until another account's message is taken up");
    print!("{:>9}", "contacts");
    for (who, batch_ms) in BATCHES {
        print!(" {:>34}", format!("{who} ({batch_ms} ms a batch)"));
    }
    println!();
    for contacts in CONTACTS {
        print!("{contacts:>9}");
        for (_, batch_ms) in BATCHES {
            let waited_ms = Surge { contacts, batch_ms }.play(&world).await;
            print!(" {:>33}s", format!("{}.{:02}", waited_ms / 1000, waited_ms % 1000 / 10));
        }
        println!();
    }
}
