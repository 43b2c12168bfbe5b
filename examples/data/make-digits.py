#!/usr/bin/env python3
"""Writes the digits that the examples use: the first images of each class of MNIST's training and test sets, in file order.

Usage: make-digits.py MNIST_FOLDER
MNIST_FOLDER holds the four files of MNIST under their own names (train-images-idx3-ubyte.gz and so on).
The same input gives the same bytes: nothing is drawn at random and the compressed files carry no time stamp.
"""
import gzip
import pathlib
import struct
import sys

IMAGES_MAGIC, LABELS_MAGIC = 0x803, 0x801
CLASSES = 10
SETS = [("train", "train", 1000), ("test", "t10k", 200)]  # our name, MNIST's name, images of each class


def read(mnist, name):
    """The images (each a bytes object) and labels of one set, with the size of an image."""
    images = gzip.decompress((mnist / f"{name}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((mnist / f"{name}-labels-idx1-ubyte.gz").read_bytes())
    magic, count, rows, columns = struct.unpack(">4I", images[:16])
    label_magic, label_count = struct.unpack(">2I", labels[:8])
    if (magic, label_magic) != (IMAGES_MAGIC, LABELS_MAGIC) or count != label_count or len(images) != 16 + count * rows * columns:
        sys.exit(f"make-digits: {name}: these are not MNIST's images and labels")
    size = rows * columns
    return [images[16 + i * size:16 + (i + 1) * size] for i in range(count)], labels[8:], rows, columns


def write(path, content):
    with open(path, "wb") as file, gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
        packed.write(content)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).parent
    for name, source, each in SETS:
        images, labels, rows, columns = read(pathlib.Path(sys.argv[1]), source)
        taken, kept = [0] * CLASSES, []
        for index, label in enumerate(labels):
            if taken[label] < each:
                taken[label] += 1
                kept.append(index)
        pixels = b"".join(images[i] for i in kept)
        write(here / f"digits-{name}-images.gz", struct.pack(">4I", IMAGES_MAGIC, len(kept), rows, columns) + pixels)
        write(here / f"digits-{name}-labels.gz", struct.pack(">2I", LABELS_MAGIC, len(kept)) + bytes(labels[i] for i in kept))
        print(f"digits-{name}: {len(kept)} images")


if __name__ == "__main__":
    main()
