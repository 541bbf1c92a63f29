"""Programs that some tests need and that no Python package brings.

A browser, a Java runtime for the Nu checker, a spreadsheet program for what is taken out, the other database, what
several dialogue engines share, what makes disks and clocks fail, and what reads the units of a service.

Run as a program, it succeeds when all of them are here.
"""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OLDEST_JAVA = 17
"""What vnu-jar was measured with."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, what is tested with it, and how to find it. Tests that need it ask for the fixture of that name."""

    fixture: str
    name: str
    tested: str
    find: Callable[[], Path | None]


@cache
def find_chromium() -> Path | None:
    """Give the path of a Chromium or Chrome that is here."""
    places = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")]
    applications = Path("/Applications")
    places += [
        str(applications / "Chromium.app/Contents/MacOS/Chromium"),
        str(applications / "Google Chrome.app/Contents/MacOS/Google Chrome"),
    ]
    return next((Path(place) for place in places if place and Path(place).is_file()), None)


@cache
def find_java() -> Path | None:
    """Give the path of a Java runtime that is new enough. It is asked: macOS has a `java` that is none."""
    found = shutil.which("java")
    if found is None:
        return None
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', told.stderr)
    return Path(found) if told.returncode == 0 and version and int(version[1]) >= OLDEST_JAVA else None


@cache
def find_libreoffice() -> Path | None:
    """Give the path of a LibreOffice that is here."""
    places = [
        shutil.which("soffice"),
        shutil.which("libreoffice"),
        "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    ]
    return next((Path(place) for place in places if place and Path(place).is_file()), None)


@cache
def find_postgresql() -> Path | None:
    """Give the path of the newest PostgreSQL's `initdb` that is here. Its other programs lie beside it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    named = shutil.which("initdb")
    return found[-1] if found else Path(named).resolve() if named is not None else None


@cache
def find_systemd() -> Path | None:
    """Give the path of systemd's own check of units."""
    found = shutil.which("systemd-analyze")
    return None if found is None else Path(found)


@cache
def find_redis() -> Path | None:
    """Give the path of a Redis server."""
    found = shutil.which("redis-server")
    return None if found is None else Path(found)


@cache
def find_failing_disk() -> Path | None:
    """Give the path of what makes writing fail for a program (fiu-run)."""
    found = shutil.which("fiu-run")
    return None if found is None else Path(found)


@cache
def find_false_clock() -> Path | None:
    """Give the path of what shows a program another time (faketime)."""
    found = shutil.which("faketime")
    return None if found is None else Path(found)


CHROMIUM = Tool("chromium", "Chromium", "the pages in a browser", find_chromium)
JAVA = Tool("java", f"Java {OLDEST_JAVA} or later", "the pages against the HTML standard", find_java)
LIBREOFFICE = Tool("libreoffice", "LibreOffice", "what is taken out in a spreadsheet program", find_libreoffice)
POSTGRESQL = Tool("postgresql", "PostgreSQL", "what is kept in PostgreSQL", find_postgresql)
SYSTEMD = Tool("systemd_analyze", "systemd", "the units of a service", find_systemd)
REDIS = Tool("redis", "Redis", "several dialogue engines", find_redis)
FAILING_DISK = Tool("failing_disk", "fiu-run", "a disk that fails", find_failing_disk)
FALSE_CLOCK = Tool("false_clock", "faketime", "a clock that jumps", find_false_clock)
TOOLS = (CHROMIUM, JAVA, LIBREOFFICE, POSTGRESQL, SYSTEMD, REDIS, FAILING_DISK, FALSE_CLOCK)


def missing() -> list[Tool]:
    """List what is not here."""
    return [tool for tool in TOOLS if tool.find() is None]


def how_to_get_them() -> str:
    """Give the one command that brings what is missing."""
    if shutil.which("apt-get"):
        return (
            "sudo apt-get install chromium default-jre-headless libreoffice-calc-nogui postgresql systemd "
            "redis-server fiu-utils faketime"
        )
    if platform.system() == "Darwin":
        return "brew install --cask chromium temurin libreoffice && brew install postgresql redis libfaketime"
    return f"your system's way to install {' and '.join(tool.name for tool in TOOLS)}"


if __name__ == "__main__":
    sys.exit(1 if missing() else 0)
