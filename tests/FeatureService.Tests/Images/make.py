#!/usr/bin/env python3
"""Makes the small images of the decoder's tests (Debian: python3-pil). They are committed; run this to change them.

All show the same: 64 x 32 pixels, four quadrants: red, green / blue, yellow, in colours that grey cannot confuse.
"""
import struct
import zlib
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
WIDTH, HEIGHT = 64, 32
COLOURS = [[(200, 30, 40), (20, 180, 60)], [(30, 50, 210), (230, 210, 20)]]


def quadrants():
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            image.putpixel((x, y), COLOURS[2 * y // HEIGHT][2 * x // WIDTH])
    return image


def save(image, name, **options):
    image.save(HERE / name, **options)


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, depth, colour_type, rows, extra=b"", interlaced=0):
    """What Pillow cannot write: 16-bit RGB, interlaced rows, and chunks of our own."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    (HERE / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b""))


def main():
    image = quadrants()
    jpeg = {"quality": 95, "subsampling": 0}

    # The stored pixels that, turned as the orientation says, show the quadrants.
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }
    for orientation, turn in undo.items():
        stored = image if turn is None else image.transpose(turn)
        save(stored, f"orientation-{orientation}.jpg", exif=exif(orientation), **jpeg)

    save(image, "orientation-99.jpg", exif=exif(99), **jpeg)
    whole = exif(6)
    save(image, "exif-garbage.jpg", exif=b"Exif\0\0" + b"\xde\xad\xbe\xef" * 8, **jpeg)
    save(image, "exif-cut-short.jpg", exif=whole[: len(whole) - 9], **jpeg)
    save(image, "exif-offset-beyond.jpg", exif=b"Exif\0\0MM\0*" + struct.pack(">I", 0x7FFFFFFF), **jpeg)

    save(image, "rgb.jpg", **jpeg)
    save(image, "progressive.jpg", progressive=True, **jpeg)
    save(image.convert("CMYK"), "cmyk.jpg", **jpeg)
    save(image.convert("L"), "grey.jpg", **jpeg)
    # Large enough for reduced decoding.
    large = image.resize((1280, 1280), Image.Resampling.NEAREST)
    save(large, "large-progressive.jpg", progressive=True, **jpeg)
    save(large.convert("CMYK"), "large-cmyk.jpg", optimize=True, **jpeg)
    save(image, "rgb.png")
    save(image, "rgb.bmp")
    save(image, "lossless.webp", lossless=True)
    save(image, "lossy.webp", quality=95)
    save(image.quantize(4), "palette.png")
    save(image.convert("L"), "grey.png")
    save(image.convert("RGBA"), "opaque-alpha.png")
    save(image.quantize(4), "rgb.gif")

    second = Image.new("RGB", (WIDTH, HEIGHT), (255, 0, 255))
    save(image.quantize(8), "animated.gif", save_all=True, append_images=[second.quantize(8)], duration=100)
    save(image, "animated.webp", save_all=True, append_images=[second], duration=100, lossless=True)

    # Alpha 255, 128 / 64, 0.
    alpha = Image.new("L", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            alpha.putpixel((x, y), [[255, 128], [64, 0]][2 * y // HEIGHT][2 * x // WIDTH])
    see_through = image.copy()
    see_through.putalpha(alpha)
    save(see_through, "alpha.png")
    save(see_through, "alpha.webp", lossless=True, exact=True)

    # The lower right quadrant transparent by palette entry.
    holes = image.quantize(4)
    save(holes, "transparent.gif", transparency=holes.getpixel((WIDTH - 1, HEIGHT - 1)))

    rows = [b"".join(bytes(image.getpixel((x, y))) for x in range(WIDTH)) for y in range(HEIGHT)]
    wide = [b"".join(struct.pack(">H", value * 257) for value in row) for row in rows]
    png("rgb16.png", 16, 2, wide)
    # Adam7: first column and row of each pass, and how far its pixels lie apart.
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    png("interlaced.png", 16, 2, [
        b"".join(wide[y][6 * x:6 * x + 6] for x in range(left, WIDTH, across))
        for left, top, across, down in passes for y in range(top, HEIGHT, down)], interlaced=1)
    grey = image.convert("L")
    png("grey16.png", 16, 0, [b"".join(struct.pack(">H", grey.getpixel((x, y)) * 257) for x in range(WIDTH)) for y in range(HEIGHT)])
    # Says that its numbers are linear light: a decoder that converts to sRGB changes every one of them.
    png("linear-gamma.png", 8, 2, rows, extra=png_chunk(b"gAMA", struct.pack(">I", 100_000)))

    save(image, "tiff.tif")
    save(image, "icon.ico", sizes=[(32, 32)])


if __name__ == "__main__":
    main()
