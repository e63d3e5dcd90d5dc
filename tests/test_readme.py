"""What README.md and CHANGELOG.md say is true: the example runs, the errors are raised, the names exist."""

import inspect
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from helpers import assert_same

import dropout_fast
from dropout_fast import forms, reference

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
EXAMPLE, PAIRS, WITH_PYTORCH = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
REPLACEMENTS = re.findall(r"^\| `(mask = .*?)` \| `(out, mask = .*?)` \|$", README, re.MULTILINE)
TABLE = README[README.index("## API") : README.index("## How fast")]
ERRORS_SHOWN = set(re.findall(r"``(\w+(?:Error|Warning): .*?)``", README))
PUBLIC_NAMES = sorted(set(dropout_fast.__all__) - {"__version__"})

GOOD = {"p": 0.5, "mode": "train"}
X = np.ones((3, 4))

#: Numba knows no such layer, so it can load it nowhere. The array is large enough to ask for threads.
PROGRAM_WITHOUT_A_LAYER = """
import warnings, numpy as np, dropout_fast
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    dropout_fast.dropout(np.ones(2**20), seed=0)
for warning in caught:
    print(f"{warning.category.__name__}: {warning.message}")
"""


def _overlap():
    buffer = np.ones(13)
    dropout_fast.dropout_forward(buffer[1:], GOOD, out=buffer[:-1])


def _more_calls_than_may_wait():
    drop = dropout_fast.Dropout(seed=0)
    for _ in range(300):
        drop(X)
    for _ in range(256):
        drop.backward(X)
    drop.backward(X)


def _mode_changed_after_the_forward():
    dropout_param = GOOD | {"mode": "test"}
    _, cache = dropout_fast.dropout_forward(X, dropout_param)
    dropout_param["mode"] = "train"
    dropout_fast.dropout_backward(X, cache)


def _error_of(call):
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    return f"{raised.type.__name__}: {raised.value}"


def test_the_example_runs():
    names = {}
    exec(EXAMPLE, names)
    assert names["cache"][1].shape == names["h"].shape == (64, 256)
    assert np.array_equal(names["dh"] > 0, names["out"] != 0) and np.isin(names["dh"], [0, 2]).all()


def test_the_pairs_run():
    names = {}
    exec(PAIRS, names)
    x, dout = np.arange(1.0, 61.0).reshape(6, 10), np.full((6, 10), 3.0)
    layer, context = names["Layer"](0.3), types.SimpleNamespace()
    np.random.seed(1)
    kept = np.random.rand(6, 10) > 0.3
    np.random.seed(1)
    assert np.array_equal(layer.forward(x), x * kept) and np.array_equal(layer.backward(dout), dout * kept)
    np.random.seed(1)
    assert np.array_equal(names["Function"]().forward(context, x, 0.3), x * kept * (1 / (1 - 0.3)))
    assert np.array_equal(names["Function"]().backward(context, dout), dout * kept * (1 / (1 - 0.3)))
    np.random.seed(1)
    d1 = np.random.rand(6, 10) < 0.7
    np.random.seed(1)
    a1, mask = names["forward"](x, 0.7)
    assert np.array_equal(a1, x * d1 / 0.7) and np.array_equal(dout * mask / 0.7, dout * d1 / 0.7)
    assert np.array_equal(names["by_generator"](x, 0.7), x * ((np.random.default_rng(0).random(x.shape) < 0.7) / 0.7))
    assert names["dropout_forward"] is dropout_fast.dropout_forward


def test_the_example_with_pytorch_runs():
    torch = pytest.importorskip("torch")
    names = {}
    exec(WITH_PYTORCH, names)
    assert type(names["model"][2]) is names["Dropout"] and names["model"](torch.ones(32, 64)).shape == (32, 10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("theirs", "ours"), REPLACEMENTS)
def test_the_replacements_have_the_same_numbers(theirs, ours, dtype):
    made = []
    for line in (theirs, ours):
        np.random.seed(2)
        names = {"np": np, "r": 0.2, "p": 0.8, "rng": np.random.default_rng(0), "forms": forms, "dropout": dropout_fast.dropout}
        names["x"] = np.arange(1, 601, dtype=dtype).reshape(20, 30)
        exec(line, names)
        made.append((names["out"].astype(dtype), np.asarray(names["mask"]), np.random.rand(), names["rng"].random()))
    for left, right in zip(*made, strict=True):
        assert_same(np.asarray(left), np.asarray(right))


