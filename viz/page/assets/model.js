// What is known at a position of the backward pass: pure functions of (trace, k).
// k is the step that has just been done, from -1 (nothing yet) to the last.

import { Arrays, rows } from "./data.js";
import { superscript } from "./symbols.js";

/** The trace as linked rows. */
export function makeTrace(data, numbers) {
  const values = rows(data.values);
  const steps = rows(data.steps);
  const terms = rows(data.terms);
  const text = (number) => (number === undefined ? "" : data.texts[number]);
  values.forEach((value, index) => {
    Object.assign(value, {
      index,
      name: text(value.name),
      bar: text(value.bar),
      kind: text(value.kind),
      op: text(value.op),
      scope: text(value.scope),
      expression: text(value.expression),
      inputs: value.inputs.map((distance) => index - distance),
      writes: [],
    });
  });
  steps.forEach((step, k) => Object.assign(step, { k, terms: [] }));
  terms.forEach((term) => {
    term.formula = text(term.formula);
    const [, letters, rule] = /^([^:]*): (.*)$/s.exec(text(term.rule)) ?? [null, "", ""];
    Object.assign(term, { letters: letters.split(" "), rule });
    term.to = values[steps[term.step].node].inputs[term.argument];
    steps[term.step].terms.push(term);
    values[term.to].writes.push(term);
  });
  return { ...data, values, steps, terms, arrays: new Arrays(data.arrays, numbers), sums: new Map() };
}

export const nodeOf = (trace, k) => (k < 0 ? null : trace.values[trace.steps[k].node]);

/** How far the gradient of a value is after step k: "none", "not yet", "partial" or "complete". */
export function status(trace, index, k) {
  const { writes } = trace.values[index];
  if (index === trace.output) return "complete";
  if (writes.length === 0) return "none";
  if (writes[0].step > k) return "not yet";
  return writes[writes.length - 1].step <= k ? "complete" : "partial";
}

/** How many contributions a value has received after step k. */
export function received(trace, index, k) {
  const { writes } = trace.values[index];
  let low = 0;
  let high = writes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (writes[middle].step <= k) low = middle + 1;
    else high = middle;
  }
  return low;
}

const STRIDE = 16;

/** The sum of the first `count` contributions to a value, in the order of the pass; null for none, or unknown numbers. */
export function runningSum(trace, index, count) {
  if (count === 0) return null;
  const { writes } = trace.values[index];
  const single = trace.arrays.values(trace.values[index].array) instanceof Float32Array;
  const sums = trace.sums.get(index) ?? new Map();
  trace.sums.set(index, sums);
  let start = count - (count % STRIDE);
  while (start > 0 && !sums.has(start)) start -= STRIDE;
  let total = start > 0 ? sums.get(start).slice() : null;
  for (let i = start; i < count; i++) {
    const { array, after } = writes[i];
    const term = trace.arrays.values(after ?? array); // after a gap the sum is known; inside, nobody can add it up again
    if (term === null) return null;
    if (total === null || after !== undefined) total = Float64Array.from(term);
    else add(total, term, single);
    if ((i + 1) % STRIDE === 0) sums.set(i + 1, total.slice());
  }
  return total;
}

function add(total, term, single) {
  if (single) for (let j = 0; j < total.length; j++) total[j] = Math.fround(total[j] + term[j]);
  else for (let j = 0; j < total.length; j++) total[j] += term[j];
}

/** How many contributions of the pass the first `count` are: those of a gap come as one. */
export function contributions(trace, index, count) {
  return trace.values[index].writes.slice(0, count).reduce((all, term) => all + (term.count ?? 1), 0);
}

/** The norm of what a value has received after step k. */
export function receivedNorm(trace, index, k) {
  const { writes, gradient } = trace.values[index];
  const count = received(trace, index, k);
  if (index === trace.output || count === writes.length) return gradient === undefined ? 0 : trace.arrays.norm(gradient);
  const sum = runningSum(trace, index, count);
  return sum === null ? 0 : Math.sqrt(sum.reduce((a, x) => a + x * x, 0));
}

/** What happens in step k: the value, its adjoint, and each term with the sum before it and after it. */
export function snapshot(trace, k) {
  const value = nodeOf(trace, k);
  if (value === null) return null;
  const terms = trace.steps[k].terms.map((term) => {
    const { writes } = trace.values[term.to];
    const number = writes.indexOf(term) + 1;
    return {
      ...term,
      number,
      of: writes.length,
      before: runningSum(trace, term.to, number - 1),
      after: runningSum(trace, term.to, number),
      shape: trace.arrays.shape(term.array),
      norm: trace.arrays.norm(term.array),
    };
  });
  return { k, value, terms, norm: trace.arrays.norm(value.gradient) };
}

/** Whether the sum of all contributions is the gradient that the pass gave: "exact", a largest difference, or null. */
export function agreement(trace, index) {
  const { writes, gradient } = trace.values[index];
  const sum = runningSum(trace, index, writes.length);
  const given = gradient === undefined ? null : trace.arrays.values(gradient);
  if (sum === null || given === null) return null;
  const scale = given.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  const differs = given.reduce((a, x, i) => (Object.is(x, sum[i]) || x === sum[i] ? a : Math.max(a, Math.abs(x - sum[i]) / scale)), 0);
  return differs === 0 ? "exact" : differs;
}

// -- moves ------------------------------------------------------------------------------------------------------------

