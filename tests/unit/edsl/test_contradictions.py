"""Requirements that no version fits, and those that one does."""

import pytest
from econda_edsl.compiler.check.contradictions import contradiction

CLASHES = [
    ["numpy==2.*", "numpy==1.*"],
    ["Scikit_Learn>=1.5", "scikit-learn<1.5"],
    ["numpy>2,<2"],
    ["a==1.0", "a==1.1"],
    ["a~=1.4", "a>=2"],
    ["a>=1.0rc1", "a<1.0"],
    ["a==1.4", "a!=1.4"],
    ["a[x]==1", "a[y]==2"],
]
FITS = [
    ["numpy==2.*", "pandas==1.*"],
    ["numpy>=1", "numpy<3"],
    ["numpy==2.*", "numpy==2.1.*"],
    ["a>1.0", "a<1.0.1"],
    ["a~=1.4", "a>=1.9"],
    ["a!=1.0", "a!=2.0"],
    ["a>1.0,<1.1"],
    ["a", "a==3"],
    ["a==1; python_version < '3.9'", "a==2; python_version >= '3.9'"],
    ["a===old", "a==2"],
    ["a==1!2.0", "a>=1!1"],
]


@pytest.mark.parametrize("packages", CLASHES, ids=" ".join)
def test_no_version_fits(packages: list[str]) -> None:
    assert contradiction([*packages, "other"]) == tuple(packages)
    assert contradiction(["other>=1", *reversed(packages)]) == tuple(reversed(packages))


@pytest.mark.parametrize("packages", FITS, ids=" ".join)
def test_a_version_fits(packages: list[str]) -> None:
    assert contradiction(packages) == ()
