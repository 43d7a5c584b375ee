"""One explanation: its figures, the physics statements, completeness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from jetlens.core.arguments import parameters
from jetlens.core.moves import ALL, misclassified
from jetlens.core.registry import explainers
from jetlens.plots.shared.flavours import FLAVOUR_TITLES
from jetlens.plots.shared.words import said_of
from jetlens.report.content import Block, Paragraph, Picture, Section, Table
from jetlens.report.facts import Explanation
from jetlens.report.flips import flips_table
from jetlens.report.moved import observables_table
from jetlens.report.numbers import in_percent, measured, plain, shown
from jetlens.report.regions import about, regions_table
from jetlens.report.words import html, said
from jetlens.summarise.jets.classes import ClassSummary
from jetlens.summarise.result import Result
from jetlens.summarise.statements import HOLDS, UNDECIDED, Row

_OF_ALL = ("use", "target", "of", "select", "jets", "keep", "trainings", "baseline")
_CLASSES = {
    "predicted": "of the predicted class",
    "label": "of the true class",
    "other": "of the likeliest of the other classes",
}
_MARKS = {HOLDS: "holds", UNDECIDED: "open"}
_ASKED = {
    "gradient": "Which feature does the tagger want to change?",
    "smooth-gradient": "Which feature does the tagger want to change?",
    "nudge": "What would turn these jets into the other class?",
    "flip": "The smallest change that flips a decision",
}
"""What a method is asked, by its name."""
_TABLES = {
    "moved-observables": observables_table,
    "flip-distance": flips_table,
    "attention-fraction": regions_table,
}
"""Tables that stand above the figures of summaries."""
_ABOUT = {"attention-fraction": about}
"""What is said of them once."""


def explained(
    explanation: Explanation, several: bool, together: Sequence[Picture] = ()
) -> list[Section]:
    """Return one explanation's sections: figures, physics statements, completeness.

    Parameters
    ----------
    explanation
        The explanation.
    several
        Whether there are others.
    together
        Its figures over all repeats.
    """
    prefix = f"{explanation.name}-" if several else ""
    after = f" ({explanation.name})" if several else ""
    shown: list[Block] = [_which(explanation)]
    physics: list[Block] = []
    complete: list[Block] = []
    conserved: list[Block] = []
    for result, drawn in explanation.results:
        if result.name == "statements":
            physics += [statements_table(result), drawn]
        elif result.name == "conservation":
            conserved += [conservation_table(result), drawn]
        elif result.name == "completeness":
            complete += [completeness_table(result), drawn]
        elif result.name in _TABLES:
            table = _TABLES[result.name](result)
            shown += [drawn] if table is None else [*_before(result, shown), table, drawn]
        else:
            shown.append(drawn)
    shown += together
    asked = _ASKED.get(explanation.settings["use"], "What the tagger looks at")
    title = f"{said_of(explanation.rows, asked)}{after}"
    found = [Section(f"{prefix}explanation", title, shown)]
    if physics:
        found.append(Section(f"{prefix}physics", f"Is it the expected physics?{after}", physics))
    if conserved:
        title = f"Where the relevance goes{after}"
        found.append(Section(f"{prefix}conservation", title, conserved))
    if complete:
        found.append(Section(f"{prefix}completeness", f"Completeness{after}", complete))
    return found


def _before(result: Result, shown: Sequence[Block]) -> list[Block]:
    """Return what is to be said above a summary's table, if it is not said yet."""
    if result.name not in _ABOUT:
        return []
    words = Paragraph(_ABOUT[result.name](result.numbers()))
    return [] if words in shown else [words]


def explained_output(settings: Mapping[str, Any]) -> str:
    """Return what is explained in words, such as "logit of the predicted class"."""
    of, target = str(settings["of"]), _target(settings)
    kind = _CLASSES.get(target)
    if kind is None and not target.replace("_", "").isalnum():
        return f"output {target}"  # an expression, or an auxiliary output
    return f"{of} {kind or f'of class {target}'}"


def _target(settings: Mapping[str, Any]) -> str:
    """Return what is explained; of a method that moves jets, what they are moved toward."""
    target = str(settings["target"])
    if target != "predicted" or "toward" not in parameters(explainers.get(settings["use"])):
        return target
    own = misclassified(settings.get("move", ALL))
    return str(settings.get("toward", "label" if own else "other"))


def _which(explanation: Explanation) -> Paragraph:
    s = explanation.settings
    results = [r for r, _ in explanation.results]
    if results and all(isinstance(r.summary, ClassSummary) for r in results):
        return Paragraph(_about(explanation))
    words = (
        f"Scores are attributions of the tagger's {explained_output(s)} to its scaled inputs, "
        "by the method "
    )
    text = Markup("{}<code>{}</code>").format(words, s["use"])
    if "baseline" in s:
        text += Markup(", relative to the baseline <code>{}</code>").format(shown(s["baseline"]))
    own = {k: v for k, v in s.items() if k not in _OF_ALL}
    if own:
        options = ", ".join(f"{k} {shown(v)}" for k, v in own.items())
        text += Markup(" ({})").format(options)
    text += (
        ". A positive score pushes the tagger towards what is explained, a negative one away from "
        f"it. {explanation.jets:,} {explanation.rows} are explained"
    )
    for result, _ in explanation.results:
        jets = result.sums.get("jets")
        if jets is not None and {"count", "group"} == set(jets.dims):
            seen, used = (int(jets.sel(count=c, group="all")) for c in ("seen", "selected"))
            if seen > used and s["select"] == "correct":
                text += f", those of {seen:,} {explanation.rows} that are tagged correctly; "
                text += f"{seen - used:,} "
                text += "wrongly tagged ones are dropped"
            break
    return Paragraph(text + ".")


