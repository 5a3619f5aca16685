from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.warp import transform as warp_points
from scipy import ndimage

from rsdash.errors import DataError
from rsdash.inference.scenes import joining
from rsdash.inference.scenes.areas import Transform, areas_on_scene, class_areas_m2
from rsdash.inference.scenes.patches import write_patches
from rsdash.inference.scenes.rasters import write_rasters

UTM = "EPSG:32632"
PLACE = (320.0, 0.0, 500_000.0, 0.0, -320.0, 5_300_000.0)
RADIUS_M = 6_378_137.0


def write_labels(
    folder: Path, labels: np.ndarray, crs: str = UTM, transform: Transform = PLACE
) -> np.ndarray:
    """Rasters of a map that says these labels, 255 without data, sure to 0.5 and more; counts by row."""
    classes = 4
    sureness = np.random.default_rng(5).uniform(0.5, 1, labels.shape)
    known = labels != 255
    probabilities = np.repeat(((1 - sureness) / (classes - 1))[..., None], classes, axis=2)
    np.put_along_axis(probabilities, np.where(known, labels, 0)[..., None], sureness[..., None], axis=2)
    probabilities[~known] = np.nan
    given = probabilities.astype(np.float32)
    return write_rasters(given, folder, crs=crs, transform=transform, temperature=1.0)


def polygons(folder: Path) -> tuple[list[dict], np.ndarray]:
    """Properties and geometries of patches.geojson."""
    content = json.loads((folder / "patches.geojson").read_text())
    assert content["type"] == "FeatureCollection"
    features = content["features"]
    assert all(feature["type"] == "Feature" for feature in features)
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    return [feature["properties"] for feature in features], np.array(shapes)


