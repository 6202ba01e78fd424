// The network as a drawing: only the columns in sight are elements, and the wave front of the backward pass tints them.

import { columnAt, columnName, fitted, following, LEAST, ofColumn, PAD, READABLE, resized } from "./camera.js";
import { Columns, hue } from "./columns.js";
import { rows } from "./data.js";
import { defs, pulse } from "./marks.js";
import { phone, still } from "./media.js";
import { lanes, nodeOf, receivedNorm, short, status } from "./model.js";
import { symbolText } from "./symbols.js";
import { svg } from "./svg.js";

const BEFORE = 20; // px: how far what belongs to a column reaches out of it, to the right
const BEHIND = 150; // and to the left, where its edges come from
const PATIENCE = 500; // ms between jumps while scrubbing: faster ones nobody can read

/** One view of the network in an <svg>. */
export class Network {
  constructor(root, trace, view, scale, { select, moved }) {
    Object.assign(this, { root, trace, view, scale, moved }); // `moved` is told when another part is in sight
    this.figure = trace.figures[view];
    this.nodes = rows(this.figure.nodes);
    this.edges = rows(this.figure.edges);
    this.placeOf = new Map(this.nodes.map((node, place) => [node.index, place]));
    this.edgeOf = this.linked();
    this.laneOf = new Map(view === "variables" ? lanes(trace).map((lane) => [this.edgeOf.get(this.ends(lane.from, lane.to))?.[0], lane]) : []);
    this.lit = null;
    this.jumped = 0; // when another part was last brought into sight
    this.column = null; // the one in the middle, if one is
    this.frame = { width: root.clientWidth, height: root.clientHeight };
    this.box = { x: -PAD, y: -PAD, width: this.figure.width + 2 * PAD, height: this.figure.height + 2 * PAD };
    const [below, rails, above, marks] = ["columns", "rails", "parts", "marks"].map((name) => svg("g", { class: name }));
    this.marks = marks;
    this.columns = new Columns(this.figure, this.nodes, this.edges, { below, above, laneOf: this.laneOf, factors: view === "ops" });
    this.drawn = new Map();
    this.termsByEdge = this.collectTerms();
    root.replaceChildren(defs(), below, rails, above, marks);
    root.setAttribute("aria-label", `${this.figure.title}: ${this.figure.description}`);
    root.onclick = ({ target }) => this.touched(target, ({ index }) => select(index));
    root.onpointerover = ({ target }) => this.touched(target, (node, part) => part.querySelector("title") ?? part.append(svg("title", {}, this.words(node))));
    this.drawRails(rails);
  }

  /** Do something with the node that an element belongs to. */
  touched(element, act) {
    const part = element.closest(".node");
    if (part !== null) act(this.nodes[this.columns.placeOf.get(part)], part);
  }

  words({ index }) {
    const value = this.trace.values[index];
    const name = symbolText(this.view === "folded" ? { ...value, raised: undefined } : value);
    return `${name}${value.op ? ` = ${value.expression || value.op}` : ""}, ${value.kind}`;
  }

  /** The edges of this view by their ends. */
  linked() {
    const byEnds = new Map();
    this.edges.forEach(({ source, target, argument }, place) => {
      const ends = this.ends(this.nodes[source].index, this.nodes[target].index, argument);
      byEnds.set(ends, [...(byEnds.get(ends) ?? []), place]);
    });
    return byEnds;
  }

  ends(source, target, argument) {
    return this.view === "ops" ? `${source},${target},${argument}` : `${source},${target}`;
  }

  /** The boxes of this view that a value is a part of: its own as a number, or a list of those that it leads to. */
  boxOf(index) {
    return (this.figure.owners ?? this.figure.members)?.[index] ?? index;
  }

  /** The value that stands for another in this view: itself, its variable, or its place in the cell. */
  owner(index) {
    const box = this.boxOf(index);
    return Array.isArray(box) ? box[0] : box;
  }

