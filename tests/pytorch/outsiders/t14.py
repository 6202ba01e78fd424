"""MAML on sinusoids. Two variants of the inner loop, alternating: torch.func (functional_call + grad) and
torch.autograd.grad(create_graph=True) with hand-held fast weights."""
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(42)
K, META_BATCH, INNER_LR, INNER_STEPS = 5, 3, 0.05, 2


class Net(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return self.net(x)


def sample_tasks(n):
    amp = torch.rand(n, 1, 1) * 4.9 + 0.1
    phase = torch.rand(n, 1, 1) * 3.1416
    xs, xq = torch.rand(n, K, 1) * 10 - 5, torch.rand(n, K, 1) * 10 - 5
    return xs, amp * torch.sin(xs + phase), xq, amp * torch.sin(xq + phase)


model = Net()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
mse = nn.functional.mse_loss


# ---- variant A: functional
def inner_loss(params, x, y):
    return mse(functional_call(model, params, (x,)), y)


def task_loss(params, xs, ys, xq, yq):
    fast = params
    for _ in range(INNER_STEPS):
        g = grad(inner_loss)(fast, xs, ys)
        fast = {k: fast[k] - INNER_LR * g[k] for k in fast}
    return inner_loss(fast, xq, yq)


def meta_loss_functional(xs, ys, xq, yq):
    params = dict(model.named_parameters())
    return vmap(task_loss, in_dims=(None, 0, 0, 0, 0))(params, xs, ys, xq, yq).mean()


# ---- variant B: create_graph=True
def forward_with(weights, x):
    w1, b1, w2, b2, w3, b3 = weights
    h = torch.tanh(nn.functional.linear(x, w1, b1))
    h = torch.tanh(nn.functional.linear(h, w2, b2))
    return nn.functional.linear(h, w3, b3)


def meta_loss_graph(xs, ys, xq, yq):
    losses = []
    for t in range(xs.shape[0]):
        fast = list(model.parameters())
        for _ in range(INNER_STEPS):
            inner = mse(forward_with(fast, xs[t]), ys[t])
            grads = torch.autograd.grad(inner, fast, create_graph=True)
            fast = [w - INNER_LR * g for w, g in zip(fast, grads)]
        losses.append(mse(forward_with(fast, xq[t]), yq[t]))
    return torch.stack(losses).mean()


for step in range(6):
    tasks = sample_tasks(META_BATCH)
    opt.zero_grad()
    loss = (meta_loss_graph if step % 2 == 0 else meta_loss_functional)(*tasks)
    loss.backward()
    opt.step()
    print(f"meta-step {step}  loss {loss.item():.4f}")
a, b = meta_loss_functional(*tasks).item(), meta_loss_graph(*tasks).item()
assert abs(a - b) < 1e-4 * max(1.0, abs(a)), (a, b)
print("last loss", loss.item())
