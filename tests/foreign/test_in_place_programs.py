"""Programs that write in place: tables filled cell by cell, augmented assignment, aliases, views, ``out=``."""

import numpy as np
import pytest

from tests.foreign.program import Programs

programs = Programs()
x = np.array([0.5, 1.2, -0.7])

ALIAS = "augmented assignment makes a new Tensor, so another name for the same array keeps the old value"

# -- tables ------------------------------------------------------------------------------------------------------------


@programs.refused(x, says="table.at[i].set")
def a_table_filled_cell_by_cell(x):
    t = np.zeros(3)
    for i in range(3):
        t[i] = x[i] ** 2
    return t.sum() + x[0]


@programs.refused(x, says="table.at[i].set")
def a_table_on_which_alone_the_value_depends(x):
    t = np.zeros(3)
    for i in range(3):
        t[i] = x[i] ** 2
    return t.sum()


@programs.refused(x, says="table.at[i].set")
def a_table_that_is_added_to(x):
    t = np.ones(2)
    for i in range(3):
        t[i % 2] += x[i] ** 2
    t[0] *= x[1]
    return t[0] + x[0]


@programs.refused(x, says="table.at[i].set")
def a_table_of_two_axes(x):
    t = np.zeros((2, 2))
    t[0, 1], t[1, 0] = x[0], x[1]
    return (t @ t).sum() + x[2]


@programs.refused(x, says="table.at[i].set")
def a_table_like_the_argument(x):
    t, u = np.zeros_like(x), np.empty_like(x)
    for i in range(3):
        t[i], u[i] = x[i] ** 2, x[i]
    return t @ u + x[0]


@programs.fooled(x, reason="NumPy puts an error of its own in the place of ours, without the program's line")
def a_cell_by_its_flat_number(x):
    t = np.zeros((2, 2))
    t.flat[3] = x[0] * x[1]
    return t.sum() + x[2]


@programs.refused(x, says="np.stack")
def a_table_filled_by_its_method(x):
    t = np.empty(3)
    t.fill(x[0])
    return t.sum() * x[1]


@programs.refused(x, says="table.at[i].set")
def a_lower_triangle_and_its_mirror_image(x):
    t = np.zeros((2, 2))
    k = 0
    for i in range(2):
        for j in range(i + 1):
            t[i, j] = t[j, i] = x[k]
            k += 1
    return np.linalg.det(t + 3 * np.eye(2)) + x[0]


@programs.refused(x, says="plain array")
def a_row_of_a_table(x):
    t = np.zeros((2, 3))
    t[0] = x
    return t.sum()


@programs.refused(x, says="plain array")
def cells_by_a_mask_and_by_a_list(x):
    t = np.zeros(3)
    t[np.array([True, False, True])] = x[0]
    t[[0, 1]] = x[:2]
    return t.sum()


@programs.refused(x, says="plain array")
def a_slice_of_a_table(x):
    t = np.zeros(3)
    t[:] = [x[0], x[1], x[2]]
    return t.sum()


@programs.right(x)
def a_list_as_a_table(x):
    t = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(3):
            t[i][j] = x[i] * x[j] if i else t[i][j] + x[j]
            t[j][i] += 0.5 * t[i][j]
    t[0][1] *= 2
    del t[2][0]
    return sum(sum(row) for row in t)


@programs.right(x)
def a_dictionary_as_a_table(x):
    t = {}
    for i in range(3):
        t[i, i] = x[i]
        t[i, i + 1] = t.get((i - 1, i), 0.0) + x[i] ** 2
        t[i, i] += t[i, i + 1]
    return sum(t.values())


@programs.right(x)
def a_table_of_data_beside_the_tensors(x):
    counts = np.zeros(3)
    counts[1] += 2
    counts[x.argmax() if isinstance(x, np.ndarray) else int(np.argmax(x))] += 1
    return np.sum(counts * x)


# -- functions that write ----------------------------------------------------------------------------------------------


@programs.refused(x, says="a Tensor is neither written in place nor added into an array in place; write a.at[indice")
def np_add_at(x):
    t = np.zeros(3)
    np.add.at(t, [0, 1, 0], x)
    return (t * t).sum()


@programs.refused(x, says="a plain array is not written from a Tensor, which would cut the graph; write a.at[indice")
def np_put_copyto_and_putmask(x):
    t = np.zeros(3)
    np.put(t, [0, 1], x[:2])
    np.copyto(t, x)
    np.putmask(t, t > 0, x)
    return (t * t).sum()


