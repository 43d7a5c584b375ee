"""Draw ``docs/figures/calibration_*.png`` and print the tables of ``docs/detector.md``.

Run as ``JETLENS_REAL_DATA=<folder> python docs/make_calibration.py``; ``--fit`` prints the
parameters of the resolutions, fitted anew.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
import mplhep
import numpy as np
from scipy.optimize import minimize

from jetlens.data.detector import calibration as cal
from jetlens.data.detector import table
from jetlens.data.detector.hits import INNERMOST
from jetlens.data.detector.tracks import PARAMETERS
from jetlens.data.events.truth import PRIMARY, SECONDARY
from jetlens.data.pythia import PythiaJets

FIGURES = Path(__file__).parent / "figures"
FILE = "atlas_physlite_100_events.root"
LABELS = {
    "d0": (r"$\sigma(d_0)$ [$\mu$m]", 1e3),
    "z0": (r"$\sigma(z_0)$ [$\mu$m]", 1e3),
    "phi": (r"$\sigma(\phi)$ [mrad]", 1e3),
    "theta": (r"$\sigma(\theta)$ [mrad]", 1e3),
    "q_over_p": (r"$\sigma(q/p)$ [1/TeV]", 1e3),
}
COLOURS = ("#3f90da", "#ffa90e", "#bd1f01")
TEXT = {"font.size": 11, "axes.labelsize": 12, "legend.fontsize": 10}


def fit(full: cal.Sample) -> dict[str, list[float]]:
    """Fit the medians of the uncertainties by least absolute deviations of their logarithms."""
    with_hit = full.take(full.counts[:, 0] > 0)
    eta, pt = np.abs(with_hit.eta), with_hit.pt
    found = {}
    for i, name in enumerate(PARAMETERS):
        sigma = with_hit.sigma[:, i].copy()
        if name == "q_over_p":
            sigma *= pt * np.cosh(eta)

        def loss(p: np.ndarray, sigma: np.ndarray = sigma) -> float:
            model = np.exp(p[0] + p[1] * eta + p[2] * eta**2)
            model = model + np.exp(p[3] + p[4] * eta + p[5] * eta**2) * pt ** p[6]
            return float(np.mean(np.abs(np.log(sigma / model))))

        start = np.array(table.RESOLUTIONS.value[name])
        best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 20000})
        found[name] = [round(float(x), 4) for x in best.x]
    return found


def draw_resolutions(compared: list[cal.Comparison]) -> None:
    """Draw medians against pt with the ratio below, one column a parameter."""
    figure, axes = plt.subplots(
        2, 5, figsize=(17, 5.6), sharex=True, height_ratios=(3, 1.3), layout="constrained"
    )
    for column, name in enumerate(PARAMETERS):
        label, factor = LABELS[name]
        top, bottom = axes[:, column]
        for low, high, colour in zip(cal.ETA_EDGES[:-1], cal.ETA_EDGES[1:], COLOURS, strict=True):
            rows = [c for c in compared if c.parameter == name and c.eta == (low, high)]
            pt = np.array([np.sqrt(c.pt[0] * c.pt[1]) for c in rows])
            half = [pt - [c.pt[0] for c in rows], [c.pt[1] for c in rows] - pt]
            full = np.array([c.full for c in rows])
            error = np.array([c.full_error for c in rows])
            ours = np.array([c.ours for c in rows])
            top.errorbar(
                pt, full * factor, error * factor, half, fmt="o", ms=4, color=colour,
                label=f"{low:g} < $|\\eta|$ < {high:g}",
            )  # fmt: skip
            top.plot(pt, ours * factor, "-", color=colour)
            bottom.errorbar(pt, ours / full, ours / full**2 * error, fmt="o", ms=4, color=colour)
        top.set(xscale="log", yscale="log", ylabel=label)
        bottom.axhspan(0.7, 1.3, color="0.9", zorder=0)
        bottom.axhline(1, color="0.4", lw=0.8)
        bottom.set(ylim=(0.6, 1.4), xlabel=r"track $p_T$ [GeV]")
        bottom.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        bottom.minorticks_off()
    axes[1, 0].set_ylabel("jetlens / ATLAS")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    dots = plt.Line2D([], [], marker="o", ms=4, ls="", color="0.3")
    line = plt.Line2D([], [], color="0.3")
    handles, labels = [dots, line, *handles], ["ATLAS full simulation", "jetlens", *labels]
    figure.legend(handles, labels, ncols=5, loc="outside upper center", frameon=False)
    figure.savefig(FIGURES / "calibration_resolutions.png", dpi=110)


def draw_hits(full: cal.Sample, ours: cal.Sample) -> None:
    """Draw mean hit counts against |eta|."""
    edges = np.linspace(0, 2.5, 6)
    middle = (edges[1:] + edges[:-1]) / 2
    figure, axes = plt.subplots(1, 5, figsize=(17, 3.9), layout="constrained")
    for i, (axis, title) in enumerate(zip(axes, cal.COUNTS, strict=True)):
        means = []
        for sample in (full, ours):
            bins = np.digitize(np.abs(sample.eta), edges) - 1
            parts = [sample.counts[bins == b, i] for b in range(len(middle))]
            means.append([(p.mean(), p.std() / np.sqrt(len(p))) for p in parts])
        (there, error), (here, _) = np.array(means[0]).T, np.array(means[1]).T
        axis.errorbar(middle, there, error, 0.25, fmt="o", ms=4, color="k", label="ATLAS")
        axis.stairs(here, edges, color=COLOURS[0], lw=1.6, label="jetlens")
        axis.set(
            xlabel=r"track $|\eta|$",
            ylabel=f"mean {title}" + (" hits" if "holes" not in title else ""),
            xlim=(0, 2.5),
        )
        top = max(np.max(there + error), here.max())
        axis.set_ylim(0, 1.35 * top)
    axes[0].legend(frameon=False, ncols=2, loc="upper left")
    figure.savefig(FIGURES / "calibration_hits.png", dpi=110)


def draw_pulls(full: cal.Sample, jets: dict[str, np.ndarray]) -> list[str]:
    """Draw the d0 pulls of light jets' tracks beside those of the full simulation."""
    light = jets["jets"]["HadronConeExclTruthLabelID"] == 0
    tracks = jets["tracks"][light]
    tracks = tracks[tracks["valid"] & (tracks["pt"] > 1000)]
    origin = tracks["ftagTruthOriginLabel"]
    # in this figure with the sign of d0: the file's significance has the lifetime's
    pull = np.abs(tracks["IP3D_signed_d0_significance"]) * np.sign(tracks["d0"])
    hard = full.take(full.pt > 1)
    # the file's d0 is relative to the beam line, whose width adds to the uncertainty
    other = hard.d0 / np.hypot(hard.sigma[:, 0], table.BEAM_SPOT.value[0])
    edges = np.concatenate([[-40, -25, -15, -10, -7], np.arange(-5, 5.1, 0.5), [7, 10, 15, 25, 40]])
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    figure, axis = plt.subplots(figsize=(8, 5.2), layout="constrained")
    count = np.histogram(other, edges)[0]
    scale = 1 / len(other) / width
    seen = count > 0
    axis.errorbar(
        middle[seen], (count * scale)[seen], (np.sqrt(count) * scale)[seen], width[seen] / 2,
        fmt="o", ms=3.5, color="k", label="ATLAS, all tracks (beam line)",
    )  # fmt: skip
    for chosen, colour, label in (
        (np.ones(len(pull), bool), COLOURS[0], "jetlens, light jets, all tracks"),
        (origin == PRIMARY, COLOURS[1], "   of these primary"),
        (origin == SECONDARY, COLOURS[2], "   of these other secondary"),
    ):
        height = np.histogram(pull[chosen], edges)[0] / len(pull) / width
        axis.stairs(height, edges, color=colour, lw=1.6, label=label)
    gauss = np.linspace(-5, 5, 201)
    axis.plot(
        gauss, np.exp(-(gauss**2) / 2) / np.sqrt(2 * np.pi), "k:", lw=1, label="unit Gaussian"
    )
    axis.set(
        yscale="log", ylim=(2e-6, 20), xlim=(-40, 40),
        xlabel=r"$d_0 / \sigma(d_0)$", ylabel="tracks / unit, normalised",
    )  # fmt: skip
    axis.legend(frameon=False, ncols=2, loc="upper center")
    figure.savefig(FIGURES / "calibration_pulls.png", dpi=110)
    rows = ["| tracks with | ATLAS | jetlens, light jets |", "|---|---|---|"]
    for cut in (1, 2, 3, 5, 10, 20):
        a, b = np.abs(other) > cut, np.abs(pull) > cut
        cells = (f"{100 * x.mean():.1f} ± {100 * x.std() / np.sqrt(len(x)):.1f} %" for x in (a, b))
        rows.append(f"| abs(pull) > {cut} | " + " | ".join(cells) + " |")
    return rows


