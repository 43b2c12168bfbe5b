#!/usr/bin/env bash
# Writes the library's public API anew into PublicAPI.Unshipped.txt: after an intended change, or a merge. Look at the diff.
set -euo pipefail
cd "$(dirname "$0")/.."
project=Microsoft.ML.CnnZoo
dotnet restore "$project"
printf '#nullable enable\n' > "$project/PublicAPI.Unshipped.txt"
dotnet format analyzers "$project/$project.csproj" --no-restore --diagnostics RS0016 --include "$project/"
LC_ALL=C sort -u -o "$project/PublicAPI.Unshipped.txt" "$project/PublicAPI.Unshipped.txt"
wc -l "$project/PublicAPI.Unshipped.txt"
