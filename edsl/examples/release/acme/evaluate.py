"""Scores a model on the hold-out set that is in the image."""


def main(model):
    from acme_models import Ranker, holdout  # Comes with the image.

    return {"auc": Ranker.load(model).score(holdout()), "url": model.as_uri()}
