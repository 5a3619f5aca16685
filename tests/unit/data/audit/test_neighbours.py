from __future__ import annotations

import numpy as np
from scipy.fft import dctn

from rsdash.data.audit import symmetry
from rsdash.data.audit.measure import THUMBNAIL_PX, _thumbnail
from rsdash.data.audit.neighbours import _cosines, descriptors, join


def thumbnails_of(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (count, THUMBNAIL_PX, THUMBNAIL_PX)).astype(np.float32)


def test_no_symmetry_changes_a_descriptor():
    thumbnails, means = thumbnails_of(5), np.full((5, 3), 100.0)
    expected = descriptors(thumbnails, means)
    assert expected.shape == (5, 15)
    for number in range(8):
        turned = np.stack([symmetry(one, number) for one in thumbnails])
        assert np.allclose(descriptors(turned, means), expected, atol=1e-4)


def test_descriptors_are_never_further_apart_than_thumbnails():
    generator = np.random.default_rng(1)
    thumbnails, means = thumbnails_of(200), np.full((200, 3), 100.0)
    other = thumbnails + generator.normal(0, generator.uniform(0.1, 60, (200, 1, 1)), thumbnails.shape)
    apart = np.linalg.norm(descriptors(thumbnails, means) - descriptors(other, means), axis=1)
    limit = np.sqrt(((thumbnails - other) ** 2).mean(axis=(1, 2)))
    assert (apart <= limit + 1e-3).all()


def test_strangers_have_other_descriptors():
    first, second = descriptors(thumbnails_of(2), np.full((2, 3), 100.0))
    assert np.linalg.norm(first - second) > 1


def test_the_cosines_are_those_of_scipy():
    image = thumbnails_of(1)[0]
    basis = _cosines()
    expected = np.asarray(dctn(image, norm="ortho"))
    assert np.allclose(basis @ image @ basis.T, expected[:4, :4], atol=1e-2)


def test_a_thumbnail_is_the_mean_of_equal_parts():
    image = np.random.default_rng(0).uniform(0, 255, (64, 32)).astype(np.float32)
    assert np.allclose(_thumbnail(image), image.reshape(16, 4, 16, 2).mean(axis=(1, 3)), atol=1e-3)


def test_pixels_that_two_parts_cut_count_by_share():
    image = np.tile(np.arange(24, dtype=np.float32), (16, 1))  # parts of one and a half pixels
    assert np.allclose(_thumbnail(image)[0, :4], [(0 + 0.5 * 1) / 1.5, (0.5 * 1 + 2) / 1.5, 10 / 3, 14 / 3])


def test_links_join_through_others():
    assert join([(5, 2), (9, 7), (2, 1), (7, 8, 9)]) == ((1, 2, 5), (7, 8, 9))
    assert join([]) == ()
