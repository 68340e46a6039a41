"""The dashboard: page set-up and navigation; nothing else."""

import streamlit as st

st.set_page_config(page_title="Land-Cover Compression Explorer", page_icon="🛰️", layout="wide")
st.navigation(
    [
        st.Page("pages/tradeoffs.py", title="Trade-offs", default=True),
        st.Page("pages/data.py", title="Data", url_path="data"),
        st.Page("pages/train.py", title="Train", url_path="train"),
        st.Page("pages/coresets.py", title="Coresets", url_path="coresets"),
        st.Page("pages/compress.py", title="Compress", url_path="compress"),
        st.Page("pages/maps.py", title="Maps", url_path="maps"),
    ]
).run()
