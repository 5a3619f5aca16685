from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rsdash.data.audit import Audit, IdenticalImages, Kind, NearDuplicates, alike, findings, small_classes
from rsdash.data.manifest import Refusal

NOTHING: dict[str, Any] = {
    "format": 1, "fingerprint": "f", "image_count": 20, "made_at": "2026-01-01T00:00:00+00:00",
    "thresholds": {}, "refused": (), "identical": (), "near": (), "groups": (), "conflicts": (),
    "too_uniform": (), "blank": (), "size_outliers": (), "mode_outliers": (), "modes": {"RGB": 20},
    "counts": {"A": 10, "B": 10},
}  # fmt: skip
LABELS = np.repeat([0, 1], 10)


def audit_of(**changes: Any) -> Audit:
    return Audit(**{**NOTHING, **changes})


def near(first: int, second: int, number: int = 0) -> NearDuplicates:
    return NearDuplicates(first=first, second=second, symmetry=number, difference=1.5, correlation=0.9)


def test_nothing_found_is_an_empty_list():
    assert findings(audit_of(), LABELS) == []


def test_the_worst_comes_first_and_each_kind_counts_its_own():
    audit = audit_of(
        refused=(Refusal(name="A/x.png", reason="broken"),),
        identical=(
            IdenticalImages(rows=(0, 1, 12), same_bytes=True),
            IdenticalImages(rows=(14, 15), same_bytes=False),
        ),
        near=(near(2, 3, 5), near(4, 13, 1)),
        groups=((0, 1, 12), (2, 3), (4, 13), (14, 15)),
        conflicts=((0, 1, 12), (4, 13)),
        size_outliers=(5,),
        mode_outliers=(6, 7),
        blank=(8,),
        too_uniform=(8, 9, 10),
        counts={"A": 30, "B": 10, "C": 11},
    )
    found = findings(audit, LABELS)
    counts = [(finding.kind.value, finding.count) for finding in found]
    assert counts == [
        ("two labels", 2), ("copies", 2), ("near-duplicates", 1), ("unreadable", 1), ("unusual size", 1),
        ("unusual pixels", 2), ("blank", 1), ("too uniform", 3), ("imbalance", 1),
    ]  # fmt: skip
    pairs = {finding.kind: [pair[:3] for pair in finding.pairs] for finding in found}
    assert pairs[Kind.LABELS] == [(0, 12, 0), (4, 13, 1)]
    assert pairs[Kind.COPIES] == [(0, 1, 0), (14, 15, 0)]
    assert pairs[Kind.NEAR] == [(2, 3, 5)]
    assert [pair.same_bytes for pair in found[1].pairs] == [True, False]
    assert found[7].rows == (8, 9, 10)
    assert found[8].why.startswith("A has 30, B has 10. ")


@pytest.mark.parametrize(("rows", "verb"), [((3,), "image is blank"), ((3, 4), "images are blank")])
def test_a_title_agrees_with_its_number(rows, verb):
    (finding,) = findings(audit_of(blank=rows), LABELS)
    assert finding.title == verb


def test_a_third_of_the_largest_class_is_small():
    assert small_classes(audit_of(counts={"A": 30, "B": 10, "C": 11})) == ("B",)


def test_without_all_seconds_one_image_of_each_group_stays():
    audit = audit_of(
        identical=(IdenticalImages(rows=(3, 5, 9), same_bytes=True),),
        near=(near(1, 3), near(1, 2), near(2, 3), near(6, 7)),
        groups=((1, 2, 3, 5, 9), (6, 7)),
    )
    seconds = {pair.second for pair in alike(audit)}
    assert [set(rows) - seconds for rows in audit.groups] == [{1}, {6}]
