#!/usr/bin/env bash
# race.sh PACKAGE...: their tests under the race detector, in -short form. Needs a C compiler.
set -euo pipefail

if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
  echo "race: SKIPPED, there is no C compiler (Debian: apt-get install gcc libc6-dev)" >&2
  [ -z "${ARAUTO_NO_SKIP:-}" ] || exit 1
  exit 0
fi
# SQLite itself, translated from C, is left out: watching each of its memory accesses takes most of the time, and it keeps
# its threads apart by locks of its own. Its driver and everything else is watched.
set -x
CGO_ENABLED=1 exec "${GO:-go}" test -race -gcflags=modernc.org/sqlite/lib=-race=false -short -shuffle=on -timeout 15m "$@"
