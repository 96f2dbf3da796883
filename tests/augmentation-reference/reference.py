#!/usr/bin/env python3
"""Works out, with numpy and scipy, what augmentation must give; prints it as JSON.

Written from the formulas of keras-preprocessing (apply_affine_transform, transform_matrix_offset_center, flip_axis,
ImageDataGenerator.apply_transform) and, for identities and draws, from the comment of Augmentation in protos/features.proto,
not from the service's code. The interpolation is scipy's own: scipy.ndimage.affine_transform, which is what Keras calls.

    python3 tests/augmentation-reference/reference.py > tests/augmentation-reference/reference.json

A case's pixels are float64; every `step`-th of them is kept.
"""
import hashlib
import json
import struct

import numpy as np
from scipy import ndimage


def image(height, width):
    row, column, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((7 * row + 13 * column + 29 * channel + row * column * (channel + 1)) % 256).astype(np.float64)


def centred(matrix, height, width):
    to_centre = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    return to_centre @ matrix @ np.linalg.inv(to_centre)


def transformed(x, flip, shear, zoom_rows, zoom_columns, shift_rows, shift_columns):
    """Angle in degrees, shifts as fractions."""
    height, width = x.shape[:2]
    angle = np.deg2rad(shear)
    shift = np.array([[1, 0, shift_rows * height], [0, 1, shift_columns * width], [0, 0, 1]])
    shearing = np.array([[1, -np.sin(angle), 0], [0, np.cos(angle), 0], [0, 0, 1]])
    zoom = np.diag([zoom_rows, zoom_columns, 1])
    matrix = centred(shift @ shearing @ zoom, height, width)
    channels = [ndimage.affine_transform(x[..., c], matrix[:2, :2], matrix[:2, 2], order=1, mode="nearest") for c in range(3)]
    x = np.stack(channels, axis=-1)
    return x[:, ::-1] if flip else x


def identity(image_hash, seed, copy, flip, shear, zoom, width_shift, height_shift):
    parameters = struct.pack("<QiB4f", seed, copy, flip, shear, zoom, width_shift, height_shift)
    return hashlib.sha256(b"topfive.augmentation.v1" + image_hash + parameters).hexdigest()


def drawn(image_hash, seed, copy, flip, shear, zoom, width_shift, height_shift):
    digest = hashlib.sha256(b"topfive.augmentation.d1" + image_hash + struct.pack("<Qi", seed, copy)).digest()
    u = [word / 2**32 for word in struct.unpack("<6I", digest[:24])]
    shear, zoom, width_shift, height_shift = (float(np.float32(x)) for x in (shear, zoom, width_shift, height_shift))
    return {
        "flip": bool(flip and u[0] < 0.5),
        "shear": (2 * u[1] - 1) * shear,
        "zoom_rows": 1 + (2 * u[2] - 1) * zoom,
        "zoom_columns": 1 + (2 * u[3] - 1) * zoom,
        "shift_rows": (2 * u[4] - 1) * height_shift,
        "shift_columns": (2 * u[5] - 1) * width_shift,
    }


def case(name, height, width, step=1, flip=False, shear=0.0, zoom_rows=1.0, zoom_columns=1.0, shift_rows=0.0, shift_columns=0.0):
    parameters = dict(flip=flip, shear=shear, zoom_rows=zoom_rows, zoom_columns=zoom_columns, shift_rows=shift_rows, shift_columns=shift_columns)
    pixels = transformed(image(height, width), **parameters).reshape(-1)[::step]
    return {"name": name, "height": height, "width": width, "step": step, "transformation": parameters, "pixels": [round(float(p), 6) for p in pixels]}


def copy(image_hash, seed, number, flip, shear, zoom, width_shift, height_shift):
    arguments = (image_hash, seed, number, flip, shear, zoom, width_shift, height_shift)
    return {
        "image_hash": image_hash.hex(), "seed": seed, "copy": number, "flip": flip, "shear": shear, "zoom": zoom,
        "width_shift": width_shift, "height_shift": height_shift,
        "hash": identity(*arguments), "transformation": drawn(*arguments),
    }


hashes = [hashlib.sha256(name).digest() for name in (b"one image", b"another image")]
recipe = (True, 0.2, 0.2, 0.2, 0.2)
print(json.dumps({
    "cases": [
        case("flip", 9, 14, flip=True),
        case("shear to one side", 17, 12, shear=25.0),
        case("shear to the other", 17, 12, shear=-25.0),
        case("zoom of rows", 11, 14, zoom_rows=0.7),
        case("zoom of columns", 11, 14, zoom_columns=1.3),
        case("shift of rows", 13, 10, shift_rows=0.23),
        case("shift of columns", 13, 10, shift_columns=-0.31),
        case("shift of whole pixels", 10, 10, shift_rows=-0.2, shift_columns=0.3),
        case("all at once", 23, 16, flip=True, shear=14.0, zoom_rows=0.83, zoom_columns=1.17, shift_rows=0.11, shift_columns=-0.19),
        case("all at once, the other way", 16, 23, shear=-31.0, zoom_rows=1.2, zoom_columns=0.8, shift_rows=-0.2, shift_columns=0.15),
        case("a backbone's input", 299, 299, step=131, flip=True, shear=-0.13, zoom_rows=0.91, zoom_columns=1.08, shift_rows=0.17, shift_columns=-0.05),
        case("a backbone's input, far out", 299, 299, step=131, shear=60.0, zoom_rows=1.9, zoom_columns=1.7, shift_rows=0.9, shift_columns=0.4),
    ],
    "copies": [
        copy(hashes[0], 0, 1, *recipe),
        copy(hashes[0], 0, 2, *recipe),
        copy(hashes[0], 1, 1, *recipe),
        copy(hashes[1], 0, 1, *recipe),
        copy(hashes[1], 2**64 - 1, 100, False, 45.0, 0.5, 0.0, 0.75),
        copy(hashes[1], 7, 3, True, 0.0, 0.0, 0.0, 0.0),
    ],
}, indent=None, separators=(",", ":")))
