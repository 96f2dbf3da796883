#!/usr/bin/env python3
"""Works out, in float64 with numpy alone, what training must give; prints it as JSON.

Written from Keras 3's formulas (keras/src/optimizers/rmsprop.py, layers/core/dense.py,
layers/regularization/dropout.py, initializers/random_initializers.py, losses/losses.py), not from the
service's code. The random numbers are SplitMix64's by position, as src/ClassifierService/Training/RandomStream.cs
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
        self.weight_velocity = [np.zeros_like(w) for w in self.weights]
        self.bias_velocity = [np.zeros_like(b) for b in self.biases]

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
        losses = -np.log(p[np.arange(len(y)), y])
        hits = p.argmax(axis=1) == y
        delta = (p - np.eye(self.case["labels"])[y]) / len(y)
        for i in reversed(range(len(self.weights))):
            weight_gradient, bias_gradient = activations[i].T @ delta, delta.sum(axis=0)
            if i > 0:
                delta = (delta @ self.weights[i].T) * masks[i - 1] * (activations[i] > 0)
            self.rmsprop(self.weights, self.weight_velocity, i, weight_gradient)
            self.rmsprop(self.biases, self.bias_velocity, i, bias_gradient)
        self.step += 1
        return losses, hits

    def rmsprop(self, variables, velocities, i, gradient, rho=0.9, epsilon=1e-7):
        velocities[i] = rho * velocities[i] + (1 - rho) * gradient**2
        variables[i] = variables[i] - self.case["learning_rate"] * gradient / np.sqrt(velocities[i] + epsilon)


def run(case):
    rng = np.random.default_rng(5)
    rows = case["training"] + case["validation"]
    x = np.float32(rng.exponential(0.4, (rows, case["inputs"]))).astype(np.float64)
    y = rng.integers(0, case["labels"], rows)
    net, epochs, order = Net(case), [], range(case["training"])
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
            "val_loss": float(np.mean(-np.log(truth))),
            "val_accuracy": float(np.mean(p.argmax(axis=1) == y[held_out])),
            "val_top5_accuracy": float(np.mean((p > truth[:, None]).sum(axis=1) < 5)),
        })
    return case | {
        "vectors": [round(float(v), 9) for v in x.ravel()],
        "label_indexes": y.tolist(),
        "epoch_results": epochs,
        "weights": [[float(np.float32(v)) for v in w.ravel()] for w in net.weights],
        "biases": [[float(np.float32(v)) for v in b] for b in net.biases],
    }


CASES = [
    dict(name="one step", inputs=6, hidden_units=[5], labels=3, dropout=0.0, learning_rate=0.01, batch_size=8,
         epochs=1, seed=1, training=8, validation=4),
    dict(name="several epochs with dropout and a last partial batch", inputs=9, hidden_units=[37], labels=7, dropout=0.5,
         learning_rate=0.01, batch_size=4, epochs=5, seed=2**63 + 11, training=23, validation=9),
    dict(name="two hidden layers", inputs=8, hidden_units=[7, 34], labels=6, dropout=0.25, learning_rate=0.005, batch_size=5,
         epochs=3, seed=0, training=17, validation=6),
    dict(name="no hidden layer", inputs=7, hidden_units=[], labels=6, dropout=0.5, learning_rate=0.02, batch_size=6,
         epochs=3, seed=3, training=14, validation=6),
]

if __name__ == "__main__":
    print("[" + ",\n".join(json.dumps(run(case)) for case in CASES) + "]")