@programs.refused(x, says="np.where(np.eye(")
def np_fill_diagonal(x):
    t = np.zeros((3, 3))
    np.fill_diagonal(t, x)
    return (t * t).sum()


@programs.refused(x, says="out=")
def ufuncs_with_out(x):
    t = np.zeros(3)
    np.multiply(x, 2, out=t)
    np.exp(t, t)
    return t.sum()


@programs.refused(x, says="out")
def reductions_with_out(x):
    t = np.zeros(())
    np.sum(x, out=t)
    return t * x[0]


@programs.refused(x, says="clip: the argument out= is not supported on a Tensor")
def clip_with_out_by_position(x):
    y = x * 1.0
    np.clip(y, 0.0, 1.0, y)
    return y.sum()


@programs.refused(x, says="write t = t.reshape((3, 1))")
def a_shape_that_is_assigned(x):
    y = x * 2
    y.shape = (3, 1)
    return (y @ y.T).sum()


@programs.refused(x, says="copy=")
def nan_to_num_in_place(x):
    y = np.where(x > 0, x, np.nan)
    np.nan_to_num(y, copy=False)
    return y.sum()


@programs.refused(x, says="out=")
def an_array_that_a_tensor_is_added_to(x):
    t = np.zeros(3)
    t += x
    return t.sum()


@programs.refused(x, says="where=")
def a_ufunc_with_where(x):
    return np.sqrt(x, where=x > 0, out=np.zeros(3)).sum()


# -- Tensors that are written ------------------------------------------------------------------------------------------


@programs.refused(x, says="np.where")
def an_element_that_is_assigned(x):
    y = x * 2
    y[0] = 0.0
    return y.sum()


@programs.refused(x, says="not written in place")
def an_element_that_is_added_to(x):
    y = x.copy()
    y[1] += x[0]
    return (y * y).sum()


@programs.refused(x, says="not written in place")
def an_element_that_is_deleted_by_a_mask(x):
    y = np.maximum(x, -1)
    y[y < 0] = 0
    return y.sum()


@programs.refused(x, says="np.sort")
def a_tensor_that_is_sorted_in_place(x):
    y = x * x
    y.sort()
    return y[0] + 2 * y[1]


# -- augmented assignment ----------------------------------------------------------------------------------------------


@programs.right(x)
def augmented_assignment_of_a_name(x):
    total = 0
    for v in x:
        total += v * v
        total *= 1.1
    y = x * 2
    y -= 1
    y /= 3
    y **= 2
    return total - y.sum()


@programs.right(x)
def augmented_assignment_of_attributes_and_items(x):
    class Box:
        value = 0.0

    box, cells = Box(), [0.0, 1.0]
    for v in x:
        box.value += v
        cells[1] *= v
        cells[0] -= cells[1]
    return box.value * cells[0]


@programs.fooled(x, reason=ALIAS)
def an_alias_sees_what_is_written(x):
    y = x * 2
    z = y
    z *= 3
    return y.sum()


@programs.fooled(x, reason=ALIAS)
def a_view_writes_into_its_base(x):
    y = x * 2
    row = y[:2]
    row += 1.0
    row *= x[0]
    return y.sum()


@programs.fooled(x, reason=ALIAS)
def a_function_writes_into_its_argument(x):
    def normalize(v):
        v /= np.sum(v**2)

    y = x * 1.0
    normalize(y)
    return y[0]


@programs.fooled(x, reason=ALIAS)
def a_loop_writes_into_the_members_of_a_list(x):
    parameters = [x * 1.0, x * 2.0]
    for p in parameters:
        p -= 0.1 * p**2
    return sum(np.sum(p) for p in parameters)


@programs.fooled(x, reason=ALIAS)
def a_loop_writes_into_the_rows_of_a_matrix(x):
    A = np.outer(x, x)
    for row in A:
        row /= 1.0 + row[0] ** 2
    return A.sum()


@programs.fooled(x, reason=ALIAS)
def a_default_argument_that_is_written(x):
    state = x * 0.0

    def step(v, memory=state):
        memory += v
        return memory

    for v in x:
        step(v)
    return np.sum(state) + x[0]


@programs.right(x)
def a_transpose_is_read_and_not_written(x):
    A = np.outer(x, x + 1)
    B = A.T
    A = A * 2
    return (A @ B).sum()


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
