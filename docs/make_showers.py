"""Draw ``docs/figures/showers_*.png`` and print the tables of ``docs/showers.md``.

Run as ``python docs/make_showers.py``; it takes some seconds.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
import mplhep
import numpy as np
from scipy import special

from jetlens.core.batch import JetBatch
from jetlens.data.showers import PARTICLES, Showers
from jetlens.physics.showers import electromagnetic, longitudinal, radial, table
from jetlens.physics.showers.spots import Points

FIGURES = Path(__file__).parent / "figures"
COLOURS = dict(zip(PARTICLES, ("#3f90da", "#ffa90e", "#bd1f01", "#832db6"), strict=True))
ENERGIES = {1.0: "#3f90da", 3.0: "#ffa90e", 10.0: "#bd1f01"}
TEXT = {"font.size": 11, "axes.labelsize": 12, "legend.fontsize": 10}


def electrons(energy: float, count: int = 1_500) -> Points:
    """Return the spots of electrons of one energy that enter at the origin."""
    zero = np.zeros(count)
    entering = Points(np.arange(count), np.full(count, energy), zero, zero, zero, zero)
    return electromagnetic.spots(entering, np.random.default_rng(1))


def inside(radius: np.ndarray, energy: float) -> np.ndarray:
    """Return the share within radii (Moliere) of the average profile, summed over its depth."""
    profile = longitudinal.average(np.array([energy]))
    depth = np.linspace(0.005, 60, 6_000)
    weight = special.gammainc(profile.alpha, profile.beta * (depth + 0.005))
    weight = np.diff(weight, prepend=0.0)
    widths = radial.width(depth * profile.scale / profile.mean, np.full(len(depth), energy))
    return np.array([(weight * widths.inside(np.full(len(depth), r))).sum() for r in radius])


def draw_profiles() -> list[str]:
    """Draw depth, radius and maximum of electrons beside the formulae; return a table."""
    figure, (deep, wide, top) = plt.subplots(1, 3, figsize=(16, 4.8), layout="constrained")
    edges, cuts = np.arange(0, 25.5, 1.0), np.linspace(0.05, 3, 60)
    rows = ["| E | mean depth, drawn | formula | within a Molière radius | formula |"]
    rows.append("|---|---|---|---|---|")
    for energy, colour in ENERGIES.items():
        spots = electrons(energy)
        whole = spots.energy.sum()
        depth = spots.z / table.RADIATION_LENGTH.value
        share = np.histogram(depth, edges, weights=spots.energy)[0] / whole
        deep.plot((edges[1:] + edges[:-1]) / 2, share, "o", ms=4, color=colour)
        profile = longitudinal.average(np.array([energy]))
        fine = np.linspace(0, 25, 501)
        middle = special.gammainc(profile.alpha, profile.beta * (fine + 0.5))
        middle -= special.gammainc(profile.alpha, profile.beta * np.maximum(fine - 0.5, 0))
        deep.plot(fine[10:], middle[10:], color=colour, label=f"{energy:g} GeV")
        radius = np.hypot(spots.x, spots.y) / table.MOLIERE_RADIUS
        found = [spots.energy[radius < cut].sum() / whole for cut in cuts[::6]]
        wide.plot(cuts[::6], found, "o", ms=4, color=colour)
        wide.plot(cuts, inside(cuts, energy), color=colour, label=f"{energy:g} GeV")
        mean = (depth * spots.energy).sum() / whole
        one = spots.energy[radius < 1].sum() / whole
        formula = inside(np.array([1.0]), energy)[0]
        rows.append(
            f"| {energy:g} GeV | {mean:.2f} X0 | {profile.mean[0]:.2f} X0 | {100 * one:.1f} % | "
            f"{100 * formula:.1f} % |"
        )
    deep.set(
        xlabel=r"depth [$X_0$]", ylabel=r"share of energy / $X_0$", xlim=(0, 25), ylim=(0, None)
    )
    wide.axhline(0.9, color="0.6", lw=0.8)
    wide.axvline(1.0, color="0.6", lw=0.8)
    wide.set(
        xlabel="radius [Molière radii]",
        ylabel="share of energy within",
        xlim=(0, 3),
        ylim=(0, 1.02),
    )
    energy = np.geomspace(1, 10, 7)
    rng = np.random.default_rng(3)
    drawn = [longitudinal.fluctuated(np.full(20_000, e), rng) for e in energy]
    tops = np.array([np.percentile((d.alpha - 1) / d.beta, (16, 50, 84)) for d in drawn])
    top.fill_between(energy, tops[:, 0], tops[:, 2], color="#3f90da", alpha=0.25, lw=0,
                     label="68 % of showers")  # fmt: skip
    top.plot(energy, tops[:, 1], "o", ms=4, color="#3f90da", label="median of showers")
    line = longitudinal.average(energy)
    top.plot(energy, (line.alpha - 1) / line.beta, "k-", label="average formula")
    top.set(
        xscale="log",
        xlabel="electron energy [GeV]",
        ylabel=r"depth of the maximum [$X_0$]",
        ylim=(0, 10),
    )
    top.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    top.minorticks_off()
    for axis, title in ((deep, "points: showers, lines: formula"), (wide, None), (top, None)):
        axis.legend(frameon=False, title=title)
    figure.savefig(FIGURES / "showers_profiles.png", dpi=110)
    return rows


def early(jets: JetBatch) -> np.ndarray:
    """Return the median time of each shower's ten most energetic hits, in ns."""
    hits = jets["hits"]
    times = np.where(hits.mask, hits.column("time"), np.nan)[:, :10]
    return np.nanmedian(times, axis=1)


