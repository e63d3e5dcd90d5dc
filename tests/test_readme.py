"""What the README shows runs, and its API table names what there is."""

import re
from pathlib import Path

import numpy as np
import pytest

import dropout_fast

README = (Path(__file__).parent.parent / "README.md").read_text()


EXAMPLE, TRAINING = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_runs():
    names = {}
    exec(EXAMPLE.replace("from my_layers import", "from dropout_fast.reference import"), names)
    assert names["dx"].dtype == np.float32 and names["out"].shape == (64, 256)
    assert np.array_equal(names["dh"] > 0, names["h"] != 0) and np.isin(names["dh"], [0, 2]).all()


def test_the_compiled_training_trains():
    names = {}
    exec(TRAINING, names)
    assert np.mean(names["losses"][-10:]) < names["losses"][0] / 2


def test_the_public_names_are_in_the_table():
    table = README[README.index("## API") : README.index("## How fast")]
    for name in set(dropout_fast.__all__) - {"__version__"}:
        assert f"`{name}" in table


def test_the_errors_shown_are_the_errors_raised():
    good = {"p": 0.5, "mode": "train"}
    x = np.ones((3, 4))
    cache = dropout_fast.dropout_forward(x, good)[1]
    buffer = np.ones(13)
    for call in (
        lambda: dropout_fast.dropout_forward(x, good | {"p": 0}),
        lambda: dropout_fast.dropout_backward(np.ones((3, 5)), cache),
        lambda: dropout_fast.dropout_forward(buffer[1:], good, out=buffer[:-1]),
        lambda: dropout_fast.dropout_backward(x, None),
    ):
        with pytest.raises((ValueError, TypeError)) as raised:
            call()
        assert f"    {raised.type.__name__}: {raised.value}\n" in README


def test_changelog_states_the_version():
    changelog = (Path(__file__).parent.parent / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog or f"## [{dropout_fast.__version__}]" in changelog
