"""Writes a SAM template as CloudFormation takes it, for tools that do not know SAM's transform. Asks nobody.

    python infra/tools/transform.py TEMPLATE [NAME=VALUE…] > transformed.json

TEMPLATE is what `sam package` wrote. Parameters stay parameters, but for `Rollout`: how traffic moves is decided here, so name it
where it is not the default.
"""

import json
import logging
import os
import pathlib
import sys

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks for one, and calls nobody
logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of features that AWS has not switched on


class NoManagedPolicies:
    """The translator asks IAM for AWS's managed policies, unless it is told that there are none to look up."""

    def load(self):
        return {}


def transformed(template, parameters):
    """The template with everything that SAM makes of it."""
    try:
        return transform(template, dict(parameters), NoManagedPolicies())
    except InvalidDocumentException as error:
        raise ValueError("; ".join(str(cause.message) for cause in error.causes)) from error


def main(path, *parameters):
    template = yaml_parse(pathlib.Path(path).read_text(encoding="utf-8"))
    json.dump(transformed(template, (part.split("=", 1) for part in parameters)), sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
