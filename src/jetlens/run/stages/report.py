"""x"""

from jetlens.run.study import Study


def report(study: Study) -> None: ...
