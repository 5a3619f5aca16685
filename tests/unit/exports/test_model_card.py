"""What a model card says: figures with intervals and roles, terms of images and weights, cautions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from rsdash.config import RGB8, RunConfig, make_radiometry
from rsdash.data import PUBLIC_SETS, add_dataset, open_dataset
from rsdash.data.sample import SAMPLE_LICENCE
from rsdash.errors import RunError
from rsdash.evaluation.figures import headline
from rsdash.evaluation.wording import figure_text
from rsdash.exports.card import Card, CardInput, read_card_file
from rsdash.exports.describing import build_card
from rsdash.exports.markdown import escaped, input_in_words, model_card
from rsdash.exports.terms import data_terms, shareable, weights_terms
from rsdash.runs.contender import whole_evaluation
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.records import DataReference
from tests.finished import change_answers, copy_run, edit, entries_in
from tests.tiny import make_run

COUNT = 400
"""Held-out images of the examples."""
INPUT = CardInput(
    radiometry=RGB8,
    bands=("red", "green", "blue"),
    stored_px=64,
    side_px=224,
    mean=(0.5,) * 3,
    std=(0.2,) * 3,
)


def card_of(entry: RunEntry) -> Card:
    return build_card(entry, input=INPUT, parameters=1_234_567)


@pytest.fixture
def entry(runs_dir: Path, data_place: Path) -> RunEntry:
    copy_run(runs_dir, "alexnet", 1, name="a *bold* | name")
    return entries_in(runs_dir)[0]


def test_figures_are_those_of_the_evaluation(entry: RunEntry) -> None:
    figures, (shown,) = headline(whole_evaluation(entry)), card_of(entry).figures
    assert (shown.role, shown.images) == ("held-out", COUNT)
    assert shown.values["accuracy"] == figures.accuracy
    assert shown.values["kappa"] == figures.kappa
    low, high = shown.intervals["accuracy"]
    right = round(figures.accuracy * COUNT)
    assert (low, high) == pytest.approx(proportion_confint(right, COUNT, method="wilson"))
    assert set(shown.per_class) == set(entry.request.data.classes)


def test_each_role_has_figures_of_its_own_and_flattering_ones_say_so(entry: RunEntry) -> None:
    def all_selected_on(arrays: dict) -> None:
        arrays["roles"] = np.full(COUNT, "validation, used to choose")

    def half(arrays: dict) -> None:
        arrays["roles"] = np.array(["validation, used to choose"] * 100 + ["held-out"] * (COUNT - 100))

    change_answers(entry.folder, half)
    assert [(one.role, one.images) for one in card_of(entry).figures] == [
        ("held-out", COUNT - 100),
        ("validation, used to choose", 100),
    ]
    assert not [text for text in card_of(entry).cautions if "flatter it" in text]
    change_answers(entry.folder, all_selected_on)
    assert [text for text in card_of(entry).cautions if "flatter it" in text]


def test_the_text_holds_all_that_a_stranger_needs(entry: RunEntry) -> None:
    text = model_card(card_of(entry), ["model.safetensors"])
    shown = headline(whole_evaluation(entry))
    assert text.startswith("# a \\*bold\\* \\| name\n")
    for words in (
        "What it was not made for",
        "Other regions, seasons, sensors",
        figure_text(shown.accuracy, shown.half_width("accuracy")),
        f"held-out, n = {COUNT}",
        f"| 0 | AnnualCrop | {COUNT // 10} |",
        entry.request.data.fingerprint,
        "random numbers",
        "torch 2.14.1",
        "64 x 64 px",
        "224 x 224 px",
    ):
        assert words in text.replace("Random", "random"), words
    assert "model.onnx" not in text, "there is none here"


def test_json_comes_back_as_it_was(entry: RunEntry, tmp_path: Path) -> None:
    card = card_of(entry)
    (tmp_path / "card.json").write_text(card.model_dump_json())
    assert read_card_file(tmp_path / "card.json") == card
    assert json.loads(card.model_dump_json())["format"] == "rsdash-model"
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(RunError, match="no model card"):
        read_card_file(tmp_path / "card.json")


def test_a_public_set_brings_its_terms(data_place: Path) -> None:
    named = DataReference(
        name="eurosat",
        fingerprint="f" * 32,
        classes=tuple("abcdefghij"),
        split="longitude",
        counts={"train": 3, "validation": 0, "test": 1},
        test_role="held-out",
    )
    terms = data_terms(named)
    assert terms.licence == PUBLIC_SETS["eurosat"].licence and "Helber" in terms.citation
    assert terms.region == "34 European countries" and terms.resolution == "10 m"
    other = data_terms(named.model_copy(update={"classes": ("a", "b")}))
    assert other.licence == other.title == "", "a set of one's own that is called the same"


def test_a_set_of_ones_own_says_that_its_terms_are_not_known(tiles_dir: Path, data_place: Path) -> None:
    dataset = add_dataset(tiles_dir)
    data = DataReference(
        name="tiles",
        fingerprint=dataset.manifest.fingerprint,
        classes=tuple(dataset.manifest.classes),
        split="s",
        counts={"train": 1, "validation": 0, "test": 1},
        test_role="held-out",
    )
    assert data_terms(data).licence == ""
    sample = open_dataset("sample")
    drawn = data.model_copy(update={"name": "sample", "fingerprint": sample.manifest.fingerprint})
    assert data_terms(drawn).licence == SAMPLE_LICENCE


def test_licences_of_first_weights(runs_dir: Path, data_place: Path) -> None:
    assert weights_terms(RunConfig()).origin == "random numbers"
    lite = RunConfig(model="tf_efficientnet_lite0", weights="packaged", im_size=64)
    assert weights_terms(lite).licence.startswith("Apache-2.0")
    assert "ImageNet" in weights_terms(RunConfig(model="mobilenet_v3_small", weights="imagenet")).licence
    first = make_run(runs_dir, name="first")
    edit(first.path / "config.json", lambda c: c["config"].update(weights="file:/home/me/old.safetensors"))
    followed = weights_terms(RunConfig(weights=f"run:{first.id}"))
    assert first.id in followed.origin and "not known" in followed.licence
    assert "no longer there" in weights_terms(RunConfig(weights="run:20200101-000000-alexnet-000000")).origin


def test_paths_of_this_machine_stay_here() -> None:
    assert shareable(RunConfig(weights="file:/home/me/old.safetensors")).weights == "file:old.safetensors"
    assert shareable(RunConfig(weights="random")) == RunConfig()


def test_synthetic_images_are_called_so(runs_dir: Path, data_place: Path) -> None:
    folder = copy_run(runs_dir, "resnet18", 2)
    edit(folder.path / "config.json", lambda c: c["data"].update(synthetic=True))
    card = card_of(RunIndex(runs_dir).refresh().find(folder.id))
    assert any("no satellite image at all" in text for text in card.cautions)
    assert "drawn by a program" in model_card(card, [])


def test_words_of_ones_own_stay_words() -> None:
    assert escaped("<script>*x*\n# [a](b) | `c`") == r"\<script\>\*x\* \# \[a\](b) \| \`c\`"


def test_bands_are_told_in_their_order() -> None:
    radiometry = make_radiometry("sentinel2-offset", "B08,B04")
    taken = INPUT.model_copy(
        update={"radiometry": radiometry, "bands": radiometry.channel_names, "stored_px": 224}
    )
    words = input_in_words(taken)
    assert re.match(r"Read B08, B04 in this order, squash it to 224 x 224 px", words)
    assert "enlarge" not in words and "(DN - 1000) * 0.0001" in words
