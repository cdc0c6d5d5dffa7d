"""The bench cases in eager PyTorch, equal to bench/cases/*.ts.

In: a case's name and sizes, as the TypeScript side has them. Out: a module with

    draw(size, random)    one random batch: name → array, as the TypeScript side's feeds
    prepare(arrays)       the same in the form that suits PyTorch best, made once and never timed
    forward(**prepared)   the loss, averaged over the batch

Modules bear the names of the TypeScript side's parameters. `noise` draws standard normals like a tensor; the parity test
replaces it. Every choice favours the peer: losses summed in one fused call, mean and log-variance from one layer, no masks.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F


def mlp(*sizes):
    """Dense layers with ReLU between them, none after the last."""
    layers = []
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.ReLU()] if i else []
        layers.append(nn.Linear(fan_in, fan_out))
    return nn.Sequential(*layers)


def to_standard(mean, log_var):
    """KL(N(mean, e^log_var) ‖ N(0, I)), summed over everything."""
    return 0.5 * (mean.square() + log_var.exp() - log_var - 1).sum()


class Case(nn.Module):
    noise = staticmethod(torch.randn_like)

    def sample(self, mean, log_var):
        return torch.addcmul(mean, (0.5 * log_var).exp(), self.noise(mean))

    def prepare(self, arrays):
        return arrays


class MlpVae(Case):
    def __init__(self, cells, hidden, latent):
        super().__init__()
        self.cells = cells
        self.encoder = mlp(cells, *hidden, 2 * latent)
        self.decoder = mlp(latent, *reversed(hidden), cells)

    def draw(self, size, random):
        return {"x": torch.rand(size, self.cells, generator=random)}

    def forward(self, x):
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        logits = self.decoder(self.sample(mean, log_var))
        loss = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (loss + to_standard(mean, log_var)) / len(x)


class Rows(nn.Module):
    """[batch, channels, height, width] → [batch, height · width · channels]; a view where channels come last in memory."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


class Grid(nn.Module):
    """The way back."""

    def __init__(self, side, channels):
        super().__init__()
        self.shape = (side, side, channels)

    def forward(self, x):
        return x.unflatten(1, self.shape).permute(0, 3, 1, 2)


class ConvVae(Case):
    colours = 3

    def __init__(self, side, channels, latent):
        super().__init__()
        self.side = side
        window = {"kernel_size": 4, "stride": 2, "padding": 1}
        smallest, deepest = side // 2 ** len(channels), channels[-1]
        pairs = list(zip((self.colours, *channels), channels))
        encoder = [layer for outer, inner in pairs for layer in (nn.Conv2d(outer, inner, **window), nn.ReLU())]
        growth = [
            layer for outer, inner in reversed(pairs) for layer in (nn.ReLU(), nn.ConvTranspose2d(inner, outer, **window))
        ]
        cells = smallest**2 * deepest
        self.encoder = nn.Sequential(*encoder, Rows(), nn.Linear(cells, 2 * latent))
        # The first ReLU stands before the grid, so that the modules are numbered as the TypeScript side's layers.
        self.decoder = nn.Sequential(nn.Linear(latent, cells), growth[0], Grid(smallest, deepest), *growth[1:])
        self.to(memory_format=torch.channels_last)

    def draw(self, size, random):
        return {"x": torch.rand(size, self.side, self.side, self.colours, generator=random)}

    def prepare(self, arrays):
        # Channels last in memory: measured faster for PyTorch than channels first.
        return {"x": arrays["x"].permute(0, 3, 1, 2)}

    def forward(self, x):
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        logits = self.decoder(self.sample(mean, log_var))
        loss = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (loss + to_standard(mean, log_var)) / len(x)