def _about(explanation: Explanation) -> Markup:
    """Say what a method gives that gives no scores, and of which output."""
    s = explanation.settings
    maker = explainers.get(s["use"])
    about = explainers.summary(s["use"]).rstrip(".").replace("`", "")
    text = Markup("<code>{}</code>: {}").format(s["use"], about[:1].lower() + about[1:])
    if getattr(maker, "needs", "") != "attention":
        text += f", for the tagger's {explained_output(s)}"
    own = {k: v for k, v in s.items() if k not in _OF_ALL}
    if own:
        text += f" ({', '.join(f'{k} {shown(v)}' for k, v in own.items())})"
    return text + f". {explanation.jets:,} {explanation.rows} are explained."


def statements_under(result: Result, normalise: str) -> list[Row]:
    """Return the statements under one normalisation."""
    summary: Any = result.summary
    return [r for r in summary.rows(result) if r.normalise == normalise]


def statements_table(result: Result) -> Table:
    """Return every statement with its numbers and verdict."""
    columns = {n: statements_under(result, n) for n in ("sum", "none", "abs")}
    rows: list[list[Any]] = []
    for together in zip(*columns.values(), strict=True):
        first = together[0]
        text = Markup('{}<span class="definition">{}</span>').format(
            said(first.statement.text), said(first.definition)
        )
        verdict = Markup('<span class="verdict {}">{}</span>').format(
            _MARKS.get(first.verdict, "fails"), first.verdict
        )
        values = [measured({"value": r.value, "low": r.low, "high": r.high}) for r in together]
        rows.append([text, verdict, *values, plain(first.jets)])
    versions = ("divided by the sum", "not divided", "divided by the absolute sum")
    head = ["Statement", "Verdict", *versions, "jets"]
    about = "all tracks" if result.arguments.get("tracks") == "all" else "the top track of each jet"
    caption = (
        f"What is expected of a flavour tagger, asked of {about}. Each statement becomes one "
        "number. It holds, or does not, where 95 % of the bootstrap "
        "replicas lie on one side of its limit; otherwise it is undecided. The verdict is that of "
        "attributions divided by their sum in the jet; the other versions stand beside it."
    )
    return Table(head, rows, caption)


def completeness_table(result: Result) -> Table:
    """Return quantiles of the completeness error by true class."""
    numbers = result.numbers()
    groups = [str(g) for g in result.sums["group"].values]
    rows: list[list[Any]] = []
    for group in groups:
        found = [numbers.get(f"completeness.relative.{group}.p{p}") for p in (50, 90, 99)]
        found.append(numbers.get(f"completeness.absolute.{group}.p99"))
        if not any(found):
            continue
        jets = int(result.sums["jets"].sel(count="used", group=group))
        row: list[Any] = [html(FLAVOUR_TITLES.get(group, group)), plain(jets)]
        row += ["" if n is None else measured(n) for n in found]
        if "not_converged" in result.sums:
            row.append(plain(int(result.sums["not_converged"].sel(group=group))))
        rows.append(row)
    head = ["Jets", "number", "median", "90th percentile", "99th percentile", "99th, absolute"]
    if "not_converged" in result.sums:
        head.append("not converged")
    caption = (
        "Completeness error: the sum of a jet's scores minus the output difference that they "
        "explain, relative to that difference (last column: absolute). Scores are never rescaled."
    )
    return Table(head, rows, caption)


def conservation_table(result: Result) -> Table:
    """Return what reaches the inputs and what is absorbed, by true class and cause."""
    numbers = result.numbers()
    causes = [
        str(c) for c in result.sums["cause"].values if f"conservation.absorbed.all.{c}" in numbers
    ]
    rows: list[list[Any]] = []
    for group in map(str, result.sums["group"].values):
        names = [f"{kind}.{group}" for kind in ("explained", "absorbed")]
        names += [f"absorbed.{group}.{cause}" for cause in causes]
        if f"conservation.{names[0]}" not in numbers:
            continue
        row: list[Any] = [html(FLAVOUR_TITLES.get(group, group))]
        for name in names:
            number = numbers.get(f"conservation.{name}")
            row.append(measured(in_percent(number)) if number else "")
        rest = numbers.get(f"conservation.unaccounted.{group}.p99")
        row.append(plain(rest["value"], 1) if rest else "")
        rows.append(row)
    head = ["Jets", "reaches the inputs", "absorbed", *(f"by {c}" for c in causes), "rest"]
    caption = (
        "Relevance in per cent of what comes in at the output. It reaches the inputs, or is "
        "absorbed on the way; amounts of single jets are taken without their signs, so that the "
        "columns need not add up to 100. The rest, relative and not in per cent, is what neither "
        "accounts for in 99 % of the jets: rounding."
    )
    return Table(head, rows, caption)
