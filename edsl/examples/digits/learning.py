"""The tasks of digits.edsl: plain functions of typed values and paths, with nothing of econda in them."""

import json
import os
import pickle
from pathlib import Path

import numpy as np


def prepare(holdout):
    """Check the data set and split it by a fixed seed: the same split in every run."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    assert np.isfinite(x).all(), "pixels are missing"
    assert x.min() >= 0, "a pixel is below 0"
    assert x.max() <= 16, "a pixel is above 16"
    smallest = np.bincount(y).min()
    assert smallest >= 100, f"a class has only {smallest} digits"
    x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=holdout, random_state=7, stratify=y)
    np.savez("train.npz", x=x_train, y=y_train)
    np.savez("test.npz", x=x_test, y=y_test)
    print(f"{len(y)} digits, {len(y_train)} to train on, {len(y_test)} held out")
    return {"train": "train.npz", "test": "test.npz", "rows": len(y)}


def fit(train, cost, fold):
    """The accuracy of one setting on one of four folds."""
    from sklearn.svm import SVC

    with np.load(train) as data:
        x, y = data["x"], data["y"]
    held = np.arange(len(y)) % 4 == fold
    model = SVC(C=cost).fit(x[~held], y[~held])
    accuracy = float(model.score(x[held], y[held]))
    print(f"cost {cost}, fold {fold}: accuracy {accuracy:.4f}")
    return {"accuracy": accuracy}


def train(train, cost, epochs):
    """Train a network epoch by epoch; after each, the whole state goes into the checkpoint directory."""
    from sklearn.neural_network import MLPClassifier

    with np.load(train) as data:
        x, y = data["x"], data["y"]
    saved = Path(os.environ["ECONDA_CHECKPOINT"], "state.pickle")
    if saved.exists():
        model, done, order = pickle.loads(saved.read_bytes())
        print(f"goes on after epoch {done}")
    else:
        # A cost of C weighs errors against the penalty, so the network's penalty falls as it grows.
        model, done, order = (
            MLPClassifier((256, 128), alpha=1 / (1000 * cost), random_state=7),
            0,
            np.random.default_rng(7),
        )
    begun = done
    while done < epochs:
        for batch in np.array_split(order.permutation(len(y)), 12):
            model.partial_fit(x[batch], y[batch], classes=np.arange(10))
        done += 1
        fresh = saved.with_suffix(".tmp")
        fresh.write_bytes(pickle.dumps((model, done, order)))
        fresh.rename(saved)
        print(f"epoch {done}: loss {model.loss_:.4f}", flush=True)
    Path("model.pickle").write_bytes(pickle.dumps(model))
    return {"model": "model.pickle", "loss": float(model.loss_), "epochs_run": done - begun}


def evaluate(model, test):
    """Accuracy on digits never seen, and which digits are taken for which."""
    from sklearn.metrics import confusion_matrix

    with np.load(test) as data:
        x, y = data["x"], data["y"]
    # The model comes from this very run.
    predicted = pickle.loads(Path(model).read_bytes()).predict(x)
    Path("confusion.json").write_text(json.dumps(confusion_matrix(y, predicted).tolist()))
    accuracy = float((predicted == y).mean())
    print(f"accuracy {accuracy:.4f} on {len(y)} digits")
    return {"accuracy": accuracy, "confusion": "confusion.json"}
