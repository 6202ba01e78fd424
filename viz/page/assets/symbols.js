// Mathematics: names with bar, index and time step, and formulas, as MathML and as plain text.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const FIRST = 0xe000; // the private characters that stand for a step's symbols
const RAISED = { "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9", "⁻": "−", "ᵀ": "T" };
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const OPERATORS = "=+−·⊙⊗/()[],∧∨<>≤≥≠|^¬×";

export function element(name, ...children) {
  const made = document.createElementNS(MATHML, name);
  made.append(...children);
  return made;
}

/** A number as an exponent. */
export const superscript = (number) => [...String(number)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");

/** A time step as a superscript. */
export const raisedDigits = (t) => `⁽${superscript(t)}⁾`;

/** The name of a value as text: h⁽³⁾, v₁₂; with `bar` of its adjoint. */
export function symbolText(value, bar = false) {
  const number = value.number === undefined ? "" : [...String(value.number)].map((c) => LOWERED[c]).join("");
  return `${bar ? value.bar : value.name}${number}${value.raised === undefined ? "" : raisedDigits(value.raised)}`;
}

/** The same as MathML. */
export function symbolMath(value, bar = false) {
  const [, base, low] = /^(.+?)_?([0-9]{1,2}|(?<=_)\w{1,3})?$/u.exec(value.name) ?? [null, value.name, undefined];
  const single = [...base].length === 1 || low === undefined;
  const name = element("mi", single ? base : value.name);
  let symbol = name;
  if (bar) name.setAttribute("class", "barred"); // drawn by a border: the accents of many fonts stand askew
  const index = [single ? low : undefined, value.number].filter((part) => part !== undefined).join(",");
  if (index) symbol = element("msub", symbol, element("mi", index));
  if (value.raised !== undefined) symbol = element("msup", symbol, element("mrow", element("mo", "("), element("mn", String(value.raised)), element("mo", ")")));
  return symbol;
}

/** What the private characters of a step's formulas stand for: [value, whether its adjoint is meant]. */
function meaning(trace, value, letter) {
  const place = letter.codePointAt(0) - FIRST;
  const inputs = [value.index, ...value.inputs];
  return [trace.values[inputs[place >> 1]], place % 2 === 0];
}

const isSymbol = (letter) => letter.codePointAt(0) >= FIRST && letter.codePointAt(0) < FIRST + 0x1900;

/** The values of which a formula speaks, each with whether its adjoint is meant. */
export const spokenOf = (trace, value, template) => [...template].filter(isSymbol).map((letter) => meaning(trace, value, letter));

export function formulaText(trace, value, template) {
  return [...template].map((letter) => (isSymbol(letter) ? symbolText(...meaning(trace, value, letter)) : letter)).join("");
}

/** A formula as MathML; `show` may give another element for a value: its numbers. */
export function formulaMath(trace, value, template, show = (v, bar) => symbolMath(v, bar)) {
  const row = element("mrow");
  const pieces = template.match(/\+=|[\ue000-\uf8ff]|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|ᵀ|[₀₁₂₃₄₅₆₇₈₉]+|[0-9.]+(?:e[+-]?[0-9]+)?|[\p{L}_][\p{L}\p{M}0-9_.]*|\s+|./gu) ?? [];
  let space = false;
  for (const piece of pieces) {
    if (/^\s+$/.test(piece)) {
      space = true;
      continue;
    }
    if (piece === "ᵀ" || piece[0] in RAISED) {
      row.append(element("msup", row.lastElementChild, element("mn", [...piece].map((c) => RAISED[c]).join(""))));
    } else if (LOWERED.includes(piece[0])) {
      row.append(element("msub", row.lastElementChild, element("mn", [...piece].map((c) => LOWERED.indexOf(c)).join(""))));
    } else {
      const part = isSymbol(piece) ? show(...meaning(trace, value, piece)) : word(piece);
      if (space && isFactor(part) && isFactor(row.lastElementChild)) row.append(thinSpace());
      row.append(part);
    }
    space = false;
  }
  const math = element("math", row);
  math.setAttribute("display", "block");
  return math;
}

const isFactor = (part) => part !== null && part.localName !== "mo";

function thinSpace() {
  const space = element("mspace");
  space.setAttribute("width", "0.22em");
  return space;
}

function word(piece) {
  if (/^[0-9.]/.test(piece)) return element("mn", piece);
  return element(OPERATORS.includes(piece) || piece === "+=" || piece === "Σ" ? "mo" : "mi", piece);
}