def tables(compared: list[cal.Comparison], full: cal.Sample, ours: cal.Sample) -> list[str]:
    """Return the tables of the documentation."""
    rows = [
        "| | bins | smallest ratio | largest ratio | mean of abs(ratio - 1) |",
        "|---|---|---|---|---|",
    ]
    for name in PARAMETERS:
        some = [c for c in compared if c.parameter == name]
        ratio = np.array([c.ratio for c in some])
        ends = [some[int(i)] for i in (ratio.argmin(), ratio.argmax())]
        text = (f"{c.ratio:.2f} ± {c.ratio * c.full_error / c.full:.2f}" for c in ends)
        off = 100 * np.mean(np.abs(ratio - 1))
        rows.append(f"| sigma({name}) | {len(some)} | " + " | ".join(text) + f" | {off:.1f} % |")
    rows += ["", "| mean of | ATLAS | jetlens |", "|---|---|---|"]
    for i, name in enumerate(cal.COUNTS):
        a, b = full.counts[:, i], ours.counts[:, i]
        cells = (f"{x.mean():.3f} ± {x.std() / np.sqrt(len(x)):.3f}" for x in (a, b))
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    missing = full.counts[:, INNERMOST] == 0
    rows += [
        "",
        f"{len(full.pt)} tracks of ATLAS; {100 * missing.mean():.1f} % lack the innermost hit",
    ]
    return rows


def main() -> None:
    folder = os.environ.get("JETLENS_REAL_DATA")
    if not folder:
        sys.exit("JETLENS_REAL_DATA is not set: expected the folder with " + FILE)
    full = cal.full_simulation(Path(folder) / FILE)
    if "--fit" in sys.argv:
        for name, values in fit(full).items():
            print(f"{name:10} {values}")
        return
    ours = cal.shoot(full, 40, np.random.default_rng(1))
    compared = cal.compare(full, ours)
    jets = PythiaJets(jets=4000, partition=4000, seed=7).partitions()[0].arrays()
    FIGURES.mkdir(exist_ok=True)
    with plt.style.context([mplhep.style.ATLAS, TEXT]):
        draw_resolutions(compared)
        draw_hits(full, ours)
        pulls = draw_pulls(full, jets)
    print("\n".join([*tables(compared, full, ours), "", *pulls]))


if __name__ == "__main__":
    main()
