"""The splits of a data set: what there is, what each was checked for, and a form for another."""

from __future__ import annotations

import streamlit as st

from rsdash.charts import split_counts
from rsdash.data import Dataset, Split
from rsdash.data.splitting import stored_splits
from rsdash.ui.data.pair_form import pair_form
from rsdash.ui.data.split_form import LOOK_AT, split_form
from rsdash.ui.links import page
from rsdash.ui.words import plain

COUNTS = ("Train", "Validation", "Test", "Kept together", "Left out")


def split_view(dataset: Dataset) -> None:
    """All stored splits in a table, one of them in detail, and the form."""
    splits = stored_splits(dataset)
    if splits:
        st.caption("A split never changes once it is stored, so that runs on it stay comparable.")
        st.dataframe(
            [_row(split) for split in splits],
            hide_index=True,
            alt="Splits with the number of images of each part and what was checked",
            column_config={name: st.column_config.NumberColumn(format="localized") for name in COUNTS},
        )
        names = [split.name for split in splits]
        if (made := st.session_state.pop(LOOK_AT, None)) in names:
            st.session_state["shown-split"] = made
        name = st.selectbox("Look at", names, key="shown-split")
        _detail(dataset, splits[names.index(name)])
    else:
        st.info("No split yet. A run makes one from its shares; below you can make one of your own.")
    st.subheader("Another split")
    split_form(dataset)
    if len(splits) > 1:
        st.subheader("One recipe, two splits")
        st.caption(
            "A random split puts neighbours and near-duplicates on both sides and flatters. Train the same "
            "recipe under two splits to see by how much."
        )
        pair_form(dataset, splits)


def _row(split: Split) -> dict[str, object]:
    return {
        "Name": split.name,
        "Train": len(split.train),
        "Validation": len(split.validation),
        "Test": len(split.test),
        "Kept together": split.kept_together,
        "Left out": sum(split.left_out.values()),
        "Duplicates": split.checked["duplicates"],
        "Positions": split.checked["positions"],
    }


def _detail(dataset: Dataset, split: Split) -> None:
    counts = split.counts(dataset.manifest.labels, len(dataset.info.classes))
    totals = ", ".join(f"{number} {part}" for part, number in split.sizes.items())
    st.plotly_chart(
        split_counts(counts, dataset.info.classes), key="split-counts", alt=f"Images of each class: {totals}"
    )
    lines = [f"{what.capitalize()}: {plain(found)}" for what, found in split.checked.items()]
    if split.kept_together:
        lines.append(f"{split.kept_together:,} images stand on one side with others of their group")
    lines += [f"Left out, {plain(reason)}: {count:,} images" for reason, count in split.left_out.items()]
    st.markdown("\n".join(f"- {line}" for line in lines))
    if split.checked["duplicates"] == "not checked":
        st.warning(
            "Nobody has looked for duplicates here: the same image may be trained on and tested on. "
            "Run the audit, then make the split anew."
        )
    st.page_link(
        page("train"),
        label="Train on this split",
        icon=":material/model_training:",
        query_params={"data": dataset.name, "split": split.name},
    )
