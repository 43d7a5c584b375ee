"""The little LaTeX in labels and captions as HTML, escaped."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "theta": "θ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ",
    "to": "→", "leq": "≤", "geq": "≥", "pm": "±", "times": "×", "cdot": "·", "sin": " sin ",
    "cos": "cos ", "log": "log ", "ln": "ln ",
}  # fmt: skip
_ABBREVIATION = 3  # letters: lrp
_MATH = re.compile(r"\$([^$]*)\$")
_TOKEN = re.compile(r"\\([A-Za-z]+)\s?|(\\.|.)", re.DOTALL)
_SAID = (
    (re.compile(r"\bsigma\(phi\)"), "<i>σ</i>(<i>φ</i>)"),
    (re.compile(r"\bs\(d0\)"), "<i>s</i>(<i>d</i><sub>0</sub>)"),
    (re.compile(r"\|d0\|"), "|<i>d</i><sub>0</sub>|"),
    (re.compile(r"\ba\(d0\)"), "<i>a</i>(<i>d</i><sub>0</sub>)"),
    (re.compile(r"\bdeta\b"), "Δ<i>η</i>"),
    (re.compile(r"\ba\("), "<i>a</i>("),
)


def html(text: str) -> Markup:
    r"""Return text with ``$...$`` in it, such as ``$\sigma(\phi)$``, as HTML; all is escaped."""
    pieces = _MATH.split(text)
    made = [
        _math(piece) if inside else Markup(escape(piece))
        for piece, inside in zip(pieces, _alternating(len(pieces)), strict=True)
    ]
    return Markup("").join(made)


def whole(words: str) -> Markup:
    """Return words that stay on one line."""
    return Markup('<span class="number">{}</span>').format(words)


def method(name: str) -> str:
    """Return what an explainer is called inside a sentence; abbreviations are in capitals."""
    return name.upper() if len(name) <= _ABBREVIATION else name.replace("-", " ")


def said(text: str) -> Markup:
    """Return plain words with variables in them, such as ``|d0| > 1 mm``, as HTML; escaped."""
    safe = str(escape(text))
    for pattern, symbol in _SAID:
        safe = pattern.sub(symbol, safe)
    return Markup(safe)


def _alternating(count: int) -> list[bool]:
    return [bool(i % 2) for i in range(count)]


def _math(text: str) -> Markup:
    tokens = [
        _SYMBOLS.get(m[1], m[1]) if m[1] else m[2].lstrip("\\") for m in _TOKEN.finditer(text)
    ]
    return _row(tokens)


def _row(tokens: list[str]) -> Markup:
    """Set tokens one after the other, up to a closing brace; they are used up."""
    made = Markup("")
    while tokens:
        token = tokens.pop(0)
        if token == "}":
            break
        if token in ("_", "^"):
            tag = "sub" if token == "_" else "sup"
            made += Markup("<{0}>{1}</{0}>").format(Markup(tag), _one(tokens))
        else:
            tokens.insert(0, token)
            made += _one(tokens)
    return made


def _one(tokens: list[str]) -> Markup:
    token = tokens.pop(0) if tokens else ""
    if token == "{":
        return _row(tokens)
    if len(token) == 1 and token.isalpha():
        return Markup("<i>{}</i>").format(token)
    return Markup("{}").format(token)
