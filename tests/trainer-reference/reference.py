#!/usr/bin/env python3
"""Works out, in float64 with numpy alone, what training must give; prints it as JSON.

Written from Keras 3's formulas (keras/src/optimizers/rmsprop.py, adam.py and sgd.py, layers/core/dense.py,
layers/regularization/dropout.py, initializers/random_initializers.py, losses/losses.py, trainers/data_adapters for
class weights, callbacks/early_stopping.py), not from the service's code. The random numbers are SplitMix64's by position, as src/ClassifierService/Training/RandomStream.cs
documents them, so that a whole run can be followed from its seed.

    python3 tests/trainer-reference/reference.py > tests/trainer-reference/reference.json
"""
import json

import numpy as np

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
WEIGHTS, SHUFFLE, DROPOUT = 1, 2, 3
PANEL = 32


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Stream:
    def __init__(self, seed, purpose, number):
        self.key = mix((mix((seed + GAMMA * purpose) & MASK) + GAMMA * number) & MASK)

    def at(self, position):
        return mix((self.key + GAMMA * (position + 1)) & MASK)

    def uniform(self, position):
        return np.float32((self.at(position) >> 40) / (1 << 24))

    def half(self, position):
        """32 bits: the low half of value position / 2 for an even position, the high half for an odd one."""
        value = self.at(position // 2)
        return value >> 32 if position % 2 else value & 0xFFFFFFFF


def glorot(seed, layer, inputs, units):
    stream = Stream(seed, WEIGHTS, layer)
    limit = np.float32(np.sqrt(np.float32(6) / np.float32(inputs + units)))
    draws = [(2 * stream.uniform(i) - np.float32(1)) * limit for i in range(inputs * units)]
    return np.array(draws, dtype=np.float64).reshape(inputs, units)


def shuffled(seed, epoch, order):
    stream, order = Stream(seed, SHUFFLE, epoch), list(order)
    for last in range(len(order) - 1, 0, -1):
        partner = stream.at(len(order) - 1 - last) * (last + 1) >> 64
        order[last], order[partner] = order[partner], order[last]
    return order


def dropout_mask(seed, step, layer, rows, units, rate):
    stream, width = Stream(seed, DROPOUT, 64 * step + layer), -(-units // PANEL) * PANEL
    kept = [[stream.half(row * width + unit) >= int(rate * 2**32) for unit in range(units)] for row in range(rows)]
    return np.array(kept, dtype=np.float64) / (1 - rate)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


class Net:
    def __init__(self, case):
        self.case, self.step = case, 0
        widths = [case["inputs"], *case["hidden_units"], case["labels"]]
        self.weights = [glorot(case["seed"], i, a, b) for i, (a, b) in enumerate(zip(widths, widths[1:]))]
        self.biases = [np.zeros(units) for units in widths[1:]]
        self.variables = self.weights + self.biases
        self.first = [np.zeros_like(v) for v in self.variables]
        self.second = [np.zeros_like(v) for v in self.variables]

    def forward(self, x, training):
        activations, masks = [x], []
        for i, (w, b) in enumerate(zip(self.weights[:-1], self.biases[:-1])):
            hidden = np.maximum(activations[-1] @ w + b, 0)
            rate = self.case["dropout"] if training else 0
            mask = dropout_mask(self.case["seed"], self.step, i, *hidden.shape, rate) if rate else np.ones_like(hidden)
            masks.append(mask)
            activations.append(hidden * mask)
        return activations, masks, softmax(activations[-1] @ self.weights[-1] + self.biases[-1])

    def train_batch(self, x, y):
        activations, masks, p = self.forward(x, training=True)
        weights = self.case["sample_weights"][y]
        losses = weights * self.losses(p, y)
        hits = p.argmax(axis=1) == y
        delta = weights[:, None] * (p - self.targets(y)) / len(y)
        gradients = [None] * len(self.variables)
        for i in reversed(range(len(self.weights))):
            gradients[i], gradients[len(self.weights) + i] = activations[i].T @ delta, delta.sum(axis=0)
            if i > 0:
                delta = (delta @ self.weights[i].T) * masks[i - 1] * (activations[i] > 0)
        self.step += 1
        for i, gradient in enumerate(gradients):
            self.variables[i][...] += getattr(self, self.case["optimizer"])(i, gradient, self.case["learning_rate"])
        return losses, hits

    def targets(self, y):
        labels, smoothing = self.case["labels"], self.case["label_smoothing"]
        return np.eye(labels)[y] * (1 - smoothing) + smoothing / labels

    def losses(self, p, y):
        return -(self.targets(y) * np.log(p)).sum(axis=1)

    def rmsprop(self, i, gradient, rate, rho=0.9, epsilon=1e-7):
        self.first[i] = rho * self.first[i] + (1 - rho) * gradient**2
        return -rate * gradient / np.sqrt(self.first[i] + epsilon)

    def adam(self, i, gradient, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        alpha = rate * np.sqrt(1 - beta_2**self.step) / (1 - beta_1**self.step)
        self.first[i] += (gradient - self.first[i]) * (1 - beta_1)
        self.second[i] += (gradient**2 - self.second[i]) * (1 - beta_2)
        return -self.first[i] * alpha / (np.sqrt(self.second[i]) + epsilon)

    def sgd(self, i, gradient, rate):
        self.first[i] = self.first[i] * self.case["momentum"] - gradient * rate
        return self.first[i]


def sample_weights(case, y):
    """By label: balanced as scikit-learn's "balanced" counts, or as named."""
    if case["class_weights"] == "balanced":
        return len(y) / (case["labels"] * np.bincount(y, minlength=case["labels"]))
    return np.array([case["class_weights"].get(f"label {label}", 1.0) for label in range(case["labels"])])


class BestEpoch:
    """EarlyStopping(monitor="val_loss", restore_best_weights=True)."""

    def __init__(self, net, patience, min_delta):
        self.net, self.patience, self.min_delta = net, patience, min_delta
        self.best, self.wait, self.number = np.inf, 0, 0

    def stops_after(self, number, val_loss):
        self.wait += 1
        if val_loss + self.min_delta < self.best:
            self.best, self.wait, self.number = val_loss, 0, number
            self.kept = [v.copy() for v in self.net.variables]
            return False
        return self.wait >= self.patience

    def restore(self):
        for variable, kept in zip(self.net.variables, self.kept):
            variable[...] = kept


def run(case):
    rng = np.random.default_rng(5)
    rows = case["training"] + case["validation"]
    x = np.float32(rng.exponential(0.4, (rows, case["inputs"]))).astype(np.float64)
    y = rng.integers(0, case["labels"], rows)
    case["sample_weights"] = sample_weights(case, y[: case["training"]])
    net, epochs, order = Net(case), [], range(case["training"])
    best = BestEpoch(net, case["patience"], case["min_delta"]) if case["patience"] else None
    held_out = slice(case["training"], rows)
    for epoch in range(1, case["epochs"] + 1):
        order = shuffled(case["seed"], epoch, order)
        losses, hits = [], []
        for start in range(0, len(order), case["batch_size"]):
            batch = order[start : start + case["batch_size"]]
            loss, hit = net.train_batch(x[batch], y[batch])
            losses.extend(loss)
            hits.extend(hit)
        _, _, p = net.forward(x[held_out], training=False)
        truth = p[np.arange(len(p)), y[held_out]]
        epochs.append({
            "loss": float(np.mean(losses)),
            "accuracy": float(np.mean(hits)),
            "val_loss": float(np.mean(net.losses(p, y[held_out]))),
            "val_accuracy": float(np.mean(p.argmax(axis=1) == y[held_out])),
            "val_top5_accuracy": float(np.mean((p > truth[:, None]).sum(axis=1) < 5)),
        })
        if best and best.stops_after(epoch, epochs[-1]["val_loss"]):
            break
    if best:
        best.restore()
    return case | {
        "sample_weights": case["sample_weights"].tolist(),
        "balanced": case["class_weights"] == "balanced",
        "class_weights": {} if case["class_weights"] == "balanced" else case["class_weights"],
        "result_epoch": best.number if best else len(epochs),
        "vectors": [round(float(v), 9) for v in x.ravel()],
        "label_indexes": y.tolist(),
        "epoch_results": epochs,
        "weights": [[float(np.float32(v)) for v in w.ravel()] for w in net.weights],
        "biases": [[float(np.float32(v)) for v in b] for b in net.biases],
    }


DEFAULTS = dict(optimizer="rmsprop", momentum=0.9, label_smoothing=0.0, class_weights={}, patience=0, min_delta=0.0)

CASES = [
    dict(name="one step", inputs=6, hidden_units=[5], labels=3, dropout=0.0, learning_rate=0.01, batch_size=8,
         epochs=1, seed=1, training=8, validation=4),
    dict(name="several epochs with dropout and a last partial batch", inputs=9, hidden_units=[37], labels=7, dropout=0.5,
         learning_rate=0.01, batch_size=4, epochs=5, seed=2**63 + 11, training=23, validation=9),
    dict(name="two hidden layers", inputs=8, hidden_units=[7, 34], labels=6, dropout=0.25, learning_rate=0.005, batch_size=5,
         epochs=3, seed=0, training=17, validation=6),
    dict(name="no hidden layer", inputs=7, hidden_units=[], labels=6, dropout=0.5, learning_rate=0.02, batch_size=6,
         epochs=3, seed=3, training=14, validation=6),
    dict(name="adam", inputs=9, hidden_units=[35], labels=5, dropout=0.5, learning_rate=0.01, batch_size=4, epochs=5, seed=21,
         training=22, validation=7, optimizer="adam"),
    dict(name="sgd with momentum", inputs=8, hidden_units=[33, 6], labels=4, dropout=0.2, learning_rate=0.05, batch_size=5,
         epochs=5, seed=22, training=19, validation=6, optimizer="sgd", momentum=0.8),
    dict(name="sgd without momentum", inputs=6, hidden_units=[5], labels=3, dropout=0.0, learning_rate=0.1, batch_size=4,
         epochs=4, seed=23, training=15, validation=5, optimizer="sgd", momentum=0.0),
    dict(name="label smoothing", inputs=7, hidden_units=[12], labels=18, dropout=0.3, learning_rate=0.01, batch_size=5, epochs=4,
         seed=24, training=21, validation=9, label_smoothing=0.15),
    dict(name="balanced class weights with adam and label smoothing", inputs=7, hidden_units=[12], labels=3, dropout=0.0,
         learning_rate=0.01, batch_size=5, epochs=4, seed=25, training=23, validation=9, optimizer="adam", label_smoothing=0.1,
         class_weights="balanced"),
    dict(name="explicit class weights with sgd", inputs=7, hidden_units=[], labels=4, dropout=0.0, learning_rate=0.1, batch_size=6,
         epochs=4, seed=26, training=20, validation=9, optimizer="sgd", class_weights={"label 1": 4.0, "label 3": 0.25}),
    dict(name="early stopping that stops", inputs=10, hidden_units=[20], labels=4, dropout=0.2, learning_rate=0.02, batch_size=5,
         epochs=40, seed=27, training=20, validation=20, patience=3, min_delta=0.02),
    dict(name="early stopping that reaches the last epoch behind its best", inputs=10, hidden_units=[20], labels=4, dropout=0.2,
         learning_rate=0.02, batch_size=5, epochs=6, seed=27, training=20, validation=20, patience=30),
    dict(name="large batches with dropout", inputs=7, hidden_units=[40], labels=5, dropout=0.5, learning_rate=0.005, batch_size=32,
         epochs=6, seed=28, training=76, validation=15),
    dict(name="large batches without dropout", inputs=7, hidden_units=[33, 9], labels=5, dropout=0.0, learning_rate=0.005, batch_size=37,
         epochs=5, seed=29, training=70, validation=8, optimizer="adam"),
    dict(name="layers wider than a tile", inputs=5, hidden_units=[270, 3], labels=3, dropout=0.4, learning_rate=0.002, batch_size=14,
         epochs=4, seed=30, training=29, validation=6),
]

if __name__ == "__main__":
    print("[" + ",\n".join(json.dumps(run(DEFAULTS | case)) for case in CASES) + "]")
