"""``python -m pages.ui.serve run app.py``: Streamlit, with our navigation from the first request.

Until app.py has run once, Streamlit takes the folder ``pages/`` for its own older kind of pages;
a shared link that opens a fresh server would meet those.
"""

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

if __name__ == "__main__":
    PagesManager.uses_pages_directory = False
    main()
