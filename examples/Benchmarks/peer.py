#!/usr/bin/env python3
"""PyTorch's side of the benchmark: answers one line of JSON on standard output for each on standard input.

Request:  {"command": "version" | "describe" | "measure", "network": "lenet5_relu", "kind": "training" | "inference" | "pipeline", "batch": 64, "precision": "f32" | "bf16",
           "threads": 2, "seconds": 2.0, "warmUpSeconds": 1.0, "distinctBatches": 8, "channelsLast": true}
Answers:  version   {"version": "1.13.0"}
          describe  {"parameters": …, "trainingParameters": …, "multiplyAdds": …}      what the network is, to be compared with ours
          measure   {"imagesPerSecond": 12345.6, "peakBytes": 123456789, "form": "channels_last"}
          any       {"error": "..."}
The first "measure" builds the network and warms it up; later ones only measure again, so that rounds of both sides can alternate. The peak of memory is that of a process
that does nothing but measure one kind of work: "describe" belongs into another process.
"""
import contextlib
import json
import resource
import signal
import sys
import time

import torch
from torch import nn

from peer_networks import NETWORKS, multiply_adds, parameters

LEARNING_RATE, MOMENTUM = 0.01, 0.9
PIPELINE_ROWS = 2048     # rows of one pass through the pipeline


class Work:
    """A module, inputs that take turns, and the precision."""

    def __init__(self, request):
        torch.manual_seed(1)
        self.network, batch = NETWORKS[request["network"]], request["batch"]
        training = request["kind"] == "training"
        self.layout = torch.channels_last if request["channelsLast"] else torch.contiguous_format
        self.module = self.network.make(training).train(training).to(memory_format=self.layout)
        self.images = [torch.rand(self.shape(batch)).contiguous(memory_format=self.layout) for _ in range(request["distinctBatches"])]
        self.labels = [torch.randint(0, self.network.classes, (batch,)) for _ in self.images]
        self.bfloat16 = request["precision"] == "bf16"
        self.steps = 0

    def shape(self, batch):
        return batch, self.network.channels, self.network.size, self.network.size

    @property
    def form(self):
        return ("channels_last" if self.layout == torch.channels_last else "contiguous") + (" bf16" if self.bfloat16 else "")

    def precision(self):
        return torch.autocast("cpu", dtype=torch.bfloat16) if self.bfloat16 else contextlib.nullcontext()

    def next_batch(self):
        self.steps += 1
        return self.steps % len(self.images)


class Training(Work):
    """A step of SGD with momentum on softmax cross-entropy, auxiliary classifiers included."""

    def __init__(self, request):
        super().__init__(request)
        self.loss = nn.CrossEntropyLoss(label_smoothing=self.network.label_smoothing)
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)

    def total_loss(self, outputs, labels):
        if not isinstance(outputs, tuple):
            return self.loss(outputs, labels)
        return self.loss(outputs[0], labels) + self.network.auxiliary_weight * sum(self.loss(auxiliary, labels) for auxiliary in outputs[1:])

    def run(self):
        at = self.next_batch()
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision():
            loss = self.total_loss(self.module(self.images[at]), self.labels[at])
        loss.backward()
        self.optimizer.step()
        loss.item()
        return len(self.labels[at])


class Inference(Work):
    """Class probabilities of one batch."""

    def run(self):
        at = self.next_batch()
        with torch.inference_mode(), self.precision():
            torch.softmax(self.module(self.images[at]), dim=1)
        return len(self.labels[at])


class Pipeline(Work):
    """Rows of pixels in, rows of class probabilities out, as NumPy arrays: what a user's program holds."""

    def __init__(self, request):
        super().__init__(request)
        self.batch = request["batch"]
        self.rows = torch.rand(self.shape(PIPELINE_ROWS)).reshape(PIPELINE_ROWS, -1).numpy()
        self.scores = torch.empty(PIPELINE_ROWS, self.network.classes).numpy()

    def run(self):
        with torch.inference_mode(), self.precision():
            for at in range(0, PIPELINE_ROWS, self.batch):
                rows = torch.from_numpy(self.rows[at:at + self.batch])
                images = rows.reshape(self.shape(len(rows))).contiguous(memory_format=self.layout)
                self.scores[at:at + self.batch] = torch.softmax(self.module(images), dim=1).float().numpy()
        return PIPELINE_ROWS


KINDS = {"training": Training, "inference": Inference, "pipeline": Pipeline}


def speed(work, seconds):
    """Images per second over at least that many seconds and one run."""
    images, start = 0, time.perf_counter()
    while True:
        images += work.run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return images / elapsed


class Worker:
    """Answers requests; holds what the first measurement prepared."""

    def __init__(self):
        self.work = None

    def version(self, _):
        return {"version": torch.__version__}

    def describe(self, request):
        network = NETWORKS[request["network"]]
        module = network.make(False)
        return {
            "parameters": parameters(module),
            "trainingParameters": parameters(network.make(True)),
            "multiplyAdds": multiply_adds(module, torch.rand(1, network.channels, network.size, network.size)),
        }

    def measure(self, request):
        if self.work is None:
            self.work = KINDS[request["kind"]](request)
            speed(self.work, request["warmUpSeconds"])
        return {
            "imagesPerSecond": speed(self.work, request["seconds"]),
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "form": self.work.form,
        }


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)     # an interruption is the driver's to handle
    worker = Worker()
    commands = {"version": worker.version, "describe": worker.describe, "measure": worker.measure}
    for line in sys.stdin:
        try:
            request = json.loads(line)
            torch.set_num_threads(request["threads"])
            answer = commands[request["command"]](request)
        except Exception as error:  # the driver reports it and goes on with the next network
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
