"""An input that was deleted between two tasks."""


def test_an_input_that_is_gone_fails_only_its_own_attempt_and_is_named(go, blobs):
    (first,) = go("open('made', 'w').write('text'); f = 'made'", outputs={"f": "File"})
    key = first.outputs["f"]["$artifact"]["key"]
    blobs.delete(key)
    reports = go(
        "n = len(open(f).read()) if f else 0", first.outputs, {"f": None}, inputs={"f": "File?"}, outputs={"n": "Int"}
    )
    assert reports[0].failure == "failed"
    assert "made, which the attempt needs, is gone from the store" in reports[0].message
    assert key in reports[0].message
    assert reports[1].outputs == {"n": 0}
