#!/usr/bin/env bash
# Times networks beside ONNX Runtime and PyTorch on this machine: build/bench.sh [NETWORK...] [--quick] [--json FILE]
# (BENCHMARKS.md says how to read the result). ONNX Runtime is a NuGet package; without PyTorch (Debian: python3-torch,
# libopenblas0-pthread) its column is missing.
set -euo pipefail
caller="$PWD"
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# The python that has PyTorch: the one given, the distribution's, or the first on the PATH.
find_peer() {
  local python
  for python in "${CNNZOO_PYTHON:-}" /usr/bin/python3 "$(command -v python3 || true)"; do
    if [ -n "$python" ] && "$python" -c 'import torch, numpy' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
}

peer="$(find_peer)"
if [ -z "$peer" ]; then
  echo "bench: PyTorch is not here." >&2
  if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "bench: installing python3-torch and libopenblas0-pthread." >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      python3-torch libopenblas0-pthread </dev/null >&2 ||
      echo "bench: apt-get could not install them." >&2
    peer="$(find_peer)"
  fi
  if [ -z "$peer" ]; then
    echo "bench: timing our side only. On Debian: apt-get install python3-torch libopenblas0-pthread" >&2
  fi
fi

dotnet build examples/Benchmarks -c Release --nologo -v quiet >&2
tool="$PWD/examples/Benchmarks/bin/Release/net10.0/Benchmarks.dll"
script="$PWD/examples/Benchmarks/peer.py"
cd "$caller"
exec dotnet "$tool" networks --python "$peer" --peer "$script" "$@"
