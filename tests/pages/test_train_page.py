"""The Train page says where a paper's values come from."""

from __future__ import annotations

from visit import page, words

from lcc_core.files import Home


def test_a_papers_recipe_is_told_value_by_value(home: Home) -> None:
    test = page("train")
    assert not test.exception and not test.dataframe
    test.selectbox(key="preset").set_value("remotetrimmer-paper").run()
    assert not test.exception
    told = test.dataframe[0].value.set_index("name")
    assert told.loc["epochs", "value"] == "160" and told.loc["epochs", "kind"] == "code"
    assert told.loc["kept weights", "kind"] == "differs"
    assert "the authors' code does otherwise" in words(test)
