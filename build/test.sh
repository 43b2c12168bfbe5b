#!/usr/bin/env bash
# Builds everything and runs all tests. Arguments are passed on to `dotnet test`, for example: build/test.sh --filter FullyQualifiedName~Graph
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

build/install-native.sh
dotnet build Microsoft.ML.CnnZoo.slnx -c Release --nologo -v minimal

# build/mlnet must be an exact subset of ML.NET's public API.
api=0
build/mlnet/api/check.sh || api=$?

tests=0
dotnet test Microsoft.ML.CnnZoo.Tests -c Release --no-build --nologo "$@" || tests=$?

if [ "$api" -ne 0 ]; then
  echo "test.sh: build/mlnet is not a subset of ML.NET's public API (see above)." >&2
fi
exit $((api != 0 || tests != 0))