  /** The edges that a term runs along: from the boxes that its op leads to, to the box of what receives it. */
  edgesOfTerm({ step, to, argument }) {
    const from = this.trace.steps[step].node;
    if (this.trace.values[from].kind === "gap") return this.edgesOverGap(to);
    const [source, target] = [this.boxOf(to), this.boxOf(from)];
    if (Array.isArray(source)) return [];
    const carried = this.trace.values[to].t !== this.trace.values[from].t;
    const isDelay = (place) => this.edges[place].kind === "delay";
    return [target].flat().flatMap((box) => {
      const places = this.edgeOf.get(this.ends(source, box, argument)) ?? [];
      const place = places.find((one) => isDelay(one) === carried) ?? places[0];
      return place === undefined ? [] : [place];
    });
  }

  /** The edges that stand for what is left out: from a value, over the gap, to its like. */
  edgesOverGap(value) {
    return this.edges.flatMap(({ kind, source }, place) => (kind === "elided" && this.nodes[source].index === value ? [place] : []));
  }

  edgeOfTerm(term) {
    return this.edgesOfTerm(term)[0];
  }

  collectTerms() {
    const byEdge = this.edges.map(() => []);
    for (const term of this.trace.terms) for (const place of this.edgesOfTerm(term)) byEdge[place].push(term);
    return byEdge;
  }

  drawRails(layer) {
    layer.append(...this.figure.rails.map(({ source, d }) => svg("path", { class: `rail ${hue(this.nodes[source].hue)}`, d })));
    for (const { column, scope, box } of this.figure.frames) {
      const [x, y, width, height] = box;
      const left = this.columns.origin(column) + x - width / 2;
      const name = svg("text", { class: "scope-name", x: left + 7, y: y + height / 2 - 5 }, scope);
      layer.append(svg("rect", { class: "scope", x: left, y: y - height / 2, width, height, rx: 7 }), name);
    }
  }

  // -- what is in sight -------------------------------------------------------------------------------------------------

  /** Show the part of the drawing in `box`; take the columns that have come into sight, give back those that left it. */
  show(box = this.box) {
    const { x, y, width, height } = box;
    this.box = box;
    this.scaled = width / Math.max(this.frame.width, 1);
    this.root.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    const wanted = new Set([-1]);
    this.figure.columns.forEach((column, number) => {
      if (column.x + column.width + BEFORE > x && column.x - BEHIND < x + width) wanted.add(number);
    });
    const gone = [...this.drawn].filter(([column]) => !wanted.has(column));
    for (const [column, drawn] of gone) {
      this.columns.give(drawn);
      this.drawn.delete(column);
    }
    const come = [...wanted].filter((column) => !this.drawn.has(column));
    for (const column of come) this.drawn.set(column, this.columns.take(column));
    if (gone.length > 0) this.columns.clear();
    const { single } = this;
    for (const [column, { layers }] of this.drawn) {
      const aside = single && this.column !== null && column >= 0 && column !== this.column;
      for (const [, group] of layers) group.classList.toggle("aside", aside);
    }
    this.root.style.touchAction = height > this.figure.height ? "pan-y" : "none"; // else fingers move the drawing
    if (this.k !== undefined) for (const column of come) this.tint(this.drawn.get(column));
    this.marked?.();
    this.moved();
  }

  // -- the wave front ---------------------------------------------------------------------------------------------------

  /** Show the pass after step k, with a value in sight; soon, where one is `patient`. */
  update(k, index, patient = false) {
    const forward = k === this.k + 1;
    this.k = k;
    const now = nodeOf(this.trace, k);
    this.current = now === null ? this.trace.output : this.owner(now.index);
    const terms = k < 0 ? [] : this.trace.steps[k].terms;
    this.written = new Map(terms.flatMap((term) => this.edgesOfTerm(term).map((place) => [place, term])));
    this.marked = null; // not before all is in its place
    if (index !== undefined) this.followSoon(index, patient);
    for (const drawn of this.drawn.values()) this.tint(drawn);
    this.marked = () => this.mark();
    this.mark();
    if (forward && !still.matches) this.pulses();
  }

  /** Light a way: values, and contributions between them, some with a word each; with null, none. */
  light(way) {
    this.lit = way && {
      values: new Set([...way.values].flatMap((index) => [index, this.owner(index)])),
      edges: new Set(way.terms.map((term) => this.edgeOfTerm(term))),
      words: this.wordsByEdge(way),
    };
    this.root.classList.toggle("lit", way !== null);
    if (this.k !== undefined) this.update(this.k);
  }

