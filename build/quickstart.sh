#!/usr/bin/env bash
# From a fresh clone to a trained network: builds and runs examples/Quickstart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

exec dotnet run -c Release --project examples/Quickstart -- "$@"
