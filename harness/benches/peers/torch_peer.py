"""PyTorch's side of `just bench-peers`: answers what main.rs beside this file answers, with PyTorch.

A `step` runs torch_step.py's own main() in this process, so that Python and PyTorch start once; products and convolutions
are torch.mm and aten's convolution, on contiguous tensors or, with "channels_last", on channels-last ones. With "clock": "cpu",
times are CPU time.
"""
import contextlib, io, json, sys, time
import torch
import torch_step  # from the folder that NT_PEERS names


WALL = time.perf_counter


def per_call(q, call):
    cpu = q.get("clock") == "cpu"
    call()
    until, best, calls, before = WALL() + q["seconds"], float("inf"), 0, time.process_time()
    while WALL() < until:
        began = WALL()
        call()
        best, calls = min(best, WALL() - began), calls + 1
    return {"seconds": (time.process_time() - before) / calls if cpu else best}


def step(q):
    words = [f"--{key}={q[key]}" for key in ("res", "width", "batch", "frozen", "threads", "warmup", "steps")]
    words += [f"--{key}={q[key]}" for key in ("device", "precision") if key in q]
    words += [f"--{key.replace('_', '-')}" for key in ("channels_last", "compile") if q.get(key)]
    sys.argv = ["torch_step.py", *words]
    said = io.StringIO()
    torch_step.time.perf_counter = time.process_time if q.get("clock") == "cpu" else WALL
    with contextlib.redirect_stdout(said):
        torch_step.main()
    return {"images_per_s": json.loads(said.getvalue())["images_per_s"]}


def product(q):
    a, b, c = torch.rand(q["m"], q["k"]), torch.rand(q["k"], q["n"]), torch.empty(q["m"], q["n"])
    return per_call(q, lambda: torch.mm(a, b, out=c))


@torch.no_grad()
def conv(q):
    order = torch.channels_last if q.get("channels_last") else torch.contiguous_format
    tensor = lambda *shape: torch.rand(*shape).to(memory_format=order)
    out_side = (q["side"] + 2 * q["padding"] - q["kernel"]) // q["stride"] + 1
    x = tensor(q["batch"], q["in_channels"], q["side"], q["side"])
    w = tensor(q["out_channels"], q["in_channels"], q["kernel"], q["kernel"])
    b = torch.rand(q["out_channels"])
    dy = tensor(q["batch"], q["out_channels"], out_side, out_side)
    stride, padding = [q["stride"]] * 2, [q["padding"]] * 2
    if q["pass"] == "forward":
        return per_call(q, lambda: torch.conv2d(x, w, b, stride, padding))
    mask = [q["pass"] == "input", q["pass"] == "weight", False]
    backward = torch.ops.aten.convolution_backward
    return per_call(q, lambda: backward(dy, x, w, None, stride, padding, [1, 1], False, [0, 0], 1, mask))


def data(q):
    """Images a second of a folder of classes through DataLoader, as many workers as threads."""
    from torchvision import datasets, transforms
    change = transforms.Compose([transforms.Resize((q["side"], q["side"])), transforms.ToTensor()])
    images = torch.utils.data.ConcatDataset(
        [datasets.ImageFolder(f"{q['folder']}/{part}", change) for part in ("train", "test")])
    began = WALL()
    for _ in torch.utils.data.DataLoader(images, batch_size=64, num_workers=q["threads"]):
        pass
    return {"images_per_s": len(images) / (WALL() - began)}


for line in sys.stdin:
    question = json.loads(line)
    torch.set_num_threads(question["threads"])
    print(json.dumps({"step": step, "product": product, "conv": conv, "data": data}[question["kind"]](question)), flush=True)
