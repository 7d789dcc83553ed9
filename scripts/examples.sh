#!/usr/bin/env bash
# Proves that what examples/ says still holds: the generated file is up to date, and the demo ends by itself.
set -euo pipefail

"${GO:-go}" test -count=1 ./examples/...
