"""One training step in eager PyTorch: the peer that `npm run bench -- step` measures polyvae against.

In: one JSON request per line on stdin. Out: one JSON line each on stdout, the first before any request:

    → {"ready": true, "torch": "2.13.0+cpu"}
    ← {"case": "mlp-vae", "sizes": {…}, "batch": 128, "threads": 1, "part": "step", "steps": 20}
    → {"cpuMs": 13.1, "wallMs": 13.2, "parameters": 1394512, "peakMib": 412.5}     or {"error": "…"}

A driven child, so that the parent can interleave its own blocks with these in one run on one machine. `part` is "step" (forward,
backward, Adam) or "gradients" (forward, backward). Times are means per step over the block: CPU of the whole process, all threads.
Steps that warm up (allocation, the first run at a number of threads) are never timed. The peak is the process's resident size so
far (Linux). It ends when stdin closes.

Every choice favours the peer: fused Adam, fused losses, channels last, denormals flushed, batches prepared beforehand.

To install it (Python 3.11; the bench looks for POLYVAE_BENCH_PYTHON, then .venv-bench/bin/python, then python3):

    python3 -m venv .venv-bench
    .venv-bench/bin/pip install torch==2.13.0+cpu numpy
"""

import json
import math
import sys
import time

import torch
from torch_cases import build

# A few batches in turn: one alone would stay in the cache as no real data does.
BATCHES = 4
WARM_UP_STEPS = 3


class Bench:
    """One case at one batch size: its network, its optimiser, its batches, and what has been warmed up."""

    def __init__(self, case, sizes, batch):
        torch.manual_seed(0)
        random = torch.Generator().manual_seed(0)
        self.model = build(case, sizes)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)
        self.batches = [self.model.prepare(self.model.draw(batch, random)) for _ in range(BATCHES)]
        self.warm = set()

    def run(self, part, steps):
        for i in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.model(**self.batches[i % BATCHES])
            loss.backward()
            if part == "step":
                self.optimizer.step()
        return loss.item()

    def measure(self, threads, part, steps):
        torch.set_num_threads(threads)
        # Always a step or two: the caches hold what the parent's block left there.
        self.run(part, 1 if (threads, part) in self.warm else WARM_UP_STEPS)
        self.warm.add((threads, part))
        cpu, wall = time.process_time(), time.perf_counter()
        loss = self.run(part, steps)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if not math.isfinite(loss):
            raise ValueError(f"the loss is {loss}")
        return {
            "cpuMs": 1000 * cpu / steps,
            "wallMs": 1000 * wall / steps,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "peakMib": peak_mib(),
        }


def peak_mib():
    """Not getrusage's figure, which a child begins with its parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def answer(request, benches):
    part, steps = request["part"], request["steps"]
    if part not in ("step", "gradients"):
        raise ValueError(f"unknown part {part!r}; expected step or gradients")
    if steps < 1:
        raise ValueError(f"expected at least 1 step, received {steps}")
    key = (request["case"], request["batch"])
    if key not in benches:
        # One at a time: what earlier ones hold would only be in the way.
        benches.clear()
        benches[key] = Bench(request["case"], request["sizes"], request["batch"])
    return benches[key].measure(request["threads"], part, steps)


def main():
    torch.set_flush_denormal(True)
    benches = {}
    print(json.dumps({"ready": True, "torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        try:
            result = answer(json.loads(line), benches)
        except Exception as error:  # the parent decides what to do; the next request may well succeed
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


main()
