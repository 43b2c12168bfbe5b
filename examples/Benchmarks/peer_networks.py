"""The networks of NetworkTable.cs in PyTorch, layer for layer as ours and torchvision's: short definitions of our own, so that PyTorch is all that the peer needs and loads."""
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
        nn.Conv2d(1, 6, 5), relu(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), relu(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), relu(), nn.Linear(120, 84), relu(), nn.Linear(84, 10))


def relu():
    return nn.ReLU(inplace=True)


def conv_bn(channels, filters, kernel, stride=1, padding=0, epsilon=1e-5):
    return nn.Sequential(nn.Conv2d(channels, filters, kernel, stride, padding, bias=False), nn.BatchNorm2d(filters, eps=epsilon))


def classifier(channels, classes=1000, dropout=0.0):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout) if dropout else nn.Identity(), nn.Linear(channels, classes))


def alexnet():
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), relu(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), relu(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), relu(), nn.Conv2d(384, 256, 3, padding=1), relu(), nn.Conv2d(256, 256, 3, padding=1), relu(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), relu(), nn.Dropout(), nn.Linear(4096, 4096), relu(), nn.Linear(4096, 1000))


def vgg16():
    layers, channels = [], 3
    for filters, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), relu()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(25088, 4096), relu(), nn.Dropout(), nn.Linear(4096, 4096), relu(), nn.Dropout(), nn.Linear(4096, 1000))


class Residual(nn.Module):
    """relu(F(x) + shortcut); the shortcut is a 1x1 convolution where the shape changes."""

    def __init__(self, layers, channels, filters, stride):
        super().__init__()
        self.layers = layers
        self.shortcut = conv_bn(channels, filters, 1, stride) if stride != 1 or channels != filters else nn.Identity()

    def forward(self, x):
        return functional.relu(self.layers(x) + self.shortcut(x), inplace=True)


class OptionA(nn.Module):
    """ResNet-20's shortcut: every second pixel, zeros for the new channels."""

    def __init__(self, added):
        super().__init__()
        self.added = added

    def forward(self, x):
        return functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.added))


def basic_layers(channels, filters, stride):
    return nn.Sequential(conv_bn(channels, filters, 3, stride, 1), relu(), conv_bn(filters, filters, 3, 1, 1))


def bottleneck_layers(channels, filters, stride):
    """Version 1.5: the 3x3 convolution has the stride."""
    return nn.Sequential(conv_bn(channels, filters, 1), relu(), conv_bn(filters, filters, 3, stride, 1), relu(), conv_bn(filters, 4 * filters, 1))


def resnet(repeats, layers_of, expansion):
    layers, channels = [conv_bn(3, 64, 7, 2, 3), relu(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate(repeats):
        filters = 64 << stage
        for block in range(count):
            stride = 2 if block == 0 and stage > 0 else 1
            layers.append(Residual(layers_of(channels, filters, stride), channels, expansion * filters, stride))
            channels = expansion * filters
    return nn.Sequential(*layers, classifier(channels))


def resnet20_cifar():
    layers, channels = [conv_bn(3, 16, 3, 1, 1), relu()], 16
    for filters in (16, 32, 64):
        for _ in range(3):
            block = Residual(basic_layers(channels, filters, filters // channels), filters, filters, 1)
            if filters != channels:
                block.shortcut = OptionA(filters - channels)
            layers.append(block)
            channels = filters
    return nn.Sequential(*layers, classifier(64, 10))


class DenseLayer(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(channels), relu(), nn.Conv2d(channels, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth), relu(), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False))

    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)


def densenet121(growth=32):
    layers, channels = [conv_bn(3, 64, 7, 2, 3), relu(), nn.MaxPool2d(3, 2, 1)], 64
    for block, count in enumerate((6, 12, 24, 16)):
        if block > 0:
            layers += [nn.BatchNorm2d(channels), relu(), nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(count):
            layers.append(DenseLayer(channels, growth))
            channels += growth
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), relu(), classifier(channels))


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
        conv_bn(3, 32, 3, 2), relu(), conv_bn(32, 64, 3), relu(),
        XceptionBlock(64, (128, 128), first_relu=False), XceptionBlock(128, (256, 256)), XceptionBlock(256, (728, 728)),
        *(XceptionBlock(728, (728, 728, 728), stride=1) for _ in range(8)),
        XceptionBlock(728, (728, 1024)), separable(1024, 1536), relu(), separable(1536, 2048), relu(), classifier(2048))


