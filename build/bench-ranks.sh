#!/usr/bin/env bash
# Times training steps of one process beside two ranks of one thread each, and PyTorch's DistributedDataParallel over
# gloo, in turns on this machine: build/bench-ranks.sh [NETWORK [BATCH [SECONDS [ROUNDS]]]]
# (Debian: openmpi-bin, mpich, python3-torch; what is missing is left out, and said.)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

network="${1:-resnet20_cifar}" batch="${2:-128}" seconds="${3:-10}" rounds="${4:-3}"
python="${CNNZOO_PYTHON:-/usr/bin/python3}"
dotnet build examples/Benchmarks -c Release --nologo -v quiet >&2
tool=(dotnet "$PWD/examples/Benchmarks/bin/Release/net10.0/Benchmarks.dll" ranks "$network" --seconds "$seconds")
peer=("$python" "$PWD/examples/Benchmarks/peer_ranks.py" "$network" "$batch")

# Runs ranks under a launcher, or says that it is not here.
launch() {
  if command -v "$1" >/dev/null; then
    "$@" "${tool[@]}" --threads 1 </dev/null | grep "images/s" | sed "s|^|$1: |"
  else
    echo "$1 is not here."
  fi
}

for ((round = 1; round <= rounds; round++)); do
  "${tool[@]}" --threads 2
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 launch mpirun.openmpi --oversubscribe --bind-to none -n 2
  launch mpirun.mpich -n 2
  if "$python" -c 'import torch' 2>/dev/null; then
    "${peer[@]}" 1 2 "$seconds"
    "${peer[@]}" 2 1 "$seconds"
  else
    echo "PyTorch is not here."
  fi
done
