"""The model card as MODEL_CARD.md, for people."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from rsdash.config import RunConfig, as_text
from rsdash.evaluation.roles import images_of
from rsdash.evaluation.wording import figure_text
from rsdash.exports.card import INPUT_NAME, OUTPUT_NAME, Card, CardFigures, CardInput

NAMES = {
    "accuracy": "Overall accuracy",
    "average_accuracy": "Average accuracy of classes",
    "macro_f1": "Macro F1",
    "kappa": "Kappa",
    "loss": "Log loss (nats)",
    "brier": "Brier score",
    "ece": "Calibration error (ECE)",
}


def model_card(card: Card, files: Collection[str]) -> str:
    """The text of MODEL_CARD.md.

    Args:
        card: what it says.
        files: names of those that it goes along with.
    """
    lines: list[str] = [f"# {escaped(card.name)}", ""]
    for heading, content in (
        ("", _summary(card)),
        ("What it was not made for", (f"- {escaped(text)}" for text in card.cautions)),
        ("Figures", _figures(card)),
        ("What it takes and gives", _use(card, files)),
        ("Training data", _data(card)),
        ("First weights", [f"{_sentence(card.initial_weights.origin)} {_terms(card)}"]),
        ("Attribution", (f"- {escaped(text)}" for text in card.attribution)),
        ("Training", _training(card)),
    ):
        lines += [f"## {heading}", ""] if heading else []
        lines += [*content, ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Words of a person's own on one line, with the signs of Markdown and HTML as they were typed."""
    return re.sub(r"([\\`*_{}\[\]#!|<>~&$])", r"\\\1", " ".join(text.split()))


def input_in_words(taken: CardInput) -> str:
    """How an image becomes what the network takes."""
    squash = f"squash it to {taken.stored_px} x {taken.stored_px} px (bilinear, antialiased)"
    enlarge = f", then enlarge that to {taken.side_px} x {taken.side_px} px (bilinear)"
    return (
        f"Read {', '.join(taken.bands)} in this order, {squash}"
        f"{enlarge if taken.side_px != taken.stored_px else ''}. Values: {taken.radiometry.describe()}."
    )


def _summary(card: Card) -> Iterator[str]:
    taken, best = card.input, card.figures[0] if card.figures else None
    yield (
        f"A classifier of {taken.side_px} px images in {len(card.classes)} classes: "
        f"{escaped(card.settings.model)}, {card.parameters:,} parameters, trained with rsdash on "
        f"{escaped(card.data.title or card.data.name)}."
    )
    if best:
        accuracy = figure_text(best.values.get("accuracy"), _half_width(best, "accuracy"))
        yield f"Overall accuracy {accuracy} on {best.images:,} images ({escaped(best.role)})."


def _figures(card: Card) -> Iterator[str]:
    yield "± is half the width of a 95 % interval. The role says what a figure is worth: nothing was selected"
    yield "on held-out or given test images; figures on images that something was selected on are too good."
    yield ""
    roles = [f"{escaped(one.role)}, n = {one.images:,}" for one in card.figures]
    yield from _table(
        ("figure", *roles),
        (
            (words, *(figure_text(one.values.get(name), _half_width(one, name)) for one in card.figures))
            for name, words in NAMES.items()
        ),
    )
    for one in card.figures:
        if one.groups:
            yield f"\nThe {images_of(one.role)} come in {one.groups:,} groups of dependent images."
    if card.figures:
        yield ""
        yield f"Classes, on the {escaped(images_of(card.figures[0].role))}, in the order of the logits:"
        yield ""
        heads = ("no.", "class", "images", "producer's accuracy", "user's accuracy", "F1")
        each = card.figures[0].per_class
        yield from _table(heads, (_class_row(number, name, each) for number, name in enumerate(card.classes)))


def _class_row(
    number: int, name: str, each: dict[str, tuple[int, float | None, float | None, float | None]]
) -> tuple[str, ...]:
    images, *shares = each.get(name, (0, None, None, None))
    texts = ("–" if share is None else f"{share:.3f}" for share in shares)
    return (str(number), escaped(name), f"{images:,}", *texts)


def _use(card: Card, files: Collection[str]) -> Iterator[str]:
    taken = card.input
    shape = f"(batch, {len(taken.bands)}, {taken.side_px}, {taken.side_px})"
    mean, std = (", ".join(f"{value:.6g}" for value in values) for values in (taken.mean, taken.std))
    yield escaped(input_in_words(taken))
    yield ""
    if card.onnx:
        yield (
            f"- `model.onnx`: input `{INPUT_NAME}`, float32 {shape} on [0, 1]; it normalizes itself. Output "
            f"`{OUTPUT_NAME}`, float32 (batch, {len(card.classes)}); softmax makes probabilities of them. "
            f"Logits differ by at most {card.onnx.largest_difference:.1e} from the original in fp32, in "
            f"batches of {', '.join(map(str, card.onnx.batch_sizes))} ({escaped(card.onnx.software)}, "
            f"operators {card.onnx.opset})."
        )
    if "model.safetensors" in files:
        yield (
            f"- `model.safetensors`: the weights; subtract the mean ({mean}) from values on [0, 1] and "
            f"divide by the standard deviation ({std}) first."
        )
    if "example.py" in files:
        yield "- `example.py IMAGE` names the most probable classes, with the packages of `requirements.txt`."
    if "run/config.json" in files:
        yield "- The whole zip is taken by `python -m rsdash import`; `run/` is for that."


def _data(card: Card) -> Iterator[str]:
    data = card.data
    rows = {
        "name": data.title or data.name,
        "synthetic": "yes: drawn by a program" if data.synthetic else "",
        "region": data.region,
        "resolution": data.resolution,
        "images": ", ".join(f"{count:,} {part}" for part, count in data.counts.items()),
        "split": data.split,
        "split checked for": "; ".join(f"{what}: {state}" for what, state in data.checked.items()),
        "licence": data.licence or "not known; ask whoever made the images",
        "citation": data.citation,
        "origin": data.origin,
        "fingerprint": data.fingerprint,
    }
    yield from _table(("", ""), ((name, escaped(text)) for name, text in rows.items() if text))


def _training(card: Card) -> Iterator[str]:
    rows = {
        "run": card.run_id,
        "trained": card.trained_at,
        "epochs": str(card.epochs),
        "device": card.device,
        "software": ", ".join(f"{name} {version}" for name, version in card.software.items()),
    }
    changed = card.settings.changed_from(RunConfig())
    rows |= {name: as_text(value) for name, (_, value) in changed.items()}
    yield from _table(("", ""), ((name, escaped(text)) for name, text in rows.items() if text))
    yield ""
    yield "All other settings are those of the `paper` preset; `card.json` holds every one."


def _terms(card: Card) -> str:
    return f"Licence: {escaped(card.initial_weights.licence)}."


def _sentence(text: str) -> str:
    return f"{escaped(text[:1].upper() + text[1:])}."


def _half_width(figures: CardFigures, name: str) -> float | None:
    ends = figures.intervals.get(name)
    return (ends[1] - ends[0]) / 2 if ends else None


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
