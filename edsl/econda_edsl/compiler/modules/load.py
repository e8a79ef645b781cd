"""The files and packages of a program: found, parsed, put in an order in which imports come first.

Paths are those of the bundle, relative to the importing file and never out of it. A cycle of imports is refused with
every file in it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.modules import packages
from econda_edsl.compiler.modules.aliases import own_aliases, qualify
from econda_edsl.compiler.parse.layout import Layout, decode, lay_out
from econda_edsl.compiler.parse.parser import Memo, parse
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import bounded, did_you_mean

if TYPE_CHECKING:
    from econda_edsl.compiler.parse.mending import Mended

MODULES_MOST = 200


@dataclass(eq=False, slots=True)
class Unit:
    """One file or package. `label` tells its types from those of other units; it is empty for the file compiled.

    `imports` holds the unit of every import declaration that was found; `drivers` the package of every connector's
    driver. Of a text that does not parse, `program` is what could be `mended`, and `complete` False.
    """

    path: str
    label: str
    text: str
    program: s.Program
    complete: bool
    layout: Layout
    package: packages.Package | None = None
    mended: Mended | None = None
    imports: dict[s.Import, Unit] = field(default_factory=dict)
    drivers: dict[str, Unit] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def names_all(self) -> bool:
        """Whether all that the text declares is in `program`."""
        return self.complete or (self.mended is not None and self.mended.whole)


@bounded()
def load_units(path: str, text: str, files: Mapping[str, bytes], memo: Memo | None = None) -> list[Unit]:
    """All units of a program, each after those it imports; the last is the file itself.

    `memo` remembers the declarations of that file from one version to the next.
    """
    loader = _Loader(files)
    loader.open.append(posixpath.basename(path))
    loader.order.append(loader.filled(_parsed(path, "", text, memo), folder=""))
    return loader.order


@dataclass(slots=True)
class _Loader:
    files: Mapping[str, bytes]
    order: list[Unit] = field(default_factory=list)
    done: dict[str, Unit] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    labels: set[str] = field(default_factory=lambda: {""})

    def filled(self, unit: Unit, folder: str) -> Unit:
        """The unit with everything it imports loaded before it."""
        for d in unit.program.declarations:
            if isinstance(d, s.ImportModule | s.ImportNames):
                found = self.package(unit, d) if packages.is_package(d.source.text) else self.file(unit, d, folder)
                if found is not None:
                    unit.imports[d] = found
            elif isinstance(d, s.Resource) and d.kind == "connector" and d.driver.text not in unit.drivers:
                self.driver(unit, d)
        aliases = own_aliases(unit.program)
        for d, other in unit.imports.items():
            if isinstance(d, s.ImportNames):
                connectors = own_aliases(other.program)
                aliases |= {alias.text for name, alias in d.symbols if name.text in connectors}
        unit.program = qualify(unit.program, aliases)
        return unit

    # ---- packages

    def package(self, unit: Unit, d: s.Import) -> Unit | None:
        name, span = d.source.text, d.source.span
        found = self.known(unit, name, span)
        if found is None:
            return None
        if d.version is not None:
            try:
                good = packages.fits(found.version, d.version.text)
            except ValueError:
                help_ = f'for example `@ "^{found.version}"`'
                _report(unit, "E0214", f"`{d.version.text}` is not a version", d.version.span, "not known", help_)
                return None
            if not good:
                message = f"`{name}` is here as {found.version}, which `{d.version.text}` does not allow"
                help_ = f'write `@ "^{found.version}"`, or install the version the pipeline was written for'
                _report(unit, "E0214", message, d.version.span, "another version", help_)
                return None
        return self.package_unit(found)

    def known(self, unit: Unit, name: str, span: Span) -> packages.Package | None:
        try:
            found = packages.find_package(name)
        except packages.BadPackage as error:
            _report(unit, "E0212", f"the package `{name}` cannot be read: {error}", span, "broken interface")
            return None
        if found is None:
            known = packages.known_packages()
            help_ = did_you_mean(name, known) or 'a file is imported as "./name.edsl"'
            _report(unit, "E0212", f"there is no package `{name}`", span, "not installed", help_)
        return found

    def package_unit(self, found: packages.Package) -> Unit:
        if found.name not in self.done:
            made = _parsed(f"{found.name}@{found.version}", self.label(found.label), found.text)
            made.package = found
            self.done[found.name] = made
            self.order.append(made)
        return self.done[found.name]

    def driver(self, unit: Unit, d: s.Resource) -> None:
        name = f"econda/{d.driver.text}"
        found = packages.find_package(name)
        if found is None or not found.settings:
            known = [p.rpartition("/")[2] for p in packages.known_packages() if _drives(p)]
            help_ = did_you_mean(d.driver.text, known) or "known: " + ", ".join(known)
            _report(unit, "E0205", f"there is no connector `{d.driver.text}`", d.driver.span, "not a driver", help_)
            return
        unit.drivers[d.driver.text] = self.package_unit(found)

    # ---- files

    def file(self, unit: Unit, d: s.Import, folder: str) -> Unit | None:
        source, span = d.source.text, d.source.span
        path = posixpath.normpath(posixpath.join(folder, source))
        if d.version is not None:
            _report(unit, "E0214", "a file has no version", d.version.span, "only packages have", "remove the `@ …`")
        if path.startswith(("../", "/")) or "\\" in source or not path.endswith(".edsl"):
            help_ = 'import it relative to this file, inside the bundle: "./house.edsl"'
            _report(unit, "E0212", f"`{source}` is not a file of the bundle", span, "not allowed", help_)
            return None
        if path in self.open:
            self.cycle(unit, path, span)
            return None
        if path in self.done:
            return self.done[path]
        if path not in self.files:
            near = [f for f in self.files if f.endswith(".edsl")]
            help_ = did_you_mean(path, near) or "put it beside the pipeline, or into the bundle"
            _report(unit, "E0212", f"the file `{path}` is not in the bundle", span, "no such file", help_)
            return None
        if len(self.done) >= MODULES_MOST:
            _report(unit, "E0109", f"a program has at most {MODULES_MOST} modules", span, "one too many")
            return None
        self.open.append(path)
        stem = posixpath.basename(path).removesuffix(".edsl")
        made = self.done[path] = self.filled(_read(path, self.label(stem), self.files[path]), posixpath.dirname(path))
        self.open.pop()
        self.order.append(made)
        return made

    def cycle(self, unit: Unit, path: str, span: Span) -> None:
        loop = [*self.open[self.open.index(path) :], path]
        notes = (f"cycle: {' -> '.join(loop)}",)
        help_ = "move what both need into a file of its own"
        diagnostic = Diagnostic("E0403", "these files import each other", span, "closes the cycle", notes, help_)
        unit.diagnostics.append(diagnostic)

    def label(self, stem: str) -> str:
        """A word for the unit that no other unit has."""
        label, number = stem, 2
        while label in self.labels:
            label, number = f"{stem}_{number}", number + 1
        self.labels.add(label)
        return label


def _drives(package: str) -> bool:
    found = packages.find_package(package)
    return found is not None and bool(found.settings)


def _report(unit: Unit, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
    unit.diagnostics.append(Diagnostic(code, message, span, label, help=help))


def _read(path: str, label: str, data: bytes) -> Unit:
    text, problems = decode(data)
    if problems:
        return Unit(path, label, text, s.Program(1, ()), False, Layout((), (), {}, {}), diagnostics=problems)
    return _parsed(path, label, text)


def _parsed(path: str, label: str, text: str, memo: Memo | None = None) -> Unit:
    layout, problems = lay_out(text)
    parsed, found = parse(layout, memo)
    unit = Unit(path, label, text, parsed.program, parsed.complete, layout, diagnostics=[*problems, *found])
    if not parsed.complete:
        _mend(unit, memo)
    return unit


def _mend(unit: Unit, memo: Memo | None) -> None:
    """Find what the errors of a text hide."""
    from econda_edsl.compiler.parse.mending import mended, parsed_with_stand_ins  # Right texts never need it.

    found = mended(unit.text, unit.layout, unit.diagnostics)
    if found is not None:
        unit.mended = found
        unit.diagnostics += found.further
        unit.program, unit.layout = parsed_with_stand_ins(found, memo)
