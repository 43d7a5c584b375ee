"""The command line: verbs, no logic. Everything heavy is imported by the verb that needs it."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from jetlens import __version__
from jetlens.core.errors import JetlensError

WRONG, INTERRUPTED = 2, 130

app = typer.Typer(
    name="jetlens",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _whole(text: str | int) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a whole number") from None


RecipePath = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="A recipe, such as flavour.toml.")
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="The run's folder [runs/<recipe>].")
]
Preset = Annotated[str | None, typer.Option(metavar="NAME", help="One of the recipe's presets.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, as in train.epochs=2."),
]
Seed = Annotated[
    int | None, typer.Option(parser=_whole, metavar="N", help="The seed, in place of the recipe's.")
]
Workers = Annotated[
    int, typer.Option(parser=_whole, metavar="N", help="Processes on this machine.")
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster, such as tcp://host:8786.")
]
Device = Annotated[str, typer.Option(metavar="NAME", help="Where networks compute: cpu, cuda, ...")]


def _version(asked: bool) -> None:
    if asked:
        print(f"jetlens {__version__}")
        raise typer.Exit


@app.callback()
def jetlens(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Explain jet taggers: from jets and a neural network to the physics it uses."""


def main() -> None:
    """Run the command line; its exit status is 0, 1 (a bug), 2 (wrong input) or 130."""
    with _told():
        app()


@contextlib.contextmanager
def _told(resume: str = "") -> Iterator[None]:
    """Turn a user's mistake into one message and status 2, an interrupt into 130."""
    try:
        yield
    except JetlensError as error:
        print(f"jetlens: {error}", file=sys.stderr)
        sys.exit(WRONG)
    except KeyboardInterrupt:
        print(f"\njetlens: interrupted{resume}", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _run(recipe: Path, until: str, out: Path | None, **options: Any) -> None:
    again = "; what is finished is kept, and the same command goes on from there:\n  "
    with _told(again + shlex.join(sys.argv)):
        from jetlens.run.entry import run as run_recipe

        done = run_recipe(recipe, out, until=until, quiet=False, **options)
        for one in (*done.variations, done):
            print(one.report if until == "report" else one.path)


def _verb(name: str, until: str, words: str) -> None:
    """Add a verb that runs a recipe up to a stage."""

    def verb(
        recipe: RecipePath,
        out: Out = None,
        preset: Preset = None,
        settings: Settings = None,
        seed: Seed = None,
        workers: Workers = 1,
        scheduler: Scheduler = None,
        device: Device = "cpu",
    ) -> None:
        _run(
            recipe,
            until,
            out,
            preset=preset,
            set=settings,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            device=device,
        )

    verb.__doc__ = words
    app.command(name)(verb)


_verb("run", "report", "Run a recipe: generate, train, explain, summarise and report.")
_verb("generate", "generate", "Generate a recipe's jets.")
_verb("train", "train", "Train a recipe's tagger, after the stages before it.")


@app.command()
def explain(
    recipe: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE]", help="A recipe; or name the rest.")
    ] = None,
    tagger: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Without a recipe: a tagger.")
    ] = None,
    jets: Annotated[
        list[str] | None, typer.Option(metavar="FILES", help="Its jets: files or a pattern.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="The method [integrated-gradients].")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="A class, 'predicted', 'label' or a discriminant [predicted]."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="An argument of the method.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Read a pickled tagger, which can run any program.")
    ] = False,
    out: Out = None,
    preset: Preset = None,
    settings: Settings = None,
    seed: Seed = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    device: Device = "cpu",
) -> None:
    """Explain: a recipe's jets, after the stages before it; or any tagger and jets."""
    shared: dict[str, Any] = {"workers": workers, "scheduler": scheduler, "device": device}
    files = list(recipe or ())
    own: dict[str, object] = {"--tagger": tagger, "--jets": jets, "--method": method}
    own |= {"--target": target, "--option": option, "--trust": trust}
    if files and (not jets or any(f.endswith(".toml") for f in files)):
        if len(files) > 1:
            raise typer.BadParameter(f"expected one RECIPE, found {shlex.join(files)}")
        if extra := [name for name, value in own.items() if value]:
            raise typer.BadParameter(f"the recipe says what {', '.join(extra)} would: use --set")
        _run(Path(files[0]), "explain", out, preset=preset, set=settings, seed=seed, **shared)
        return
    if tagger is None or not jets or out is None:
        raise typer.BadParameter(
            "expected a RECIPE, or all of --tagger PATH, --jets FILES and --out DIR"
        )
    if files and len(jets) > 1:
        raise typer.BadParameter(
            f"{shlex.join(files)}: of which --jets? Repeat --jets for each, or quote its pattern"
        )
    if preset or settings:
        raise typer.BadParameter(
            "--preset and --set change a recipe: without one, use --method, --target and --option"
        )
    with _told(f"; what is finished is kept, the same command goes on: {shlex.join(sys.argv)}"):
        from jetlens.run.direct import explain_files

        explain_files(
            tagger,
            [*jets, *files],  # the shell has made files of a pattern
            method or "integrated-gradients",
            out,
            target=target or "predicted",
            seed=seed,
            trust=trust,
            options=option or [],
            quiet=False,
            **shared,
        )
        print(out)


_verb("summarise", "summarise", "Add a recipe's explanations up to headline numbers.")
_verb("report", "report", "Write the report, after the stages before it.")


@app.command()
def inspect(
    file: Annotated[
        Path, typer.Argument(help="A jet file, a recipe, a tagger, a run, or attributions.")
    ],
) -> None:
    """Say what is in a jet file, a recipe, a tagger, a run or a folder of attributions."""
    with _told():
        from jetlens.run.inspect import describe as look

        print(look(file))


@app.command("list")
def list_names(
    kind: Annotated[
        str | None, typer.Argument(help="datasets, taggers, explainers, summaries, processes, ...")
    ] = None,
) -> None:
    """List what a recipe can name."""
    with _told():
        from jetlens.run.names import listing

        print(listing(kind))


@app.command()
def describe(
    name: Annotated[str, typer.Argument(help="A registered name, such as integrated-gradients.")],
) -> None:
    """Describe one name: what it is, and its arguments."""
    with _told():
        from jetlens.run.names import description

        print(description(name))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its attributions.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The HDF5 file to write.")],
    explanation: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which, where the run has several.")
    ] = None,
) -> None:
    """Write stored attributions as HDF5 that joins the jets' own file row by row."""
    with _told():
        from jetlens.run.export import export as write

        print(write(run, out, explanation, quiet=False))
