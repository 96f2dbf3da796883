#!/usr/bin/env python3
"""PyTorch's own inception_v3 beside bench/Bench -- gpu, on the same machine: images a second by batch, as lines of JSON.

    torch_inception.py [--device cuda:0] [--precision fp16] [--batches 1,2,4,...,256] [--seconds 3] [--compile]

torchvision's network up to the 2048 numbers before its last layer, channels-last, with weights drawn at random: they cost what
trained ones cost. A step is what the engine's is: bytes on the host in page-locked memory, to the device, to numbers, through the
network, float32 vectors back on the host.
"""
import argparse
import json
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cuda:0")
parser.add_argument("--precision", default="fp16", choices=["fp16", "fp32", "bf16"])
parser.add_argument("--batches", default="1,2,4,8,16,32,64,128,256")
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--compile", action="store_true", help="torch.compile, mode max-autotune")
options = parser.parse_args()


def say(**line):
    print(json.dumps({"bench": "torch_inception", **line}), flush=True)


try:
    import torch
    import torchvision
except ImportError as missing:
    say(available=False, reason=f"{missing}: install torch and torchvision")
    sys.exit(1)

gpu = options.device.startswith("cuda")
if gpu and not torch.cuda.is_available():
    say(available=False, reason="PyTorch sees no CUDA device", torch=torch.__version__)
    sys.exit(1)

kind = {"fp16": torch.float16, "fp32": torch.float32, "bf16": torch.bfloat16}[options.precision]
name = torch.cuda.get_device_name(options.device) if gpu else "cpu"
say(available=gpu, device=name, torch=torch.__version__, torchvision=torchvision.__version__)
torch.backends.cudnn.benchmark = True
net = torchvision.models.inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
net.fc = torch.nn.Identity()
net = net.eval().to(options.device, kind, memory_format=torch.channels_last)
if options.compile:
    net = torch.compile(net, mode="max-autotune")

for batch in map(int, options.batches.split(",")):
    host = torch.randint(0, 256, (batch, 299, 299, 3), dtype=torch.uint8)
    if gpu:
        host = host.pin_memory()

    def step():
        # [n, 299, 299, 3] seen as [n, 3, 299, 299] is channels-last without a copy.
        pixels = host.to(options.device, non_blocking=True).permute(0, 3, 1, 2).to(kind).div_(255)
        return net(pixels).float().cpu()

    with torch.inference_mode():
        for _ in range(3):
            vectors = step()
        assert vectors.shape == (batch, 2048), vectors.shape
        runs, began = 0, time.perf_counter()
        while time.perf_counter() - began < options.seconds:
            step()
            runs += 1
        seconds = time.perf_counter() - began
    say(precision=options.precision, compile=options.compile, batch=batch, images_per_s=runs * batch / seconds, ms_per_run=1000 * seconds / runs)
