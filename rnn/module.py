"""Modules: parameters found and named by the attributes that hold them, and read and written as arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg
from tinygraph.recording.creation import parameters as made_parameters

from .safetensors import read_safetensors, write_safetensors
from .state_names import fitting, renamed
from .torch_names import OF_MODULES, OF_PARAMETERS

Arrays = dict[str, np.ndarray]


class Module:
    """Base of cells, layers and models: what its attributes hold are its parameters and parts.

    A parameter takes the attribute's name, so that ``self.W = tg.parameter(...)`` is drawn as W. An array in an
    attribute is a constant, which is not trained and not saved: also one that `glorot` has drawn.
    Parts and parameters may also stand in a list, a tuple or a dict. What it computes is ``__call__``, or
    ``forward``. State dicts are in PyTorch's names and layouts: a class that has a counterpart there sets
    `names_in_torch`, or overrides `to_torch` and `from_torch`, or `torch_key`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.w = tg.parameter(np.ones(3))
    >>> scale = Scale()
    >>> scale.w.name, list(scale.parameters()), scale.num_parameters()
    ('w', ['w'], 3)
    """

    training: bool = True  # whether dropout drops: see `train` and `eval`
    names_in_torch: Mapping[str, str] = MappingProxyType({})  # of the own parameters that are called otherwise there

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "forward" in vars(cls) and "__call__" not in vars(cls):  # as PyTorch's modules name it
            cls.__call__ = cls.forward  # type: ignore[attr-defined, method-assign]

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, tg.Tensor) and value.requires_grad and value.label is None:
            value.name = name
        known = self._known_names()
        if isinstance(value, tg.Tensor) and _is_parameter(value):
            known.add(name)
        else:
            known.difference_update([other for other in known if other == name or other.startswith(f"{name}.")])
        super().__setattr__(name, value)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = type(self).__name__
            instead = f"; write {OF_MODULES[name]}" if name in OF_MODULES else ""
            raise AttributeError(f"{kind!r} object has no attribute {name!r}{instead}", name=name, obj=self)

    def _known_names(self) -> set[str]:
        """Return the names of what stays a parameter when it is frozen, dotted in lists and dicts, also in copies."""
        return vars(self).setdefault("_parameter_names", set())

    def __getstate__(self) -> dict[str, Any]:
        list(self.children())  # looks what lists hold now: the copies of parameters cannot tell that they are some
        return vars(self)

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, part) for each part, in the order in which the attributes were set."""
        for name, value in list(vars(self).items()):
            yield from _modules(name, value, self._known_names())

    def modules(self) -> Iterator[Module]:
        """Yield this module, then its parts and theirs; one that stands in several places comes once."""
        queue, known = [self], {id(self)}
        for module in queue:
            yield module
            new = [child for _, child in module.children() if id(child) not in known]
            known.update(map(id, new))
            queue += new

    def train(self, mode: bool = True) -> Self:
        """Set this module and all its parts to training, where dropout drops, or with False to evaluation.

        Examples
        --------
        >>> import rnn
        >>> model = rnn.Layers(rnn.ElmanCell(2, 3, rng=0), rnn.Dropout(0.5, rng=1))
        >>> model.eval().training, model.layers[1].training, model.train().training
        (False, False, True)
        """
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set this module and all its parts to evaluation: nothing is random."""
        return self.train(False)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluate inside a ``with`` block; each part goes back to the mode that it had.

        Examples
        --------
        >>> import rnn
        >>> dropout = rnn.Dropout(0.5, rng=0)
        >>> with dropout.evaluating():
        ...     float(dropout(np.ones(1))[0])
        1.0
        >>> dropout.training
        True
        """
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode

    def generators(self) -> dict[str, np.random.Generator]:
        """Return what the parts draw from while they train, by dotted name; one that is shared is listed once."""
        names: dict[int, tuple[str, np.random.Generator]] = {}
        for name, generator in self._walk_generators(""):
            names.setdefault(id(generator), (name, generator))
        return dict(names.values())

    def _walk_generators(self, prefix: str) -> Iterator[tuple[str, np.random.Generator]]:
        for name, value in vars(self).items():
            if isinstance(value, np.random.Generator):
                yield prefix + name, value
        for name, child in self.children():
            yield from child._walk_generators(f"{prefix}{name}.")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or with False make them zero."""
        zero_grad(self.parameters(), set_to_none)

    def own_parameters(self) -> dict[str, tg.Tensor]:
        """Return the parameters that this module holds itself, frozen ones too, without those of its parts."""
        known = vars(self).get("_parameter_names", ())
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, tg.Tensor)}
        return {name: tensor for name, tensor in tensors.items() if tensor.requires_grad or name in known}

    def parameters(self) -> dict[str, tg.Tensor]:
        """Return all parameters by dotted name, frozen ones too; one that several parts share is listed once."""
        names: dict[tg.Tensor, str] = {}
        for name, parameter in self._walk(""):
            names.setdefault(parameter, name)
        return {_Name(name): parameter for parameter, name in names.items()}

    def _walk(self, prefix: str) -> Iterator[tuple[str, tg.Tensor]]:
        for name, parameter in self.own_parameters().items():
            yield prefix + name, parameter
        for name, child in self.children():
            yield from child._walk(f"{prefix}{name}.")

    def mark(self, suffix: str) -> None:
        """Write `suffix` below the names that all parameters are drawn with: W of the forward half is W_F.

        Examples
        --------
        >>> import rnn
        >>> cell = rnn.GRUCell(2, 3, rng=0)
        >>> cell.mark("F")
        >>> cell.W.name, cell.W_z.name
        ('W_F', 'W_zF')
        """
        for key, parameter in self.parameters().items():
            name = parameter.label or key.rpartition(".")[2]
            parameter.name = f"{name}{suffix}" if "_" in name else f"{name}_{suffix}"

    def num_parameters(self, requires_grad: bool | None = None) -> int:
        """Return how many numbers the parameters hold: in all, or those that are trained, or with False the frozen.

        Examples
        --------
        >>> import rnn
        >>> cell = rnn.ElmanCell(2, 3, rng=0)
        >>> cell.U.requires_grad = False  # it is kept as it is, and saved as all others are
        >>> cell.num_parameters(), cell.num_parameters(True), cell.num_parameters(False)
        (18, 12, 6)
        """
        parameters = self.parameters().values()
        return sum(p.size for p in parameters if requires_grad is None or p.requires_grad is requires_grad)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Train all parameters, or with False freeze them: they get no gradient, and an optimiser leaves them alone.

        Examples
        --------
        >>> import rnn
        >>> model = rnn.Forecaster(4, 20, rng=0)
        >>> model.cell.requires_grad_(False), model
        (ElmanCell(4, 20), Forecaster(521 parameters, 500 of them frozen))
        """
        for parameter in self.parameters().values():
            parameter.requires_grad = requires_grad
            parameter.grad = None
        return self

    @property
    def dtype(self) -> np.dtype:
        """The dtype that all parameters share."""
        dtypes = {parameter.dtype for parameter in self.parameters().values()}
        if not dtypes:
            arrays = [name for name, value in vars(self).items() if isinstance(value, np.ndarray)]
            told = f", only arrays, which are not trained ({', '.join(arrays)})" * bool(arrays)
            raise TypeError(
                f"{type(self).__name__} holds no parameters{told}: write self.W = tg.parameter(…) in its __init__"
            )
        if len(dtypes) != 1:
            several = ", ".join(sorted(map(str, dtypes)))
            raise TypeError(f"{type(self).__name__} should hold parameters of one dtype, not {several}")
        return dtypes.pop()

    def to_torch(self, own: Arrays) -> Arrays:
        """Return the module's own arrays in PyTorch's names and layouts."""
        return {self.names_in_torch.get(name, name): array for name, array in own.items()}

    def from_torch(self, arrays: Arrays) -> Arrays:
        """Undo `to_torch`."""
        ours = {theirs: name for name, theirs in self.names_in_torch.items()}
        return {ours.get(name, name): array for name, array in arrays.items()}

    def torch_key(self, child: str, key: str) -> str:
        """Return the state dict's name for what the part `child` calls `key`."""
        return f"{child}.{key}"

    def _own_state(self) -> Arrays:
        return self.to_torch({name: parameter.data for name, parameter in self.own_parameters().items()})

    def state_dict(self) -> Arrays:
        """Return copies of all parameters, in PyTorch's names and layouts where it has the module.

        Examples
        --------
        >>> import rnn
        >>> {k: v.shape for k, v in rnn.LSTMCell(3, 5, rng=0).state_dict().items()}
        {'weight_ih': (20, 3), 'weight_hh': (20, 5), 'bias_ih': (20,), 'bias_hh': (20,)}
        """
        state = {name: np.array(array, order="C") for name, array in self._own_state().items()}
        for name, child in self.children():
            state |= {self.torch_key(name, key): array for key, array in child.state_dict().items()}
        return state

    def load_state_dict(self, state: Mapping[str, ArrayLike], strict: bool = True) -> None:
        """Set all parameters from arrays in the names and layouts of `state_dict`.

        Everything is checked before anything is set: a bad `state` changes nothing.

        Parameters
        ----------
        state : mapping
            Name to array; a PyTorch module's own ``state_dict()`` will do, and one of a model with names of its own,
            such as ``lstm.weight_ih_l0`` and ``fc.weight``, where each part fits one part of this module alone.
        strict : bool
            Without it, names that are missing keep their parameters, and unknown ones are passed over.

        Raises
        ------
        KeyError
            When names are missing or unknown; the message says which class fits what was given.
        ValueError, TypeError
            When an array has the wrong shape or does not hold floating-point numbers.
        """
        if not strict and isinstance(state, Mapping):
            own = self.state_dict()
            if not own.keys() & state.keys():
                raise KeyError(f"state for {type(self).__name__}: no name in common; expected some of {list(own)}")
            state = own | {name: array for name, array in state.items() if name in own}
        for parameter, array in self._assignments(self._checked(state)):
            parameter.data = array

    def _checked(self, state: Mapping[str, ArrayLike]) -> Arrays:
        if not isinstance(state, Mapping):
            raise TypeError(
                f"load_state_dict takes a dict of arrays by name, not {state!r}; a file is read by load(path)"
            )
        expected = self.state_dict()
        if set(state) != set(expected):
            state = renamed(state, expected)
        missing = [name for name in expected if name not in state]
        unknown = [name for name in state if name not in expected]
        if missing or unknown:
            told = f"state for {type(self).__name__}: missing {missing}, unknown {unknown}; expected {list(expected)}"
            raise KeyError(". ".join(filter(None, [told, fitting(state)])))
        arrays = {}
        for name, target in expected.items():
            array = np.asarray(state[name])
            if array.dtype.kind != "f":
                raise TypeError(f"{name} should hold floating-point numbers, not {array.dtype}")
            if array.shape != target.shape:
                told = f"{name} should have shape {target.shape}, not {array.shape}"
                raise ValueError(". ".join(filter(None, [told, fitting(state)])))
            arrays[name] = array.astype(target.dtype)
        return arrays

    def _assignments(self, state: Arrays) -> list[tuple[tg.Tensor, np.ndarray]]:
        own = self.from_torch({name: state[name] for name in self._own_state()})
        pairs = [(parameter, own[name]) for name, parameter in self.own_parameters().items()]
        for name, child in self.children():
            part = {key: state[self.torch_key(name, key)] for key in child.state_dict()}
            pairs += child._assignments(part)
        return pairs

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `state_dict` to a safetensors file; an older file stays whole until the new one is."""
        write_safetensors(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Set all parameters from a safetensors file, ours or PyTorch's."""
        arrays, _ = read_safetensors(path)
        self.load_state_dict(arrays)

    def __repr__(self) -> str:
        frozen = self.num_parameters(requires_grad=False)
        return f"{type(self).__name__}({self.num_parameters()} parameters{f', {frozen} of them frozen' * bool(frozen)})"


