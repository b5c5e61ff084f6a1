"""Opens what `vitrail batch` wrote with pyarrow (Parquet) and with DuckDB (all three formats), and prints schemas and rows. Needs pyarrow and duckdb.

    python read_batch.py rows.parquet rows.csv rows.jsonl
"""

import json
import sys

import duckdb
import pyarrow.parquet

parquet, csv, jsonl = sys.argv[1:]
table = pyarrow.parquet.read_table(parquet)


def rows(source: str) -> list[dict]:
    result = duckdb.sql(f"SELECT * FROM {source} ORDER BY index")
    return [dict(zip(result.columns, row)) for row in result.fetchall()]


print(
    json.dumps(
        {
            "schema": {field.name: str(field.type) for field in table.schema},
            "pyarrow": table.to_pylist(),
            "parquet": rows(f"read_parquet('{parquet}')"),
            "csv": rows(f"read_csv('{csv}')"),
            "jsonl": rows(f"read_json('{jsonl}')"),
        }
    )
)
