#!/usr/bin/env bash
# Builds everything and runs all tests. Arguments are passed on to `dotnet test`, for example: build/test.sh --filter FullyQualifiedName~Graph
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

exec dotnet test Microsoft.ML.CnnZoo.slnx -c Release --nologo "$@"
