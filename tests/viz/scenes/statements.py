"""What a drawing says, as text; and weights and data of small networks for it."""

import numpy as np

import tinygraph as tg
import viz

T = 5
X = np.sin(np.arange(2.0 * T)).reshape(T, 2)


def weights(count):
    return [tg.parameter(np.eye(2) / (k + 2)) for k in range(count)]


def drawn(result, fold=True):
    """The labels of the nodes, and the edges as (source, target, label)."""
    scene = viz.draw(result, view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    return list(label.values()), {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}
