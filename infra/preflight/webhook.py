"""Whether Meta can deliver: our address answers its verification, and its dashboard has that address and the fields."""

import hashlib
import hmac
import secrets

from internet import NoAnswer, ask
from meta_apps import Unusable
from report import GUIDES, good, note, wrong

APP = f"{GUIDES}/meta-app.md"
# Without it no account receives anything, whatever it is subscribed to itself.
MESSAGES = "messages"
# What else the guide subscribes to, by object: Instagram's, and the Pages' of Messenger. Of the last not every app has the name; its
# echoes come with MESSAGES then.
FIELDS = {
    "instagram": ["message_reactions", "messaging_seen", "messaging_postbacks", "messaging_referral", "message_edit", "comments"],
    "page": [
        "message_deliveries", "message_reads", "message_reactions", "message_edits", "messaging_postbacks", "messaging_referrals",
        "messaging_optins", "messaging_handovers", "standby", "messaging_policy_enforcement",
    ],
}
MAY_BE_UNKNOWN = "message_echoes"
STEPS = {"instagram": f"step 6 of {APP}#instagram-login", "facebook": f"step 7 of {APP}#facebook-login"}
PAGE_STEP = f"step 4 of {APP}#messenger"
# Meta's words for an id and a secret that do not belong together, in lower case. Its texts may quote a token: none is told.
WRONG_PAIR = ("invalid platform app", "error validating client secret", "error validating application", "invalid appsecret_proof")


def check(deployment):
    try:
        apps = deployment.apps
    except Unusable:
        yield note("not checked: the secret comes first")
        return
    yield from challenge(deployment, apps)
    for place, app in enumerate(apps):
        yield from at_meta(deployment, app, f"apps[{place}] ({app['login']})")


def challenge(deployment, apps):
    """As Meta does it when somebody presses *Verify and save*."""
    url = deployment.outputs["WebhookUrl"]
    for token in dict.fromkeys(app["verify_token"] for app in apps):
        word = str(secrets.randbelow(10**9))
        try:
            answer = ask(url, {"hub.mode": "subscribe", "hub.challenge": word, "hub.verify_token": token})
        except NoAnswer as reason:
            yield wrong(f"{url} does not answer: {reason}", f"{GUIDES}/troubleshooting.md#at-the-api")
            return
        if answer.status == 200 and answer.body == word.encode():
            yield good(f"{url} answers Meta's verification")
        elif answer.status == 403:
            yield wrong(
                f"{url} refuses the secret's own verify token",
                "the secret changed less than five minutes ago: wait for the warm functions and ask again",
            )
        else:
            yield wrong(
                f"{url} answers {answer.status} to Meta's verification",
                f"the log of `webhook-verify`: {GUIDES}/runbook.md#commands",
            )


def at_meta(deployment, app, who):
    """What Meta says of one app."""
    try:
        if app["login"] == "instagram" and not is_pair(deployment, app):
            yield wrong_pair(who, app)
            return
        answer = subscriptions(deployment, app)
    except NoAnswer as reason:
        yield wrong(f"Meta does not answer: {reason}", "try again")
        return
    document = answer.json()
    if answer.status == 200 and isinstance(document, dict) and "data" in document:
        yield from subscribed(deployment, app, document["data"], who)
    elif app["login"] == "instagram":
        code = error_of(document).get("code", answer.status)
        yield note(
            f"{who}: Meta does not tell with this login what is subscribed ({code})",
            f"look in the dashboard: {STEPS['instagram']}",
        )
    elif has_words(document, WRONG_PAIR) or error_of(document).get("code") == 190:
        yield wrong_pair(who, app)
    else:
        yield wrong(
            f"{who}: Meta answers {answer.status}, code {error_of(document).get('code')}",
            f"{GUIDES}/runbook.md#app-level-failures",
        )


def wrong_pair(who, app):
    which = "the *Instagram* app's pair, not the numbers in App settings" if app["login"] == "instagram" else "App settings → Basic"
    return wrong(f"{who}: Meta knows no app {app['app_id']} with this secret", f"{which}; then {APP}#the-secret")


def subscriptions(deployment, app):
    """What the dashboard delivers, asked with the app's own token, which travels in the header."""
    token = f"{app['app_id']}|{app['app_secret']}"
    host = "graph.instagram.com" if app["login"] == "instagram" else "graph.facebook.com"
    proof = hmac.new(app["app_secret"].encode(), token.encode(), hashlib.sha256).hexdigest()
    query = {} if app["login"] == "instagram" else {"appsecret_proof": proof}
    url = f"{deployment.parameters['MetaUrlPrefix']}{host}/{app['graph_version']}/{app['app_id']}/subscriptions"
    return ask(url, query, headers={"authorization": f"Bearer {token}"})


def is_pair(deployment, app):
    """Whether the Instagram app's id and secret belong together: offers a code that nobody was given, and sees what is refused."""
    redirect = deployment.parameters["MetaRedirectUri"] or deployment.outputs["RedirectUri"]
    form = {
        "client_id": app["app_id"],
        "client_secret": app["app_secret"],
        "grant_type": "authorization_code",
        "redirect_uri": redirect,
        "code": "preflight",
    }
    answer = ask(f"{deployment.parameters['MetaUrlPrefix']}api.instagram.com/oauth/access_token", form=form)
    return not has_words(answer.json(), WRONG_PAIR)


def error_of(document):
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def has_words(document, words):
    """Of the graph's error, or of the flat one of api.instagram.com."""
    flat = document.get("error_message", "") if isinstance(document, dict) else ""
    text = f"{error_of(document).get('message', '')} {flat}".lower()
    return any(word in text for word in words)


def subscribed(deployment, app, objects, who):
    """By object: Messenger's is there only where Messenger is offered."""
    url, step = deployment.outputs["WebhookUrl"], STEPS[app["login"]]
    of = {one.get("object"): one for one in reversed(objects)}
    messenger = url.replace("/instagram", "/messenger")
    if "instagram" in of:
        yield from delivers(of["instagram"], [url, messenger], step, who)
    elif "page" not in of:
        yield wrong(f"{who}: nothing is subscribed to at Meta", f"{step}: callback URL {url}")
    else:
        yield note(f"{who}: no messages of Instagram, as nothing of the object instagram is subscribed to", step)
    if "page" in of:
        yield from delivers(of["page"], [messenger, url], PAGE_STEP, f"{who}, Pages")
    elif app["login"] == "facebook":
        yield note(f"{who}: no messages of Messenger, as nothing of the object page is subscribed to", PAGE_STEP)


def delivers(subscription, urls, step, who):
    """Either of our addresses takes both objects."""
    [url, *_] = urls
    fields = {field if isinstance(field, str) else field.get("name") for field in subscription.get("fields", [])}
    missing = [field for field in FIELDS[subscription["object"]] if field not in fields]
    faults = []
    if subscription.get("callback_url") not in urls:
        faults.append(wrong(f"{who}: Meta delivers to {subscription.get('callback_url')}", f"{step}: callback URL {url}"))
    if not subscription.get("active"):
        faults.append(wrong(f"{who}: the subscription is not active", f"{step}: *Verify and save* again"))
    if MESSAGES not in fields:
        faults.append(wrong(
            f"{who}: the field `{MESSAGES}` is missing, so no account receives anything",
            f"{step}: subscribe to it",
        ))
    yield from faults or [good(f"{who}: Meta delivers there, {len(fields)} fields")]
    if missing:
        yield note(f"{who}: without {', '.join(missing)}", f"{step}, if your customers shall see that")
