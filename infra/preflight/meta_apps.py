"""The secret with the Meta apps, by the rules of the functions that read it (shared/vault). Says no value."""

import json
import re

from botocore.exceptions import ClientError

from report import GUIDES, good, wrong

FILL_IN = f"{GUIDES}/meta-app.md#the-secret"
LOGINS = ("instagram", "facebook")
TEXTS = ("login", "app_id", "app_secret", "verify_token", "graph_version")


def check(deployment):
    try:
        apps = deployment.apps
    except Unusable as fault:
        yield wrong(f"{deployment.secret_name}: {fault}", f"{FILL_IN}; warm functions read it again within five minutes")
        return
    logins = ", ".join(f"{app['login']} {app['app_id']} ({app['graph_version']})" for app in apps)
    yield good(f"{deployment.secret_name} has what the functions read: {logins}")


class Unusable(Exception):
    """Why the functions could not use the secret."""


def read(client, name):
    """The apps of the secret, as the functions would take them."""
    try:
        answer = client.get_secret_value(SecretId=name)
    except ClientError as error:
        raise Unusable(f"it cannot be read ({error.response['Error']['Code']})") from None
    return parsed(answer.get("SecretString") or "")


def parsed(text):
    try:
        document = json.loads(text)
    except ValueError:  # quotes nothing of the text
        raise Unusable("the secret is not valid JSON") from None
    apps = document.get("apps") if isinstance(document, dict) else None
    if not isinstance(apps, list):
        raise Unusable("apps is missing, or no list")
    if not apps:
        raise Unusable("apps is empty: nobody has filled in an app yet")
    for place, app in enumerate(apps):
        fault = fault_of(app, apps[:place])
        if fault:
            raise Unusable(f"apps[{place}]{fault}")
    return apps


def fault_of(app, before):
    if not isinstance(app, dict):
        return " is no object"
    for field in TEXTS:
        text = app.get(field)
        if not isinstance(text, str):
            return f".{field} is {'missing' if text is None else 'no text'}"
        if not text.strip():
            return f".{field} is empty"
        if text != text.strip():
            return f".{field} begins or ends with white space"
    if app["login"] not in LOGINS:
        return f".login is none of {', '.join(LOGINS)}"
    if not re.fullmatch(r"[0-9]+", app["app_id"]):
        return ".app_id is not a decimal number"
    if not re.fullmatch(r"v[0-9]{1,3}\.[0-9]+", app["graph_version"]):
        return ".graph_version does not look like v25.0"
    for field in ("config_id", "config_id_messenger"):
        if not isinstance(app.get(field, ""), (str, type(None))):
            return f".{field} is no text"
    if not isinstance(app.get("human_agent", False), bool):
        return ".human_agent is neither true nor false"
    if any((one["login"], one["app_id"]) == (app["login"], app["app_id"]) for one in before):
        return " is there twice"
    return None