/** The last step before the time step, or the variable, changes: a move by a whole cell or by a whole time step. */
export function moveWhile(trace, k, direction, sameAs) {
  const last = trace.steps.length - 1;
  const clamp = (at) => Math.min(Math.max(at, -1), last);
  let at = clamp(k + direction);
  if (at < 0) return at;
  const key = sameAs(nodeOf(trace, at));
  while (at + direction >= 0 && at + direction <= last && sameAs(nodeOf(trace, at + direction)) === key) at += direction;
  return at;
}

/** The step of the next write to a value after step k, or of the one before it; null for none. */
export function nextWrite(trace, index, k) {
  return trace.values[index].writes.find((term) => term.step > k)?.step ?? null;
}

export function previousWrite(trace, index, k) {
  return trace.values[index].writes.findLast((term) => term.step < k)?.step ?? null;
}

const MOST_SERIES = 3;

/** The series ‖∂L/∂h⁽ᵗ⁾‖ of variables with a gradient in several time steps; states, which the next step reads, first. */
export function series(trace) {
  const lines = trace.variables.map(({ name, where }) => ({ name, where, points: [] }));
  for (const { variable, t, gradient, index, step } of trace.values) {
    if (variable !== undefined && gradient !== undefined) lines[variable].points.push({ t, norm: trace.arrays.norm(gradient), index, step });
  }
  for (const { value, step, points } of trace.beyond ?? []) {
    lines[trace.values[value].variable].points.push(...points.map(([t, norm]) => ({ t, norm: Number(norm), step })));
  }
  const output = trace.values[trace.output].name; // a sum of losses has the adjoint 1 everywhere
  const varied = ({ points }) => points.some(({ norm }) => norm !== points[0].norm); // what gathers losses has one adjoint
  const several = lines.filter(({ points }) => points.length > 1 && points.every(({ index }) => trace.values[index]?.name !== output));
  const states = several.filter((line) => isState(trace, line.points) && varied(line));
  return (states.length > 0 ? states : several).sort((a, b) => b.points.length - a.points.length).slice(0, MOST_SERIES);
}

/** What a line of the timeline shows, in words: where a variable has namesakes, also whose it is. */
export const lineName = ({ name, where }) => `‖∂L/∂${name}⁽ᵗ⁾‖${where ? ` (${where})` : ""}`;

function isState(trace, points) {
  const times = new Map(points.map(({ index, t }) => [index, t]));
  return trace.values.some(({ inputs, t }) => t !== undefined && inputs.some((source) => times.has(source) && times.get(source) !== t));
}

/**
 * The lanes of gated memories: where c⁽ᵗ⁾ is a sum with f ⊙ c⁽ᵗ⁻¹⁾ in it and f lies between 0 and 1, as in an LSTM or GRU.
 * Each piece has the mean of its gate, and the product of the gates from there to the end: what is left of a gradient.
 */
export function lanes(trace) {
  const pieces = [];
  for (const product of trace.values) {
    if (product.op !== "multiply" || product.inputs.length !== 2) continue;
    for (const [memory, gate] of [product.inputs, [...product.inputs].reverse()].map((pair) => pair.map((i) => trace.values[i]))) {
      const next = memory.raised === undefined || memory.index === gate.index ? undefined : sumOf(trace, product);
      if (!next || next.name !== memory.name || next.raised === memory.raised || memory.number !== undefined) continue;
      const open = trace.arrays.values(gate.array);
      if (open === null || open.length < 1 || !open.every((x) => x >= 0 && x <= 1)) continue;
      pieces.push({ from: memory.index, to: next.index, gate: open.reduce((a, x) => a + x, 0) / open.length });
    }
  }
  const left = new Map();
  for (const piece of pieces.sort((a, b) => b.to - a.to)) {
    piece.product = piece.gate * (left.get(piece.to) ?? 1);
    left.set(piece.from, piece.product);
  }
  return pieces;
}

/** The named value that a product is a summand of. */
function sumOf(trace, product) {
  trace.readers ??= readers(trace);
  let value = product;
  for (let depth = 0; depth < 4; depth++) {
    const user = trace.readers[value.index].map((i) => trace.values[i]).find(({ op }) => op === "add");
    if (user === undefined) return undefined;
    if (user.raised !== undefined) return user;
    value = user;
  }
  return undefined;
}

function readers(trace) {
  const result = trace.values.map(() => []);
  trace.values.forEach(({ inputs, index }) => inputs.forEach((source) => result[source].push(index)));
  return result;
}

/** Norms on a log scale, from 0 (least) to 1 (greatest); null for zero, NaN and infinity. */
export function logScale(norms) {
  const logs = norms.filter((x) => x > 0 && Number.isFinite(x)).map(Math.log10);
  const low = Math.min(...logs);
  const high = Math.max(...logs);
  const width = Math.max(high - low, 1e-9);
  const scale = (x) => (x > 0 && Number.isFinite(x) ? Math.min(Math.max((Math.log10(x) - low) / width, 0), 1) : null);
  return Object.assign(scale, { low, high });
}

/** A number as it is printed: three digits, and an exponent where one is needed. */
export function short(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text = size >= 1e4 || size < 1e-3 ? exponential(x) : String(Number(x.toPrecision(3)));
  return text.replace("-", "−");
}

function exponential(x) {
  const [digits, exponent] = x.toExponential(1).split("e");
  return `${digits}·10${superscript(exponent.replace("+", ""))}`;
}