def zero_grad(parameters: Mapping[str, tg.Tensor], set_to_none: bool) -> None:
    """Forget the gradients of parameters, or make those zero that are there, as PyTorch does."""
    for parameter in parameters.values():
        gradient = parameter.grad
        parameter.grad = None if set_to_none or gradient is None else np.zeros_like(gradient)


class _Name(str):
    """A parameter's name, as `parameters` has it; who takes it for the parameter itself is told so."""

    __slots__ = ()
    if not TYPE_CHECKING:

        def __getattr__(self, attribute: str) -> Any:
            raise AttributeError(_no_parameter(self, attribute), name=attribute, obj=self)

        def __setattr__(self, attribute: str, value: Any) -> None:
            raise AttributeError(_no_parameter(self, attribute), name=attribute, obj=self)


def _no_parameter(name: str, attribute: str) -> str:
    told = f"the name {str(name)!r} has no attribute {attribute!r}"
    return f"{told}: parameters() is a dict by name; write parameters().values()" * (attribute in OF_PARAMETERS) or told


def _is_parameter(tensor: tg.Tensor) -> bool:
    return tensor.requires_grad or any(tensor is parameter for parameter in made_parameters)


def _modules(name: str, value: object, known: set[str]) -> Iterator[tuple[str, Module]]:
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, (list, tuple, dict)):
        items = dict(value if isinstance(value, dict) else enumerate(value))
        leaves = {key: item for key, item in items.items() if isinstance(item, tg.Tensor) and item.op is None}
        if leaves:
            yield name, _Held(name, leaves, known)
        for key, item in items.items():
            yield from _modules(f"{name}.{key}", item, known)


class _Held(Module):
    """The parameters that a list or a dict in an attribute holds; it adds their names to those that are known."""

    def __init__(self, name: str, leaves: Mapping[Any, tg.Tensor], known: set[str]) -> None:
        for key, leaf in leaves.items():
            if leaf.requires_grad and leaf.label is None:
                leaf.name = f"{name}_{key}"
            if _is_parameter(leaf):
                known.add(f"{name}.{key}")
            setattr(self, str(key), leaf)
        self._known_names().update(str(key) for key in leaves if f"{name}.{key}" in known)
