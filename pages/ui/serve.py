"""``python -m pages.ui.serve run app.py``: Streamlit, with our navigation from the first request.

Until app.py has run once, Streamlit takes the folder ``pages/`` for its own older kind of pages;
a shared link that opens a fresh server would meet those. The server ends with the command that
started it, even if that was killed.
"""

import os
import signal
import time

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

from lcc_core.commands.app import PARENT_VARIABLE
from lcc_core.jobs.process import watch_parent

END_WITHIN_S = 5.0


def end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_WITHIN_S)
    os._exit(1)


if __name__ == "__main__":
    PagesManager.uses_pages_directory = False
    if parent := os.environ.pop(PARENT_VARIABLE, ""):
        watch_parent(int(parent), end)
    main()
