"""`publish` of a run of this machine: a folder gets the outputs under the names that `econda get` gives them."""

from __future__ import annotations

import json

FIT = """edsl 1

task fit(rate: Float) -> (model: File, tree: Dir, note: String):
    run python:
        import os
        open("m.onnx", "w").write(str(rate))
        os.makedirs("t/below")
        open("t/below/x.txt", "w").write("x")
        model, tree, note = "m.onnx", "t", "fine"

pipeline main(rate: Float = 0.5) -> (model: File, tree: Dir, note: String, models: List[File]):
    fitted = fit(rate)
    with:
        publish = "PLACE"
    return model = fitted.model, tree = fitted.tree, note = fitted.note, models = [fitted.model]
"""


def fit(shell, place: str) -> str:
    return shell.write("fit.edsl", FIT.replace("PLACE", place))


def test_outputs_are_copied_to_the_folder_and_show_says_where(shell):
    told = shell.json("run", fit(shell, "results/{pipeline}/{run}-{rate}"))
    folder = shell.folder / "results" / "main" / f"{told['run']}-0.5"
    assert told["published"] == {
        "state": "published",
        "to": str(folder),
        "files": {"model": str(folder / "model.onnx"), "tree": str(folder / "tree"), "note": str(folder / "note.txt"),
                  "models": str(folder / "models.json")},
        "error": "",
    }  # fmt: skip
    assert (folder / "model.onnx").read_text() == "0.5"
    assert (folder / "tree" / "below" / "x.txt").read_text() == "x"
    assert json.loads((folder / "models.json").read_text()) == ["models.files/models.0.onnx"]
    assert f"  published to {folder}\n" in shell("show", "last").stdout
    assert shell.json("show", "last")["published"] == told["published"]


def test_without_the_run_in_its_name_the_next_run_writes_it_over(shell):
    file = fit(shell, "latest")
    shell("run", file)
    shell("run", file, "-p", "rate=0.25")
    assert (shell.folder / "latest" / "model.onnx").read_text() == "0.25"


def test_what_is_in_the_way_is_said_and_the_run_and_its_outputs_stand(shell):
    (shell.folder / "latest").mkdir()
    (shell.folder / "latest" / "model.onnx").write_text("mine")
    done = shell("run", fit(shell, "latest"))
    assert f"  not published to {shell.folder / 'latest'}: " in done.stdout
    assert "econda did not write it" in done.stdout
    assert (shell.folder / "latest" / "model.onnx").read_text() == "mine"
    told = shell.json("show", "last")
    assert (told["state"], told["error"], told["published"]["state"]) == ("succeeded", None, "failed")
    shell("get", "last", "model", "-o", "elsewhere")
    assert (shell.folder / "elsewhere" / "model.onnx").read_text() == "0.5"


def test_a_bucket_that_cannot_be_reached_is_said(shell, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    told = shell.json("run", fit(shell, "s3://team-bucket/{run}"))
    assert told["state"] == "succeeded"
    assert told["published"]["state"] == "failed"
    assert "credentials" in told["published"]["error"]


def test_a_run_without_the_setting_publishes_nothing(shell):
    plain = FIT.replace('    with:\n        publish = "PLACE"\n', "")
    assert shell.json("run", shell.write("fit.edsl", plain))["published"] is None
    assert "published" not in shell("show", "last").stdout


def test_a_copy_that_was_interrupted_is_said(shell, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("econda_adapters.embedded.publishing.publish_here", interrupted)
    shell("run", fit(shell, "results/{run}"), code=130)
    assert "not published to results/main-" in shell("show", "last").stdout
    told = shell.json("show", "last")
    assert (told["state"], told["published"]["state"]) == ("succeeded", "failed")
    assert "was ended before" in told["published"]["error"]