def test_there_are_replacements():
    assert len(REPLACEMENTS) == 10


def _losses(module, dtype, dropout_param):
    """Of three steps of training of a small network."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 32)).astype(dtype), rng.standard_normal((64, 4)).astype(dtype)
    w1, w2 = rng.standard_normal((32, 128)).astype(dtype), rng.standard_normal((128, 4)).astype(dtype)
    np.random.seed(0)
    losses = []
    for _ in range(3):
        hidden = np.maximum(x @ w1, 0)
        dropped, cache = module.dropout_forward(hidden, dropout_param)
        error = dropped @ w2 - y
        losses.append((error.astype(np.float64) ** 2).sum())
        dhidden = module.dropout_backward(error @ w2.T, cache) * (hidden > 0)
        w2 -= dtype(1e-5) * (dropped.T @ error)
        w1 -= dtype(1e-5) * (x.T @ dhidden)
    return losses


def test_what_the_same_numbers_cover():
    dropout_param = {"p": 0.3, "mode": "train"}
    expected = _losses(reference, np.float32, dropout_param)
    assert _losses(dropout_fast, np.float32, dropout_param | {"dx_dtype": "float64"}) == expected
    losses = _losses(dropout_fast, np.float32, dropout_param)
    assert losses[0] == expected[0] and losses[1] != expected[1]
    assert _losses(dropout_fast, np.float64, dropout_param) == _losses(reference, np.float64, dropout_param)


def test_the_errors_shown_are_the_errors_raised():
    raised = {
        _error_of(call)
        for call in (
            lambda: dropout_fast.dropout(X, 0.1),
            lambda: dropout_fast.dropout_forward(X, GOOD | {"keep_prob": 0.5}),
            lambda: dropout_fast.dropout_forward(X, GOOD | {"p": 0}),
            _overlap,
            _more_calls_than_may_wait,
            _mode_changed_after_the_forward,
        )
    }
    assert raised == {shown for shown in ERRORS_SHOWN if "Warning: " not in shown}


def test_the_warning_shown_is_the_warning_given():
    environment = os.environ | {"NUMBA_THREADING_LAYER": "unknown", "NUMBA_NUM_THREADS": "2"}
    command = [sys.executable, "-c", PROGRAM_WITHOUT_A_LAYER]
    given = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    (shown,) = (shown for shown in ERRORS_SHOWN if "Warning: " in shown)
    assert given.startswith(shown.replace("'tbb'", "'unknown'"))


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_the_table_has_each_public_name_with_its_parameters(name):
    row = re.search(rf"^\| `{name}(?:\((.*?)\))?` \|", TABLE, re.MULTILINE)
    assert row is not None
    if row[1] is not None:
        parameters = inspect.signature(getattr(dropout_fast, name)).parameters.values()
        expected = [parameter.name for parameter in parameters if parameter.kind != parameter.VAR_POSITIONAL]
        assert row[1].replace("*, ", "").split(", ") == expected if expected else row[1] == ""


@pytest.mark.parametrize("thing", [dropout_fast.Dropout(), dropout_fast.KeepMask.from_array([True], keep_prob=0.5)])
def test_the_table_shows_members_that_exist(thing):
    row = re.search(rf"^\| `{type(thing).__name__}.*$", TABLE, re.MULTILINE)
    members = re.findall(r"`\.(\w+)", row[0])
    assert members and all(hasattr(thing, member) for member in members)


def test_the_table_shows_the_keys_that_are_read():
    keys = [key for row in re.findall(r"^\| `dropout_param\[.*?\|", TABLE, re.MULTILINE) for key in re.findall(r'\["(\w+)"\]', row)]
    assert len(keys) == 11
    for key in keys:
        assert f"`dropout_param['{key}']`" in _error_of(
            lambda key=key: dropout_fast.dropout_forward(X, GOOD | {"engine": "fast", key: "unknown"})
        )


def test_the_changelog_has_this_version_and_says_whether_streams_changed():
    sections = dict(re.findall(r"^## \[(.+?)\].*?\n(.*?)(?=^## \[|\Z)", CHANGELOG, re.MULTILINE | re.DOTALL))
    current = sections.get(dropout_fast.__version__, sections.get("Unreleased", ""))
    assert re.search(r"^- \S", current, re.MULTILINE)
    assert all(re.search(r"^Random stream: \S", section, re.MULTILINE) for section in sections.values())


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_the_changelog_has_each_public_name(name):
    assert re.search(rf"`{name}\b", CHANGELOG)
