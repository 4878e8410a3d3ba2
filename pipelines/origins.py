"""Of what each record of a dataset was made, as dvc.lock tells: data, settings and code; what is new between two."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

_SHOWN, _NAMED = 40, 4  # letters of a value; pieces of code
Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """What a record was made of."""

    data: Values  # path → hash, size and number of files in dvc.lock
    settings: Values  # dotted key → value
    code: Values  # as `data`

    def hashes(self) -> tuple[str, str]:
        """Give the data's and the settings', short."""
        return _short(self.data), _short(self.settings)

    def changes(self, before: "Origin") -> list[str]:
        """Say what is another than before, data first."""
        data = [f"{path}: {_size(was)} → {_size(its)}" for path, was, its in _changed(before.data, self.data)]
        settings = [
            f"{key}: {_shown(was)} → {_shown(its)}" for key, was, its in _changed(before.settings, self.settings)
        ]
        code = [path for path, *_ in _changed(before.code, self.code)]
        more = f" and {len(code) - _NAMED} more" if len(code) > _NAMED else ""
        return [*data, *settings, *([f"code: {', '.join(code[:_NAMED])}{more}"] if code else [])]


def of_records(lock: Values, patterns: Iterable[str]) -> Iterator[tuple[str, str, Origin]]:
    """Give path, hash and origin of each record of a dvc.lock that is of what the lock says."""
    entries: Values = lock.get("stages") or {}
    makers = {out["path"]: (name, out) for name, entry in entries.items() for out in entry.get("outs", ())}
    for path, (name, out) in makers.items():
        if (dataset := dataset_of(path, patterns)) and (origin := _origin(entries, makers, name, dataset)):
            yield path, str(out.get("md5")), origin


def dataset_of(path: str, patterns: Iterable[str]) -> str:
    """Tell of which dataset a record is, by the patterns of `pipelines.graph.records`; empty if it is none."""
    for pattern in patterns:
        before, _, after = pattern.partition("{dataset}")
        if found := re.fullmatch(f"{re.escape(before)}([^/]+){re.escape(after)}", path):
            return found[1]
    return ""


def _origin(entries: Values, makers: Mapping[str, tuple[str, Values]], stage: str, dataset: str) -> Origin | None:
    """Collect what a stage and those above it have read; None if one of these has run since, and it not yet.

    Of two values of one key (a lock keeps entries of stages that are no more) that of the nearest stage counts. What
    bears the dataset's name is data, what else no stage makes is code.
    """
    settings, data, code = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    queue, seen = [stage], {stage}
    for name in queue:
        entry = entries[name]
        for params in entry.get("params", {}).values():
            settings = dict(_flat(params)) | settings
        for read_ in entry.get("deps", ()):
            path = read_["path"]
            above = _makers_of(path, makers)
            if path in makers and makers[path][1].get("md5") != read_.get("md5"):
                return None
            if not above:
                kept = {key: read_[key] for key in ("md5", "size", "nfiles") if key in read_}
                (data if dataset in Path(path).parts else code).setdefault(path, kept)
            queue += [each for each in dict.fromkeys(above) if each not in seen]
            seen.update(above)
    return Origin(data, settings, code)


def _makers_of(path: str, makers: Mapping[str, tuple[str, Values]]) -> list[str]:
    if path in makers:
        return [makers[path][0]]
    folders = [str(each) for each in Path(path).parents]
    around = [makers[each][0] for each in folders if each in makers]
    return around or [name for out, (name, _) in makers.items() if out.startswith(f"{path}/")]


def _flat(values: Values, above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _changed(before: Values, after: Values) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def _short(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:7]


def _size(its: Values | None) -> str:
    if its is None:
        return "not there"
    files = f"{its['nfiles']} files, " if "nfiles" in its else ""
    return f"{files}{its.get('size', 0)} bytes ({str(its.get('md5'))[:7]})"


def _shown(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
