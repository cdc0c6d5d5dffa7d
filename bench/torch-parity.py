"""Loss and gradients of a bench case in PyTorch, from given parameters, inputs and noise: what torch-parity.test.ts compares with.

In: one JSON request per line on stdin. Out: one JSON line each on stdout, the first {"ready": true}:

    ← {"case": "mlp-vae", "sizes": {…}, "inputs": {"x": ARRAY}, "noise": ARRAY, "parameters": {"encoder/0/weight": ARRAY, …}}
    → {"loss": 543.2, "gradients": {"encoder/0/weight": [flat numbers], …}}     or {"error": "…"}

ARRAY is {"shape": […], "values": [flat numbers]}. Parameters and gradients are in polyvae's layout, under polyvae's names.
All is computed in float64, so that a difference is polyvae's own rounding.
"""

import json
import sys

import torch
from torch import nn
from torch_cases import build

NAMES = {
    (nn.LayerNorm, "weight"): "scale",
    (nn.LayerNorm, "bias"): "shift",
    (nn.Embedding, "weight"): "table",
}


def places(model):
    """polyvae's name → the module and the name within it."""
    for path, _ in model.named_parameters():
        owner, _, attribute = path.rpartition(".")
        module = model.get_submodule(owner)
        name = NAMES.get((type(module), attribute), attribute)
        yield f"{owner}.{name}".replace(".", "/").replace("_", "-"), module, attribute


def to_polyvae(module, attribute, tensor):
    """Rows of a convolution's matrix run over window, then channel; those of a transposed one too, of the channels it makes."""
    if attribute == "weight" and isinstance(module, nn.Conv2d):
        return tensor.permute(2, 3, 1, 0).flatten(0, 2)
    if attribute == "weight" and isinstance(module, nn.ConvTranspose2d):
        return tensor.permute(2, 3, 1, 0).flatten(0, 2)
    return tensor


def from_polyvae(module, attribute, values):
    tensor = getattr(module, attribute)
    if attribute == "weight" and isinstance(module, nn.Conv2d):
        fan_out, fan_in, height, width = tensor.shape
        return values.view(height, width, fan_in, fan_out).permute(3, 2, 0, 1)
    if attribute == "weight" and isinstance(module, nn.ConvTranspose2d):
        fan_in, fan_out, height, width = tensor.shape
        return values.view(height, width, fan_out, fan_in).permute(3, 2, 0, 1)
    return values


def array(given, dtype=torch.float64):
    return torch.tensor(given["values"], dtype=dtype).view(given["shape"])


def answer(request):
    model = build(request["case"], request["sizes"]).double()
    found = list(places(model))
    parameters = request["parameters"]
    if {name for name, *_ in found} != set(parameters):
        raise ValueError(f"parameters differ: {sorted({name for name, *_ in found} ^ set(parameters))}")
    with torch.no_grad():
        for name, module, attribute in found:
            values = from_polyvae(module, attribute, array(parameters[name]))
            if values.shape != getattr(module, attribute).shape:
                raise ValueError(f"{name} is {list(values.shape)}, expected {list(getattr(module, attribute).shape)}")
            getattr(module, attribute).copy_(values)
    noise = array(request["noise"])
    model.noise = lambda like: noise.view_as(like)
    whole = {"int32": torch.int64}
    inputs = {name: array(x, whole.get(x["type"], torch.float64)) for name, x in request["inputs"].items()}
    loss = model(**model.prepare(inputs))
    loss.backward()
    return {
        "loss": loss.item(),
        "gradients": {
            name: to_polyvae(module, attribute, getattr(module, attribute).grad).flatten().tolist()
            for name, module, attribute in found
        },
    }


def main():
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as error:  # told to the parent, whose test then fails
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


main()
