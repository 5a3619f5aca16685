from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rsdash.data.audit import Audit, audit_dataset, symmetry
from rsdash.data.audit.measure import GREY_WEIGHTS
from rsdash.data.dataset import Dataset
from rsdash.data.images import decode_rgb
from rsdash.data.store import add_dataset


def brighter(pixels: np.ndarray, factor: float) -> np.ndarray:
    return np.clip(np.round(pixels * factor), 0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "turned 90": lambda pixels: np.rot90(pixels, 1),
    "turned 180": lambda pixels: np.rot90(pixels, 2),
    "turned 270": lambda pixels: np.rot90(pixels, 3),
    "left-right": lambda pixels: pixels[:, ::-1],
    "top-bottom": lambda pixels: pixels[::-1],
    "transposed": lambda pixels: pixels.transpose(1, 0, 2),
    "anti-transposed": lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    "jpeg 70": lambda pixels: pixels,
    "brighter": lambda pixels: brighter(pixels, 1.02),
    "darker": lambda pixels: brighter(pixels, 0.98),
}


def grouped(dataset: Dataset, audit: Audit) -> set[tuple[str, ...]]:
    return {tuple(dataset.manifest.names[row] for row in rows) for rows in audit.groups}


@pytest.mark.parametrize("change", CHANGES)
def test_copies_of_real_tiles_are_found_and_strangers_are_not(change, real_tiles, encode, folder):
    grey = {name: decode_rgb(data, name) @ GREY_WEIGHTS for name, data in real_tiles.items()}
    textured = [name for name in sorted(real_tiles) if grey[name].std() >= 5]
    members, expected = dict(real_tiles), set()
    for number, name in enumerate(textured[::12]):
        options = {"file_format": "JPEG", "quality": 70} if change == "jpeg 70" else {}
        changed = CHANGES[change](decode_rgb(real_tiles[name], name))
        copy = f"{name.split('/')[0]}/copy-{number}.img"
        members[copy] = encode(changed, **options)
        expected.add(tuple(sorted((name, copy))))
    dataset = add_dataset(folder(members))
    audit = audit_dataset(dataset)
    assert len(expected) > 30
    assert grouped(dataset, audit) == expected


def test_a_pair_names_the_symmetry_that_maps_the_second_onto_the_first(scene, encode, folder):
    tiles = {f"A/{number}.png": scene(number) for number in range(8)}
    copies = {f"B/{number}.png": symmetry(scene(number), number) for number in range(8)}
    dataset = add_dataset(folder({name: encode(pixels) for name, pixels in (tiles | copies).items()}))
    audit = audit_dataset(dataset)
    assert len(audit.near) == 7  # number 0 is an exact copy
    for pair in audit.near:
        first, second = ((tiles | copies)[dataset.manifest.names[row]] for row in (pair.first, pair.second))
        assert np.array_equal(symmetry(second, pair.symmetry), first)
        assert pair.difference == 0 and pair.correlation == pytest.approx(1, abs=1e-4)


def test_the_difference_is_that_of_the_pixels(scene, encode, folder):
    one = scene(1)
    other = one + np.array([3, 0, 0], dtype=np.uint8)
    dataset = add_dataset(
        folder({"A/1.png": encode(one), "B/1.png": encode(other), "B/2.png": encode(scene(2))})
    )
    (pair,) = audit_dataset(dataset).near
    assert pair.difference == pytest.approx(np.abs(other.astype(int) - one).mean(), abs=1e-3)


def test_images_of_different_colour_or_brightness_are_strangers(scene, encode, folder):
    one = scene(1, mean=120)
    others = {"brighter": one + np.uint8(40), "bluer": one + np.array([0, 0, 40], dtype=np.uint8)}
    members = {"A/one.png": encode(one), "B/other.png": encode(scene(2))}
    members |= {f"B/{name}.png": encode(pixels) for name, pixels in others.items()}
    assert audit_dataset(add_dataset(folder(members))).groups == ()


def waves(second_sign: int) -> np.ndarray:
    """Two waves of one amplitude; with the sign of the second turned, no symmetry makes it the same."""
    x = (np.arange(64) + 0.5) * np.pi / 64
    grey = 110 + 25 * (np.cos(x)[:, None] * np.cos(2 * x) + second_sign * np.cos(3 * x)[:, None] + np.cos(x))
    return np.repeat(np.round(grey).astype(np.uint8)[:, :, None], 3, axis=2)


