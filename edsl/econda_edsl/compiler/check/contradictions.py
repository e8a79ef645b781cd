"""Packages asked for twice in ways that no version fits: known before anybody resolves them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.version import Version

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def contradiction(packages: Sequence[str]) -> tuple[str, ...]:
    """The requirements of one package that no version fits, or nothing. Requirements for some systems only are not looked at."""
    asked: defaultdict[str, list[str]] = defaultdict(list)
    for package in packages:
        name = _NAME.match(package)
        if name is not None and ";" not in package:
            asked[re.sub(r"[-_.]+", "-", name[0]).lower()].append(package)
    for texts in asked.values():
        if (len(texts) > 1 or "," in texts[0]) and _none_fits(texts):
            return tuple(texts)
    return ()


def _none_fits(texts: Iterable[str]) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        asked = [Requirement(text) for text in texts]
    except InvalidRequirement:
        return False
    if any(specifier.operator == "===" for each in asked for specifier in each.specifier):
        return False
    return not any(all(each.specifier.contains(v, prereleases=True) for each in asked) for v in _candidates(asked))


def _candidates(asked: Iterable[Requirement]) -> Iterator[Version]:
    """Versions at, just below and just above each that is spoken of: if one fits at all, so does one of these."""
    from packaging.version import InvalidVersion, Version

    for specifier in (specifier for each in asked for specifier in each.specifier):
        try:
            at = Version(specifier.version.removesuffix(".*"))
        except InvalidVersion:
            continue
        release = list(at.release)
        yield at
        for tail in ("1", "0.1", "0.0.1", "0.0.0.1", "99999"):
            yield Version(f"{at.epoch}!{'.'.join(map(str, release))}.{tail}")
        for place in range(len(release)):
            head = [*release[:place], release[place] + 1]
            yield Version(f"{at.epoch}!{'.'.join(map(str, head))}")
            if release[place]:
                yield Version(f"{at.epoch}!{'.'.join(map(str, [*release[:place], release[place] - 1, 99999]))}")
        yield Version(f"{at.epoch}!{at.base_version.rpartition('!')[2]}.dev0")
        yield Version(f"{at.epoch}!{at.base_version.rpartition('!')[2]}.post1")
    yield Version("0")
