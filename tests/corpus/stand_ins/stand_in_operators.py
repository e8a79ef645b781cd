"""Operators of packages that are not installed, and services that are not there: each answers as the real one would."""

import datetime as dt
from pathlib import Path


def table(name, rows):
    Path(name).write_text("".join(f"{row}\n" for row in rows))
    return name


def suggest(space, history, n, **_):
    assert {"lr", "depth"} == set(space)
    return {"points": [{"lr": 0.001 * (i + 1 + len(history)), "depth": (4, 6, 8)[i % 3]} for i in range(n)]}


def notify(channel, text):
    return {"sent": channel.startswith("#") and bool(text)}


def register(name, model, metrics, lineage):
    assert Path(model).exists()
    assert lineage
    return {"version": f"{name}-1-{metrics['auc']:.2f}", "url": "https://models/1"}


def deploy(name, model, traffic):
    assert Path(model).exists()
    return {"name": name, "url": f"https://serving/{name}?traffic={traffic:.2f}"}


def shift(deployment, traffic):
    return {"url": deployment["url"].split("?")[0] + f"?traffic={traffic:.2f}"}


def remove(deployment):
    return {"previous_url": deployment["url"].split("?")[0] + "?previous"}


def expect(table, expectations):
    assert Path(table).read_text()
    return {"failed": 0, "total": len(expectations), "report": "fine"}


def join(left, right, **_):
    rows = Path(left).read_text().splitlines() + Path(right).read_text().splitlines()
    return {"table": table("joined.txt", rows), "rows": len(rows)}


def read_orders(query, bind, connector, **_):
    assert query.startswith("select ")
    assert connector["database"] == "orders"
    return {"table": table("orders.txt", [f"{bind['day']} order {i}" for i in range(3)]), "rows": 3}


def read_clicks(window, connector, **_):
    assert connector["topic"] == "clicks.v3"
    return {"table": table("clicks.txt", [f"{window} click {i}" for i in range(5)]), "rows": 5, "watermark": None}


def write_lake(connector, path, mode, **inputs):
    assert (connector["bucket"], mode) == ("acme-lake-eu", "overwrite")
    rows = Path(inputs["table"]).read_text().splitlines()
    return {"table": table("written.txt", [path, *rows]), "rows": len(rows)}


def read_events(connector, after=None, **_):
    assert connector["stream"] == "app-events"
    start = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC) if after is None else after
    rows = 4 if after is None else 2
    return {"table": table("events.txt", range(rows)), "rows": rows, "watermark": start + dt.timedelta(minutes=2)}
