"""Runs an exported graph with Python's onnxruntime on the ramp that export.test.ts makes, and prints its outputs as JSON."""

import json
import sys

import numpy
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
(given,) = session.get_inputs()
shape = [1, *given.shape[1:]]
values = (numpy.arange(numpy.prod(shape)) % 255 / 127.5 - 1).astype(numpy.float32).reshape(shape)
names = [output.name for output in session.get_outputs()]
print(json.dumps({name: array.ravel().tolist() for name, array in zip(names, session.run(names, {given.name: values}))}))
