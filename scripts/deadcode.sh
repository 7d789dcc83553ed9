#!/usr/bin/env bash
# Fails on functions that neither a program nor a test reaches.
set -euo pipefail

found=$("${GO:-go}" tool -modfile=tools/go.mod deadcode -test ./...)
if [ -n "$found" ]; then
  printf '%s\n' "$found" "deadcode: nothing reaches these: use them, test them or remove them"
  exit 1
fi
