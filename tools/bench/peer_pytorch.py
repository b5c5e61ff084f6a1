"""PyTorch, eager float32, on the same checkpoint: transformers' ViT or timm's EVA-02. Speaks the protocol of serve.mjs."""

import json
import sys
import time


def send(message):
    print("@bench " + json.dumps(message), flush=True)


def peak_megabytes():
    """As serve.mjs: the largest resident size since the process's program began."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def with_onednn_linear(module):
    """Has oneDNN multiply where PyTorch would take MKL, whose float32 product is slow on AMD."""
    import torch
    from torch.utils.mkldnn import MkldnnLinear

    for name, child in module.named_children():
        if isinstance(child, torch.nn.Linear):
            setattr(module, name, MkldnnLinear(child, torch.float))
        else:
            with_onednn_linear(child)
    return module


def main():
    options = json.loads(sys.argv[1])
    import torch
    from pytorch_model import load

    torch.set_num_threads(options["threads"])
    model = load(options["folder"], options["kind"])
    if options.get("linear") == "onednn":
        model = with_onednn_linear(model)
    picture = torch.rand(options["batch"], 3, options["size"], options["size"]) * 2 - 1
    with torch.inference_mode():
        model(picture)
        send({"ready": {"torch": torch.__version__}})
        for line in sys.stdin:
            times = []
            for _ in range(int(line)):
                start = time.perf_counter()
                model(picture)
                times.append(1e3 * (time.perf_counter() - start))
            send({"times": times, "peakMegabytes": peak_megabytes()})


try:
    main()
except Exception as error:  # whatever is missing is told in the table
    send({"error": f"{type(error).__name__}: {error}".split("\n")[0]})
    sys.exit(1)
