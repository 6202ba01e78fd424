// Where a gradient comes from: the way of the largest contributions, and all ways between two values.

import { nodeOf } from "./model.js";

/** The contribution to a value that is largest: where its gradient comes from. */
export function mainSource(trace, index) {
  const size = (term) => trace.arrays.norm(term.array);
  return trace.values[index].writes.reduce((a, b) => (a === null || size(b) > size(a) ? b : a), null);
}

/** The way of a gradient from a value toward the loss, along the largest contributions, no further than step `until`. */
export function mainWay(trace, index, until = 0) {
  const terms = [];
  for (let term = mainSource(trace, index); term !== null && term.step >= until; term = mainSource(trace, nodeOf(trace, term.step).index)) {
    terms.push(term);
  }
  return terms;
}

/** Whether a value is a variable of the program: what has a box in the view of variables. */
export const isVariable = (trace, { index }) => trace.figures.variables.owners[index] === index;

/** The step in which the way of a value's gradient comes to the next variable, or to the next op; null for nowhere. */
export function nextOnWay(trace, index, toVariable) {
  const terms = mainWay(trace, index);
  const wanted = toVariable ? terms.find(({ step }) => isVariable(trace, nodeOf(trace, step))) ?? terms.at(-1) : terms[0];
  return wanted?.step ?? null;
}

/**
 * The share of a contribution in the gradient of its value: how far it reaches along that. The shares of all
 * contributions add up to 1; one that the others outweigh has a share below 0. Null where numbers are missing.
 */
export function share(trace, term) {
  const { writes, gradient } = trace.values[term.to];
  if (writes.length === 1) return 1;
  const [part, whole] = [term.array, gradient].map((array) => trace.arrays.values(array));
  if (part === null || whole === null) return null;
  let [along, square] = [0, 0];
  for (let i = 0; i < whole.length; i++) {
    along += part[i] * whole[i];
    square += whole[i] * whole[i];
  }
  return square > 0 && Number.isFinite(along / square) ? along / square : null;
}

/** A way as hops from variable to variable, each with the shares of what was split on it. */
export function hops(trace, terms) {
  const result = [];
  let shares = [];
  terms.forEach((term, i) => {
    const to = nodeOf(trace, term.step);
    if (trace.values[term.to].writes.length > 1) shares.push(share(trace, term));
    if (!isVariable(trace, to) && i < terms.length - 1) return;
    result.push({ to: to.index, shares });
    shares = [];
  });
  return result;
}

/** The values on all ways from a state to a loss, both included: what its gradient passes. */
export function between(trace, state, losses) {
  const above = new Set(losses);
  for (let i = Math.max(...losses); i > state; i--) if (above.has(i)) trace.values[i].inputs.forEach((source) => above.add(source));
  const reached = new Set([state]);
  for (let i = state + 1; i <= Math.max(...losses); i++) {
    if (above.has(i) && trace.values[i].inputs.some((source) => reached.has(source))) reached.add(i);
  }
  return reached;
}

/** The contributions that one value of a set makes to another. */
export const termsWithin = (trace, values) => trace.terms.filter(({ to, step }) => values.has(to) && values.has(trace.steps[step].node));
