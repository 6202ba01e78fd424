// One step of the backward pass: the program's line, the chain rule in symbols and in numbers, and what it writes.

import { extent, legend, picture, shapeText } from "./heat.js";
import { short, snapshot } from "./model.js";
import { element, formulaMath, formulaText, spokenOf, symbolMath, symbolText } from "./symbols.js";
import { html } from "./svg.js";

const MOST_CELLS = 9; // a matrix of at most so many numbers is written out in a formula

/** Fill the panel with step k. */
export function showStep(panel, trace, k, go) {
  const shot = snapshot(trace, k);
  panel.replaceChildren(...(shot === null ? beginning(trace) : parts(trace, shot, go)).filter((part) => part !== null));
}

/** Bring the expression that is marked into sight. */
export function scrollToMark(panel) {
  const mark = panel.querySelector("mark");
  if (mark !== null) mark.closest("pre").scrollLeft = Math.max(0, mark.offsetLeft + mark.offsetWidth - 380);
}

function beginning(trace) {
  const output = trace.values[trace.output];
  const intro = html("p", {}, "The forward pass is done. The backward pass begins at ", inline(symbolMath(output)), ", whose adjoint is 1, and takes one op after another.");
  return [html("h2", {}, "Before the first step"), intro, html("p", { class: "quiet" }, `${trace.steps.length} steps. Press n, or the arrow.`)];
}

function parts(trace, shot, go) {
  const { value, terms } = shot;
  if (value.kind === "gap") return gap(trace, shot, go);
  const limit = extent(...terms.flatMap(({ before, after }) => [before, after]), ...terms.map((term) => trace.arrays.values(term.array)));
  return [
    html("h2", {}, inline(symbolMath(value, true)), ` back through ${value.op}`, value.expression ? html("code", {}, value.expression) : ""),
    source(trace, value),
    ...alike(value, terms).map((same) => chainRule(trace, value, same)),
    ...alike(value, terms, ({ of }) => of === 1).map((same) => written(trace, same, limit, go)),
    terms.length > 0 && limit > 0 ? legend(limit) : html("p", { class: "quiet" }, terms.length > 0 ? "All that is written is zero." : "Nothing is written: no argument wants a gradient."),
    operands(trace, shot),
  ];
}

/** Terms in groups: those that pass the adjoint on unchanged are one, if nothing else is against it. */
function alike(value, terms, joins = () => true) {
  const unchanged = (term) => term.array === value.gradient && joins(term);
  const together = terms.filter(unchanged);
  return terms.flatMap((term) => (!unchanged(term) ? [[term]] : term === together[0] ? [together] : []));
}

/** What the steps that this page leaves out bring, all together. */
function gap(trace, { k, value, terms }, go) {
  const { number, last } = trace.steps[k];
  const words = `T${value.op.slice(1)}: steps ${number.toLocaleString("en")} to ${last.toLocaleString("en")} of the pass, which this page does as one. Each value receives the exact sum of what they contribute to it.`;
  const limits = terms.map((term) => extent(term.before, term.after, trace.arrays.values(term.array)));
  return [html("h2", {}, "⋯"), html("p", {}, words), ...terms.map((term, i) => written(trace, [term], limits[i], go))];
}

const inline = (math) => element("math", math);

/** The lines of the program around the op, its own expression marked. */
function source(trace, value) {
  const place = trace.sources[value.source];
  if (place === undefined) return html("p", { class: "quiet" }, "No source is known.");
  const { name, lines } = trace.files[place.file];
  const rows = Object.entries(lines).filter(([n]) => Math.abs(n - place.line) <= 2 || (n >= place.line && n <= place.end_line));
  const listing = html("pre", { tabindex: 0, "aria-label": "source" }, ...rows.map(([n, line]) => sourceLine(Number(n), line, place)));
  return html("figure", { class: "source" }, html("figcaption", {}, `${name}, line ${place.line}${place.function ? `, ${place.function}` : ""}`), listing);
}

function sourceLine(n, line, place) {
  const number = html("span", { class: "lineno" }, `${String(n).padStart(4)}  `);
  if (n < place.line || n > place.end_line) return html("span", { class: "line" }, number, line, "\n");
  const letters = [...line];
  const from = n === place.line ? place.column : 0;
  const to = n === place.end_line ? place.end_column : letters.length;
  const part = (start, end) => letters.slice(start, end).join("");
  return html("span", { class: "line here" }, number, part(0, from), html("mark", {}, part(from, to)), part(to), "\n");
}

function chainRule(trace, value, same) {
  const [term] = same;
  if (!term.formula) return null;
  const symbols = same.map(({ formula }) => {
    const math = formulaMath(trace, value, formula);
    math.setAttribute("aria-label", formulaText(trace, value, formula));
    return math;
  });
  const numbers = inNumbers(trace, value, term.formula);
  const letters = lettersOf(trace, value, term).map(([letter, meaning]) => `${letter} is ${meaning}`).join(", ");
  const rule = html("p", { class: "means" }, html("code", {}, term.rule), letters && ` where ${letters}`, same.length > 1 ? ": passed on unchanged" : "");
  const nameless = same.flatMap(({ formula }) => spokenOf(trace, value, formula)).filter(([v]) => v.number !== undefined && v.expression);
  const meanings = [...new Map(nameless.map(([v]) => [v.index, v])).values()].map((v) => html("span", { class: "means" }, `${symbolText(v)} = ${v.expression}`));
  return html("div", { class: "rule" }, ...symbols, numbers, ...meanings, rule);
}

