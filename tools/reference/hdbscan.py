"""What scikit-learn's HDBSCAN finds, for hdbscan.test.ts. Needs scikit-learn. Writes conformance/goldens/hdbscan.json.

The digits are those that scikit-learn carries (8 x 8 pixels, 0 to 16); crowds are normal around centers, of several densities, among uniform noise.
Vectors are brought to length 1 before they are compared, as vitrail does. An item that is as far from two clusters goes to the one that comes first in the
list: `ties` names those whose cluster changes when the list is shuffled.
"""

import json
import pathlib

import numpy
import sklearn
from sklearn.cluster import HDBSCAN
from sklearn.datasets import load_digits

CASES = [
    ("digits", 5, None),
    ("digits", 10, 5),
    ("crowds", 5, None),
    ("crowds", 3, 2),
    ("crowds", 8, 1),
]
SHUFFLES = 40
TARGET = pathlib.Path(__file__).parents[2] / "conformance/goldens/hdbscan.json"


def crowds() -> numpy.ndarray:
    generator = numpy.random.default_rng(3)
    parts = [
        generator.normal(generator.normal(size=8), spread, (count, 8))
        for count, spread in [(40, 0.1), (25, 0.2), (60, 0.3), (12, 0.05), (7, 0.1)]
    ]
    return numpy.concatenate([*parts, generator.uniform(-2, 2, (40, 8))])


def fit(unit: numpy.ndarray, smallest: int, neighbors: int | None) -> numpy.ndarray:
    return HDBSCAN(min_cluster_size=smallest, min_samples=neighbors, algorithm="brute", copy=True).fit(unit).labels_


def main() -> None:
    vectors = {"digits": load_digits().data[:400].astype(int), "crowds": crowds().round(3)}
    cases = []
    for name, smallest, neighbors in CASES:
        unit = vectors[name] / numpy.linalg.norm(vectors[name], axis=1, keepdims=True)
        labels = fit(unit, smallest, neighbors)
        ties = set()
        for seed in range(SHUFFLES):
            order = numpy.random.default_rng(seed).permutation(len(unit))
            again = numpy.empty_like(labels)
            again[order] = fit(unit[order], smallest, neighbors)
            # Clusters go by their largest part of the first run's.
            names = {label: numpy.bincount(labels[again == label] + 1).argmax() - 1 for label in set(again) if label >= 0}
            ties |= {i for i, label in enumerate(again) if names.get(label, -1) != labels[i]}
        options = {"smallest": smallest, **({"neighbors": neighbors} if neighbors else {})}
        cases.append({"vectors": name, "options": options, "labels": labels.tolist(), "ties": sorted(ties)})
        print(name, options, labels.max() + 1, "clusters", (labels < 0).sum(), "alone", len(ties), "ties")
    facts = {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__}
    document = {"versions": facts, "vectors": {name: some.tolist() for name, some in vectors.items()}, "cases": cases}
    TARGET.write_text(json.dumps(document, separators=(",", ":")) + "\n")


main()
