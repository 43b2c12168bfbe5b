#!/usr/bin/env python3
"""PyTorch's side of `ranks`: training steps of DistributedDataParallel over gloo, each process with its part of the batch.

peer_ranks.py NETWORK BATCH RANKS THREADS SECONDS prints one line, as `Benchmarks ranks` does; RANKS 1 is PyTorch without DistributedDataParallel.
"""
import os
import sys
import tempfile
import time

import torch
from torch import distributed, multiprocessing
from torch.nn.parallel import DistributedDataParallel

from peer import Training

WARM_UP_STEPS, DISTINCT_BATCHES = 3, 4


def train(rank, network, batch, ranks, threads, seconds, meeting):
    torch.set_num_threads(threads)
    work = Training({"network": network, "kind": "training", "batch": batch // ranks, "precision": "f32", "distinctBatches": DISTINCT_BATCHES, "channelsLast": True})
    if ranks > 1:
        distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=ranks)
        work.module = DistributedDataParallel(work.module, broadcast_buffers=False, gradient_as_bucket_view=True)
    for _ in range(WARM_UP_STEPS):
        work.run()
    # A number of steps, the same for all ranks: who stops by the clock leaves the others waiting.
    start = time.perf_counter()
    work.run()
    steps = torch.tensor([max(1, round(seconds / (time.perf_counter() - start)))])
    if ranks > 1:
        distributed.broadcast(steps, 0)
    start = time.perf_counter()
    for _ in range(int(steps)):
        work.run()
    elapsed = time.perf_counter() - start
    if rank == 0:
        print(f"{network} PyTorch {torch.__version__}, {ranks} ranks x {threads} threads: {int(steps) * batch / elapsed:.1f} images/s, a step {elapsed / int(steps) * 1e3:.1f} ms", flush=True)


def main():
    network, (batch, ranks, threads), seconds = sys.argv[1], map(int, sys.argv[2:5]), float(sys.argv[5])
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        arguments = (network, batch, ranks, threads, seconds, os.path.join(folder, "meeting"))
        if ranks == 1:
            train(0, *arguments)
        else:
            multiprocessing.start_processes(train, arguments, ranks, start_method="spawn")


if __name__ == "__main__":
    main()
