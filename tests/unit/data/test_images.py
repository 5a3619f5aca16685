from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rsdash.data.images import decode_rgb, open_image
from rsdash.errors import ImageError


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_keep_every_value(file_format, tile):
    expected = np.random.default_rng(5).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    assert np.array_equal(decode_rgb(tile(5, file_format=file_format), "a"), expected)


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP"])
def test_lossy_formats_come_close(file_format):
    even = Image.new("RGB", (16, 16), (200, 100, 50))
    pixels = decode_rgb(encoded(even, file_format, quality=95), "a").astype(int)
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels - (200, 100, 50)).max() <= 6


def test_a_format_outside_the_list_is_refused_even_if_pillow_could_read_it():
    gif = encoded(Image.new("P", (4, 4)), "GIF")
    with pytest.raises(ImageError, match=r"x\.jpg is not an image of a known format"):
        open_image(gif, "x.jpg")


@pytest.mark.parametrize("data", [b"", b"just some text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
def test_what_is_not_an_image_is_refused_by_name(data):
    with pytest.raises(ImageError, match=r"x\.jpg"):
        open_image(data, "x.jpg")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_a_truncated_file_is_refused(file_format):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(pixels), file_format)
    with pytest.raises(ImageError, match=r"half"):
        open_image(data[: len(data) // 2], "half")


@pytest.mark.parametrize(
    ("size", "megapixels"), [((8001, 8000), "64.0"), ((10_000, 9_000), "90.0"), ((60_000, 60_000), "3,600.0")]
)
def test_too_many_pixels_are_refused_before_decoding(size, megapixels, hollow_png):
    with pytest.raises(ImageError, match=rf"big\.png has {megapixels} megapixels; at most 64"):
        open_image(hollow_png(*size), "big.png")


def test_16_bit_greyscale_is_refused_rather_than_stretched():
    deep = Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000)
    with pytest.raises(ImageError, match="convert it to 8 bits first"):
        open_image(encoded(deep), "deep.png")


def test_greyscale_is_repeated_over_the_channels():
    grey = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4))
    pixels = decode_rgb(encoded(grey), "grey")
    assert np.array_equal(pixels, np.repeat(np.arange(16).reshape(4, 4, 1), 3, axis=2))


def test_a_palette_is_resolved():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    assert decode_rgb(encoded(image), "p").tolist() == [[[10, 20, 30], [40, 50, 60]]]


def test_transparent_parts_become_black_whatever_colour_hides_below():
    image = Image.new("RGBA", (2, 1), (250, 10, 10, 0))
    image.putpixel((1, 0), (9, 8, 7, 255))
    assert decode_rgb(encoded(image), "a").tolist() == [[[0, 0, 0], [9, 8, 7]]]


def test_exif_orientation_is_ignored():
    image = Image.new("RGB", (6, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_rgb(encoded(image, "JPEG", exif=exif), "a").shape == (4, 6, 3)


def test_halving_averages_the_pixels_it_merges():
    board = np.indices((32, 32)).sum(axis=0) % 2 * 200  # a nearest neighbour would give 0 or 200
    pixels = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    small = decode_rgb(encoded(Image.fromarray(pixels)), "a", 16)
    assert small.shape == (16, 16, 3)
    assert np.abs(small.astype(int) - 100).max() <= 2  # the border has fewer neighbours


def test_an_oblong_image_is_squashed_to_a_square(tile):
    assert decode_rgb(tile(1, size=(40, 20)), "a", 16).shape == (16, 16, 3)
