#!/usr/bin/env bash
# Gets what the tests want besides Go: PostgreSQL's server programs, a C compiler (race detector) and
# Python 3 (one example). As root on a Debian-like system it installs what is missing; anywhere else, and
# with --check, it says what is missing and the tests skip, loudly. With ARAUTO_NO_SKIP=1 (CI) anything
# missing ends the run instead.
set -euo pipefail

postgres_found() { command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
compiler_found() { command -v "${CC:-cc}" >/dev/null 2>&1; }
python_found() { command -v python3 >/dev/null 2>&1; }
say() { printf 'need: %s\n' "$*" >&2; }

packages=()
postgres_found || packages+=(postgresql)
compiler_found || packages+=(gcc libc6-dev)
python_found || packages+=(python3)

# install_packages leaves no server running on the machine: the tests start their own throwaway clusters.
install_packages() {
  local log; log=$(mktemp)
  if ! postgres_found; then
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/arauto.conf
  fi
  local apt=(timeout 300 apt-get -q -y -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=120)
  if { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "$@"; } \
      >"$log" 2>&1 </dev/null; then
    say "apt-get is done"
  else
    say "could not install $*; the last lines of apt-get:"
    tail -n 5 "$log" >&2
  fi
  rm -f "$log"
}

if [ ${#packages[@]} -gt 0 ] && [ "${1:-}" != --check ]; then
  if [ -n "${ARAUTO_NO_INSTALL:-}" ]; then
    say "not installing ${packages[*]}: ARAUTO_NO_INSTALL is set"
  elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing ${packages[*]} with apt-get (ARAUTO_NO_INSTALL=1 prevents this)"
    install_packages "${packages[@]}"
  else
    say "not installing ${packages[*]}: this takes root and apt-get"
  fi
fi

missing=0
if ! postgres_found; then
  missing=1
  say "NO PostgreSQL: its tests are SKIPPED. Install the server package (Debian: apt-get install postgresql)."
fi
if ! compiler_found; then
  missing=1
  say "NO C compiler: the race detector's run is SKIPPED. Install one (Debian: apt-get install gcc libc6-dev)."
fi
if ! python_found; then
  missing=1
  say "NO Python: the test of examples/bi-export is SKIPPED. Install it (Debian: apt-get install python3)."
fi
if [ $missing = 1 ] && [ -n "${ARAUTO_NO_SKIP:-}" ]; then
  say "ARAUTO_NO_SKIP is set: stopping here"
  exit 1
fi
