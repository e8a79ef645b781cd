"""A pipeline of tasks that would spoil each other's results, and the right answers: embedded as on a stack."""

ANSWERS = """edsl 1

task make() -> (f: File, d: Dir):
    run shell:
        printf 'one\\n' > "$OUT/f"
        mkdir "$OUT/d"
        printf 'one\\n' > "$OUT/d/x"

task spoil(f: File, d: Dir) -> (n: Int):
    run shell:
        chmod -R u+w "$d" "$f"
        sed -i '1i zero' "$f" "$d/x"
        touch "$d/new"
        umask 077
        (setsid sh -c 'sleep 60' </dev/null >/dev/null 2>&1 &)
        echo 1 > "$OUT/n"

task look(f: File, d: Dir, then: Int) -> (lines: Int, names: String, mask: String):
    run shell:
        wc -l < "$f" > "$OUT/lines"
        ls "$d" > "$OUT/names"
        umask > "$OUT/mask"

task patch(then: Int) -> (n: Int):
    run python:
        import builtins, decimal, json, logging, os, random, signal, threading, time
        builtins.sum = lambda *a: 42
        json.dumps = lambda *a, **k: "patched"
        decimal.getcontext().prec = 3
        logging.basicConfig(level=logging.CRITICAL)
        os.umask(0o077)
        random.seed(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.environ["LEAKED"] = "1"
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        n = 1

task peek(then: Int) -> (seen: List[String]):
    run python:
        import decimal, json, logging, os, random, signal, threading
        mask = os.umask(0o022)
        seen = [str(sum([1, 2])), json.dumps(1), str(decimal.Decimal(1) / 8), str(len(logging.root.handlers)), oct(mask),
                str(random.random() == 0.8444218515250481), str(int(signal.getsignal(signal.SIGTERM))),
                os.environ.get("LEAKED", "-"), str(threading.active_count())]

task archive(d: Dir) -> (zip: File):
    run python:
        import shutil
        zip = shutil.make_archive("tree", "zip", d)

task choose() -> (colour: String):
    run python:
        from enum import Enum
        class Colour(str, Enum):
            RED = "red"
        colour = Colour.RED

pipeline main() -> (lines: Int, names: String, mask: String, seen: List[String], colour: String, zip: File):
    a = make()
    b = spoil(a.f, a.d)
    c = look(a.f, a.d, b.n)
    p = patch(b.n)
    s = peek(p.n)
    z = archive(a.d)
    e = choose()
    return lines = c.lines, names = c.names, mask = c.mask, seen = s.seen, colour = e.colour, zip = z.zip
"""

RIGHT = {
    "lines": 1,
    "names": "x",
    "mask": "0022",
    "seen": ["3", "1", "0.125", "0", "0o22", "False", "0", "-", "1"],
    "colour": "red",
}
