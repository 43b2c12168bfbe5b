"""The networks of NetworkTable.cs in PyTorch: torchvision's modules where it has them, our own short definitions of the others."""
from dataclasses import dataclass
from typing import Callable

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Network:
    """A module with what its training needs; make(auxiliaries) builds it, with the auxiliary classifiers or without."""
    make: Callable[[bool], nn.Module]
    channels: int = 3
    size: int = 224
    classes: int = 1000
    auxiliary_weight: float = 0.0
    label_smoothing: float = 0.0


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True), nn.Linear(84, 10))


def conv_bn(channels, filters, kernel, stride=1, padding=0):
    return nn.Sequential(nn.Conv2d(channels, filters, kernel, stride, padding, bias=False), nn.BatchNorm2d(filters))


class OptionABlock(nn.Module):
    """Two 3x3 convolutions; where the size changes, the shortcut takes every second pixel and pads the new channels with zeros."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.first, self.second = conv_bn(channels, filters, 3, stride, 1), conv_bn(filters, filters, 3, 1, 1)
        self.stride, self.added = stride, filters - channels

    def forward(self, x):
        y = self.second(functional.relu(self.first(x), inplace=True))
        if self.added:
            x = functional.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.added))
        return functional.relu(y + x, inplace=True)


def resnet20_cifar():
    layers, channels = [conv_bn(3, 16, 3, 1, 1), nn.ReLU(inplace=True)], 16
    for filters in (16, 32, 64):
        for block in range(3):
            layers.append(OptionABlock(channels, filters, 2 if block == 0 and filters > 16 else 1))
            channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def separable(channels, filters):
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False), nn.Conv2d(channels, filters, 1, bias=False), nn.BatchNorm2d(filters))


class XceptionBlock(nn.Module):
    """ReLU and separable convolution for each number of filters, a pool where the block strides, and the shortcut."""

    def __init__(self, channels, filters, stride=2, first_relu=True):
        super().__init__()
        layers, width = [], channels
        for at, count in enumerate(filters):
            if at > 0 or first_relu:
                layers.append(nn.ReLU(inplace=at > 0))     # the block's input is the shortcut's too
            layers.append(separable(width, count))
            width = count
        if stride != 1:
            layers.append(nn.MaxPool2d(3, stride, 1))
        self.layers = nn.Sequential(*layers)
        self.skip = conv_bn(channels, width, 1, stride) if stride != 1 or width != channels else nn.Identity()

    def forward(self, x):
        return self.layers(x) + self.skip(x)


def xception():
    return nn.Sequential(
        conv_bn(3, 32, 3, 2), nn.ReLU(inplace=True), conv_bn(32, 64, 3), nn.ReLU(inplace=True),
        XceptionBlock(64, (128, 128), first_relu=False), XceptionBlock(128, (256, 256)), XceptionBlock(256, (728, 728)),
        *(XceptionBlock(728, (728, 728, 728), stride=1) for _ in range(8)),
        XceptionBlock(728, (728, 1024)), separable(1024, 1536), nn.ReLU(inplace=True), separable(1536, 2048), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def torchvision_model(name, **arguments):
    from torchvision import models     # imported by the networks that need it: it takes memory of its own
    return getattr(models, name)(weights=None, **arguments)


NETWORKS = {
    "lenet5": Network(lambda _: lenet5(), channels=1, size=32, classes=10),
    "resnet20_cifar": Network(lambda _: resnet20_cifar(), size=32, classes=10),
    "alexnet": Network(lambda _: torchvision_model("alexnet")),
    "vgg16": Network(lambda _: torchvision_model("vgg16", init_weights=False)),
    "googlenet": Network(lambda auxiliaries: torchvision_model("googlenet", init_weights=False, aux_logits=auxiliaries), auxiliary_weight=0.3),
    "resnet18": Network(lambda _: torchvision_model("resnet18")),
    "resnet50": Network(lambda _: torchvision_model("resnet50")),
    "densenet121": Network(lambda _: torchvision_model("densenet121")),
    "inception_v3": Network(
        lambda auxiliaries: torchvision_model("inception_v3", init_weights=False, aux_logits=auxiliaries), size=299, auxiliary_weight=0.4, label_smoothing=0.1),
    "xception": Network(lambda _: xception(), size=299),
}


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def multiply_adds(module, image):
    """Multiply-adds of convolutions and dense layers for one image."""
    counts = []

    def count(layer, _, y):
        positions = y.shape[2] * y.shape[3] if y.dim() == 4 else 1
        counts.append(layer.weight.numel() * positions)

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    with torch.inference_mode():
        module.eval()(image)
    for hook in hooks:
        hook.remove()
    return sum(counts)
