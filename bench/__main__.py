"""``python -m bench``: measure, and write a table of ratios to ``runs/bench.md``.

Everything that is compared is measured in the same run, in turn, and medians are given. The tagger
and the jets are the demo's, made first where they are missing. Where an aim is missed, it exits
with 1.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import torch
from rich.console import Console

import jetlens as jl
from bench import attention, generator, gradient, image, integrated_gradients, lrp, vit
from bench.aims import missed, told
from jetlens.core.files import write_text
from jetlens.data.base import Part

DEMO, RECIPE = Path("runs/demo"), "recipes/flavour.toml"
TABLE = Path("runs/bench.md")
JETS = 300
EVERY = ("generator", "image", "integrated-gradients", "gradient", "lrp", "attention", "vit")


def main() -> int:
    """Measure one benchmark after the other, write the table, and return 1 if an aim is missed."""
    console = Console(stderr=True)
    wanted = sys.argv[1:] or list(EVERY)
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    lines = [f"Measured on {cores} cores of {platform.machine()}, torch {torch.__version__}.", ""]
    if "generator" in wanted:
        console.print("generator ...")
        lines += _generator()
    if "image" in wanted:
        console.print("image ...")
        lines += _image()
    if "integrated-gradients" in wanted:
        console.print("integrated gradients ...")
        lines += _integrated_gradients()
    if "gradient" in wanted:
        console.print("gradients and moved jets ...")
        lines += _gradient()
    if "lrp" in wanted:
        console.print("relevance propagation ...")
        lines += _lrp()
    if "attention" in wanted:
        console.print("attention and Grad-CAM ...")
        lines += _attention()
    if "vit" in wanted:
        console.print("training of a vision transformer ...")
        lines += _vit()
    write_text(TABLE, "\n".join(lines) + "\n")
    Console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    if short := missed(lines):
        told_of = "\n".join([f"MISSED: {len(short)} of the lines above", *short])
        console.print(told_of, markup=False, highlight=False, soft_wrap=True)
    return int(bool(short))


def _generator() -> list[str]:
    rates, pairs = generator.main(), generator.two_fat_jets()
    return [
        "| generator | events/s | jets/s | ratio | aim |",
        "|---|---|---|---|---|",
        f"| bare `nextBatch` | {rates.bare:.0f} | | 1 | |",
        f"| collisions to tracks | {rates.whole:.0f} | {rates.jets:.0f} "
        f"| {rates.whole / rates.bare:.2f} | {told(rates.whole / rates.bare, least=0.70)} |",
        f"| two workers / one | | | {rates.workers:.2f} | {told(rates.workers, least=1.80)} |",
        f"| bare `nextBatch`, cards of `two-fat-jets` | {pairs.bare:.0f} | | 1 | |",
        f"| collisions to two large jets | {pairs.whole:.0f} | {2 * pairs.kept:.0f} "
        f"| {pairs.whole / pairs.bare:.2f} | {told(pairs.whole / pairs.bare, least=0.70)} |",
        "",
    ]


def _lrp() -> list[str]:
    lines = [
        f"| relevance of {lrp.IMAGES:,} images | batch | s | over a gradient | aim "
        "| Zennit over it | aim |",
        "|---|---|---|---|---|---|---|",
    ]
    for way in lrp.main():
        most, least = lrp.AIMS.get(way.name.removeprefix("jetlens "), (None, None))
        zennit, beside = "", ""
        if way.zennit is not None:
            zennit, beside = f"{way.zennit:.2f}", told(way.zennit, least=least)
        lines.append(
            f"| {way.name} | {way.batch} | {way.seconds:.2f} | {way.gradients:.2f} "
            f"| {told(way.gradients, most=most)} | {zennit} | {beside} |"
        )
    return [*lines, ""]


def _gradient() -> list[str]:
    return [
        f"| {gradient.JETS:,} jets | tagger | s | ratio | over | aim |",
        "|---|---|---|---|---|---|",
        *(
            f"| {w.name} | {w.tagger} | {w.seconds:.3f} | {w.ratio:.2f} | {w.over} "
            f"| {told(w.ratio, most=w.most, least=w.least)} |"
            for w in gradient.main()
        ),
        "",
    ]


def _attention() -> list[str]:
    return [
        f"| {attention.JETS:,} jets | tagger | s | over a plain pass | aim |",
        "|---|---|---|---|---|",
        *(
            f"| {w.name} | {w.tagger} | {w.seconds:.3f} | {w.ratio:.2f} "
            f"| {told(w.ratio, most=w.most)} |"
            for w in attention.main()
        ),
        "",
    ]


def _vit() -> list[str]:
    return [
        f"| an epoch of {vit.IMAGES} images of {vit.PIXELS} x {vit.PIXELS} | s | over ours | aim "
        "| mean loss of the first |",
        "|---|---|---|---|---|",
        *(
            f"| {w.name} | {w.seconds:.2f} | {w.ratio:.2f} | {told(w.ratio, least=w.least)} "
            f"| {'' if w.loss is None else f'{w.loss:.6f}'} |"
            for w in vit.main()
        ),
        "",
    ]


def _image() -> list[str]:
    ways, pictures = image.main(), image.pictures()
    return [
        f"| {image.JETS * image.PARTICLES:,} particles in {image.JETS:,} images | s "
        "| time over ours |",
        "|---|---|---|",
        *(f"| {w.name} | {w.seconds:.3f} | {w.seconds / ways[0].seconds:.1f} |" for w in ways),
        "",
        f"| images of 3 x {image.SIDE} x {image.SIDE} pixels | jets/s on one core | aim "
        "| time over ours |",
        "|---|---|---|---|",
        *(
            f"| {w.name} | {w.rate:,.0f} | {'' if i else told(w.rate, least=10_000)} "
            f"| {pictures[0].rate / w.rate:.1f} |"
            for i, w in enumerate(pictures)
        ),
        "",
    ]


def _integrated_gradients() -> list[str]:
    if not (DEMO / "tagger").is_dir():
        jl.run(RECIPE, out=DEMO, preset="quick", workers=2)
    tagger = jl.load(DEMO / "tagger")
    jets = Part(jl.open(str(DEMO / "jets" / "*.h5")), "test").read().take(slice(JETS))
    ways = integrated_gradients.main(tagger, jets)
    ours = ways[0]
    lines = [
        f"| integrated gradients of {len(jets)} jets | s | gradients a jet "
        "| p99 error of scores | p99 completeness | time over ours |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {w.name} | {w.seconds:.2f} | {w.gradients:.1f} | {w.error:.1e} | {w.completeness:.1e} "
        f"| {w.seconds / ours.seconds:.2f} |"
        for w in ways
    ]
    return [*lines, ""]


if __name__ == "__main__":
    sys.exit(main())
