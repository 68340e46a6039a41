"""The dashboard: page set-up and navigation; nothing else."""

from pathlib import Path

import streamlit as st

from pages.ui import jobstrip, unreadable, work
from pages.ui.guard import guard

st.set_page_config(page_title="Land-Cover Compression Explorer", page_icon="🛰️", layout="wide")
st.html(Path(__file__).with_name("pages") / "ui" / "contrast.css")
page = st.navigation(
    [
        st.Page("pages/tradeoffs.py", title="Trade-offs", default=True),
        st.Page("pages/data.py", title="Data", url_path="data"),
        st.Page("pages/train.py", title="Train", url_path="train"),
        st.Page("pages/coresets.py", title="Coresets", url_path="coresets"),
        st.Page("pages/channels.py", title="Channels", url_path="channels"),
        st.Page("pages/compress.py", title="Compress", url_path="compress"),
        st.Page("pages/compare.py", title="Compare", url_path="compare"),
        st.Page("pages/studies.py", title="Studies", url_path="studies"),
        st.Page("pages/maps.py", title="Maps", url_path="maps"),
        st.Page("pages/jobs.py", title="Jobs", url_path="jobs"),
    ]
)
with guard():
    jobstrip.show()
unreadable.read_only_home()
with guard():
    page.run()
work.pool().warm()  # now that something is to be seen, the first worker can load
