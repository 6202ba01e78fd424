"""An image is what is learned: Gram matrices, frozen layers, a closure for L-BFGS."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
cnn = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=False), nn.Conv2d(4, 4, 3)).requires_grad_(False).eval()


def gram_matrix(input):
    a, b, c, d = input.size()
    features = input.view(a * b, c * d)
    G = torch.mm(features, features.t())
    return G.div(a * b * c * d)


style, content = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
targets = [gram_matrix(cnn[:1](style)).detach(), gram_matrix(cnn(style)).detach()]
input_img = content.clone().requires_grad_(True)
optimizer = torch.optim.LBFGS([input_img], max_iter=3)


def closure():
    with torch.no_grad():
        input_img.clamp_(0, 1)
    optimizer.zero_grad()
    first = cnn[:1](input_img)
    last = cnn[1:](first)
    style_score = F.mse_loss(gram_matrix(first), targets[0]) + F.mse_loss(gram_matrix(last), targets[1])
    content_score = F.mse_loss(last, cnn(content))
    loss = 1000 * style_score + content_score
    loss.backward()
    print(loss.item())
    return loss


optimizer.step(closure)
