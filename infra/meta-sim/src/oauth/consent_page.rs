//! The page on which a person decides.

use axum::response::Html;
use maud::{Markup, html};

use super::{request::AuthorizationRequest, scopes};
use crate::{Login, html as page, world::World};

/// Somebody who can log in here.
struct Choice<'a> {
    value: &'a str,
    name: &'a str,
    detail: String,
}

/// The consent page; its form posts to the same address.
pub(super) fn page(world: &World, request: &AuthorizationRequest, query: &str) -> Html<String> {
    let choices = choices(world, request.login);
    let (brand, title) = match request.login {
        Login::Instagram => ("Instagram", "Log in with Instagram"),
        Login::Facebook => ("Facebook", "Log in with Facebook"),
    };
    let host = page::host_of(&request.redirect_uri);
    let body = html! {
        main.consent {
            form.card method="post" action={ "?" (query) } data-brand=(request.login.as_str()) {
                p.brand { (brand) span.badge { "simulated" } }
                h1 { (title) }
                p.lead { strong { (host) } " asks for access to your " (brand) " account." }
                div.columns {
                    fieldset {
                        legend { "Who are you?" }
                        div.choices {
                            @for (index, choice) in choices.iter().enumerate() {
                                label.choice {
                                    input type="radio" name="user" value=(choice.value) checked[index == 0] required;
                                    (page::avatar(choice.value, choice.name))
                                    span.who { span.name { (choice.name) } span.detail { (choice.detail) } }
                                }
                            }
                        }
                    }
                    (permissions(request))
                }
                div.actions {
                    button.primary type="submit" name="decision" value="allow" { "Allow" }
                    button.quiet type="submit" name="decision" value="cancel" formnovalidate { "Cancel" }
                }
                p.small { "No real account is involved. You return to " span.mono { (host) } "." }
            }
        }
    };
    page::document(title, &body, &[])
}

fn permissions(request: &AuthorizationRequest) -> Markup {
    let may_untick = request.login == Login::Instagram;
    html! {
        fieldset {
            legend { "What may the app do?" }
            ul.permissions {
                @for scope in &request.scopes {
                    @let label = scopes::label(request.login, scope).unwrap_or_default();
                    li {
                        @if may_untick && scope != "instagram_business_basic" {
                            label {
                                input.switch type="checkbox" role="switch" name="grant" value=(scope) checked;
                                span { (label) code { (scope) } }
                            }
                        } @else {
                            input type="hidden" name="grant" value=(scope);
                            span.always aria-hidden="true" { "✓" }
                            span { (label) code { (scope) } }
                        }
                    }
                }
            }
        }
    }
}

fn choices(world: &World, login: Login) -> Vec<Choice<'_>> {
    match login {
        Login::Instagram => world
            .accounts
            .iter()
            .map(|account| Choice {
                value: &account.username,
                name: &account.name,
                detail: format!("@{} · {}", account.username, account.kind.label()),
            })
            .collect(),
        Login::Facebook => world
            .people
            .iter()
            .map(|person| Choice { value: &person.username, name: &person.name, detail: person.note.clone() })
            .collect(),
    }
}
