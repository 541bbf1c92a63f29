#!/bin/sh
# Makes one environment from its locks, each package checked against its hash. Called by the Makefile; nothing is
# ever installed outside this folder.
#
#   sh requirements/install.sh uv                          prints which uv is used, and brings one if there is none
#   sh requirements/install.sh FOLDER "3.13 3.12" LOCK...  an environment in FOLDER, with the first of these Pythons
set -eu
cd "$(dirname "$0")/.."

fail() { printf '%s\n' "$@" >&2; exit 1; }

runs() { "$@" >/dev/null 2>&1; }

# A uv that is there; else one of our own in .venv-tools, installed by any Python 3.
find_uv() {
    if runs uv --version; then command -v uv; return; fi
    if ! runs .venv-tools/bin/uv --version; then
        echo "==> Fetching uv, which sets up the environments (into .venv-tools)" >&2
        rm -rf .venv-tools
        for python in python3 python3.13 python3.12 python3.11 python3.10 python; do
            runs "$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' || continue
            # With --target, pip never touches the system's Python, and needs no venv module (Debian has it apart).
            if runs "$python" -m venv .venv-tools && runs .venv-tools/bin/python -m pip --version; then
                .venv-tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.txt >&2 && break
            elif runs "$python" -m pip --version; then
                rm -rf .venv-tools
                "$python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.txt --target .venv-tools >&2 && break
            fi
        done
    fi
    runs .venv-tools/bin/uv --version || fail \
        "Neither uv nor a Python 3 with pip was found, or uv could not be fetched." \
        "Install Python 3 with pip (on Debian: apt-get install python3-pip python3-venv), then run this again."
    echo "$PWD/.venv-tools/bin/uv"
}

# The path of a Python of this version (such as 3.13) that truly runs and has what we need; empty when there is none.
# A name on the path may be a shim that answers only in some folders, so each one is tried.
find_python() {
    for candidate in "python$1" \
        "$("$uv" python find --system --no-python-downloads "$1" 2>/dev/null || true)" \
        "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python"$1"; do
        [ -n "$candidate" ] || continue
        found=$("$candidate" -c "
import sqlite3, ssl, sys, zlib
print(sys.executable if '%d.%d' % sys.version_info[:2] == '$1' else '')" 2>/dev/null || true)
        if [ -n "$found" ]; then echo "$found"; return; fi
    done
}

uv=$(find_uv)
if [ "$1" = uv ]; then echo "$uv"; exit; fi

folder=$1 versions=$2
shift 2

# An environment that is there and of one of these versions stays.
has=$("$folder/bin/python" -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null || true)
case " $versions " in
*" ${has:-none} "*) ;;
*)
    python=
    for version in $versions; do
        python=$(find_python "$version")
        [ -z "$python" ] || break
    done
    if [ -z "$python" ]; then
        python=${versions%% *}
        echo "==> No Python ${versions} here; fetching Python $python" >&2
    fi
    "$uv" venv --quiet --clear --python "$python" "$folder" || fail \
        "No Python for $folder: it needs one of ${versions}, which could neither be found nor fetched." \
        "Install one of them (with pyenv: pyenv install $version), then run this again."
    ;;
esac

# At a terminal uv shows how far it is; elsewhere it would only list every package.
quiet=--quiet
[ ! -t 2 ] || quiet=
for lock; do shift; set -- "$@" "requirements/$lock.txt"; done
"$uv" pip sync $quiet --require-hashes --compile-bytecode --python "$folder/bin/python" "$@"
