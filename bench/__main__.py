"""Measure the platform against the figures we hold ourselves to.

python -m bench                     all parts, about ten minutes
python -m bench login me lists      these parts only
python -m bench --quick             all parts, briefly: the values mean little
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import figures
from bench.effort import FULL, QUICK, Effort
from bench.figures import Figure
from bench.parts import (
    admission,
    audit,
    browser,
    create,
    dev,
    lists,
    login,
    matrix,
    me,
    pages,
    permission,
    resources,
    sockets,
    start,
    trail,
)

PARTS: dict[str, Callable[[Effort], Iterator[Figure]]] = {
    "login": login.measure,
    "me": me.measure,
    "admission": admission.measure,
    "create": create.measure,
    "permission": permission.measure,
    "audit": audit.measure,
    "lists": lists.measure,
    "pages": pages.measure,
    "resources": resources.measure,
    "trail": trail.measure,
    "browser": browser.measure,
    "matrix": matrix.measure,
    "sockets": sockets.measure,
    "start": start.measure,
    "dev": dev.measure,
}


def main() -> None:
    """Measure the chosen parts, print a line per figure, and say how many goals were missed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    measured = []
    for name in options.parts or PARTS:
        print(f"\n{name}", flush=True)
        for figure in PARTS[name](QUICK if options.quick else FULL):
            measured.append(figure)
            print(f"  {figure}", flush=True)
    if options.json:
        figures.write(measured, options.json)
    goals = [figure for figure in measured if figure.is_met is not None]
    missed = sum(not figure.is_met for figure in goals)
    print(f"\n{len(goals) - missed} of {len(goals)} goals met, {missed} missed")


if __name__ == "__main__":
    main()
