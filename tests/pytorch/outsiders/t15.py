"""Custom autograd.Functions (a fused leaky-integrator cell, a straight-through sign, gradient reversal) in a network
whose layers are run under torch.utils.checkpoint, both the reentrant and the non-reentrant kind."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Function
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class LeakyTanhCell(Function):
    """h' = (1 - a) h + a tanh(x W + h U + b), with the backward written out."""

    @staticmethod
    def forward(ctx, x, h, W, U, b, alpha):
        s = torch.tanh(x @ W + h @ U + b)
        ctx.save_for_backward(x, h, W, U, s)
        ctx.alpha = alpha
        return (1 - alpha) * h + alpha * s

    @staticmethod
    def backward(ctx, grad_out):
        x, h, W, U, s = ctx.saved_tensors
        grad_x = grad_h = grad_W = grad_U = grad_b = None
        d = ctx.alpha * grad_out * (1 - s * s)
        if ctx.needs_input_grad[0]:
            grad_x = d @ W.t()
        if ctx.needs_input_grad[1]:
            grad_h = (1 - ctx.alpha) * grad_out + d @ U.t()
        if ctx.needs_input_grad[2]:
            grad_W = x.t() @ d
        if ctx.needs_input_grad[3]:
            grad_U = h.t() @ d
        if ctx.needs_input_grad[4]:
            grad_b = d.sum(0)
        return grad_x, grad_h, grad_W, grad_U, grad_b, None


class SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1).to(g.dtype)


class GradReverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lambd):
        ctx.lambd = lambd
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g.neg() * ctx.lambd, None


class Net(nn.Module):
    def __init__(self, n_in, n_hid, n_out):
        super().__init__()
        self.W = nn.Parameter(torch.randn(n_in, n_hid) / n_in**0.5)
        self.U = nn.Parameter(torch.empty(n_hid, n_hid))
        nn.init.orthogonal_(self.U)
        self.b = nn.Parameter(torch.zeros(n_hid))
        self.trunk = nn.Sequential(*[nn.Sequential(nn.Linear(n_hid, n_hid), nn.SiLU()) for _ in range(3)])
        self.head = nn.Linear(n_hid, n_out)
        self.domain = nn.Linear(n_hid, 2)

    def segment(self, xs, h):
        for x in xs.unbind(0):
            h = LeakyTanhCell.apply(x, h, self.W, self.U, self.b, 0.4)
        return h

    def forward(self, x):  # x: T B I
        h = x.new_zeros(x.shape[1], self.U.shape[0])
        for i, chunk in enumerate(x.chunk(3)):
            h = checkpoint(self.segment, chunk, h, use_reentrant=i == 1)  # the middle one reentrant: h needs a gradient
        z = checkpoint_sequential(self.trunk, 2, h, use_reentrant=False)
        return self.head(SignSTE.apply(z)), self.domain(GradReverse.apply(z, 0.3))


torch.manual_seed(0)
# numerical check of the cell, in double precision
args = [torch.randn(s, dtype=torch.double, requires_grad=True) for s in [(2, 3), (2, 4), (3, 4), (4, 4), (4,)]]
assert torch.autograd.gradcheck(LeakyTanhCell.apply, (*args, 0.4))

net = Net(3, 10, 3)
opt = torch.optim.NAdam(net.parameters(), lr=1e-2)
for it in range(8):
    x = torch.randn(9, 6, 3)
    y = x.sum(0).argmax(1)
    dom = (x[0, :, 0] > 0).long()
    logits, dlogits = net(x)
    loss = F.cross_entropy(logits, y) + 0.1 * F.cross_entropy(dlogits, dom)
    opt.zero_grad()
    loss.backward()
    opt.step()
print("last loss:", loss.item())
