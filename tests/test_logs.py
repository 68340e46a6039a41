from __future__ import annotations

import io
import logging

from lcc_core.logs import Spelled, logger


def test_names_stay_text_in_messages_and_tracebacks() -> None:
    log = logger("lcc.test")
    assert logger("lcc.test") is log and sum(isinstance(f, Spelled) for f in log.filters) == 1
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    handler = logging.StreamHandler(said)
    log.addHandler(handler)
    try:
        try:
            raise ValueError("sur\udc80rogate \x1b[2J")
        except ValueError:
            log.warning("of %s", "a\nb", exc_info=True)
    finally:
        log.removeHandler(handler)
    said.flush()
    text = said.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert text.startswith("of a\\nb\nTraceback (most recent call last):\n  File ")
    assert text.endswith("ValueError: sur\\udc80rogate \\x1b[2J\n")
