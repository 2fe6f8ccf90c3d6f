"""`python -m tests.cases FILE`: the command around `runner`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .reading import BadFile, read_cases
from .report import as_json, lines_of, total_lines
from .runner import FAIL, of_kinds, run_cases

_HELP = """\
Runs worked numeric cases through the product and compares.

FILE is a JSON list of cases like tests/cases/cases.json: each has id, kind, subkind, inputs and
expected. Each case becomes a customer of its own with catalog rows and usage; all of them stand in
one generated company, which is closed date by date. What came out is read from the stored output
nearest to what is expected: quantities, invoice lines, invoices.

level    usage  the case went through a whole close, as catalog rows and events
         model  no usage can make its state: rows stand in a model's input relation (the reason
                says why), and dbt ran the models from there on
verdict  pass         every expected number is met, at the lower of the two scales
         exact        we differ on purpose (the list EXACT of the billing rules); what can be
                      compared all the same agrees
         unsupported  the kind, subkind or key has no translation; the reason names it
         fail         a number differs, or the product refused the case
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0, 1 if a case fails, 2 if the file cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.cases",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0 no case fails, 1 a case fails, 2 the file or the arguments are wrong.\n"
        "example: python -m tests.cases tests/cases/cases.json --kind charge_model,aggregation",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the cases")
    parser.add_argument(
        "--kind",
        metavar="K,…",
        default="",
        help="run only cases of these kinds, separated by commas",
    )
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the verdicts there, too")
    parser.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="leave the generated company in this new folder"
    )
    given = parser.parse_args(arguments)
    try:
        cases = read_cases(given.file)
        kinds = [kind.strip() for kind in given.kind.split(",") if kind.strip()]
    except BadFile as error:
        print(error, file=sys.stderr)
        return 2
    _name_absent_kinds(given.file, kinds, {case.kind for case in cases})
    chosen = of_kinds(cases, kinds)
    print(f"Billing {len(chosen)} cases; each close takes seconds.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="meterhouse-cases-") as scratch:
        verdicts = run_cases(chosen, given.keep or Path(scratch))
    for verdict in verdicts:
        print("\n".join(lines_of(verdict)))
    print()
    print("\n".join(total_lines(verdicts)))
    if given.json is not None:
        text = json.dumps(as_json(verdicts), indent=2, ensure_ascii=False)
        given.json.write_text(f"{text}\n", encoding="utf-8")
    return 1 if any(verdict.status == FAIL for verdict in verdicts) else 0


def _name_absent_kinds(file: Path, kinds: Sequence[str], known: set[str]) -> None:
    for kind in kinds:
        if kind not in known:
            listed = ", ".join(sorted(known)) or "none"
            print(f"{file} has no case of kind {kind!r}; it has: {listed}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