class Branches(nn.Module):
    """All branches read the same maps; their results are concatenated."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class WithAuxiliaries(nn.Module):
    """Layers in order; in training the auxiliary classifiers read what the layers of their numbers give."""

    def __init__(self, layers, auxiliaries):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.auxiliaries = nn.ModuleDict({str(at): module for at, module in auxiliaries.items()})

    def forward(self, x):
        outputs = []
        for at, layer in enumerate(self.layers):
            x = layer(x)
            if self.training and str(at) in self.auxiliaries:
                outputs.append(self.auxiliaries[str(at)](x))
        return (x, *outputs) if outputs else x


def inception_conv(channels, filters, kernel, stride=1, padding=0):
    return nn.Sequential(conv_bn(channels, filters, kernel, stride, padding, epsilon=1e-3), relu())


GOOGLENET_MODULES = (     # 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5 (here 3x3), pool projection; a number is a pool's window
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), 3, (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), 2, (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128))


def googlenet_auxiliary(channels):
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4), inception_conv(channels, 128, 1), nn.Flatten(), nn.Linear(2048, 1024), relu(), nn.Dropout(0.7), nn.Linear(1024, 1000))


def googlenet(auxiliaries):
    conv = inception_conv
    layers = [
        conv(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, ceil_mode=True), conv(64, 64, 1), conv(64, 192, 3, 1, 1), nn.MaxPool2d(3, 2, ceil_mode=True)]
    channels = 192
    for row in GOOGLENET_MODULES:
        if isinstance(row, int):
            layers.append(nn.MaxPool2d(row, 2, ceil_mode=True))
            continue
        one, reduce3, three, reduce5, five, pool = row
        layers.append(Branches(
            conv(channels, one, 1), nn.Sequential(conv(channels, reduce3, 1), conv(reduce3, three, 3, 1, 1)),
            nn.Sequential(conv(channels, reduce5, 1), conv(reduce5, five, 3, 1, 1)), nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(channels, pool, 1))))
        channels = one + three + five + pool
    return WithAuxiliaries([*layers, classifier(channels, dropout=0.2)], {8: googlenet_auxiliary(512), 11: googlenet_auxiliary(528)} if auxiliaries else {})


def chain(channels, *steps):
    """Convolutions after one another: (filters, kernel) with the padding that keeps the size."""
    layers = []
    for filters, kernel in steps:
        padding = kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
        layers.append(inception_conv(channels, filters, kernel, 1, padding))
        channels = filters
    return nn.Sequential(*layers)


def pooled(channels, filters):
    return nn.Sequential(nn.AvgPool2d(3, 1, 1), inception_conv(channels, filters, 1))


def inception_a(channels, pool):
    return Branches(chain(channels, (64, 1)), chain(channels, (48, 1), (64, 5)), chain(channels, (64, 1), (96, 3), (96, 3)), pooled(channels, pool))


def inception_b(n, channels=768):
    row, column = (1, 7), (7, 1)
    return Branches(
        chain(channels, (192, 1)), chain(channels, (n, 1), (n, row), (192, column)),
        chain(channels, (n, 1), (n, column), (n, row), (n, column), (192, row)), pooled(channels, 192))


def inception_c(channels):
    def split():
        return Branches(chain(384, (384, (1, 3))), chain(384, (384, (3, 1))))
    return Branches(
        chain(channels, (320, 1)), nn.Sequential(chain(channels, (384, 1)), split()),
        nn.Sequential(chain(channels, (448, 1), (384, 3)), split()), pooled(channels, 192))


def inception_v3(auxiliaries):
    conv = inception_conv
    layers = [
        conv(3, 32, 3, 2), conv(32, 32, 3), conv(32, 64, 3, 1, 1), nn.MaxPool2d(3, 2), conv(64, 80, 1), conv(80, 192, 3), nn.MaxPool2d(3, 2),
        inception_a(192, 32), inception_a(256, 64), inception_a(288, 64),
        Branches(conv(288, 384, 3, 2), nn.Sequential(chain(288, (64, 1), (96, 3)), conv(96, 96, 3, 2)), nn.MaxPool2d(3, 2)),
        inception_b(128), inception_b(160), inception_b(160), inception_b(192),
        Branches(
            nn.Sequential(chain(768, (192, 1)), conv(192, 320, 3, 2)), nn.Sequential(chain(768, (192, 1), (192, (1, 7)), (192, (7, 1))), conv(192, 192, 3, 2)),
            nn.MaxPool2d(3, 2)),
        inception_c(1280), inception_c(2048), classifier(2048, dropout=0.5)]
    auxiliary = nn.Sequential(nn.AvgPool2d(5, 3), conv(768, 128, 1), conv(128, 768, 5), classifier(768))
    return WithAuxiliaries(layers, {14: auxiliary} if auxiliaries else {})


NETWORKS = {
    "lenet5_relu": Network(lambda _: lenet5(), channels=1, size=32, classes=10),
    "resnet20_cifar": Network(lambda _: resnet20_cifar(), size=32, classes=10),
    "alexnet_torchvision": Network(lambda _: alexnet()),
    "vgg16": Network(lambda _: vgg16()),
    "googlenet_torchvision": Network(googlenet, auxiliary_weight=0.3),
    "resnet18": Network(lambda _: resnet((2, 2, 2, 2), basic_layers, 1)),
    "resnet50_torchvision": Network(lambda _: resnet((3, 4, 6, 3), bottleneck_layers, 4)),
    "densenet121": Network(lambda _: densenet121()),
    "inception_v3": Network(inception_v3, size=299, auxiliary_weight=0.4, label_smoothing=0.1),
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
