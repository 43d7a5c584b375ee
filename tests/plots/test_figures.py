"""Every registered figure, on results of every kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import jetlens as jl
from jetlens.core.errors import BadFileError, BadValueError
from jetlens.core.registry import figures, summaries
from jetlens.plots import caption, save
from jetlens.plots.entry import COMPARED
from jetlens.plots.shared.style import style
from jetlens.plots.shared.words import plain
from synthetic import bare, made_for, particles

VARIANTS = {
    "box": [{"by": ["label", "d0"]}, {"by": ["pt_btagJes"]}],
    "top-origin": [{"ranks": 1}],
    "relevance": [{"by": []}],
    "jet-image": [{"jets": 0, "normalise": "max"}],
    "profile": [{"variables": ["tracks.d0", "deta"]}],
    "scatter": [{"jets": 0}],
    "attention-map": [{"most": 5, "head": "0"}, {"order": "pt_frac", "by": "predicted"}],
    "attention-entropy": [{"key": "objects"}],
    "cross-attention": [{"most": 8, "names": [f"object {k}" for k in range(9)]}],
    "importance-plane": [{"collection": "objects", "x": "eta", "y": "phi", "pt": "mass"}],
    "wanted-change": [{"ranks": [1, 3], "misclassified": False}],
    "vector-field": [{"x": "pt", "x_range": [0, 100], "misclassified": True, "jets": 0}],
    "correlations": [{"features": ["dphi", "pt"], "misclassified": True}],
}
CASES = [(n, o) for n in summaries for o in ({}, *VARIANTS.get(n, ()))]
every_figure = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)]
)


def attribution(*arguments, **options):
    return made_for("", *arguments, **options)


def result(name, options, jets):
    return jl.summarise(jets, name, replicas=10, **options)


def words(figure):
    return {t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_text()}


def test_every_summary_has_a_figure():
    assert set(summaries) <= set(figures)
    assert all(f.removesuffix(COMPARED) in summaries for f in figures if f.endswith(COMPARED))


@every_figure
def test_it_is_drawn_labelled_and_captioned(name, options):
    found = result(name, options, made_for(name, 200))
    figure = jl.draw(found)
    assert any("jetlens" in w and "Simulation" in w for w in words(figure))
    assert figure.axes
    told = caption(found)
    assert told.endswith(".")
    assert "$" not in told
    jets = {"auxiliary": "", "moved-observables": "196"}  # tracks and vertices; jets with particles
    assert jets.get(name, "200") in told


@every_figure
@pytest.mark.parametrize("kind", ["empty", "no tracks", "one class of others"])
def test_poor_results_are_drawn_too(name, options, kind):
    jets = {
        "empty": lambda: made_for(name, 5).isel(jet=slice(0, 0)),
        "no tracks": lambda: bare(made_for(name, 20), particles(name)),
        "one class of others": lambda: made_for(name, 60, classes=("sig", "bkg"), absent=("bkg",)),
    }[kind]()
    if name == "performance" and kind == "one class of others":
        options = {**options, "signal": "sig"}
    found = result(name, options, jets)
    jl.draw(found)
    caption(found)


def test_nothing_is_left_behind():
    before = dict(mpl.rcParams)
    figure = jl.draw(result("completeness", {}, attribution(50)))
    assert dict(mpl.rcParams) == before
    assert mpl.rcParams["axes.labelsize"] != 13
    assert figure.axes[0].xaxis.label.get_size() == 13  # the style, then and there
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import jetlens as jl\nfrom synthetic import attribution\n"
        "jl.draw(jl.summarise(attribution(30), 'top-origin', replicas=3))\n"
        "import matplotlib.pyplot as plt\nassert plt.get_fignums() == []"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_files_are_whole_and_the_same_every_time(tmp_path):
    figure = jl.draw(result("completeness", {}, attribution(50)))
    files = save(figure, tmp_path / "a" / "figure")
    assert [f.name for f in files] == ["figure.svg", "figure.pdf", "figure.png"]
    starts = [f.read_bytes()[:5] for f in files]
    assert starts == [b"<?xml", b"%PDF-", b"\x89PNG\r"]
    again = jl.draw(result("completeness", {}, attribution(50)))
    for file, other in zip(files, save(again, tmp_path / "b" / "figure"), strict=True):
        assert file.read_bytes() == other.read_bytes()
    with pytest.raises(BadValueError, match="'pgn'"):
        save(figure, tmp_path / "x", formats=["pgn"])


def test_units_are_those_for_people():
    figure = jl.draw(result("box", {"by": ["label", "qOverP"]}, attribution(100)))
    assert any("1/GeV" in w for w in words(figure))
    assert "0.5" in words(figure)  # 5e-4 / MeV


def test_unknown_options_and_figures_are_refused():
    found = result("top-origin", {}, attribution(30))
    with pytest.raises(BadValueError, match="did you mean 'top'"):
        jl.draw(found, topp=3)
    jl.draw(found, top=2)
    with pytest.raises(jl.JetlensError, match="unknown class 'x'"):
        jl.draw(result("heatmap", {}, attribution(50)), only="x")


def test_boxes_span_the_quartiles():
    found = result("box", {"normalise": "none"}, attribution(300))
    figure = jl.draw(found)
    table = found.summary.quantiles(found)["value"].sel(group="b")
    panel = next(a for a in figure.axes if a.get_title().startswith("$b$"))
    drawn = sorted((p.get_x(), p.get_x() + p.get_width()) for p in panel.patches)
    exact = sorted(zip(*(table.sel(probability=p).values for p in (0.25, 0.75)), strict=True))
    np.testing.assert_allclose(drawn, exact)


def test_bars_are_the_frequencies():
    found = result("top-origin", {"ranks": 1}, attribution(300))
    figure = jl.draw(found)
    heights = sorted(p.get_height() for p in figure.axes[0].patches if p.get_height() > 0)
    frequency = found.summary.frequencies(found)[1:5, :, 0]
    np.testing.assert_allclose(heights, np.sort(frequency[frequency > 0]))


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_a_full_disk_is_told(tmp_path, monkeypatch, ending):
    drawn = jl.draw(jl.summarise(attribution(jets=200), "statements"))

    def refused(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refused)
    with pytest.raises(BadFileError, match=rf"no space left to write .*figure\.{ending}"):
        save(drawn, tmp_path / "figure", [ending])
    assert list(tmp_path.iterdir()) == []


def test_saved_outside_the_style_a_figure_looks_the_same():
    drawn = jl.draw(jl.summarise(attribution(jets=200), "statements"))
    canvas = FigureCanvasAgg(drawn)

    def pixels():
        canvas.draw()
        return np.array(canvas.buffer_rgba())

    outside = pixels()
    with style():
        inside = pixels()
    np.testing.assert_array_equal(outside, inside)


@pytest.mark.parametrize(
    ("title", "signs"),
    [
        (r"$m_\mathrm{SD}$", "mSD"),
        (r"$\tau_{21}$", "τ₂₁"),
        (r"$\sigma(z_0\sin\theta)$", "σ(z₀sin θ)"),
        (r"$\Delta R^{(2)}$", "ΔR (2)"),
        (r"$p_T / p_T^\mathrm{jet}$", "pT / pT jet"),
        (r"$b$-jets", "b-jets"),
        (r"$\theta$ and $z$", "θ and z"),
    ],
)
def test_tex_in_plain_signs(title, signs):
    assert plain(title) == signs


def test_layers_that_absorb_nothing_are_left_out():
    jets = attribution(100)
    jets["relevance_absorbed"].loc[{"layer": "head.2"}] *= 1e-9
    found = result("conservation", {}, jets)
    names = words(jl.draw(found))
    assert "head.0" in names
    assert "head.2" not in names
    assert "1 of 2 layers absorb at most 0.01 %" in caption(found)
    assert "left out" not in caption(result("conservation", {}, attribution(100)))


def test_names_of_classes_are_not_on_points():
    figure = jl.draw(result("profile", {}, attribution(200)))
    FigureCanvasAgg(figure).draw()
    (box,) = (k.get_window_extent() for k in figure.legends)
    assert not any(ax.get_window_extent().overlaps(box) for ax in figure.axes)
    assert not any(ax.get_legend() for ax in figure.axes)


def test_perfect_shares_have_errors_in_the_figure():
    jets = attribution(100, classes=("background", "signal"))
    jets["output"].values[:, :2] = 9.0 * np.stack([jets["label"] == 0, jets["label"] == 1], axis=1)
    said = [w for w in words(jl.draw(result("performance", {}, jets))) if w.startswith("100.0\n")]
    assert said
    assert all("+0.0 −" in w and "−0.0 " not in w for w in said)


def test_words_of_colour_bars_are_clear_of_the_next_panel():
    figure = jl.draw(result("jet-image", {}, attribution(200)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    panels = [a for a in figure.axes if a.get_label() != "<colorbar>"]
    bars = [a for a in figure.axes if a.get_label() == "<colorbar>"]
    assert len(panels) == len(bars)
    for panel, bar in zip(panels, bars, strict=True):
        own, word = panel.get_window_extent(), bar.yaxis.label.get_window_extent()
        beside = [a for a in panels if a.get_window_extent().x0 > own.x1]
        numbers = [a.yaxis.get_tightbbox(canvas.get_renderer()) for a in beside]
        assert all(box is None or box.x0 - word.x1 > 0.1 * own.width for box in numbers)
