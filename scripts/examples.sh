#!/usr/bin/env bash
# Proves that what examples/ says still holds: the generated file is current, its README
# counts what is in it, and the exporter reads the report that the vendor's API gives.
set -euo pipefail

"${GO:-go}" test -count=1 ./examples/...
"${GO:-go}" test -count=1 -run '^TestExample' ./internal/compat/...
