"""Folds new rows into the model of a key."""


def fold(batch, key, state):
    from acme_models import Ranker  # Comes with the image.

    model = Ranker.load(state.model) if state.model else Ranker(key)
    drift, rows, latest = model.update(batch)
    model.save("model.bin")
    state.model, state.watermark, state.seen = "model.bin", latest, state.seen + rows
    return {"model": "model.bin", "drift": drift, "watermark": state.watermark}
