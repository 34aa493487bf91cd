//! Which library is behind which function of the template: the one place that knows them all.

use std::sync::Arc;

use crate::invoke::{Factory, event_function, http_function};

macro_rules! function {
    ($kind:ident, $library:ident) => {
        Box::new(|setup| {
            let app = Arc::new($library::App::new(setup)?);
            Ok($kind(move |event| {
                let app = Arc::clone(&app);
                async move { $library::handle(&app, event).await }
            }))
        })
    };
}

/// The function that is built from a crate, by the crate's name.
pub(crate) fn find(binary: &str) -> Option<Factory> {
    Some(match binary {
        "oauth-start" => function!(http_function, oauth_start),
        "oauth-callback" => function!(http_function, oauth_callback),
        "oauth-select" => function!(http_function, oauth_select),
        "status" => function!(http_function, status),
        "disconnect" => function!(http_function, disconnect),
        "webhook-verify" => function!(http_function, webhook_verify),
        "webhook-receive" => function!(http_function, webhook_receive),
        "processor" => function!(event_function, processor),
        "live" => function!(event_function, live),
        "publisher" => function!(event_function, publisher),
        "send" => function!(http_function, send),
        "sender" => function!(event_function, sender),
        "inbox" => function!(http_function, inbox),
        "admin" => function!(http_function, admin),
        "upkeep" => function!(event_function, upkeep),
        "data-requests" => function!(http_function, data_requests),
        "eraser" => function!(event_function, eraser),
        "deliverer" => function!(event_function, deliverer),
        "endpoints" => function!(http_function, endpoints),
        "web" => function!(http_function, web),
        _ => return None,
    })
}
