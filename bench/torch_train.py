#!/usr/bin/env python3
"""The reference job on PyTorch, for bench/Bench/TrainBench.cs: seconds an epoch at each batch size, as JSON.

    torch_train.py VECTORS LABELS DIMENSIONS CLASSES LEARNING_RATE SECONDS THREADS BATCH...

VECTORS holds float32 rows, LABELS one int32 a row. After a first pass to warm up, steps are timed for about SECONDS
and scaled to an epoch.
"""
import json
import sys
import time

import numpy as np
import torch

vectors, labels = sys.argv[1:3]
dimensions, classes = int(sys.argv[3]), int(sys.argv[4])
rate, seconds, threads = float(sys.argv[5]), float(sys.argv[6]), int(sys.argv[7])
x = torch.from_numpy(np.fromfile(vectors, dtype=np.float32).reshape(-1, dimensions))
y = torch.from_numpy(np.fromfile(labels, dtype=np.int32).astype(np.int64))
torch.set_num_threads(threads)
for batch in map(int, sys.argv[8:]):
    torch.manual_seed(1)
    net = torch.nn.Sequential(
        torch.nn.Linear(dimensions, 256), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(256, classes))
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(net.parameters(), lr=rate, alpha=0.9, eps=1e-7)
    order = torch.randperm(len(x))
    steps = -(-len(x) // batch)
    started, done = None, 0
    for step in range(steps):
        if step == min(20, steps // 10):
            started, done = time.perf_counter(), 0
        rows = order[step * batch : (step + 1) * batch]
        optimizer.zero_grad()
        loss(net(x[rows]), y[rows]).backward()
        optimizer.step()
        done += 1
        if started and time.perf_counter() - started > seconds:
            break
    print(json.dumps({"batch": batch, "seconds": (time.perf_counter() - started) / done * steps}), flush=True)
