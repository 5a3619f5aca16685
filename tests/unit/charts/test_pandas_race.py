"""Charts that are drawn while another thread still imports pandas, as a second visitor's page does."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import importlib, sys, threading
import plotly.graph_objects
importing = threading.Thread(target=importlib.import_module, args=["pandas"])
importing.start()
while "pandas" not in sys.modules:
    pass
from rsdash.charts import rate_schedule
try:
    print(len(rate_schedule([0, 1], [0.1, 0.01], [0.1, 0.01], title="The rate falls").data))
finally:
    importing.join()
"""


def test_a_chart_waits_until_pandas_is_whole() -> None:
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "1", done.stderr[-500:]
