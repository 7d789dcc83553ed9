#!/usr/bin/env bash
# fuzz.sh DURATION [TARGETS]: runs every fuzz target found in the tree for that long (go test takes one), as many
# side by side as there are processors, with one worker each. TARGETS is a regular expression for their names.
set -euo pipefail
duration=${1:-30s}
chosen=${2:-.}

targets=$(grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | grep -E "func ($chosen)" | sort || true)
[ -n "$targets" ] || { echo "fuzz: no targets" >&2; exit 0; }

# one says what it did at its end, so that two do not talk at once.
one() {
  local said status=0
  said=$("${GO:-go}" test -run '^$' -fuzz "^$2\$" -fuzztime "$duration" -parallel 1 "$1" 2>&1 </dev/null) || status=$?
  printf 'fuzz: %s %s %s\n%s\n' "$1" "$2" "$duration" "$said"
  return "$status"
}

failed=0 running=0 most=$(nproc 2>/dev/null || echo 2)
while IFS= read -r line; do
  if [ "$running" -ge "$most" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
  one "$(dirname "${line%%:*}")" "${line##*func }" &
  running=$((running + 1))
done <<<"$targets"
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
exit "$failed"
