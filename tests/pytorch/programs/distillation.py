"""A student learns from a teacher who is not trained."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
teacher = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Dropout(0.1), nn.Linear(12, 4))
student = nn.Sequential(nn.Linear(6, 5), nn.ELU(), nn.Linear(5, 4))
teacher.eval()
student.train()
T, soft, hard = 2, 0.25, 0.75
optimizer = torch.optim.Adam(student.parameters(), lr=0.001)
for _ in range(2):
    inputs, labels = torch.randn(5, 6), torch.randint(0, 4, (5,))
    optimizer.zero_grad()
    with torch.no_grad():
        teacher_logits = teacher(inputs)
    student_logits = student(inputs)
    soft_targets = nn.functional.softmax(teacher_logits / T, dim=-1)
    soft_prob = nn.functional.log_softmax(student_logits / T, dim=-1)
    soft_targets_loss = torch.sum(soft_targets * (soft_targets.log() - soft_prob)) / soft_prob.size()[0] * (T**2)
    kl = F.kl_div(soft_prob, soft_targets, reduction="batchmean")
    label_loss = F.cross_entropy(student_logits, labels)
    loss = soft * soft_targets_loss + hard * label_loss + 0.1 * kl
    loss.backward()
    optimizer.step()
    print(loss.item())