class Trimodal(Case):
    """Image + audio + text under the MVTCAE objective (Hwang 2021), product of experts without the prior as an expert.

    loss = ((M - α)/M) Σ s_m R_m + β [(1 - α) KL(q ‖ p) + (α/M) Σ KL(q ‖ q_m)], averaged over the batch; M = 3
    """

    alpha, beta = 5 / 6, 2.5
    scales = (1.306, 1.0, 7.585)
    sigma = 0.75

    def __init__(self, image, audio, text, letters, alphabet, latent):
        super().__init__()
        self.letters, self.alphabet = letters, alphabet
        widths = {"image": image, "audio": audio, "text": (letters * alphabet, *text)}
        self.cells = {name: sizes[0] for name, sizes in widths.items()}
        self.encoders = nn.ModuleDict({name: mlp(*sizes, 2 * latent) for name, sizes in widths.items()})
        self.decoders = nn.ModuleDict({name: mlp(latent, *reversed(sizes)) for name, sizes in widths.items()})

    def draw(self, size, random):
        letters = torch.randint(self.alphabet, (size, self.letters), generator=random)
        return {
            "image": torch.rand(size, self.cells["image"], generator=random),
            "audio": torch.rand(size, self.cells["audio"], generator=random),
            "text": F.one_hot(letters, self.alphabet).float().flatten(1),
        }

    def prepare(self, arrays):
        return {**arrays, "letters": arrays["text"].view(-1, self.alphabet).argmax(1)}

    def forward(self, image, audio, text, letters):
        size = len(image)
        heads = [self.encoders[name](x) for name, x in (("image", image), ("audio", audio), ("text", text))]
        means, log_vars = torch.stack(heads).chunk(2, dim=-1)  # [3, batch, latent] each
        log_var = -torch.logsumexp(-log_vars, dim=0)
        mean = log_var.exp() * (means * (-log_vars).exp()).sum(0)
        z = self.sample(mean, log_var)

        pixels, cells, characters = (decode(z) for decode in self.decoders.values())
        reconstruction = (
            self.scales[0] * F.binary_cross_entropy_with_logits(pixels, image, reduction="sum")
            + self.scales[1] * (0.5 / self.sigma**2) * F.mse_loss(cells, audio, reduction="sum")
            + self.scales[2] * F.cross_entropy(characters.view(-1, self.alphabet), letters, reduction="sum")
        ) + self.scales[1] * audio.numel() * (math.log(self.sigma) + 0.5 * math.log(2 * math.pi))
        variance = log_var.exp()
        to_experts = 0.5 * (log_vars - log_var - 1 + (variance + (mean - means).square()) / log_vars.exp()).sum()
        experts = len(heads)
        divergence = (1 - self.alpha) * to_standard(mean, log_var) + self.alpha / experts * to_experts
        return ((experts - self.alpha) / experts * reconstruction + self.beta * divergence) / size


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x):
        # [batch, time, 3 · width] → three of [batch, heads, time, width / heads]
        query, key, value = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.output(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A transformer's block, layer norms first."""

    def __init__(self, width, heads, hidden, causal):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = mlp(width, hidden, width)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed(self.feed_norm(x))


class Positions(nn.Module):
    def __init__(self, time, width):
        super().__init__()
        self.table = nn.Parameter(0.02 * torch.randn(time, width))

    def forward(self, x):
        return x + self.table


class Tower(nn.Module):
    """What encoder and decoder share: token table, positions, blocks, the norm after the last."""

    def __init__(self, vocabulary, time, width, heads, hidden, blocks, causal):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        self.positions = Positions(time, width)
        self.blocks = nn.Sequential(*(Block(width, heads, hidden, causal) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)


class TextTransformer(Case):
    def __init__(self, vocabulary, time, width, heads, hidden, blocks, latent):
        super().__init__()
        self.vocabulary, self.time = vocabulary, time
        self.encoder = Tower(vocabulary, time, width, heads, hidden, blocks, causal=False)
        self.encoder.heads = nn.Linear(width, 2 * latent)
        self.decoder = Tower(vocabulary, time, width, heads, hidden, blocks, causal=True)
        self.decoder.latent = nn.Linear(latent, width)
        self.decoder.bias = nn.Parameter(torch.zeros(vocabulary))

    def draw(self, size, random):
        tokens = torch.randint(1, self.vocabulary, (size, self.time), generator=random)
        return {"tokens": tokens, "previous": F.pad(tokens[:, :-1], (1, 0))}

    def forward(self, tokens, previous):
        read, write = self.encoder, self.decoder
        encoded = read.norm(read.blocks(read.positions(read.tokens(tokens))))
        mean, log_var = read.heads(encoded.mean(1)).chunk(2, dim=1)
        z = write.latent(self.sample(mean, log_var))
        decoded = write.norm(write.blocks(write.positions(write.tokens(previous)) + z.unsqueeze(1)))
        # The table of tokens is the last layer's weight too.
        logits = F.linear(decoded, write.tokens.weight, write.bias)
        loss = F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="sum")
        return (loss + to_standard(mean, log_var)) / len(tokens)


CASES = {
    "mlp-vae": MlpVae,
    "conv-vae": ConvVae,
    "trimodal": Trimodal,
    "text-transformer": TextTransformer,
}


def build(case, sizes):
    if case not in CASES:
        raise ValueError(f"unknown case {case!r}; expected one of {', '.join(CASES)}")
    return CASES[case](**sizes)
