# Kaggle: digit recogniser baseline  (BN CNN, no external data)
import os, random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader

class CFG:
    seed = 2024
    lr = 2e-3
    epochs = 2
    bs = 16
    n_classes = 4
    label_smoothing = 0.05

def seed_everything(seed):
    random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
seed_everything(CFG.seed)

# --- "images": a bright bar at one of four places, plus noise
y = np.random.randint(0, CFG.n_classes, 48)
X = np.random.rand(48, 1, 12, 12).astype(np.float32) * .3
for i, c in enumerate(y):
    if c < 2: X[i, 0, 3 + 5 * c, :] += 1
    else:     X[i, 0, :, 3 + 5 * (c - 2)] += 1
X = (X - X.mean()) / X.std()

ds = TensorDataset(torch.from_numpy(X), torch.from_numpy(y).long())
trn, val = torch.utils.data.random_split(ds, [32, 16])
trn_dl = DataLoader(trn, batch_size=CFG.bs, shuffle=True, drop_last=True, num_workers=0)
val_dl = DataLoader(val, batch_size=CFG.bs, shuffle=False)

def conv_block(cin, cout, pool=True):
    layers = [nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True)]
    if pool: layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = conv_block(1, 4)
        self.c2 = conv_block(4, 8)
        self.res = conv_block(8, 8, pool=False)
        self.avg = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(.2), nn.Linear(8, 16), nn.BatchNorm1d(16), nn.LeakyReLU(.1), nn.Linear(16, CFG.n_classes))

    def forward(self, x):
        x = self.c2(self.c1(x))
        x = x + self.res(x)
        return self.head(self.avg(x))

model = Net()
opt = torch.optim.Adam(model.parameters(), lr=CFG.lr)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=CFG.lr * 5, epochs=CFG.epochs, steps_per_epoch=len(trn_dl))
crit = nn.CrossEntropyLoss(label_smoothing=CFG.label_smoothing)

for ep in range(CFG.epochs):
    model.train(); tl = []
    for xb, yb in trn_dl:
        if random.random() < .5: xb = torch.roll(xb, 1, dims=-1)      # cheap augmentation
        loss = crit(model(xb), yb)
        opt.zero_grad(); loss.backward(); opt.step(); sched.step()
        tl.append(loss.item())
    model.eval(); preds, gts = [], []
    with torch.inference_mode():
        for xb, yb in val_dl:
            preds.append(F.softmax(model(xb), 1).cpu().numpy()); gts.append(yb.numpy())
    acc = (np.concatenate(preds).argmax(1) == np.concatenate(gts)).mean()
    print(f'ep {ep}: trn {np.mean(tl):.4f} val acc {acc:.3f}')
print('last loss', tl[-1])
