"""The app without a browser: a page, and the words on it."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

WAIT_S = 240  # a busy machine is no fault
APP = Path(__file__).parents[1] / "app.py"
KINDS = "title header subheader markdown caption code info success warning error".split()


def page(name: str = "tradeoffs", **address: str) -> AppTest:
    """``tradeoffs`` is what the app opens with; ``address``: what stands behind the ``?``."""
    test = AppTest.from_file(str(APP), default_timeout=WAIT_S)
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    return test if name == "tradeoffs" else test.switch_page(f"pages/{name}.py").run()


def words(test: AppTest) -> str:
    return "\n".join(str(item.value) for kind in KINDS for item in getattr(test, kind))