def patchy(seed: int = 0, shape: tuple[int, int] = (70, 90)) -> np.ndarray:
    """Labels of few large and many small patches, with holes and cells without data."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape) // 10
    labels = rng.integers(0, 4, (20, 20)).astype(np.uint8)[rows, columns]
    noisy = rng.random(labels.shape) < 0.15
    labels[noisy] = rng.integers(0, 4, noisy.sum())
    labels[rng.random(labels.shape) < 0.05] = 255
    return labels


def test_patches_are_the_connected_components_of_each_class(tmp_path: Path) -> None:
    labels = patchy(shape=(70, 90))
    write_labels(tmp_path, labels)
    count = write_patches(tmp_path, "abcd")
    found, shapes = polygons(tmp_path)
    with rasterio.open(tmp_path / "confidence.tif") as raster:
        confidence = raster.read(1)
    expected = []
    for label in range(4):
        of_patch = np.zeros(labels.shape, np.int32)
        ndimage.label(labels == label, output=of_patch)  # of 4 neighbours
        for number in range(1, of_patch.max() + 1):
            cells = of_patch == number
            expected.append((label, int(cells.sum()), float(confidence[cells].mean())))
    assert count == len(shapes) == len(expected) > 300
    got = sorted((patch["label"], patch["cells"], patch["confidence"]) for patch in found)
    for one, other in zip(got, sorted(expected), strict=True):
        assert one == pytest.approx(other, abs=2e-4)
    assert all(patch["class"] == "abcd"[patch["label"]] for patch in found)


def test_each_polygon_covers_the_cells_that_its_properties_are_of(tmp_path: Path) -> None:
    labels = patchy(1)
    side = 0.01
    write_labels(tmp_path, labels, "EPSG:4326", (side, 0.0, 9.0, 0.0, -side, 47.0))
    write_patches(tmp_path, "abcd")
    found, shapes = polygons(tmp_path)
    assert [patch["cells"] for patch in found] == np.round(shapely.area(shapes) / side**2).tolist()
    inside = shapely.point_on_surface(shapes)
    columns = ((shapely.get_x(inside) - 9) / side).astype(int)
    rows = ((47 - shapely.get_y(inside)) / side).astype(int)
    assert [patch["label"] for patch in found] == labels[rows, columns].tolist()


@pytest.mark.parametrize("on_scene", [(1.0, 1.0), (0.5, 0.25)])
def test_areas_of_patches_sum_to_those_of_their_classes(tmp_path: Path, on_scene: tuple) -> None:
    labels, place = patchy(2), (0.02, 0.0, 9.0, 0.0, -0.02, 71.0)
    counts = write_labels(tmp_path, labels, "EPSG:4326", place)
    write_patches(tmp_path, "abcd", on_scene=on_scene)
    found, _ = polygons(tmp_path)
    areas = areas_on_scene("EPSG:4326", place, labels.shape, on_scene)
    expected = class_areas_m2(counts, labels[:, -1], areas)
    for label in range(4):
        area = sum(patch["area_m2"] for patch in found if patch["label"] == label)
        assert area == pytest.approx(expected[label], rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_polygons_are_valid_and_share_their_borders_without_gap_or_overlap(tmp_path: Path, seed: int) -> None:
    labels = patchy(seed)
    write_labels(tmp_path, labels)
    write_patches(tmp_path, "abcd")
    _, shapes = polygons(tmp_path)
    assert shapely.is_valid(shapes).all()
    first, second = shapely.STRtree(shapes).query(shapes, "intersects")
    pairs = first < second
    shared = shapely.area(shapely.intersection(shapes[first[pairs]], shapes[second[pairs]]))
    assert pairs.sum() > 500 and shared.max() == 0
    whole = shapely.union_all(shapes)
    assert whole.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-12)
    holes = sum(len(part.interiors) for part in shapely.get_parts(whole))
    assert holes <= (labels == 255).sum()  # no slivers beside cells without data


def test_outer_rings_run_counterclockwise_and_holes_clockwise(tmp_path: Path) -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[3:6, 3:6] = 1
    labels[4, 4] = 255
    write_labels(tmp_path, labels)
    assert write_patches(tmp_path, "abcd") == 2
    content = json.loads((tmp_path / "patches.geojson").read_text())
    for feature in content["features"]:
        outer, hole = (shapely.LinearRing(ring) for ring in feature["geometry"]["coordinates"])
        assert outer.is_ccw and not hole.is_ccw


def test_cells_that_touch_at_a_corner_are_two_patches(tmp_path: Path) -> None:
    write_labels(tmp_path, np.array([[0, 1], [1, 0]], np.uint8))
    assert write_patches(tmp_path, "abcd") == 4


def test_runs_are_joined_across_blocks_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.zeros((20, 9), np.uint8)
    labels[:-1, 1::2] = 1  # a comb: the first class is joined by the last row alone
    write_labels(tmp_path, labels)
    monkeypatch.setattr(joining, "BLOCK_ROWS", 3)
    assert write_patches(tmp_path, "abcd") == 5
    assert sorted(patch["cells"] for patch in polygons(tmp_path)[0]) == [19, 19, 19, 19, 104]


def test_corners_are_where_the_projection_puts_them(tmp_path: Path) -> None:
    left, top, side = 1_000_000.0, -6_000_000.0, 500.0
    write_labels(tmp_path, np.zeros((3, 2), np.uint8), "EPSG:3857", (side, 0, left, 0, -side, top))
    write_patches(tmp_path, "abcd")
    west, south, east, north = polygons(tmp_path)[1][0].bounds

    def latitude(y: float) -> float:
        return math.degrees(2 * math.atan(math.exp(y / RADIUS_M)) - math.pi / 2)

    expected = (math.degrees(left / RADIUS_M), latitude(top - 3 * side))
    assert (west, south) == pytest.approx(expected, abs=1e-7)
    expected = (math.degrees((left + 2 * side) / RADIUS_M), latitude(top))
    assert (east, north) == pytest.approx(expected, abs=1e-7)


def test_long_straight_edges_follow_the_map(tmp_path: Path) -> None:
    write_labels(tmp_path, np.zeros((300, 300), np.uint8))  # 96 km: the chord would stray by 200 m
    write_patches(tmp_path, "abcd")
    border = polygons(tmp_path)[1][0].boundary
    eastings = 500_000 + 320 * np.arange(301)
    places = np.column_stack(warp_points(UTM, "EPSG:4326", eastings, np.full(301, 5_300_000.0))[:2])
    assert shapely.distance(shapely.points(places), border).max() < 1e-5  # degrees: a metre
    assert shapely.get_num_coordinates(border) < 100


@pytest.mark.parametrize("y", [2_000_000.0, -2_000_000.0])
def test_a_patch_across_the_antimeridian_is_cut_there(tmp_path: Path, y: float) -> None:
    middle = RADIUS_M * math.radians(30)  # 180 degrees in EPSG:3832, a Mercator about 150 degrees east
    labels = np.zeros((4, 10), np.uint8)
    labels[:, 8:] = 1
    write_labels(tmp_path, labels, "EPSG:3832", (1000, 0, middle - 5000, 0, -1000, y))
    assert write_patches(tmp_path, "abcd") == 2
    across, east = polygons(tmp_path)[1]
    assert across.geom_type == "MultiPolygon" and across.is_valid and east.geom_type == "Polygon"
    bounds = sorted(part.bounds[::2] for part in across.geoms)
    degree = 1000 / RADIUS_M * 180 / math.pi
    assert bounds[0] == pytest.approx((-180, -180 + 3 * degree), abs=1e-6)
    assert bounds[1] == pytest.approx((180 - 5 * degree, 180), abs=1e-6)
    assert all(part.exterior.is_ccw for part in across.geoms)


def test_a_map_without_data_has_no_patches(tmp_path: Path) -> None:
    write_labels(tmp_path, np.full((5, 5), 255, np.uint8))
    assert write_patches(tmp_path, "abcd") == 0
    assert polygons(tmp_path)[0] == []


def test_names_of_classes_may_be_anything(tmp_path: Path) -> None:
    names = ('a "quoted"\n\\', "b\0", "森\udcff", "d")
    write_labels(tmp_path, np.array([[0, 1, 2, 3]], np.uint8))
    write_patches(tmp_path, names)
    assert [patch["class"] for patch in polygons(tmp_path)[0]] == list(names)


def test_too_many_patches_are_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_labels(tmp_path, (np.indices((8, 8)).sum(axis=0) % 2).astype(np.uint8))
    monkeypatch.setattr(joining, "MOST_PATCHES", 63)
    with pytest.raises(DataError, match=r"falls into 64 patches, too many .* \(at most 63\)"):
        write_patches(tmp_path, "abcd")
    monkeypatch.setattr(joining, "MOST_RUNS", 60)
    with pytest.raises(DataError, match="more pieces than can be counted"):
        write_patches(tmp_path, "abcd")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classes.tif", "confidence.tif"]
