#!/usr/bin/env bash
# Proves that what examples/ says still holds: the generated file is current and its README counts what is in it.
set -euo pipefail

"${GO:-go}" test -count=1 ./examples/...
