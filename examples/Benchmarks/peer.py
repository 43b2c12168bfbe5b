#!/usr/bin/env python3
"""PyTorch's side of the benchmark: answers one line of JSON on standard output for each on standard input.

Request:  {"network": "lenet5", "mode": "train" | "score" | "pipeline", "batch": 64, "threads": 2, "seconds": 2.0}
Answer:   {"imagesPerSecond": 12345.6, "peakBytes": 123456789} or {"error": "..."}
The first request for a network and mode builds and warms it up; later ones only measure again, so that rounds of both sides can alternate.
"""
import json
import resource
import sys
import time

import numpy
import torch
from torch import nn

LEARNING_RATE, MOMENTUM = 0.01, 0.9
DISTINCT_BATCHES = 8     # different inputs in turn, so that no side profits from one batch that stays in the cache
WARM_UP_SECONDS = 1.5
PIPELINE_ROWS = 2048     # rows of one pass through the pipeline


def lenet5(activation, pool):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), activation(), pool(2), nn.Conv2d(6, 16, 5), activation(), pool(2), nn.Flatten(),
        nn.Linear(400, 120), activation(), nn.Linear(120, 84), activation(), nn.Linear(84, 10))


# Name -> (module, channels, height, width, classes): one line for each network of NetworkTable.cs.
NETWORKS = {
    "lenet5": (lambda: lenet5(nn.ReLU, nn.AvgPool2d), 1, 32, 32, 10),
}


class Train:
    """A step of SGD with momentum on softmax cross-entropy."""

    def __init__(self, module, images, labels, classes):
        self.module, self.images, self.labels = module.train(), images, labels
        self.loss = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(module.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        self.step = 0

    def run(self):
        at = self.step % len(self.images)
        self.step += 1
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.module(torch.from_numpy(self.images[at])), torch.from_numpy(self.labels[at]))
        loss.backward()
        self.optimizer.step()
        loss.item()
        return len(self.images[at])


class Score:
    """Class probabilities of one batch."""

    def __init__(self, module, images, labels, classes):
        self.module, self.images = module.eval(), images
        self.step = 0

    def run(self):
        at = self.step % len(self.images)
        self.step += 1
        with torch.inference_mode():
            torch.softmax(self.module(torch.from_numpy(self.images[at])), dim=1)
        return len(self.images[at])


class Pipeline:
    """Rows of pixels in, rows of class probabilities out, as NumPy arrays: what a user's program holds."""

    def __init__(self, module, images, labels, classes):
        self.module, self.batch = module.eval(), len(images[0])
        self.shape = images[0].shape[1:]
        rows = numpy.concatenate(images).reshape(-1, int(numpy.prod(self.shape)))
        self.rows = numpy.resize(rows, (PIPELINE_ROWS, rows.shape[1]))
        self.scores = numpy.empty((PIPELINE_ROWS, classes), numpy.float32)

    def run(self):
        with torch.inference_mode():
            for at in range(0, len(self.rows), self.batch):
                rows = numpy.ascontiguousarray(self.rows[at:at + self.batch]).reshape(-1, *self.shape)
                self.scores[at:at + self.batch] = torch.softmax(self.module(torch.from_numpy(rows)), dim=1).numpy()
        return len(self.rows)


MODES = {"train": Train, "score": Score, "pipeline": Pipeline}


def build(request, channels_last):
    make, channels, height, width, classes = NETWORKS[request["network"]]
    torch.manual_seed(1)
    random = numpy.random.default_rng(1)
    images = [random.random((request["batch"], channels, height, width), numpy.float32) for _ in range(DISTINCT_BATCHES)]
    labels = [random.integers(0, classes, request["batch"]) for _ in range(DISTINCT_BATCHES)]
    module = make()
    if channels_last:
        module = module.to(memory_format=torch.channels_last)
    return MODES[request["mode"]](module, images, labels, classes)


def measure(work, seconds):
    images, start = 0, time.perf_counter()
    while True:
        images += work.run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return images / elapsed


def prepare(request):
    """Warms up both memory formats and keeps the faster one: the peer runs at its best."""
    candidates = [build(request, channels_last) for channels_last in (False, True)]
    for candidate in candidates:
        measure(candidate, WARM_UP_SECONDS)
    return max(candidates, key=lambda candidate: measure(candidate, request["seconds"] / 4))


def main():
    prepared = {}
    for line in sys.stdin:
        try:
            request = json.loads(line)
            torch.set_num_threads(request["threads"])
            key = (request["network"], request["mode"], request["batch"])
            if key not in prepared:
                prepared[key] = prepare(request)
            speed = measure(prepared[key], request["seconds"])
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            answer = {"imagesPerSecond": speed, "peakBytes": peak}
        except Exception as error:  # the driver reports it and goes on with the next network
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