def test_equal_descriptors_alone_make_no_pair(encode, folder):
    members = {"A/1.png": encode(waves(1)), "B/1.png": encode(waves(-1)), "B/2.png": encode(waves(1)[::-1])}
    dataset = add_dataset(folder(members))
    assert grouped(dataset, audit_dataset(dataset)) == {("A/1.png", "B/2.png")}


def test_equal_thumbnails_alone_make_no_pair(scene, encode, folder):
    even = scene(1, contrast=25)
    members = {}
    for number in range(3):
        speckle = np.random.default_rng(number).choice([-40, 40], (16, 16, 8))
        speckle = np.concatenate([speckle, -speckle], axis=2).reshape(16, 16, 4, 4)  # its means are zero
        texture = speckle.transpose(0, 2, 1, 3).reshape(64, 64, 1)
        members[f"{'AAB'[number]}/{number}.png"] = encode(np.clip(even + texture, 0, 255).astype(np.uint8))
    assert audit_dataset(add_dataset(folder(members))).groups == ()


def test_an_oblong_tile_is_found_turned(scene, encode, folder):
    one = scene(1)[:, :40]
    members = {"A/1.png": encode(one), "A/2.png": encode(scene(2)[:, :40]), "B/1.png": encode(np.rot90(one))}
    dataset = add_dataset(folder(members))
    assert grouped(dataset, audit_dataset(dataset)) == {("A/1.png", "B/1.png")}


def test_groups_join_over_pairs_and_copies(scene, encode, folder):
    one = scene(1)
    pictures = {"a": one, "b": one, "c": np.rot90(one), "d": brighter(one, 1.02), "e": scene(2)}
    members = {f"A/{name}.png": encode(pixels) for name, pixels in pictures.items()}
    dataset = add_dataset(folder(members | {"B/x.png": encode(scene(3))}))
    audit = audit_dataset(dataset)
    assert audit.groups == ((0, 1, 2, 3),)
    assert audit.group_ids().tolist() == [0, 0, 0, 0, 4, 5]
    assert audit.group_ids().dtype == np.int64


def test_uniform_tiles_are_listed_and_grouped_only_where_their_pixels_are_equal(scene, encode, folder):
    calm = scene(1, contrast=2.5)
    members = {
        "A/calm.png": encode(calm),
        "A/equal.bmp": encode(calm, "BMP"),
        "A/turned.png": encode(np.rot90(calm)),
        "B/jpeg.jpg": encode(calm, "JPEG", quality=70),
        "B/rough.png": encode(scene(2)),
    }
    dataset = add_dataset(folder(members))
    audit = audit_dataset(dataset)
    names = dataset.manifest.names
    assert [names[row] for row in audit.too_uniform] == sorted(set(members) - {"B/rough.png"})
    assert grouped(dataset, audit) == {("A/calm.png", "A/equal.bmp")}
    assert audit.near == ()


def test_a_set_of_uniform_tiles_alone_has_no_near_duplicates(scene, encode, folder):
    members = {f"{kind}/1.png": encode(scene(seed, contrast=2)) for seed, kind in enumerate("AB")}
    audit = audit_dataset(add_dataset(folder(members)))
    assert (audit.near, audit.groups, audit.too_uniform) == ((), (), (0, 1))


def test_many_copies_of_one_motif_end_in_one_group(scene, encode, folder, monkeypatch):
    from rsdash.data.audit import neighbours

    monkeypatch.setattr(neighbours, "MAX_NEIGHBOURS", 8)
    generator = np.random.default_rng(0)
    one = scene(1).astype(int)
    noisy = [np.clip(one + generator.integers(-2, 3, one.shape), 0, 255).astype(np.uint8) for _ in range(40)]
    members = {f"A/{number:02}.png": encode(pixels) for number, pixels in enumerate(noisy)}
    audit = audit_dataset(add_dataset(folder(members | {"B/1.png": encode(scene(2))})))
    assert audit.groups == (tuple(range(40)),)
    assert 39 <= len(audit.near) < 39 + 8 * 8  # of 780


def test_every_pair_of_a_small_group_is_listed(scene, encode, folder):
    one = scene(1)
    pictures = {"A/1": one, "A/2": np.rot90(one), "B/1": brighter(one, 1.02), "B/2": scene(2)}
    audit = audit_dataset(add_dataset(folder({f"{name}.png": encode(p) for name, p in pictures.items()})))
    assert {(pair.first, pair.second) for pair in audit.near} == {(0, 1), (0, 2), (1, 2)}
    assert audit.near[0].correlation >= audit.near[1].correlation >= audit.near[2].correlation
