// Finding a value by what somebody types: a name, an op, or a piece of the program.

import { symbolText } from "./symbols.js";

const MOST_OFFERS = 3000;

/** A name as it is typed: h[3] for h⁽³⁾. */
export function plain(text) {
  const digits = (marks, from) => [...marks].map((c) => (c === "⁻" ? "-" : String(from.indexOf(c)))).join("");
  return text.replace(/⁽(.+)⁾/u, (_, t) => `[${digits(t, "⁰¹²³⁴⁵⁶⁷⁸⁹")}]`).replace(/[₀-₉]+/gu, (low) => digits(low, "₀₁₂₃₄₅₆₇₈₉"));
}

const close = (text) => text.replace(/\s+/g, "");

/** The value that a text means, seen from step k: by name, else the next whose op or expression it is, or is in. */
export function find(trace, text, k) {
  const wanted = plain(text.trim());
  if (wanted === "") return null;
  const named = trace.values.findLast((value) => plain(symbolText(value)) === wanted) ?? trace.values.findLast(({ name }) => name === text.trim());
  if (named) return named;
  const steps = [...trace.steps.slice(k + 1), ...trace.steps.slice(0, k + 1)].map(({ node }) => trace.values[node]);
  const piece = close(text);
  return (
    steps.find(({ op }) => op === wanted) ??
    steps.find(({ expression }) => close(expression) === piece) ??
    steps.findLast(({ expression }) => close(expression).includes(piece)) ?? // the smallest it is in comes last
    null
  );
}

/** What is offered while somebody types: names, then ops, then what has no name. */
export function offers(trace) {
  const here = trace.values.filter(({ step, kind }) => step !== undefined || kind === "parameter");
  const named = here.filter(({ number }) => number === undefined).map((value) => plain(symbolText(value)));
  const ops = here.map(({ op }) => op);
  const pieces = here.filter(({ number }) => number !== undefined).map(({ expression }) => expression);
  return [...new Set([...named, ...ops, ...pieces])].filter((text) => text !== "").slice(0, MOST_OFFERS);
}
