"""Reads what `vitrail embed --out vectors.parquet` wrote and prints its schema, its ids, and the hash of its numbers as float32. Needs pyarrow.

    python read_parquet.py vectors.parquet
"""

import hashlib
import json
import sys

import numpy
import pyarrow.parquet

table = pyarrow.parquet.read_table(sys.argv[1])
numbers = table["embedding"].combine_chunks().flatten().to_numpy()
assert numbers.dtype == numpy.float32
print(
    json.dumps(
        {
            "schema": {field.name: str(field.type) for field in table.schema},
            "ids": table["id"].to_pylist(),
            "sha256": hashlib.sha256(numbers.tobytes()).hexdigest(),
        }
    )
)
