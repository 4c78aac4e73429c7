#!/bin/sh
# Install what is missing: system libraries, .venv, the pinned packages and rnnviz.
# usage: tools/install.sh [dev]      dev: also what the tests need
# PYTHON=… selects the Python to use.
set -eu

cd "$(dirname "$0")/.."
EXTRA=${1:+"[$1]"}
VENV=.venv
NEEDS='import sys; sys.exit(sys.version_info < (3, 11))'

say() { printf 'rnnviz: %s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- Python -----------------------------------------------------------------------------------

find_python() {
    if [ -x "$VENV/bin/python" ]; then
        "$VENV/bin/python" -c "$NEEDS" 2>/dev/null ||
            stop "$VENV was created with an unsuitable Python; delete it and run this again"
        PYTHON=$VENV/bin/python
        return
    fi
    for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3 python3.14; do
        if have "$candidate" && "$candidate" -c "$NEEDS" 2>/dev/null; then
            PYTHON=$candidate
            return
        fi
        [ "$candidate" != "${PYTHON:-}" ] || break
    done
    found=$("${PYTHON:-python3}" --version 2>&1) || found="none"
    stop "Python 3.11 or newer is required, found $found; install it," \
        "or select one: make demo PYTHON=/path/to/python3.11"
}

# --- system libraries -------------------------------------------------------------------------

# There are no wheels of pycairo and manimpango for Linux, nor of pycairo for macOS: build them.
list_missing() {
    builds='' venv='' cairo='' headers=''
    "$PYTHON" -c 'import cairo, manimpango' 2>/dev/null || builds=yes
    [ -x "$VENV/bin/python" ] || "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || venv=yes
    [ -n "$builds" ] || return 0
    have cc || have gcc || have clang || compiler=yes
    have pkg-config || pkgconfig=yes
    pkg-config --exists cairo pangocairo 2>/dev/null || cairo=yes
    "$PYTHON" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
        headers=yes
}

# Arguments: the package names of compiler, pkg-config, cairo and pango, venv, Python headers
name_packages() {
    packages="${compiler:+$1 }${pkgconfig:+$2 }${cairo:+$3 }${venv:+$4 }${headers:+$5 }"
    packages=${packages% }
}

install_system_libraries() {
    compiler='' pkgconfig=''
    list_missing
    [ -n "$compiler$pkgconfig$cairo$venv$headers" ] || return 0
    series=python$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if have apt-get; then
        name_packages 'gcc libc6-dev' pkg-config 'libcairo2-dev libpango1.0-dev' \
            "$series-venv" "$series-dev"
        as_root "apt-get update -q && DEBIAN_FRONTEND=noninteractive \
apt-get install -q -y --no-install-recommends $packages"
    elif have dnf; then
        name_packages gcc pkgconf-pkg-config 'cairo-devel pango-devel' python3-libs "$series-devel"
        [ "$series" != "$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])' \
            2>/dev/null)" ] || packages=$(echo "$packages" | sed "s/$series-devel/python3-devel/")
        as_root "dnf install -y $packages"
    elif have brew; then
        name_packages gcc pkgconf 'cairo pango' python@3.13 python@3.13
        say "installing system libraries: brew install $packages"
        # shellcheck disable=SC2086  # a list of words
        brew install $packages
    else
        name_packages 'a C compiler,' 'pkg-config,' 'cairo and pango with headers,' \
            'venv for Python,' 'the headers of Python,'
        stop "found none of apt, dnf and brew; install these yourself: ${packages%,}"
    fi
    list_missing
    [ -z "$cairo$venv$headers" ] ||
        stop "system libraries are still missing after installing $packages"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        say "installing system libraries: $1"
        sh -c "$1"
    elif have sudo && sudo -n true 2>/dev/null; then
        say "installing system libraries: sudo sh -c '$1'"
        sudo -n sh -c "$1"
    else
        say "system libraries are missing; run this, then the same command again:"
        if have sudo; then as='sudo sh'; else as=su; fi
        printf "    %s -c '%s'\n" "$as" "$1" >&2
        exit 1
    fi
}

# --- Python packages --------------------------------------------------------------------------

install_packages() {
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --disable-pip-version-check \
        --constraint constraints.txt --editable ".$EXTRA"
}

# Tests of pages need a browser: the system's, or else the one that Playwright installs.
install_browser() {
    ! have chromium && ! have chromium-browser || return 0
    if have apt-get; then
        as_root "apt-get update -q && DEBIAN_FRONTEND=noninteractive \
apt-get install -q -y --no-install-recommends chromium"
    else
        "$VENV/bin/python" -m playwright install chromium
    fi
}

# A test checks the types of the engine's JavaScript where Node.js is installed.
install_typescript() {
    have npm || return 0
    [ ! -x "$VENV/bin/tsc" ] || return 0
    npm install --silent --global --prefix "$VENV" typescript@5.9.3 ||
        say "TypeScript could not be installed; the types of the JavaScript are not checked"
}

find_python
install_system_libraries
install_packages
[ -z "$EXTRA" ] || { install_browser; install_typescript; }
