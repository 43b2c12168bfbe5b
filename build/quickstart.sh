#!/usr/bin/env bash
# From a fresh clone to a trained network: installs native libraries where it can, builds, and runs examples/Quickstart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

build/install-native.sh
dotnet build examples/Quickstart -c Release --nologo -v quiet
exec dotnet examples/Quickstart/bin/Release/net10.0/Quickstart.dll "$@"
