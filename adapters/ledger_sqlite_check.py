"""What could lose or rewrite the history in an SQLite ledger, and the command that mends it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from adapters.ledger import Finding, Severity

_MOUNTS: Final = Path("/proc/self/mounts")
# WAL shares memory between processes, which works on one machine only (https://sqlite.org/wal.html, section 1).
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.glusterfs"}
)
# How virtual machines share a folder with their host: safe inside one machine, not between the two.
_SHARED_FILE_SYSTEMS: Final = frozenset({"9p", "virtiofs", "vboxsf", "fuse.vmhgfs-fuse", "drvfs"})
_FULL: Final = 2  # PRAGMA synchronous: 0 OFF, 1 NORMAL, 2 FULL, 3 EXTRA
_TABLES: Final = ("ledger_meta", "ledger_slots")
_TRIGGERS: Final = ("ledger_slots_no_update", "ledger_slots_no_delete")


def findings_of(connection: sqlite3.Connection, path: Path) -> tuple[Finding, ...]:
    """Return every finding about an open ledger file."""
    findings = [*_modes(connection, path), *_permissions(path), *_tables(connection, path)]
    if not any(finding.code == "TABLE_MISSING" for finding in findings):
        findings += _holes(connection, path)
    findings += file_system_findings(path, _mounts())
    return tuple(findings)


def _forbids(code: str, setting: str, what: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.FORBIDS, setting=setting, what=what, remedy=remedy)


def _modes(connection: sqlite3.Connection, path: Path) -> list[Finding]:
    findings = []
    (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    if journal != "wal":
        what = f"{path} keeps its journal as '{journal}', not 'wal': readers and writers of several processes block each other"
        findings.append(_forbids("JOURNAL_MODE", "journal_mode", what, f"sqlite3 '{path}' 'PRAGMA journal_mode=WAL'"))
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if synchronous < _FULL:
        what = f"synchronous is {synchronous}, not {_FULL} (FULL): a power cut can lose acknowledged records"
        findings.append(_forbids("SYNCHRONOUS", "synchronous", what, "open the ledger anew; this program sets it when it opens"))
    return findings


def _permissions(path: Path) -> list[Finding]:
    # The superuser may write whatever the mode says; whoever took the write bits away still meant it.
    findings = []
    if not os.access(path, os.W_OK) or not path.stat().st_mode & 0o222:
        what = f"{path} is read-only: nothing can be appended"
        findings.append(_forbids("READ_ONLY", "permissions of the file", what, f"chmod u+w '{path}'"))
    if not os.access(path.parent, os.W_OK):
        what = f"the folder {path.parent} is read-only: SQLite cannot keep its log beside the file"
        findings.append(_forbids("FOLDER_READ_ONLY", "permissions of the folder", what, f"chmod u+w '{path.parent}'"))
    return findings


def _tables(connection: sqlite3.Connection, path: Path) -> list[Finding]:
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    findings = []
    for table in _TABLES:
        if table not in names:
            what = f"{path} lacks the table {table}: it is not, or no longer, a ledger"
            findings.append(_forbids("TABLE_MISSING", table, what, f"restore '{path}' from a backup"))
    for trigger in _TRIGGERS:
        if trigger not in names:
            what = f"{path} lacks the trigger {trigger}, which keeps tools from changing what is written"
            remedy = (
                f"find out who dropped it, then: sqlite3 '{path}' \"CREATE TRIGGER {trigger} BEFORE "
                f"{'UPDATE' if 'update' in trigger else 'DELETE'} ON ledger_slots "
                "BEGIN SELECT RAISE(ABORT, 'a ledger is append-only'); END\""
            )
            finding = Finding(code="TRIGGER_MISSING", severity=Severity.WARNS, setting=trigger, what=what, remedy=remedy)
            findings.append(finding)
    return findings


def _holes(connection: sqlite3.Connection, path: Path) -> list[Finding]:
    query = "SELECT coalesce(min(position), 0), coalesce(max(position) + 1, 0), count(*) FROM ledger_slots"
    start, end, count = connection.execute(query).fetchone()
    restore = f"restore '{path}' from a backup; nothing may be appended before that"
    if start > 0:
        return [_forbids("START_NOT_ZERO", "first position", f"{path} begins at position {start}, not 0", restore)]
    if count != end:
        what = f"{path} lacks {end - count} of the positions 0 to {end - 1}: rows were deleted"
        return [_forbids("POSITIONS_MISSING", "positions", what, restore)]
    return []


def _mounts() -> str:
    # Only Linux tells it in a file; elsewhere nothing is found, and the guide on running says it in words.
    return _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.exists() else ""


def file_system_findings(path: Path, mounts: str) -> list[Finding]:
    """Return what is wrong with the file system that holds a file, by the text of the kernel's list of mounts."""
    kind = _file_system_of(path.resolve(), mounts)
    what = f"{path} lies on a file system of type '{kind}': SQLite's log works between processes of one machine only"
    remedy = "move the file to a local disk, or use a Kafka ledger for several machines"
    if kind in _NETWORK_FILE_SYSTEMS:
        return [_forbids("NETWORK_FILE_SYSTEM", "file system", what, remedy)]
    if kind in _SHARED_FILE_SYSTEMS:
        return [Finding(code="SHARED_FILE_SYSTEM", severity=Severity.WARNS, setting="file system", what=what, remedy=remedy)]
    return []


def _file_system_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds the path, by the longest mount point above it."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, this_kind, *_ = [*line.split(" "), "", "", ""]
        point = point.replace("\\040", " ")
        if path.is_relative_to(point or "/") and len(point) >= len(best):
            best, kind = point, this_kind
    return kind
