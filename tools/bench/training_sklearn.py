"""Makes features with labels in a safetensors file, then fits scikit-learn's logistic regression to them as often as a line on standard input says. Used by training.mjs."""

import json
import sys
import time
import warnings

import numpy
import sklearn
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

path, rows, test, width, classes = sys.argv[1], *map(int, sys.argv[2:6])
random = numpy.random.default_rng(0)
labels = random.integers(0, classes, rows + test)
# As a backbone's: features that go together, on scales of their own, around a center for each label.
mix = random.normal(size=(width, width)) / numpy.sqrt(width)
centers = random.normal(size=(classes, width)) * 0.16
features = ((centers[labels] + random.normal(size=(rows + test, width))) @ mix * random.uniform(0.3, 3, width) + random.normal(size=width)).astype(numpy.float32)
save_file({"features": features, "labels": labels.astype(numpy.int32)}, path)
print(json.dumps({"scikitLearn": sklearn.__version__}), flush=True)
for line in sys.stdin:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(features[:rows], labels[:rows])
    ms = (time.perf_counter() - start) * 1000
    accuracy = model.score(features[rows:], labels[rows:])
    print(json.dumps({"ms": ms, "accuracy": accuracy, "iterations": int(model[-1].n_iter_[0])}), flush=True)