def draw_particles(jets: JetBatch) -> list[str]:
    """Draw what tells the particles apart; return a table."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 8.4), layout="constrained")
    own, truth = jets["jets"], jets["jets"].truth
    hits = jets["hits"]
    share = own.column("energy") / truth["true_energy"]
    time = early(jets)
    edges = np.arange(0, 620, 20.0)
    momenta = np.geomspace(1, 10, 9)
    rows = [
        "| | seen / E | hits | mean depth [mm] | width [mm] | "
        "invisible / E | leaked / E | late / E |"
    ]
    rows.append("|---|---|---|---|---|---|---|---|")
    for i, name in enumerate(jets.classes):
        some = jets.label == i
        colour, mask = COLOURS[name], hits.mask[some]
        energy = hits.column("energy")[some][mask]
        height = np.histogram(hits.column("z")[some][mask], edges, weights=energy)[0]
        axes[0, 0].stairs(height / energy.sum(), edges, color=colour, lw=1.6, label=name)
        kind = {"bins": np.linspace(0, 1.1, 56), "histtype": "step", "lw": 1.6, "density": True}
        axes[0, 1].hist(share[some], color=colour, **kind)
        kind["bins"] = np.linspace(0, 160, 54)
        axes[1, 0].hist(own.column("width")[some], color=colour, **kind)
        which = np.digitize(truth["momentum"], momenta)
        at = np.sqrt(momenta[1:] * momenta[:-1])
        bands = np.array([np.nanpercentile(time[some & (which == k + 1)], (16, 50, 84))
                          for k in range(len(at))]).T  # fmt: skip
        axes[1, 1].fill_between(at, bands[0] * 1e3, bands[2] * 1e3, color=colour, alpha=0.2, lw=0)
        axes[1, 1].plot(at, bands[1] * 1e3, "o-", ms=4, color=colour)
        parts = [
            truth[k][some] / truth["true_energy"][some] for k in ("invisible", "leaked", "late")
        ]
        cells = [f"{share[some].mean():.3f}", f"{own.column('hits')[some].mean():.0f}"]
        cells += [f"{np.median(own.column(k)[some]):.0f}" for k in ("depth", "width")]
        cells += [f"{part.mean():.3f}" for part in parts]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    axes[0, 0].set(xlabel="z [mm]", ylabel="share of energy / 20 mm", yscale="log", xlim=(0, 600))
    axes[0, 0].legend(frameon=False)
    axes[0, 1].set(
        xlabel=r"$\sum E_\mathrm{hits}$ / E",
        ylabel="showers, normalised",
        xlim=(0, 1.1),
        yscale="log",
    )
    axes[1, 0].set(
        xlabel=r"$\sqrt{\langle r^2 \rangle}$ [mm]",
        ylabel="showers, normalised [1/mm]",
        xlim=(0, 160),
    )
    axes[1, 1].set(
        xscale="log", xlabel="momentum [GeV]", ylabel="median time of 10 hits, after light [ps]"
    )
    axes[1, 1].set_ylim(-50, 750)
    axes[1, 1].set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    axes[1, 1].minorticks_off()
    figure.savefig(FIGURES / "showers_particles.png", dpi=110)
    return rows


def draw_single(jets: JetBatch) -> None:
    """Draw the first three showers of each kind, from the side."""
    figure, axes = plt.subplots(
        4, 3, figsize=(13, 12), sharex=True, sharey=True, layout="constrained"
    )
    hits, truth = jets["hits"], jets["jets"].truth
    for i, name in enumerate(jets.classes):
        for axis, row in zip(axes[i], np.flatnonzero(jets.label == i), strict=False):
            mask = hits.mask[row]
            z, x, energy, time = (hits.column(k)[row][mask] for k in ("z", "x", "energy", "time"))
            order = np.argsort(-energy)
            drawn = axis.scatter(
                z[order], x[order], 700 * energy[order], time[order] * 1e3, cmap="viridis",
                vmin=-50, vmax=500, alpha=0.8, lw=0,
            )  # fmt: skip
            axis.set_title(
                f"{name}, {truth['momentum'][row]:.1f} GeV: {mask.sum()} hits, "
                f"{energy.sum():.1f} GeV",
                fontsize=11,
            )
        axes[i, 0].set_ylabel("x [mm]")
    for axis in axes[-1]:
        axis.set(xlabel="z [mm]", xlim=(0, 800), ylim=(-250, 250))
    figure.colorbar(
        drawn, ax=axes, label="time of the hit after light [ps]", extend="both", shrink=0.5
    )
    figure.savefig(FIGURES / "showers_single.png", dpi=90)


def main() -> None:
    FIGURES.mkdir(exist_ok=True)
    with plt.style.context([mplhep.style.ATLAS, TEXT]):
        profiles = draw_profiles()
        jets = Showers(jets=4_000, seed=7).read()
        particles = draw_particles(jets)
        draw_single(jets)
    print("\n".join([*profiles, "", *particles]))


if __name__ == "__main__":
    main()
