"""The gallery page in Streamlit: `streamlit run streamlit_page.py -- PORT FOLDER`, in Streamlit's own environment."""

import sys
from itertools import count
from pathlib import Path

import streamlit as st


@st.cache_resource
def presses() -> "count[int]":
    """Return the count that all runs share."""
    return count(1)


folder = Path(sys.argv[2])
st.set_page_config(page_title="Gallery", layout="wide")
st.text_input("Prompt")
if st.button("Generate"):
    st.write(f"answer {next(presses())}")
columns = st.columns(5)
for place, path in enumerate(sorted(folder.glob("*.webp"), key=lambda path: int(path.stem))):
    columns[place % 5].image(str(path))
