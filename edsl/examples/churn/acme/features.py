"""Features of customers, computed from the warehouse that the image is configured for."""


def build(day):
    from acme_warehouse import snapshot  # Comes with the image.

    table = snapshot("customers", day)
    table.to_parquet("features.parquet")
    return {"table": "features.parquet"}
