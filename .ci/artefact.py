"""Zips every function as `sam deploy` does, and fails where Lambda could not start one from its zip.

    python artefact.py FOLDER ARCHITECTURE [UNPACKED]

FOLDER has a folder for each function, as `.aws-sam/build`; ARCHITECTURE is arm64 or x86_64. With UNPACKED the zips are unpacked
there, with the modes that they give, as Lambda does it.
"""

import pathlib
import stat
import sys
import zipfile

from samcli.lib.package.utils import make_zip_with_lambda_permissions, zip_folder

# e_machine of an ELF header.
MACHINES = {"arm64": 183, "x86_64": 62}


def faults(archive, architecture):
    """Why Lambda could not start what is in a zip."""
    if "bootstrap" not in archive.namelist():
        yield "has no bootstrap"
        return
    mode = archive.getinfo("bootstrap").external_attr >> 16
    if not mode & stat.S_IXOTH:  # Lambda runs it as a user of its own
        yield f"its bootstrap may not be executed (mode {stat.S_IMODE(mode):o})"
    head = archive.open("bootstrap").read(20)
    if head[:4] != b"\x7fELF" or head[4] != 2 or int.from_bytes(head[18:20], "little") != MACHINES[architecture]:
        yield f"its bootstrap is no program for {architecture}"


def unpack(archive, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for entry in archive.infolist():
        target = pathlib.Path(archive.extract(entry, folder))
        target.chmod(stat.S_IMODE(entry.external_attr >> 16))


def check(folder, architecture, unpacked=None):
    """The faults of every function, by its name."""
    found = {}
    for function in sorted(path for path in folder.iterdir() if path.is_dir()):
        with zip_folder(str(function), make_zip_with_lambda_permissions) as (packed, _):
            with zipfile.ZipFile(packed) as archive:
                found[function.name] = list(faults(archive, architecture))
                if unpacked:
                    unpack(archive, unpacked / function.name)
    return found


def main(folder, architecture, unpacked=None):
    found = check(pathlib.Path(folder), architecture, unpacked and pathlib.Path(unpacked))
    for function, reasons in found.items():
        for reason in reasons:
            print(f"{function}: {reason}")
    broken = sum(map(bool, found.values()))
    print(f"{len(found) - broken} of {len(found)} functions can be started on {architecture}")
    return 0 if found and not broken else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
