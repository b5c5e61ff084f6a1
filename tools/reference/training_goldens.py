"""Writes conformance/goldens/training.json and digits-features.safetensors: what scikit-learn, SciPy and NumPy say about heads.

Metrics, calibration and temperature of given logits; class weights; and the accuracy that logistic regression reaches on PyTorch's features of
scikit-learn's digits, with the features themselves (class token of weights/vit-small-patch14).
"""

import torchvision_stub  # noqa: F401, isort: skip

import json

import numpy
import sklearn
import torch
from PIL import Image
from safetensors.numpy import save_file
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, confusion_matrix, precision_recall_curve, precision_recall_fscore_support
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight
from transformers import ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import seeded
from versions import pinned

GOLDENS = seeded.ROOT / "conformance" / "goldens"
PICTURES = 1000  # of the 1,797
TRAINED = 700
BINS = 15


def expected_calibration_error(confidences, right):
    edges = numpy.linspace(0, 1, BINS + 1)
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidences > low) & (confidences <= high)
        if inside.any():
            total += inside.mean() * abs(confidences[inside].mean() - right[inside].mean())
    return total


def scores(truth, answers):
    precision, recall, f1, support = precision_recall_fscore_support(truth, answers, average=None, zero_division=0)
    return {"precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(), "support": support.tolist()}


def least(loss):
    return float(numpy.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10}).x))


def single_label(random, examples=400, classes=4):
    truth = random.integers(0, classes, examples)
    truth[truth == 3] = random.integers(0, 3, (truth == 3).sum())  # a label that never occurs, but is answered
    logits = (random.normal(size=(examples, classes)) * 2.5 + 2 * numpy.eye(classes)[truth]).astype(numpy.float32)
    answers = logits.argmax(1)
    rows = numpy.arange(examples)
    wide = logits.astype(numpy.float64)

    def loss(log_temperature):
        return -log_softmax(wide / numpy.exp(log_temperature), axis=1)[rows, truth].mean()

    def error(temperature):
        probabilities = softmax(wide / temperature, axis=1)
        return expected_calibration_error(probabilities.max(1), answers == truth)

    temperature = least(loss)
    smoothed = torch.nn.functional.cross_entropy(
        torch.from_numpy(wide), torch.from_numpy(truth), weight=torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64), label_smoothing=0.1)
    return {"logits": logits.ravel().tolist(), "truth": truth.tolist(), "accuracy": accuracy_score(truth, answers),
            "confusion": confusion_matrix(truth, answers, labels=range(classes)).tolist(),
            "scores": scores(numpy.eye(classes, dtype=int)[truth], numpy.eye(classes, dtype=int)[answers]),
            "loss": loss(0), "smoothedLoss": {"weights": [1, 2, 0.5, 3], "smoothing": 0.1, "loss": float(smoothed)},
            "temperature": temperature, "ece": {"before": error(1), "after": error(temperature)},
            "balanced": dict(zip(*[values.tolist() for values in (numpy.unique(truth), compute_class_weight("balanced", classes=numpy.unique(truth), y=truth))]))}


def multi_label(random, examples=300, classes=3):
    truth = (random.random((examples, classes)) < [0.5, 0.2, 0.05]).astype(int)
    logits = (random.normal(size=(examples, classes)) * 2 + 3 * truth - 2).astype(numpy.float32)
    wide = logits.astype(numpy.float64)
    answers = (logits > 0).astype(int)

    def loss(log_temperature):
        scaled = wide / numpy.exp(log_temperature)
        return -(truth * log_expit(scaled) + (1 - truth) * log_expit(-scaled)).mean()

    curves = []
    for label in range(classes):
        probabilities = expit(wide[:, label])
        precision, recall, thresholds = precision_recall_curve(truth[:, label], probabilities)
        f1 = 2 * precision * recall / numpy.maximum(precision + recall, 1e-300)
        best = len(thresholds) - 1 - int(f1[:-1][::-1].argmax())
        curves.append({"averagePrecision": average_precision_score(truth[:, label], probabilities), "precision": precision[:-1].tolist(),
                       "recall": recall[:-1].tolist(), "thresholds": thresholds.tolist(), "best": {"threshold": thresholds[best], "f1": f1[best]}})
    temperature = least(loss)
    weighted = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(wide), torch.from_numpy(truth.astype(numpy.float64)), pos_weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))
    return {"logits": logits.ravel().tolist(), "truth": truth.ravel().tolist(), "accuracy": accuracy_score(truth, answers), "scores": scores(truth, answers),
            "loss": loss(0), "weightedLoss": {"weights": [1, 2, 3], "loss": float(weighted)}, "temperature": temperature,
            "ece": {"before": expected_calibration_error(expit(wide).ravel(), truth.ravel() == 1),
                    "after": expected_calibration_error(expit(wide / temperature).ravel(), truth.ravel() == 1)}, "curves": curves}


def digits():
    data = load_digits()
    folder = seeded.ROOT / "weights" / "vit-small-patch14"
    processor = ViTImageProcessorPil.from_pretrained(folder)
    model = ViTModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()
    features = []
    images, labels = data.images[:PICTURES], data.target[:PICTURES]
    for first in range(0, PICTURES, 20):
        pictures = [Image.fromarray(numpy.minimum(image * 16, 255).astype(numpy.uint8)).convert("RGB") for image in images[first:first + 20]]
        pixels = torch.from_numpy(processor(pictures, return_tensors="np")["pixel_values"])
        features.append(model(pixels).last_hidden_state[:, 0].numpy())
    rounded = numpy.concatenate(features).astype(numpy.float16)
    save_file({"features": rounded, "labels": labels.astype(numpy.int32)}, GOLDENS / "digits-features.safetensors")
    wide = rounded.astype(numpy.float64)
    scaler = StandardScaler().fit(wide[:TRAINED])
    fitted = LogisticRegression(max_iter=1000).fit(scaler.transform(wide[:TRAINED]), labels[:TRAINED])
    exact = LogisticRegression(max_iter=10000, tol=1e-10).fit(scaler.transform(wide[:TRAINED]), labels[:TRAINED])
    test = scaler.transform(wide[TRAINED:])
    return {"trained": TRAINED, "accuracy": fitted.score(test, labels[TRAINED:]),
            "exactLogits": exact.decision_function(test[:50]).ravel().tolist(), "iterations": int(fitted.n_iter_[0])}


def main():
    torch.set_grad_enabled(False)
    random = numpy.random.default_rng(0)
    made = {**pinned(), "scikitLearn": sklearn.__version__, "singleLabel": single_label(random), "multiLabel": multi_label(random), "digits": digits()}
    (GOLDENS / "training.json").write_text(json.dumps(made) + "\n")
    print({key: made["digits"][key] for key in ("accuracy", "iterations")})


if __name__ == "__main__":
    main()