  /** The words of a way at the edges that they run along; what has no edge here adds to the one before. */
  wordsByEdge({ terms, words = [] }) {
    const byEdge = new Map();
    let last;
    words.forEach((word, i) => {
      last = this.edgeOfTerm(terms[i]) ?? last;
      if (last !== undefined && word) byEdge.set(last, [...(byEdge.get(last) ?? []), word]);
    });
    return byEdge;
  }

  tint({ nodes, edges }) {
    for (const entry of nodes) this.tintNode(entry);
    for (const entry of edges) this.tintEdge(entry);
  }

  tintNode(entry) {
    const { index } = this.nodes[entry.place];
    const known = this.view === "folded" ? "none" : status(this.trace, index, this.k);
    const reached = known === "complete" || known === "partial";
    const norm = reached ? receivedNorm(this.trace, index, this.k) : 0;
    const share = reached ? this.scale(norm) : null;
    dress(entry, {
      current: index === this.current,
      "on-way": this.lit !== null && this.lit.values.has(index),
      partial: known === "partial",
      reached,
      hollow: reached && norm === 0,
      nonfinite: reached && !Number.isFinite(norm),
      strong: share !== null && share > 0.55,
    });
    set(entry, "fill", share === null ? "" : `color-mix(in oklab, var(--gradient) ${Math.round(12 + 78 * share)}%, var(--box))`, (fill) => (entry.box.style.fill = fill));
  }

  tintEdge(entry) {
    const terms = this.termsByEdge[entry.place].filter((term) => term.step <= this.k);
    const norm = Math.max(0, ...terms.map((term) => this.trace.arrays.norm(term.array)));
    const share = this.scale(norm);
    const done = terms.length > 0;
    const now = this.written.has(entry.place);
    dress(entry, { done, now, hollow: done && norm === 0, "on-way": this.lit !== null && this.lit.edges.has(entry.place) });
    set(entry, "width", done && share !== null ? `${(1 + 4 * share).toFixed(2)}px` : "", (width) => (entry.part.style.strokeWidth = width));
    if (entry.others.length > 0) set(entry, "plain", !done, (plain) => entry.others.forEach((line) => (line.style.display = plain ? "" : "none")));
    if (entry.past) set(entry, "words", done && !now ? this.factorText(terms[0]) : "", (words) => (entry.past.textContent = words));
  }

  /** The factor from the box of an op, or of its variable, to a contribution that it makes; of parameters none. */
  factor({ step, to, array }) {
    const gradient = this.trace.values[this.owner(this.trace.steps[step].node)]?.gradient;
    if (gradient === undefined || this.view === "folded" || this.trace.values[to].kind === "parameter") return NaN;
    return this.trace.arrays.norm(array) / this.trace.arrays.norm(gradient);
  }

  factorText(term) {
    const factor = this.factor(term);
    return Number.isFinite(factor) ? `×${short(factor)}` : "";
  }

  // -- marks ------------------------------------------------------------------------------------------------------------

  /** Print the factor by which the gradient changes at each edge that is written now, and the shares of a lit way. */
  mark() {
    const factors = [...this.written].map(([place, term]) => [place, "factor", this.factorText(term)]);
    const shares = [...(this.lit?.words ?? [])].map(([place, words]) => [place, "share", words.join(" · ")]);
    const seen = [...shares, ...factors].filter(([place]) => this.drawn.has(this.edges[place].column));
    this.marks.replaceChildren(...seen.map(([place, kind, text]) => {
      const word = this.columns.word(place, kind, text);
      word.setAttribute("transform", `translate(${this.columns.origin(this.edges[place].column)} 0)`);
      return word;
    }));
  }

  /** Let a pulse run along each edge that is written now, against its arrow, and grow or shrink by the factor. */
  pulses() {
    for (const [place, term] of this.written) {
      const factor = this.factor(term);
      const entry = [...this.drawn.values()].flatMap(({ edges }) => edges).find((edge) => edge.place === place);
      if (entry && !Number.isNaN(factor)) pulse(this.marks, entry.part, this.columns.origin(this.edges[place].column), factor);
    }
  }

  // -- moving the view --------------------------------------------------------------------------------------------------

