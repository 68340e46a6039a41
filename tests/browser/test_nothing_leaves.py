"""Names of every kind in a real browser: read as text, and nothing is fetched from elsewhere."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import hostile_names as hostile
import pytest
from look import see, settle
from served import PROJECT, free_port

from lcc_core.files import Home
from lcc_core.plaintext import visible
from pages.ui.plain import JOINER

PAGES = ("", "data", "train", "coresets", "channels", "compress", "compare", "studies", "jobs")
PIECES = [
    *"![](){}<>*_~`$:|#&\\@./-+=>^'\"1a ", "http://evil.test/f", "www.evil.test", ":red",
    ":smile:", ":material/home:", "->", "&amp;", "&#58;", "**", "$$", "~~", "é",
    "![x](http://evil.test/g.png)",
]  # fmt: skip
# What Markdown would be made into.
MADE = "img, a, .katex, code, del, em"
# Every way in which pages show foreign text as Markdown.
SCRIPT = """
import json, sys
import pandas as pd
import streamlit as st
from pages.ui.note import note
from pages.ui.plain import plain
names = json.load(open(sys.argv[1]))
for name in names:
    with st.container(key=f"n{names.index(name)}"):
        st.markdown(plain(name))
        st.markdown(f"**{plain(name)}** · {plain(name)}")
        note(f"Of {plain(name)}: {plain(name)}, 3.")
        st.error(f"**{plain(name)}** {plain(name)}")
        st.button(plain(name), key=name)
        st.table(pd.DataFrame([[plain(name)]], [plain(name)], [plain(name)]))
        st.progress(0.5, plain(name))
st.title("All is drawn")
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.find(tmp_path_factory.mktemp("home"))
    hostile.train_and_measure(hostile.fill(home))
    for number, name in enumerate(hostile.SEEN):
        failure = {"error": f"No {name} here.", "fix": name, "code": 2}
        hostile.end_job(home, f"{number:04}", name, failure, "")
    return home


def outside(context, address: str) -> list[str]:
    """Requests to anything but the app, which are answered by nothing."""
    found: list[str] = []

    def look(route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            found.append(route.request.url)
            route.abort()

    context.route("**/*", look)
    context.on("request", lambda one: None if _own(one.url, address) else found.append(one.url))
    return found


def _own(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:", address.replace("http", "ws", 1)))


# The policy would keep the browser from it: without it, the pages themselves have to be sound.
@pytest.mark.parametrize("name", PAGES)
def test_no_page_makes_the_browser_fetch(browser, address: str, name: str) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 2000})
    found = outside(context, address)
    page = context.new_page()
    page.goto(f"{address}/{name}")
    see(page, {"": "Trade-offs"}.get(name, name.capitalize()))
    settle(page)
    for tab in page.get_by_role("tab").all():
        tab.click()
    settle(page)
    assert page.locator("img[src*='evil']").count() == 0
    assert page.locator("a[href*='evil']").count() == 0
    context.close()
    assert not found


def test_the_browser_would_not_either(browser, address: str) -> None:
    """The policy holds back even what a page asks for by mistake."""
    context = browser.new_context()
    page = context.new_page()
    reached: list[str] = []
    context.route("http://evil.test/**", lambda route: (reached.append(""), route.fulfill()))
    page.goto(address)
    see(page, "Trade-offs")
    told = page.evaluate(
        """async () => {
            const image = new Image()
            const answer = await new Promise(done => {
                image.onload = () => done('loaded')
                image.onerror = () => done('held back')
                image.src = 'http://evil.test/a.png'
            })
            const fetched = await fetch('http://evil.test/b').then(() => 'got', () => 'held back')
            return [answer, fetched]
        }"""
    )
    context.close()
    assert told == ["held back", "held back"] and not reached


@pytest.fixture(scope="module")
def names() -> list[str]:
    draw = random.Random(0)
    mixed = ["".join(draw.choices(PIECES, k=draw.randint(1, 8))) for _ in range(60)]
    return list(dict.fromkeys([*hostile.SEEN, *(visible(n) for n in hostile.UNSEEN), *mixed]))


@pytest.fixture(scope="module")
def shown(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page of its own that shows the names; its address."""
    import json
    import os

    folder, port = tmp_path_factory.mktemp("shown"), free_port()
    (folder / "page.py").write_text(SCRIPT)
    (folder / "names.json").write_text(json.dumps(names))
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "page.py")]
    command += ["--server.port", str(port), "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--", str(folder / "names.json")]
    env = os.environ | {"PYTHONPATH": str(PROJECT)}
    server = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(20)


def text_of(place) -> str:
    read = place.evaluate("one => one.textContent")
    return read.replace(JOINER, "").replace("\u00a0", " ")


def misread(page, number: int, name: str) -> list[str]:
    """What the page shows in place of the name; nothing where all is as it should be."""
    place = page.locator(f".st-key-n{number}")
    name = name.replace("\u00a0", " ")
    read = [text_of(one) for one in place.get_by_test_id("stMarkdownContainer").all()]
    expected = [name, f"{name} · {name}", f"Of {name}: {name}, 3.", f"{name} {name}", name]
    right = read[:5] == expected and text_of(place).count(name) == 12
    return [] if right else [name, *read]


def test_markdown_reads_as_the_name_is_written(browser, shown: str, names: list[str]) -> None:
    context = browser.new_context(bypass_csp=True)
    found = outside(context, shown)
    page = context.new_page()
    page.goto(shown)
    see(page, "All is drawn")
    settle(page)
    wrong = {number: misread(page, number, name) for number, name in enumerate(names)}
    for _ in range(100):  # parts of the page are loaded when they are first needed
        wrong = {number: read for number, read in wrong.items() if read}
        if not wrong:
            break
        page.wait_for_timeout(200)
        wrong = {number: misread(page, number, names[number]) for number in wrong}
    assert not wrong, "\n".join(map(repr, wrong.values()))
    assert page.locator("[class*='st-key-n']").locator(MADE).count() == 0
    context.close()
    assert not found
