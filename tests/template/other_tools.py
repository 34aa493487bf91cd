"""Gives the transformed template to CDK and reads what Terraform is given.

    NODE_PATH=… python other_tools.py

NODE_PATH is where aws-cdk-lib is. CDK has to come out with the same resources.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import hcl2

from deployed import ROOT, deployed, source


def synthesised():
    """What CDK makes of the transformed template."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "transformed.json")
        path.write_text(json.dumps(deployed()), encoding="utf-8")
        environment = {**os.environ, "TEMPLATE": str(path), "CDK_OUTDIR": folder}
        done = subprocess.run(["node", ROOT / "infra/tools/cdk.cjs"], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(pathlib.Path(folder, "buzon.template.json").read_text(encoding="utf-8"))


def differences(template):
    """The resources that are not as they were."""
    ours, theirs = deployed()["Resources"], template["Resources"]
    for name in sorted({*ours, *theirs} - {"CDKMetadata"}):
        if ours.get(name, {}).get("Type") != theirs.get(name, {}).get("Type"):
            yield f"CDK: {name} is {theirs.get(name, {}).get('Type')}"
        elif ours[name].get("Properties", {}) != theirs[name].get("Properties", {}):
            yield f"CDK: {name} has other properties"


def terraform():
    """What Terraform's file names that the template has not."""
    text = (ROOT / "infra/tools/buzon.tf").read_text(encoding="utf-8")
    document = hcl2.loads(text)
    kinds = {kind.strip('"') for resource in document["resource"] for kind in resource}
    if "aws_cloudformation_stack" not in kinds:
        yield "Terraform: there is no stack"
    for output in document["output"]:
        for name, body in output.items():
            wanted = str(body["value"]).partition('outputs["')[2].partition('"]')[0]
            if wanted not in source()["Outputs"]:
                yield f"Terraform: the output {name} wants {wanted or body}"


def main():
    found = [*differences(synthesised()), *terraform()]
    print("\n".join(found) or f"CDK and Terraform get all {len(deployed()['Resources'])} resources")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
