#!/usr/bin/env bash
# Checks that the public API of every assembly under build/mlnet is an exact subset of ML.NET's, as listed in build/mlnet/api/*.txt.
# The assemblies must have been built. Exit status 1 if an assembly has a line that ML.NET has not, or lacks one that implementers need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

configuration="${1:-Release}"
dotnet build apitool/apitool.csproj -c Release --nologo -v quiet
tool=apitool/bin/Release/net10.0/apitool.dll

status=0
for listing in *.txt; do
  name="${listing%.txt}"
  [ -d "../$name" ] || continue
  assembly="../$name/bin/$configuration/net10.0/$name.dll"
  if [ ! -f "$assembly" ]; then
    echo "check.sh: $assembly is not built" >&2
    status=1
    continue
  fi
  dotnet "$tool" check "$assembly" *.txt || status=1
done
exit "$status"
