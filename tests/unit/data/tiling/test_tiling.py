"""Tiles are cut where the labels say, keep their numbers and their place, and nothing is silent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely

from rsdash.data.tiling import TileRule, cut_tiles, label_fields, look_at_scene, plan_tiles, read_labels
from rsdash.errors import DataError, DataNotFoundError
from tests.scenes import LEFT_M, PIXEL_M, TOP_M, UTM, point, rectangle, write_geojson, write_scene


@pytest.fixture
def pixels() -> np.ndarray:
    """160 x 240 px, three bands; no two pixels of the first band beside each other are alike."""
    return np.random.default_rng(0).integers(1, 256, (160, 240, 3), dtype=np.uint8)


@pytest.fixture
def scene(tmp_path: Path, pixels: np.ndarray) -> Path:
    return write_scene(tmp_path / "scene.tif", pixels)


def planned(scene: Path, labels: Path, **rule) -> dict[tuple[int, int], str]:
    plan = plan_tiles(look_at_scene(scene), read_labels(labels), TileRule(**{"tile_m": 160, **rule}))
    return {(tile.column, tile.row): tile.label for tile in plan.tiles}


def test_pixels_are_measured_on_the_ground(scene):
    facts = look_at_scene(scene)
    # at the central meridian of UTM a metre on the map is 0.9996 of one on the ground
    assert facts.pixel_width_m == pytest.approx(10 / 0.9996, rel=2e-4)
    assert facts.pixel_height_m == pytest.approx(10 / 0.9996, rel=2e-4)


def test_polygons_label_the_windows_that_they_cover(tmp_path, scene):
    west, east = rectangle(0, 0, 64, 160), rectangle(64, 0, 240, 160)
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "west"}, west), ({"class": "east"}, east)])
    found = planned(scene, labels)
    assert len(found) == 10 * 15
    assert all(label == ("west" if column < 64 else "east") for (column, _), label in found.items())


@pytest.mark.parametrize(("min_share", "columns"), [(0.4, [0, 16, 32]), (0.6, [0, 16]), (1.0, [0, 16])])
def test_a_window_needs_its_share(tmp_path, scene, min_share, columns):
    # the third column of windows, from px 32 to 48, is covered by half
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "a"}, rectangle(-0.3, -0.3, 40, 160.3))])
    found = planned(scene, labels, min_share=min_share)
    assert sorted({column for column, _ in found}) == columns


def test_overlap_and_two_polygons_of_a_class_over_each_other(tmp_path, scene):
    twice = [({"class": "a"}, rectangle(0, 0, 8, 160)), ({"class": "a"}, rectangle(0, 0, 8, 160))]
    labels = write_geojson(tmp_path / "l.geojson", twice)
    with pytest.raises(DataError, match="covered too little by one class"):
        planned(scene, labels, min_share=0.7)  # half the window, not twice the half
    labels = write_geojson(tmp_path / "m.geojson", [({"class": "a"}, rectangle(-1, -1, 49, 33))])
    found = planned(scene, labels, overlap=0.5, min_share=0.999)
    assert sorted(found) == [(column, row) for column in (0, 8, 16, 24, 32) for row in (0, 8, 16)]


def test_points_stand_in_the_middle_and_the_edge_is_left_out(tmp_path, scene):
    features = [
        ({"class": "a"}, point(100, 50)),
        ({"class": "b"}, point(3, 80)),  # its window would reach over the edge
        ({"class": "b"}, point(200, 100)),
        ({"class": "a"}, point(60, 60)),
        ({"class": "b"}, point(60, 60)),
    ]
    labels = write_geojson(tmp_path / "l.geojson", features)
    plan = plan_tiles(look_at_scene(scene), read_labels(labels), TileRule(tile_m=160))
    found = {(tile.column, tile.row): tile.label for tile in plan.tiles}
    assert found == {(92, 42): "a", (192, 92): "b"}
    assert plan.skipped == {"over the edge of the scene": 1, "two classes at one place": 1}


def test_tiles_keep_numbers_place_and_bands(tmp_path, scene, pixels):
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "a/b"}, rectangle(0, 0, 64, 32))])
    facts = look_at_scene(scene)
    plan = plan_tiles(facts, read_labels(labels), TileRule(tile_m=160))
    seen: list[tuple[int, int]] = []
    cut = cut_tiles(facts, plan, tmp_path / "out", on_progress=lambda *state: seen.append(state))
    assert cut.counts == {"a/b": 8}
    assert seen[-1] == (8, 8)
    files = sorted((tmp_path / "out").rglob("*.tif"))
    assert {file.parent.name for file in files} == {"a-b"}
    for file in files:
        row, column = (int(part[1:]) for part in file.stem.split("_")[-2:])
        with rasterio.open(file) as tile:
            expected = pixels[row : row + 16, column : column + 16]
            assert np.array_equal(np.moveaxis(tile.read(), 0, -1), expected)
            assert tile.crs.to_epsg() == 32632
            corner = (tile.transform.c, tile.transform.f)
            assert corner == pytest.approx((LEFT_M + column * PIXEL_M, TOP_M - row * PIXEL_M))


def test_bands_keep_names_and_depth(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 30_000, (64, 64, 4), dtype=np.uint16)
    scene = write_scene(tmp_path / "deep.tif", pixels)
    with rasterio.open(scene, "r+") as raster:
        raster.descriptions = ("B02", "B03", "B04", "B08")
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "a"}, rectangle(0, 0, 64, 64))])
    facts = look_at_scene(scene)
    cut_tiles(facts, plan_tiles(facts, read_labels(labels), TileRule(tile_m=320)), tmp_path / "out")
    with rasterio.open(tmp_path / "out/a/deep_r000000_c000032.tif") as tile:
        assert tile.descriptions == ("B02", "B03", "B04", "B08")
        assert np.array_equal(tile.read(4), pixels[:32, 32:, 3])


def test_tiles_without_data_are_left_out_by_the_mask(tmp_path, pixels):
    pixels[:, :40] = 0
    scene = write_scene(tmp_path / "holes.tif", pixels, nodata=0)
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "a"}, rectangle(0, 0, 64, 32))])
    facts = look_at_scene(scene)
    plan = plan_tiles(facts, read_labels(labels), TileRule(tile_m=160))
    strict = cut_tiles(facts, plan, tmp_path / "strict")
    assert (strict.counts, strict.skipped) == ({"a": 2}, {"without data": 6})
    half = cut_tiles(facts, plan, tmp_path / "half", max_nodata=0.5)
    assert half.counts == {"a": 4}


def test_pixels_of_degrees_give_tiles_that_are_square_on_the_ground(tmp_path, pixels):
    north = rasterio.Affine(0.0002, 0, 11.0, 0, -0.0001, 60.0)  # at 60 degrees, about 11.1 m both
    scene = write_scene(tmp_path / "degrees.tif", pixels, crs="EPSG:4326", transform=north)
    facts = look_at_scene(scene)
    assert facts.pixel_width_m == pytest.approx(11.16, abs=0.02)  # 111.32 km x cos 60 deg x 1.0013 / 10,000
    assert facts.pixel_height_m == pytest.approx(11.14, abs=0.02)


def test_a_geopackage_reads_like_geojson(tmp_path, scene):
    ring = np.array([[500_000, 5_299_000], [501_000, 5_299_000], [501_000, 5_300_000], [500_000, 5_300_000]])
    path = tmp_path / "labels.gpkg"
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(shapely.Polygon(ring))], dtype=object),
        field_data=[np.array([7.0]), np.array(["x"], dtype=object)],
        fields=np.array(["Label", "who"], dtype=object),
        crs=UTM,
        geometry_type="Polygon",
        layer="fields",
    )
    assert label_fields(path) == ["Label", "who"]
    labels = read_labels(path)
    assert labels.classes == ("7",)
    assert len(planned(scene, path)) == 36


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<OGRVRTDataSource></OGRVRTDataSource>", "neither GeoJSON nor a GeoPackage"),
        ('{"type": "FeatureCollection", "features": [', "not valid JSON"),
        ('{"type": "Topology"}', "neither GeoJSON nor a GeoPackage"),
        ("", "neither GeoJSON nor a GeoPackage"),
    ],
)
def test_other_files_are_refused(tmp_path, content, sentence):
    path = tmp_path / "labels.geojson"
    path.write_text(content)
    with pytest.raises(DataError, match=sentence):
        read_labels(path)


def test_wrong_fields_and_geometries_are_one_sentence(tmp_path, scene):
    line = {"type": "LineString", "coordinates": [[0.0, 0.0], [1.0, 1.0]]}
    road = write_geojson(tmp_path / "line.geojson", [({"class": "road"}, line)], degrees=False)
    with pytest.raises(DataError, match="has a LineString"):
        read_labels(road)
    two = write_geojson(tmp_path / "two.geojson", [({"kind": "a", "year": 1}, point(9, 9))])
    with pytest.raises(DataError, match=r"Say which field .* kind, year"):
        read_labels(two)
    with pytest.raises(DataError, match="no field 'cls'; it has kind, year"):
        read_labels(two, "cls")
    empty = write_geojson(tmp_path / "empty.geojson", [({"class": None}, point(9, 9))])
    with pytest.raises(DataError, match="No feature"):
        read_labels(empty)
    far = write_geojson(tmp_path / "far.geojson", [({"class": "a"}, point(90_000, 9))])
    with pytest.raises(DataError, match=r"None of the labels lies within scene\.tif"):
        planned(scene, far)
    with pytest.raises(DataNotFoundError, match="There are no labels"):
        read_labels(tmp_path / "nothing.geojson")


def test_scenes_that_cannot_be_cut(tmp_path, pixels, scene):
    plain = write_scene(tmp_path / "plain.tif", pixels, crs=None)
    with pytest.raises(DataError, match="does not say where on Earth"):
        look_at_scene(plain)
    disguised = tmp_path / "disguised.tif"
    disguised.write_text(
        f"<VRTDataset><VRTRasterBand><SourceFilename>{scene}</SourceFilename></VRTRasterBand>"
    )
    with pytest.raises(DataError, match="not a GeoTIFF") as refused:
        look_at_scene(disguised)
    assert str(tmp_path) not in str(refused.value)  # a dropped file lies where nobody put it
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "a"}, rectangle(0, 0, 64, 64))])
    with pytest.raises(DataError, match="would be 3 x 3 px"):
        planned(scene, labels, tile_m=30)
    with pytest.raises(DataError, match="larger than scene"):
        planned(scene, labels, tile_m=2000)
    with pytest.raises(DataError, match=r"overlap=1 is out of range"):
        TileRule(tile_m=100, overlap=1)


def test_a_damaged_scene_is_one_sentence(tmp_path, scene):
    labels = write_geojson(tmp_path / "l.geojson", [({"class": "a"}, rectangle(0, 0, 240, 160))])
    facts = look_at_scene(scene)
    plan = plan_tiles(facts, read_labels(labels), TileRule(tile_m=160))
    scene.write_bytes(scene.read_bytes()[:30_000])
    with pytest.raises(DataError, match=r"scene\.tif is (damaged|not a GeoTIFF)"):
        cut_tiles(facts, plan, tmp_path / "out")


def test_the_order_of_features_does_not_matter(tmp_path, scene):
    features = [
        ({"class": "a"}, rectangle(0, 0, 70, 90)),
        ({"class": "b"}, rectangle(50, 40, 200, 150)),
        ({"class": "c"}, point(100, 30)),
    ]
    one = planned(scene, write_geojson(tmp_path / "1.geojson", features))
    other = planned(scene, write_geojson(tmp_path / "2.geojson", features[::-1]))
    assert one == other and json.dumps(sorted(one)) == json.dumps(sorted(other))
