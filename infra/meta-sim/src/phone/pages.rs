//! The start page and the frame of the phone.

use std::sync::Arc;

use axum::{extract::State, response::Html};
use maud::{Markup, html};

use crate::{
    html as page,
    sim::Sim,
    world::{
        World,
        people::{Account, Page, Person},
    },
};

/// `GET /`
pub(super) async fn home(State(sim): State<Arc<Sim>>) -> Html<String> {
    let world = sim.world();
    let body = html! {
        main.home {
            header.hero {
                h1 { "A small Meta, on your machine" }
                p.lead {
                    "Instagram and Messenger: logins, Graph API and signed webhooks behave here as at Meta. Everybody below is made up."
                }
                p.actions { a.primary href="/phone" { "Open the phone" } }
            }
            section aria-labelledby="people" {
                h2 #people { "People who can log in" }
                div.grid { @for person in &world.people { (person_card(&world, person)) } }
            }
            section aria-labelledby="contacts" {
                h2 #contacts { "Contacts who write messages" }
                div.grid.small {
                    @for contact in &world.contacts {
                        a.card.row href={ "/phone?contact=" (contact.username) } {
                            (page::avatar(&contact.username, &contact.name))
                            span.who { span.name { (contact.name) } span.detail { "@" (contact.username) } }
                        }
                    }
                }
            }
            section aria-labelledby="apps" {
                h2 #apps { "Registered apps" }
                (apps(&world))
            }
            section aria-labelledby="tools" {
                h2 #tools { "For developers" }
                ul.links {
                    li { a href="/control/state" { "State" } " – everything that exists, as JSON" }
                    li { a href="/control/webhooks/deliveries" { "Deliveries" } " – each webhook with its attempts" }
                    li { a href="/control/calls" { "Calls" } " – what was asked of the Graph API" }
                }
            }
        }
    };
    page::document("Home", &body, &[])
}

fn person_card(world: &World, person: &Person) -> Markup {
    // A Page that is not shown stands behind its account.
    let is_shown = |page: &&Page| page.instagram.is_none() || !world.page_receivers(&page.id, "messages").is_empty();
    let pages: Vec<&Page> = world.roles_of(&person.username).map(|(page, _)| page).filter(is_shown).collect();
    let accounts: Vec<&Account> = person.accounts.iter().filter_map(|id| world.account(id)).collect();
    html! {
        article.card {
            div.row {
                (page::avatar(&person.username, &person.name))
                span.who { span.name { (person.name) } span.detail { (person.note) } }
            }
            @if !(accounts.is_empty() && pages.is_empty()) {
                ul.chips {
                    @for account in accounts {
                        @let connected = !world.receivers(&account.id, "messages").is_empty();
                        li.chip.on[connected] title=(account.kind.label()) {
                            "@" (account.username)
                            @if connected { span.visually-hidden { " (connected)" } }
                        }
                    }
                    @for page in pages {
                        @let connected = !world.page_receivers(&page.id, "messages").is_empty();
                        li.chip.on[connected] title="Facebook Page" {
                            "Page " (page.name)
                            @if connected { span.visually-hidden { " (connected)" } }
                        }
                    }
                }
            }
        }
    }
}

fn apps(world: &World) -> Markup {
    html! {
        @if world.apps.is_empty() {
            p.empty { "No app is registered yet." }
        } @else {
            ul.links {
                @for app in &world.apps {
                    li { (app.login.as_str()) " login, app " span.mono { (app.app_id) } }
                }
            }
        }
    }
}

/// `GET /phone`: an empty frame that the script fills.
pub(super) async fn phone() -> Html<String> {
    let body = html! {
        main.phone {
            h1.visually-hidden { "Phone" } // the visible title leaves narrow screens when a conversation opens
            aside.pick aria-label="Who writes to whom" {
                p.title aria-hidden="true" { "Phone" }
                p.hint { "Write as a contact; the answers appear here." }
                div.apps role="group" aria-label="App" {
                    button type="button" data-channel="instagram" aria-pressed="true" { "Instagram" }
                    button type="button" data-channel="messenger" aria-pressed="false" { "Messenger" }
                }
                label { "Contact" select #contact {} }
                h2 #inbox-title { "Accounts" }
                ul #accounts.accounts aria-labelledby="inbox-title" {}
            }
            section.device aria-label="Conversation" {
                header.top {
                    button #back.icon type="button" aria-label="Choose another account" { "‹" }
                    span #top-avatar.avatar aria-hidden="true" {}
                    span.who { span #top-name.name {} span #top-detail.detail {} }
                    button #seen.quiet.compact type="button" { "Mark as seen" }
                }
                ol #messages.messages aria-live="polite" aria-label="Messages" {}
                p #notice.notice role="status" hidden {}
                div #extras.extras hidden role="group" aria-label="Send something else" {}
                div #context.context hidden {
                    span #context-text {}
                    button #context-close.icon type="button" aria-label="Stop" { "×" }
                }
                form #composer.composer {
                    button #more.icon type="button" aria-label="Send something else" aria-expanded="false" { "+" }
                    label.visually-hidden for="text" { "Message" }
                    textarea #text rows="1" placeholder="Message…" autocomplete="off" required {}
                    button.primary type="submit" { "Send" }
                }
            }
        }
        noscript { p.card { "The phone needs JavaScript; the control API does without." } }
    };
    page::document("Phone", &body, &["bubbles.js", "phone.js"])
}
