"""Watches the errors of a deployment for a while."""

import time
import urllib.request


def watch(url, **times):
    end = time.monotonic() + times["for"].total_seconds()
    failures = checks = 0
    while time.monotonic() < end:
        checks += 1
        try:
            urllib.request.urlopen(url + "/health", timeout=5).close()
        except OSError:
            failures += 1
        time.sleep(1)
    return {"healthy": failures <= checks / 100}
