"""The same checks on other Pythons and with the oldest versions that are promised to work."""

from __future__ import annotations

import re
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and layers."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """The test suite with the newest versions."""
    session.install("-e", ".[test]")
    session.install("--no-deps", "-r", "peers.txt")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(python="3.11")
def minimum(session: nox.Session) -> None:
    """The test suite with the oldest versions that pyproject.toml allows."""
    session.install("-e", ".[test]")
    session.install("--no-deps", "-r", "peers.txt")
    oldest = [
        re.sub(r">=", "==", text)
        for text in nox.project.load_toml(Path("pyproject.toml"))["project"]["dependencies"]
    ]
    session.install(*oldest)
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Timings, as a table of ratios."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("python", "-m", "bench", *session.posargs)
