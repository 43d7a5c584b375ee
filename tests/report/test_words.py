from __future__ import annotations

import pytest

from jetlens.data.readers.ftag_variables import FEATURES
from jetlens.plots.shared.flavours import FLAVOUR_TITLES, TITLES_OF_ORIGINS
from jetlens.report.words import html, said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$d_0$ [mm]", "<i>d</i><sub>0</sub> [mm]"),
        (r"$\sigma(\phi)$", "<i>σ</i>(<i>φ</i>)"),
        (r"From $b\to c$", "From <i>b</i>→<i>c</i>"),
        (r"$x_{ij}^{2}$", "<i>x</i><sub><i>i</i><i>j</i></sub><sup>2</sup>"),
        (r"sum $\leq 0$", "sum ≤0"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("$<b>$", "&lt;<i>b</i>&gt;"),
        ("a & b", "a &amp; b"),
        ("$broken_{", "$broken_{"),
    ],
)
def test_math_becomes_html_and_all_else_is_escaped(text, expected):
    assert html(text) == expected


def test_nothing_of_latex_is_left_in_the_labels_that_there_are():
    features = (f.title for f in FEATURES.values())
    for label in (*features, *FLAVOUR_TITLES.values(), *TITLES_OF_ORIGINS.values()):
        made = str(html(label))
        assert not set(made) & set("\\${}")


def test_variables_in_plain_words_are_set_and_the_rest_escaped():
    assert said("|d0| > 1 mm") == "|<i>d</i><sub>0</sub>| &gt; 1 mm"
    assert said("sigma(phi) & <x>") == "<i>σ</i>(<i>φ</i>) &amp; &lt;x&gt;"
