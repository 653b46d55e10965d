"""Levers moved over a grid, named cases or stresses: the same people for every one.

With a folder, each finished case leaves a file there (written aside and renamed, so a file is
whole or absent), and a sweep that was killed goes on with what is missing. A case is a function
of its scenario, seed and paths alone, so the numbers are those of a sweep that was not killed,
bit by bit.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pfs_sim import __version__
from pfs_sim.analysis.compare import find_differences
from pfs_sim.analysis.levers import Case, Changeable, Lever, cross, write_value
from pfs_sim.analysis.same_people import PATHS, SamePeople, find_people
from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import Known, summarize
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.table import MetricTable
from pfs_sim.reading import Loaded, scenario_hash, state
from pfs_sim.sampling import Design
from pfs_sim.simulate import Deal, versions

CASES = "cases"
"""Folder of the finished cases, inside the folder of the sweep."""
BASE = Case("as it is", {})


@dataclass(frozen=True)
class Lived:
    """A case that has been lived: its metrics and, against the deal as it is, what they gain.

    `differences` are empty in a sweep over levers, which has no deal as it is.
    """

    case: Case
    table: MetricTable
    differences: dict[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """As the file of a case holds it."""
        return {
            "case": self.case.name,
            "sets": self.case.sets,
            "metrics": self.table.to_json(),
            "differences": {name: one.to_json() for name, one in self.differences.items()},
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Lived:
        """Reads back what `to_json` wrote."""
        return cls(
            Case(found["case"], dict(found["sets"])),
            MetricTable.from_json(found["metrics"]),
            {name: Estimate.from_json(one) for name, one in found["differences"].items()},
        )


@dataclass(frozen=True)
class Sweep:
    """Cases over the same people, in order. `levers` is empty for named cases and stresses."""

    levers: tuple[Lever, ...]
    cases: tuple[Lived, ...]
    resolved: dict[str, Any]
    """The deal as it is."""
    provenance: dict[str, Any]

    @property
    def paths(self) -> int:
        """Paths of each case."""
        return int(self.provenance["paths"])

    def to_json(self) -> dict[str, Any]:
        """As `sweep --json` prints it."""
        return {
            "schema": 1,
            "scenario": self.resolved["name"],
            "currency": self.resolved.get("currency", "USD"),
            **self.provenance,
            "levers": {lever.path: list(lever.values) for lever in self.levers},
            "cases": [one.to_json() for one in self.cases],
        }

    def list_rows(self) -> list[dict[str, Any]]:
        """One row for each case, metric and statistic: what CSV and Parquet hold."""
        found = []
        for one in self.cases:
            values = {}
            for lever in self.levers:  # a column holds numbers, or words
                value = one.case.sets[lever.path]
                values[lever.path] = value if lever.numeric else write_value(value)
            header, *rows = one.table.to_csv_rows()
            for row in rows:
                cells = dict(zip(map(str, header), row, strict=True))
                change = one.differences.get(f"{cells['metric']}.{cells['statistic']}")
                told = change.to_json() if change is not None else {}
                found.append(
                    {
                        "case": one.case.name,
                        **values,
                        **cells,
                        "change": told.get("value"),
                        "change_se": told.get("se"),
                    }
                )
        return found


def sweep(
    deal: Deal,
    over: Mapping[str, Sequence[Any]] | Sequence[Lever] | None = None,
    *,
    cases: Mapping[str, Mapping[str, Any]] | Sequence[Case] | None = None,
    paths: int = PATHS,
    seed: int = 1,
    sampling: Design | str = "random",
    threads: int | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    finished: Callable[[Lived, bool], None] | None = None,
) -> Sweep:
    """Live every case over the same people.

    `over` maps the dotted path of one or two levers to their values; `cases` maps names to values
    by dotted path, and then the deal as it is comes first and every case has differences from it.
    In a `folder`, finished cases are kept and read again. `finished` is called after each case,
    with whether it was read. InputError or ScenarioError before anything is lived, for any case
    that makes no scenario.
    """
    levers = _read_levers(over)
    if bool(levers) == (cases is not None):
        raise InputError("found no levers or both levers and cases; allowed: one of the two")
    listed = cross(levers) if levers else [BASE, *_read_cases(cases or {})]
    changeable = Changeable(deal)
    deals = [changeable.with_values(case.sets) for case in listed]
    people = find_people(
        deals[0], paths, seed, sampling=sampling, threads=threads, deals=deals
    )
    shelf = None if folder is None else Path(folder) / CASES
    lived = tuple(_live_all(listed, deals, people, shelf, not levers, progress, finished))
    if shelf is not None:
        _clear(shelf, deals, people, not levers)
    resolved = state(changeable.loaded.scenario)
    provenance = {
        "paths": paths,
        "seed": seed,
        "sampling": str(people.sampling),
        "scenario_hash": scenario_hash(resolved),
        "version": __version__,
    }
    return Sweep(tuple(levers), lived, resolved, provenance)


def _read_levers(over: Mapping[str, Sequence[Any]] | Sequence[Lever] | None) -> list[Lever]:
    levers = (
        [Lever(path, tuple(values)) for path, values in over.items()]
        if isinstance(over, Mapping)
        else list(over or ())
    )
    if len(levers) > 2 or len({lever.path for lever in levers}) < len(levers):
        raise InputError(f"found {len(levers)} levers; allowed: one, or two that differ")
    return levers


def _read_cases(cases: Mapping[str, Mapping[str, Any]] | Sequence[Case]) -> list[Case]:
    if isinstance(cases, Mapping):
        return [Case(name, dict(sets)) for name, sets in cases.items()]
    return list(cases)


def _live_all(
    cases: list[Case],
    deals: list[Loaded],
    people: SamePeople,
    shelf: Path | None,
    against_base: bool,
    progress: Callable[[int], None] | None,
    finished: Callable[[Lived, bool], None] | None,
) -> Iterator[Lived]:
    files = list[tuple[Path, str] | None]()
    for place, deal in enumerate(deals):
        if shelf is None:
            files.append(None)
        else:
            key = find_key(deal, people, deals[0] if against_base else None)
            files.append((shelf / name_case(place, key), key))
    read = [
        None if file is None else read_case(*file, case)
        for file, case in zip(files, cases, strict=True)
    ]
    missing = [deal for deal, found in zip(deals, read, strict=True) if found is None]
    results_of_missing = people.live_each(missing, progress=progress)
    base: Known | None = None
    last: Known | None = None
    for place, (case, before) in enumerate(zip(cases, read, strict=True)):
        found = before
        if found is None:
            if against_base and base is None and place:
                alone = people.live_one(deals[0])
                base = alone, summarize(alone)
            results = next(results_of_missing)
            table = summarize(results, known=last)
            last = results, table
            if place == 0:
                base = last
            changes = {}
            if against_base and place and base is not None:
                pairs = find_differences(base[0], base[1], results, table)
                changes = {address: pair.difference for address, pair in pairs.items()}
            # What is returned is what a file would give back: a number more or less nowhere.
            found = Lived.from_json(Lived(case, table, changes).to_json())
            file = files[place]
            if file is not None:
                write_case(*file, found)
        if finished is not None:
            finished(found, before is not None)
        yield found


def find_key(deal: Loaded, people: SamePeople, base: Loaded | None = None) -> str:
    """A hash of all that a case's numbers depend on, the machine included.

    But for kinds that other packages add.
    """
    from pfs_sim.kernels.cache import cache_key

    about: list[Any] = [
        scenario_hash(state(one.scenario)) if one is not None else None for one in (deal, base)
    ]
    about += [people.paths, people.seed, str(people.sampling)]
    about += [list(people.keys), list(people.dates)]
    about += [versions(), _hash_package(), cache_key()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


@cache
def _hash_package() -> str:
    """A hash of the text of the package: an edit anywhere may move a number."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        text = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def name_case(place: int, key: str) -> str:
    """The file of a case: its place in the sweep, and what its numbers depend on."""
    return f"{place:04d}-{key[:16]}.json"


