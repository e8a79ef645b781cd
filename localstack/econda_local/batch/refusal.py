"""The two errors Batch answers with."""

from __future__ import annotations


class Refused(Exception):
    """The client's request cannot be carried out: `ClientException`, HTTP 400."""

    code = "ClientException"
    status = 400


class Broken(Exception):
    """The endpoint itself failed: `ServerException`, HTTP 500."""

    code = "ServerException"
    status = 500
