"""Graphs: what a program recorded, as plain data in the order of recording.

- `graph`: `Graph`, its nodes, their consumers, its export to networkx
- `on_demand`: nodes that are made when somebody asks for them; `recorded_nodes`: those of a program's Tensors
- `adjoints`: what the nodes of a recorded backward pass are
- `completed`: for drawing, a graph with the ops that NumPy alone computed, `unrecorded`, and what data choose, `chosen`
- `calls`: which of the program's own calls an op was recorded in
- `names`: what a person who has read the program calls its values
- `namesakes`: what different loops make under one name, told apart by a word: h_enc and h_dec
- `writing`: how such a name is written, ``Wf`` as W_f
- `symbols`: how nodes are written in formulas (``h⁽³⁾``) and found by what is written (``h[3]``)
"""