def _clear(
    shelf: Path, deals: list[Loaded], people: SamePeople, against_base: bool
) -> None:
    """Remove what sweeps with other cases, and those that were killed, have left.

    What another process is about to write stays.
    """
    base = deals[0] if against_base else None
    own = {name_case(place, find_key(deal, people, base)) for place, deal in enumerate(deals)}
    for file in shelf.iterdir():
        left = file.suffix == ".json" or (file.suffix == ".part" and not _is_being_written(file))
        if file.name not in own and left:
            file.unlink(missing_ok=True)


def _is_being_written(file: Path) -> bool:
    """Whether the process that writes a file aside (`write_case`) lives."""
    if sys.platform == "win32":  # to ask there is to kill
        return True
    try:
        os.kill(int(file.with_suffix("").suffix[1:]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:  # it is another user's
        return True
    return True


def write_case(file: Path, key: str, lived: Lived) -> None:
    """Write the file of a finished case: whole, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}.part")
    text = json.dumps({"key": key, **lived.to_json()}, allow_nan=False, ensure_ascii=False)
    with aside.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, file)


def read_case(file: Path, key: str, case: Case) -> Lived | None:
    """The case in a file, by its own name now; None where there is none, or of other numbers."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["key"] != key:
            return None
        lived = Lived.from_json(found)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Lived(case, lived.table, lived.differences)