/** The letters of a rule, which are its own and not the program's, each with the value that it stands for here. */
function lettersOf(trace, value, { letters, rule }) {
  const used = rule.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
  const names = [symbolText(value, true), symbolText(value), ...value.inputs.map((i) => symbolText(trace.values[i]))];
  return letters.map((letter, i) => [letter, names[i]]).filter(([letter]) => used.includes(letter));
}

/** The formula with numbers in the place of symbols, where all of them are small. */
function inNumbers(trace, value, formula) {
  const right = formula.slice(formula.indexOf("=") + 1);
  const arrays = spokenOf(trace, value, right).map(([v, bar]) => number(trace, v, bar));
  if (arrays.length === 0 || arrays.some((i) => i === undefined || size(trace, i) > MOST_CELLS || trace.arrays.values(i) === null)) return null;
  const math = formulaMath(trace, value, `=${right}`, (v, bar) => matrix(trace, number(trace, v, bar)));
  return html("div", { class: "numbers" }, math);
}

const number = (trace, value, bar) => (bar ? value.gradient : value.array);
const size = (trace, i) => trace.arrays.shape(i).reduce((a, b) => a * b, 1);

function matrix(trace, i) {
  const values = trace.arrays.values(i);
  const shape = trace.arrays.shape(i);
  if (values.length === 1) return element("mn", short(values[0]));
  const width = shape.length < 2 ? 1 : shape[shape.length - 1];
  const rows = [];
  for (let at = 0; at < values.length; at += width) {
    rows.push(element("mtr", ...[...values.slice(at, at + width)].map((x) => element("mtd", element("mn", short(x))))));
  }
  return element("mtable", ...rows); // its brackets are borders: fonts without tables for mathematics cannot stretch any
}

/** What the rules read, the adjoint first; of rules that are no formula, all that the op has. */
function operands(trace, { value, terms }) {
  const right = terms.map(({ formula }) => formula.slice(formula.indexOf("=") + 1));
  const all = right.some((formula) => formula === "") ? [value, ...value.inputs.map((i) => trace.values[i])].map((v) => [v, false]) : right.flatMap((formula) => spokenOf(trace, value, formula));
  const shown = new Map([[value, true], ...all].map(([v, bar]) => [`${v.index}${bar}`, [v, bar]]));
  const figures = [...shown.values()].map(([v, bar]) => {
    const i = bar ? v.gradient : v.array;
    const values = trace.arrays.values(i);
    const words = `${bar ? "the adjoint of " : ""}${symbolText(v)}`;
    const drawn = picture(values, trace.arrays.shape(i), extent(values), words, trace.arrays.norm(i));
    return figure(symbolMath(v, bar), drawn, `${shapeText(trace.arrays.shape(i))} · ‖·‖ ${short(trace.arrays.norm(i))}`, bar ? "gradient" : "");
  });
  return html("details", { class: "operands", open: true }, html("summary", {}, "What the rule reads"), html("div", { class: "row" }, ...figures));
}

function figure(symbol, drawn, note, kind) {
  return html("figure", { class: `array ${kind}` }, html("figcaption", {}, inline(symbol)), drawn, html("small", {}, note));
}

/** What a term does, or several alike: the sum before, the contribution, the sum after. */
function written(trace, same, limit, go) {
  const [term] = same;
  const names = same.map(({ to }) => symbolText(trace.values[to], true));
  const draw = (values, words) => picture(values, term.shape, limit, words, term.norm);
  const signed = (sign, drawn) => html("span", { class: "signed" }, html("span", { class: "sign" }, sign), drawn);
  const name = names.join(" and ");
  const sum = term.of === 1
    ? [draw(term.after, `${name}, complete`)]
    : [
      term.before === null ? html("span", { class: "nothing" }, "nothing yet") : draw(term.before, `${name} before`),
      signed("+", draw(trace.arrays.values(term.array), `the contribution to ${name}`)),
      signed("=", draw(term.after, `${name} after`)),
    ];
  const count = term.count > 1 ? `${term.count.toLocaleString("en")} contributions in one` : term.of === 1 ? "its only contribution" : `contribution ${term.number} of ${term.of}`;
  const targets = same.flatMap(({ to }, i) => {
    const follow = html("button", { class: "link", "aria-label": `follow ${names[i]}`, click: () => go(trace.values[to]) }, "follow");
    return [i > 0 ? ", " : "", inline(symbolMath(trace.values[to], true)), " ", follow];
  });
  return html("section", { class: "write" }, html("h3", {}, ...targets, html("span", { class: "quiet" }, ` ${count} · ‖·‖ ${short(term.norm)}`)), html("div", { class: "row" }, ...sum));
}
