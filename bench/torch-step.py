"""One training step in eager PyTorch: the peer that `npm run bench -- step` measures polyvae against.

In: one JSON request per line on stdin. Out: one JSON line each on stdout, the first before any request:

    → {"ready": true, "torch": "2.13.0+cpu"}
    ← {"case": "trimodal", "batch": 128, "threads": 1, "part": "step", "steps": 20}
    → {"cpuMs": 36.1, "wallMs": 36.2, "parameters": 3098711}     or {"error": "…"}

A driven child, so that the parent can interleave its own blocks with these in one run on one machine. `part` is "step" (forward,
backward, Adam) or "gradients" (forward, backward). Times are means per step over the block: CPU of the whole process, all threads.
Steps that warm up (allocation, the first run at a number of threads) are never timed. It ends when stdin closes.

Every choice favours the peer: fused Adam, both heads of an encoder in one layer, losses summed in one call, denormals flushed,
no masks, batches prepared beforehand.

To install it (Python 3.11; the bench looks for POLYVAE_BENCH_PYTHON, then .venv-bench/bin/python, then python3):

    python3 -m venv .venv-bench
    .venv-bench/bin/pip install torch==2.13.0+cpu numpy
"""

import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# A few batches in turn: one alone would stay in the cache as no real data does.
BATCHES = 4
WARM_UP_STEPS = 5


def mlp(*sizes):
    """Dense layers with ReLU between them, none after the last."""
    layers = []
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.ReLU()] if i else []
        layers.append(nn.Linear(fan_in, fan_out))
    return nn.Sequential(*layers)


class Trimodal(nn.Module):
    """Image + audio + text under the MVTCAE objective (Hwang 2021), product of experts without the prior as an expert.

    loss = ((M - α)/M) Σ s_m R_m + β [(1 - α) KL(q ‖ p) + (α/M) Σ KL(q ‖ q_m)], averaged over the batch; M = 3
    """

    latent, alpha, beta = 32, 5 / 6, 2.5
    scales = (1.306, 1.0, 7.585)  # the largest item has 1024 values, these 784, 1024 and 135
    sigma = 0.75
    letters, alphabet = 5, 27

    def __init__(self):
        super().__init__()
        hidden = ((784, 512, 512), (1024, 512, 512), (self.letters * self.alphabet, 256))
        self.encoders = nn.ModuleList(mlp(*sizes, 2 * self.latent) for sizes in hidden)
        self.decoders = nn.ModuleList(mlp(self.latent, *reversed(sizes)) for sizes in hidden)

    def batch(self, size, random):
        image = torch.rand(size, 784, generator=random)
        audio = torch.rand(size, 1024, generator=random)
        letters = torch.randint(self.alphabet, (size, self.letters), generator=random)
        return image, audio, F.one_hot(letters, self.alphabet).float().flatten(1), letters.flatten()

    def forward(self, image, audio, text, letters):
        size = image.shape[0]
        heads = [encode(x) for encode, x in zip(self.encoders, (image, audio, text))]
        means, log_vars = torch.stack(heads).chunk(2, dim=-1)  # [3, batch, latent] each
        log_var = -torch.logsumexp(-log_vars, dim=0)
        mean = log_var.exp() * (means * (-log_vars).exp()).sum(0)
        z = torch.addcmul(mean, (0.5 * log_var).exp(), torch.randn_like(mean))

        pixels, cells, characters = (decode(z) for decode in self.decoders)
        reconstruction = (
            self.scales[0] * F.binary_cross_entropy_with_logits(pixels, image, reduction="sum")
            + self.scales[1] * (0.5 / self.sigma**2) * F.mse_loss(cells, audio, reduction="sum")
            + self.scales[2] * F.cross_entropy(characters.view(-1, self.alphabet), letters, reduction="sum")
        ) + size * self.scales[1] * 1024 * (math.log(self.sigma) + 0.5 * math.log(2 * math.pi))
        variance = log_var.exp()
        to_prior = 0.5 * (mean.square() + variance - log_var - 1).sum()
        to_experts = 0.5 * (log_vars - log_var - 1 + (variance + (mean - means).square()) / log_vars.exp()).sum()
        experts = len(heads)
        divergence = (1 - self.alpha) * to_prior + self.alpha / experts * to_experts
        return ((experts - self.alpha) / experts * reconstruction + self.beta * divergence) / size


# name → a module with `batch(size, random)` (what forward takes) and a forward that returns the loss
CASES = {
    "trimodal": Trimodal,
}


class Bench:
    """One case at one batch size: its network, its optimiser, its batches, and what has been warmed up."""

    def __init__(self, case, batch):
        torch.manual_seed(0)
        random = torch.Generator().manual_seed(0)
        self.model = CASES[case]()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)
        self.batches = [self.model.batch(batch, random) for _ in range(BATCHES)]
        self.warm = set()

    def run(self, part, steps):
        for i in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.model(*self.batches[i % BATCHES])
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
        }


def answer(request, benches):
    case, part, steps = request["case"], request["part"], request["steps"]
    if case not in CASES:
        raise ValueError(f"unknown case {case!r}; expected one of {', '.join(CASES)}")
    if part not in ("step", "gradients"):
        raise ValueError(f"unknown part {part!r}; expected step or gradients")
    if steps < 1:
        raise ValueError(f"expected at least 1 step, received {steps}")
    key = (case, request["batch"])
    if key not in benches:
        benches[key] = Bench(*key)
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
