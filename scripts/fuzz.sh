#!/usr/bin/env bash
# fuzz.sh DURATION [TARGETS]: runs every fuzz target found in the tree for that long, one at a time (go test
# takes one). TARGETS is a regular expression for their names.
set -euo pipefail
duration=${1:-30s}
chosen=${2:-.}

targets=$(grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | grep -E "func ($chosen)" | sort || true)
[ -n "$targets" ] || { echo "fuzz: no targets" >&2; exit 0; }

while IFS= read -r line; do
  dir=$(dirname "${line%%:*}")
  name=${line##*func }
  echo "fuzz: $dir $name $duration"
  "${GO:-go}" test -run '^$' -fuzz "^$name\$" -fuzztime "$duration" "$dir" </dev/null
done <<<"$targets"
