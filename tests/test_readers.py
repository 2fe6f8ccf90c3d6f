"""Who reads what is published while closes run: always one whole state, never an error.

Belongs here: readers of `finance.duckdb` and of the Parquet files, each in a process of its own. Does not belong here:
what a crash leaves behind (`test_kill`, `test_publish`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.holds.decisions import release
from tests.held_company import close
from tests.small_company import write_company

# A reader knows nothing of Meterhouse: it opens the file, asks, and closes it.
READER = """
import json, sys, time
from pathlib import Path
import duckdb

published, stop = Path(sys.argv[1]), Path(sys.argv[2])
told = {"reads": 0, "errors": [], "mixed": [], "states": []}
questions = {
    "invoices of each publication": '''
        select count(*) from publications as p where p.invoice_count <> (select count(*) from invoices as i
            where i.close_date = p.close_date and i.publication_no = p.publication_no)''',
    "fees of each invoice": '''
        select count(*) from invoices as i where i.fees_amount is distinct from (
            select sum(l.amount) from invoice_lines as l where l.invoice_number = i.invoice_number)''',
    "lines without an invoice": "select count(*) from invoice_lines anti join invoices using (invoice_number)",
    "draws without an invoice": "select count(*) from wallet_draws anti join invoices using (invoice_number)",
    "balances of each invoice": "select count(*) from invoices anti join invoice_balances using (invoice_number)",
    "checks of each close": '''
        select count(*) from publications where publication_no = 1
            and not exists (from close_checks as c where c.close_date = publications.close_date)''',
    "credit of each lot": "select count(*) from wallet_lots where granted_amount <> used_amount + remaining_amount",
}
while True:
    is_last = stop.exists()
    if (published / "finance.duckdb").exists():
        try:
            with duckdb.connect(str(published / "finance.duckdb"), read_only=True) as con:
                chain = "select close_date, publication_no, invoice_count from publications order by all"
                seen = con.execute(chain).fetchall()
                for name, question in questions.items():
                    if con.execute(question).fetchone() != (0,):
                        told["mixed"].append(name)
            for close_date, number, count in seen:
                file = published / "parquet" / "invoices" / f"{close_date}-{number}.parquet"
                if duckdb.execute(f"select count(*) from '{file}'").fetchone() != (count,):
                    told["mixed"].append(f"Parquet of {close_date}-{number}")
            told["reads"] += 1
            if len(seen) not in told["states"]:
                told["states"].append(len(seen))
        except Exception as error:
            told["errors"].append(repr(error))
    if is_last:
        break
print(json.dumps(told))
"""


@contextmanager
def reading(published: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """A reader that reads as often as it can; afterwards, what it has seen."""
    stop, told = folder / "stop", {}
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(published), str(stop)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield told
        # So that the last state is read, too.
        time.sleep(0.5)
        stop.touch()
        told |= json.loads(process.communicate(timeout=60)[0])
    finally:
        process.kill()


def test_readers_see_whole_states_while_closes_and_releases_publish(tmp_path: Path) -> None:
    ws = write_company(tmp_path)
    with reading(ws.published, tmp_path) as told:
        close(ws, date(2025, 11, 1))
        close(ws, date(2025, 12, 1), "borea")
        release(ws, "H-1", "J. Kent", "Confirmed", date(2025, 12, 5))
        close(ws, date(2026, 1, 1))
    assert (told["errors"], told["mixed"]) == ([], [])
    # Three closes and a supplementary publication, in their order; the reader may have missed one between two reads.
    assert told["states"] == sorted(told["states"])
    assert told["states"][-1] == 4
    assert len(told["states"]) >= 3
    assert told["reads"] > 20


def test_a_reader_would_notice_a_mixed_state(tmp_path: Path) -> None:
    """The reader's own proof: a file that lacks a line, and a Parquet file that is no Parquet."""
    import duckdb

    ws = write_company(tmp_path)
    close(ws, date(2025, 11, 1))
    with duckdb.connect(str(ws.published / "finance.duckdb")) as con:
        con.execute("delete from invoice_lines where amount = 99")
    (ws.published / "parquet/invoices/2025-11-01-1.parquet").write_bytes(b"PAR1")
    with reading(ws.published, tmp_path) as told:
        pass
    assert "fees of each invoice" in told["mixed"]
    assert told["errors"]
