"""The archives of the functions: the same sources and pins give the same bytes, so a deployment sees what changed."""

from econda_infra.packaging.dependencies import PackagingFailed
from econda_infra.packaging.zips import KINDS, Archive, Target, archives

__all__ = ["KINDS", "Archive", "PackagingFailed", "Target", "archives"]
