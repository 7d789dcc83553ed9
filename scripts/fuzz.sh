#!/usr/bin/env bash
# fuzz.sh DURATION: runs every fuzz target found in the tree for that long, one at a time (go test takes one).
set -euo pipefail
duration=${1:-30s}

targets=$(grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort || true)
[ -n "$targets" ] || { echo "fuzz: no targets" >&2; exit 0; }

while IFS= read -r line; do
  dir=$(dirname "${line%%:*}")
  name=${line##*func }
  echo "fuzz: $dir $name $duration"
  "${GO:-go}" test -run '^$' -fuzz "^$name\$" -fuzztime "$duration" "$dir" </dev/null
done <<<"$targets"
