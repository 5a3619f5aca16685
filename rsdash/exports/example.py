"""The program of 20 lines that goes along with an exported model and needs nothing of rsdash.

It stands here as a text, since it runs elsewhere: `python example.py IMAGE`, with the packages of
requirements.txt. For bands of GeoTIFFs there is another one, which reads them with rasterio.
"""

from __future__ import annotations

from rsdash.config import Radiometry

_HEAD = '''"""Names the most probable classes of an image: python example.py IMAGE"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
'''

_PICTURE = f"""{_HEAD}
folder = Path(__file__).parent
card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
first, side = card["input"]["stored_px"], card["input"]["side_px"]

image = Image.open(sys.argv[1]).convert("RGB").resize((first, first), Image.Resampling.BILINEAR)
image = image.resize((side, side), Image.Resampling.BILINEAR)
pixels = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)[None] / 255  # (1, 3, side, side)

session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
logits = session.run(["logits"], {{"pixels": pixels}})[0][0].astype(float)
probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
for place in np.argsort(-probabilities)[:5]:
    print(f"{{probabilities[place]:.4f}}  {{card['classes'][place]}}")
"""

_BANDS = f"""{_HEAD.replace("import onnxruntime", "import onnxruntime" + chr(10) + "import rasterio")}
folder = Path(__file__).parent
card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
first, side = card["input"]["stored_px"], card["input"]["side_px"]
rule, bands = card["input"]["radiometry"], card["input"]["bands"]

with rasterio.open(sys.argv[1]) as file:  # bands by the names in the file, or by the usual order
    usual = next((names for names in rule["layouts"] if len(names) == file.count), None)
    names = list(file.descriptions if all(file.descriptions) else usual or bands)
    values = file.read([names.index(band) + 1 for band in bands]).astype(np.float32)
values = np.clip((values + rule["offset"]) * rule["scale"], 0, 1)
images = [Image.fromarray(band).resize((first, first), Image.Resampling.BILINEAR) for band in values]
images = [image.resize((side, side), Image.Resampling.BILINEAR) for image in images]
pixels = np.stack([np.asarray(image) for image in images])[None]  # (1, bands, side, side)

session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
logits = session.run(["logits"], {{"pixels": pixels}})[0][0].astype(float)
probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
for place in np.argsort(-probabilities)[:5]:
    print(f"{{probabilities[place]:.4f}}  {{card['classes'][place]}}")
"""

_PACKAGES = ("numpy>=1.26", "pillow>=10", "onnxruntime>=1.18")


def example_text(radiometry: Radiometry) -> str:
    """The program, for pictures or for bands."""
    return _PICTURE if radiometry.is_rgb8 else _BANDS


def example_requirements(radiometry: Radiometry) -> str:
    """The packages that it needs."""
    packages = _PACKAGES if radiometry.is_rgb8 else (*_PACKAGES, "rasterio>=1.3")
    return "\n".join(packages) + "\n"