  /** The place of a value in the drawing, or of what stands for it; null where it is not drawn. */
  placeOfValue(index) {
    const { kind, inputs } = this.trace.values[index];
    if (kind === "gap") return inputs.map((target) => this.placeOfValue(target)).find((at) => at !== null && at.column >= 0) ?? null;
    const place = this.placeOf.get(this.owner(index)) ?? this.placeOf.get(index);
    if (place === undefined) return null;
    const { box, column } = this.nodes[place];
    const [x, y] = this.figure.boxes[box];
    return { x: x + this.columns.origin(column), y, column };
  }

  /** Whether one column at a time is shown, as on a phone. */
  get single() {
    return this.figure.columns.length > 1 && phone.matches;
  }

  /** Bring a value into sight, if it is not; while many come in a moment, only some of them, and the last. */
  followSoon(index, patient) {
    clearTimeout(this.waiting);
    if (patient && performance.now() - this.jumped < PATIENCE) {
      this.waiting = setTimeout(() => this.follow(index), PATIENCE / 4);
      return;
    }
    const before = this.box;
    this.follow(index);
    if (this.box !== before) this.jumped = performance.now();
  }

  /** Bring a value into sight, if it is not. */
  follow(index) {
    const at = this.placeOfValue(index);
    if (at === null) return;
    if (this.single) {
      this.showColumn(at.column < 0 ? columnAt(this.figure, at.x) : at.column, at);
      return;
    }
    const box = following(this.figure, this.box, at);
    if (box !== this.box) this.show(box);
  }

  /** Show one column; around a point, where all of it is too much. */
  showColumn(number, at) {
    const { x, y, width, height } = this.box;
    const inside = at.x > x && at.x < x + width && at.y > y && at.y < y + height;
    if (number === this.column && inside) return;
    this.column = number;
    this.show(ofColumn(this.figure, number, this.frame, at));
  }

  /** Bring the column before or after into the middle. */
  stepColumn(change) {
    const { columns } = this.figure;
    if (columns.length === 0) return;
    const number = Math.min(Math.max(this.middleColumn() + change, 0), columns.length - 1);
    const { y, width, height } = this.box;
    const at = { x: columns[number].x + columns[number].width / 2, y: y + height / 2 };
    this.column = number;
    this.show(this.single ? ofColumn(this.figure, number, this.frame, at) : { ...this.box, x: at.x - width / 2 });
  }

  middleColumn() {
    return this.column ?? columnAt(this.figure, this.box.x + this.box.width / 2);
  }

  /** The name of the column in the middle. */
  columnName() {
    return this.figure.columns.length === 0 ? "" : columnName(this.figure, this.middleColumn());
  }

  /** Fit the whole drawing, or as much of it as stays readable, into the frame. */
  fit(whole = false) {
    this.column = null;
    if (this.frame.width > 0 && this.frame.height > 0) this.show(fitted(this.figure, this.frame, whole ? 0 : phone.matches ? READABLE : LEAST));
  }

  /** Take another size of the frame: keep what is in the middle, and how large it is, or the column. */
  resize({ width, height }) {
    if (width === 0 || height === 0 || (width === this.frame.width && height === this.frame.height)) return;
    this.frame = { width, height };
    const { x, y } = this.box;
    const middle = { x: x + this.box.width / 2, y: y + this.box.height / 2 };
    const column = this.single && this.column !== null;
    this.show(column ? ofColumn(this.figure, this.column, this.frame, middle) : resized(this.box, this.frame, this.scaled));
  }

  zoom(factor, at = null) {
    const { x, y, width, height } = this.box;
    const used = Math.min(Math.max(width / factor, 120), 40 * (this.figure.width + 200)) / width;
    const centre = at ?? { x: x + width / 2, y: y + height / 2 };
    this.column = null;
    this.show({ x: centre.x - (centre.x - x) * used, y: centre.y - (centre.y - y) * used, width: width * used, height: height * used });
  }

  pan(dx, dy) {
    if (!this.single) this.column = null;
    this.show({ ...this.box, x: this.box.x - dx * this.scaled, y: this.box.y - dy * this.scaled });
  }
}

/** Give an element the classes that hold, if they are others than before. */
function dress(entry, holding) {
  let classes = entry.look;
  for (const name in holding) if (holding[name]) classes += ` ${name}`;
  set(entry, "classes", classes, () => entry.part.setAttribute("class", classes));
}

/** Do something with a value that has changed. */
function set(entry, name, value, act) {
  if (entry[name] === value) return;
  entry[name] = value;
  act(value);
}
