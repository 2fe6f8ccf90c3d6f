"""Which documents of a judged close are held, and which of them together.

Belongs here: the closure from named documents to groups, and its record for publication. Does not belong here: which
check names which document (`gate`).

Documents that bill one subscription are held together: what one of them settles, the other counts on. So is an invoice
with the note of this close that pays it. A document that corrects or credits a held one has no number to name it by:
it is held until that one is decided, and made anew afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

# The holds that nothing was decided about yet.
ACTIVE_HOLDS = "(select * from issued.holds where hold_sequence not in (select hold_sequence from issued.hold_ends))"

_DOCUMENTS = (
    "(select document_key from settlement.fct_invoices"
    " union all select document_key from settlement.fct_credit_notes)"
)

# Pairs of a document and a subscription that it bills or credits.
_SUBSCRIPTIONS = """
    select document_key, subscription_id from settlement.fct_settled_lines where subscription_id is not null
    union
    select document_key, subscription_id from settlement.fct_credit_note_lines where subscription_id is not null
"""


@dataclass(frozen=True)
class HeldDocument:
    """A document to set aside: those of one `group` (1, 2, 3 …) together.

    `checks` are those that named it, none if it is only held with others; `follows` is the hold of an earlier close
    whose document it corrects or credits.
    """

    document_key: str
    group: int
    checks: tuple[str, ...] = ()
    follows: int | None = None

    @property
    def check_names(self) -> str | None:
        return ",".join(self.checks) or None


def held_documents(
    con: duckdb.DuckDBPyConnection, named: Mapping[str, Sequence[str]]
) -> tuple[HeldDocument, ...]:
    """The documents that are held if checks name those of `named`, in order of group and key.

    Args:
        con: a connection that sees the drafts.
        named: the names of checks by the document_key that they name.
    """
    follows = dict(con.execute(_followers_sql()).fetchall())
    if not named and not follows:
        return ()
    links = con.execute(
        f"""
        with pairs as ({_SUBSCRIPTIONS})
        select one.document_key, other.document_key, true as is_mutual
        from pairs as one
        inner join pairs as other on one.subscription_id = other.subscription_id
        where one.document_key < other.document_key
        union all
        select credit_note_document_key, document_key, false as is_mutual
        from settlement.fct_credit_note_uses
        where credit_note_document_key in (select document_key from settlement.fct_credit_notes)
        """
    ).fetchall()
    groups = group_documents([*named, *follows], links)
    return tuple(
        HeldDocument(key, number, tuple(sorted(named.get(key, ()))), follows.get(key))
        for number, group in enumerate(groups, start=1)
        for key in group
    )


def _followers_sql() -> str:
    """Documents that name a held one: their memory of it has its document_key where its number would stand."""
    return f"""
        select document_key, max(hold_sequence) as hold_sequence
        from (
            select lines.document_key, holds.hold_sequence
            from settlement.fct_settled_lines as lines
            inner join {ACTIVE_HOLDS} as holds on lines.original_invoice_number = holds.document_key
            union all
            select notes.document_key, holds.hold_sequence
            from settlement.fct_credit_notes as notes
            inner join {ACTIVE_HOLDS} as holds on notes.invoice_number = holds.document_key
        ) as found
        group by document_key
    """


def group_documents(
    named: Iterable[str], links: Iterable[tuple[str, str, bool]]
) -> Sequence[Sequence[str]]:
    """Groups of documents that are held together, each in order of key, and in order of their first key.

    Args:
        named: the documents to start from.
        links: pairs of documents; the first draws the second in, and the second the first if the link is mutual.

    Example:
        >>> group_documents(["b", "x"], [("a", "b", True), ("b", "c", False), ("d", "c", False)])
        [['a', 'b', 'c'], ['x']]
    """
    neighbours: dict[str, set[str]] = {}
    for one, other, is_mutual in links:
        neighbours.setdefault(one, set()).add(other)
        if is_mutual:
            neighbours.setdefault(other, set()).add(one)
    group_of: dict[str, set[str]] = {}
    for name in sorted(set(named)):
        reached, queue = {name}, [name]
        while queue:
            for neighbour in neighbours.get(queue.pop(), ()):
                if neighbour not in reached:
                    reached.add(neighbour)
                    queue.append(neighbour)
        # Two that draw in the same document are one group, although neither draws in the other.
        for other in {
            id(group_of[key]): group_of[key] for key in reached if key in group_of
        }.values():
            reached |= other
        for key in reached:
            group_of[key] = reached
    groups = {id(group): group for group in group_of.values()}
    return sorted(sorted(group) for group in groups.values())


def names_documents(con: duckdb.DuckDBPyConnection, relation: str | None) -> bool:
    """Whether a failed check stored its rows, and every one has a document_key."""
    try:
        sql = f"select count(*) > 0 and count(*) = count(document_key) from {relation}"
        ((is_named,),) = con.execute(sql).fetchall()
    except duckdb.Error:
        # Rows that cannot be read, or have no such column, name nothing: the close is refused.
        return False
    return bool(is_named)


def documents_in(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, ...]:
    """The drafts that the rows of a failed check name; none unless every row names a draft of the running close."""
    if not names_documents(con, relation):
        return ()
    rows = con.execute(
        f"select distinct document_key, document_key in (select * from {_DOCUMENTS}) from {relation} order by 1"
    ).fetchall()
    return tuple(key for key, _ in rows) if all(is_draft for _, is_draft in rows) else ()


def record(
    con: duckdb.DuckDBPyConnection, close_sequence: int, held: Sequence[HeldDocument]
) -> str | None:
    """Write `held` to `control.gate_holds` for publication; returns their digest, None if nothing is held."""
    con.execute("delete from control.gate_holds where close_sequence = ?", [close_sequence])
    if held:
        con.executemany(
            "insert into control.gate_holds"
            " (close_sequence, document_key, group_number, check_names, follows_hold_sequence)"
            " values (?, ?, ?, ?, ?)",
            [
                (close_sequence, one.document_key, one.group, one.check_names, one.follows)
                for one in held
            ],
        )
    return recorded_digest(con, close_sequence)


def recorded_digest(con: duckdb.DuckDBPyConnection, close_sequence: int) -> str | None:
    """The sha256 (hex) over what `control.gate_holds` says of a close; None if it says nothing."""
    rows = con.execute(
        "select document_key, group_number, check_names, follows_hold_sequence from control.gate_holds"
        " where close_sequence = ? order by all",
        [close_sequence],
    ).fetchall()
    if not rows:
        return None
    return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()
