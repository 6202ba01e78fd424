// The network as a drawing: only the columns in sight are elements, and the wave front of the backward pass tints them.

import { columnAt, columnName, fitted, following, LEAST, ofColumn, PAD, READABLE, resized } from "./camera.js";
import { rows } from "./data.js";
import { lanes, nodeOf, receivedNorm, short, status } from "./model.js";
import { symbolText } from "./symbols.js";
import { svg, typeset } from "./svg.js";

const narrow = () => matchMedia("(max-width: 600px)").matches;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** One view of the network in an <svg>. */
export class Network {
  constructor(root, trace, view, scale, { select, moved }) {
    this.trace = trace;
    this.view = view;
    this.figure = trace.figures[view];
    this.scale = scale;
    this.select = select; // told of clicks on a value
    this.moved = moved; // told when another part is in sight
    this.nodes = rows(this.figure.nodes);
    this.edges = rows(this.figure.edges);
    this.byColumn = grouped(this.nodes, this.edges);
    this.placeOf = new Map(this.nodes.map((node, place) => [node.index, place]));
    this.edgeOf = this.linked();
    this.laneOf = new Map(view === "variables" ? lanes(trace).map((lane) => [this.edgeOf.get([lane.from, lane.to].join()), lane]) : []);
    this.drawn = new Map();
    this.lit = null;
    this.column = null; // the one in the middle, if one is
    this.root = root;
    this.box = { x: -PAD, y: -PAD, width: this.figure.width + 2 * PAD, height: this.figure.height + 2 * PAD };
    this.layers = ["columns", "rails", "parts", "marks"].map((name) => svg("g", { class: name }));
    root.replaceChildren(defs(), ...this.layers);
    root.setAttribute("aria-label", `${this.figure.title}: ${this.figure.description}`);
    this.drawRails();
  }

  /** Which edge of this view a term runs along: from the op's box, or its variable's, to what receives it. */
  linked() {
    const found = new Map();
    this.edges.forEach((edge, place) => {
      const ends = [this.nodes[edge.source].index, this.nodes[edge.target].index];
      found.set(this.view === "ops" ? [...ends, edge.argument].join() : ends.join(), place);
    });
    return found;
  }

  /** The value that stands for another in this view: itself, its variable, or its place in the cell. */
  owner(index) {
    const { owners, members } = this.figure;
    return owners ? owners[index] : members ? members[index] : index;
  }

  edgeOfTerm(term) {
    const from = this.trace.steps[term.step].node;
    const ends = this.view === "variables" ? [term.to, this.owner(from)] : [this.owner(term.to), this.owner(from)];
    return this.edgeOf.get(this.view === "ops" ? [...ends, term.argument].join() : ends.join());
  }

  drawRails() {
    this.layers[1].append(...this.figure.rails.map(({ source, d }) => svg("path", { class: `rail ${hue(this.nodes[source].hue)}`, d })));
    for (const { column, scope, box } of this.figure.frames) {
      const [x, y, width, height] = box;
      const left = this.origin(column) + x - width / 2;
      const name = svg("text", { class: "scope-name", x: left + 7, y: y + height / 2 - 5 }, scope);
      this.layers[1].append(svg("rect", { class: "scope", x: left, y: y - height / 2, width, height, rx: 7 }), name);
    }
  }

  origin(column) {
    return column >= 0 ? this.figure.columns[column].x : 0;
  }

  // -- what is in sight -------------------------------------------------------------------------------------------------

  /** Show the part of the drawing in `box`; make what has come into sight, drop what has left it. */
  show(box = this.box) {
    this.box = box;
    this.root.dataset.width = this.root.clientWidth;
    this.root.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
    const wanted = new Set([-1]);
    this.figure.columns.forEach(({ x, width }, column) => {
      if (x + width + 150 > box.x && x - 150 < box.x + box.width) wanted.add(column);
    });
    for (const [column, parts] of this.drawn) {
      if (!wanted.has(column)) {
        parts.forEach((part) => part.remove());
        this.drawn.delete(column);
      }
    }
    for (const column of wanted) if (!this.drawn.has(column)) this.drawColumn(column);
    const aside = (column) => this.single && this.column !== null && column >= 0 && column !== this.column;
    for (const [column, parts] of this.drawn) parts.forEach((part) => part.classList.toggle("aside", aside(column)));
    this.root.style.touchAction = box.height > this.figure.height ? "pan-y" : "none"; // else fingers move the drawing
    this.update(this.k, true);
    this.moved();
  }

  drawColumn(column) {
    const { nodes, edges } = this.byColumn.get(column) ?? { nodes: [], edges: [] };
    const group = svg("g", { transform: `translate(${this.origin(column)} 0)` });
    group.append(...edges.filter((place) => this.laneOf.has(place)).map((place) => this.drawLane(place)));
    group.append(...edges.map((place) => this.drawEdge(place)), ...nodes.map((place) => this.drawNode(place)));
    group.append(...edges.map((place) => this.drawLabel(place)).filter((label) => label !== null));
    const parts = [group];
    this.layers[2].append(group);
    if (column >= 0) {
      const heading = this.heading(this.figure.columns[column]);
      this.layers[0].append(heading);
      parts.push(heading);
    }
    this.drawn.set(column, parts);
  }

  heading({ x, width, label, kind }) {
    const group = svg("g");
    if (kind === "step") group.append(svg("rect", { class: "frame", x: x - 7, y: 0, width: width + 14, height: this.figure.height, rx: 9 }));
    group.append(svg("text", { class: "head", x: x + width / 2, y: 16 }, label));
    return group;
  }

  drawEdge(place) {
    const edge = this.edges[place];
    return svg("path", { class: `e ${edge.kind ?? ""} ${hue(edge.hue)}`, d: this.figure.paths[edge.path], "data-edge": place });
  }

  /** The lane of a memory: as thick as what the gates from here to the end leave of a gradient. */
  drawLane(place) {
    const { gate, product } = this.laneOf.get(place);
    const lane = svg("path", { class: "lane", d: this.figure.paths[this.edges[place].path] });
    lane.style.strokeWidth = `${(2 + 16 * product).toFixed(1)}px`;
    lane.append(svg("title", {}, `mean of this gate: ${short(gate)}; product of the gates from here to the end: ${short(product)}`));
    return lane;
  }

  drawLabel(place) {
    const { label, hue: number } = this.edges[place];
    if (!label) return null;
    return svg("text", { class: `name ${hue(number)}`, x: label[1], y: label[2] }, ...typeset(this.figure.labels[label[0]]));
  }

  drawNode(place) {
    const node = this.nodes[place];
    const [x, y, width, height] = this.figure.boxes[node.box];
    const round = this.figure.round || node.kind === "input" || node.kind === "parameter";
    const corner = round ? Math.min(width, height) / 2 : 6;
    const group = svg("g", { class: `node ${node.kind} ${hue(node.hue)}`, "data-node": place });
    group.append(svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: corner }));
    const beside = node.kind === "parameter" && node.detail;
    group.append(svg("text", { x, y: node.detail && !beside ? y - 2 : y + 5 }, ...typeset(this.figure.labels[node.label], node.raised), beside ? svg("tspan", { class: "d" }, ` ${node.detail}`) : ""));
    if (node.detail && !beside) group.append(svg("text", { class: "d", x, y: y + 11 }, node.detail));
    for (const [pieces, number, dx, dy] of node.tags === undefined ? [] : this.figure.tags[node.tags]) {
      group.append(svg("text", { class: `tag ${hue(number)}`, x: x + dx, y: y + dy }, ...typeset(pieces)));
    }
    group.append(svg("title", {}, this.words(node)));
    group.addEventListener("click", () => this.select(node.index));
    return group;
  }

  words(node) {
    const value = this.trace.values[node.index];
    return `${symbolText(value)}${value.op ? ` = ${value.expression || value.op}` : ""}, ${value.kind}`;
  }

  // -- the wave front ---------------------------------------------------------------------------------------------------

  /** Tint what is in sight as it is after step k. */
  update(k, silent = false) {
    const forward = k === this.k + 1 && !silent;
    this.k = k;
    if (k === undefined) return;
    const now = nodeOf(this.trace, k);
    const current = now === null ? this.trace.output : this.owner(now.index);
    const written = new Map((k < 0 ? [] : this.trace.steps[k].terms).map((term) => [this.edgeOfTerm(term), term]));
    for (const [group] of this.drawn.values()) {
      for (const part of group.children) {
        if (part.dataset.node !== undefined) this.tintNode(part, this.nodes[part.dataset.node], current);
        else if (part.dataset.edge !== undefined) this.tintEdge(part, Number(part.dataset.edge), written);
      }
    }
    this.mark(written, forward && !still());
  }

  /** Light a way: values, and contributions between them, some with a word each; with null, none. */
  light(way) {
    const place = (term) => this.edgeOfTerm(term);
    this.lit = way && {
      values: new Set([...way.values].flatMap((index) => [index, this.owner(index)])),
      edges: new Set(way.terms.map(place)),
      words: way.words && this.wordsByEdge(way),
    };
    this.root.classList.toggle("lit", way !== null);
    this.update(this.k, true);
  }

  /** The words of a way at the edges that they run along; what has no edge here adds to the one before. */
  wordsByEdge({ terms, words }) {
    const byEdge = new Map();
    let last;
    terms.forEach((term, i) => {
      last = this.edgeOfTerm(term) ?? last;
      if (last !== undefined && words[i]) byEdge.set(last, [...(byEdge.get(last) ?? []), words[i]]);
    });
    return byEdge;
  }

  tintNode(part, node, current) {
    const value = this.trace.values[node.index];
    const known = this.view === "folded" ? "none" : status(this.trace, node.index, this.k);
    const reached = known === "complete" || known === "partial";
    const norm = reached ? receivedNorm(this.trace, node.index, this.k) : 0;
    const share = this.scale(norm);
    part.classList.toggle("current", node.index === current);
    part.classList.toggle("on-way", this.lit?.values.has(node.index) ?? false);
    part.classList.toggle("partial", known === "partial");
    part.classList.toggle("reached", reached);
    part.classList.toggle("hollow", reached && norm === 0);
    part.classList.toggle("nonfinite", reached && !Number.isFinite(norm));
    part.classList.toggle("strong", reached && share !== null && share > 0.55);
    part.firstElementChild.style.fill = reached && share !== null ? `color-mix(in oklab, var(--gradient) ${Math.round(12 + 78 * share)}%, var(--box))` : "";
  }

  tintEdge(part, place, written) {
    const terms = this.termsOf(place).filter((term) => term.step <= this.k);
    const norm = Math.max(0, ...terms.map((term) => this.trace.arrays.norm(term.array)));
    const share = this.scale(norm);
    part.classList.toggle("on-way", this.lit?.edges.has(place) ?? false);
    part.classList.toggle("done", terms.length > 0);
    part.classList.toggle("now", written.has(place));
    part.classList.toggle("hollow", terms.length > 0 && norm === 0);
    part.style.strokeWidth = terms.length > 0 && share !== null ? `${(1 + 4 * share).toFixed(2)}px` : "";
  }

  termsOf(place) {
    this.termsByEdge ??= this.collectTerms();
    return this.termsByEdge.get(place) ?? [];
  }

  collectTerms() {
    const byEdge = new Map();
    for (const term of this.trace.terms) {
      const place = this.edgeOfTerm(term);
      if (place === undefined) continue;
      if (!byEdge.has(place)) byEdge.set(place, []);
      byEdge.get(place).push(term);
    }
    return byEdge;
  }

  /** Print the factor by which the gradient changes at each edge that is written now, and the shares of a lit way. */
  mark(written, pulse) {
    const labels = [...(this.lit?.words ?? [])].map(([place, words]) => this.beside(place, "share", words.join(" · "), -7));
    for (const [place, term] of written) {
      if (place === undefined || this.view === "folded" || this.trace.values[term.to].kind === "parameter") continue;
      const factor = this.factor(term);
      labels.push(this.beside(place, "factor", Number.isFinite(factor) ? `×${short(factor)}` : "", 16));
      const path = pulse && this.root.querySelector(`[data-edge="${place}"]`);
      if (path) this.pulse(path, this.origin(this.edges[place].column), factor);
    }
    this.layers[3].replaceChildren(...labels.filter((label) => label !== null));
  }

  /** The factor from the box of an op, or of its variable, to a contribution that it makes. */
  factor({ step, array }) {
    const gradient = this.trace.values[this.owner(this.trace.steps[step].node)]?.gradient;
    const norm = gradient === undefined ? 0 : this.trace.arrays.norm(gradient);
    return norm > 0 ? this.trace.arrays.norm(array) / norm : NaN;
  }

  /** A word beside the middle of an edge, `dy` below it; null where the edge is not in sight. */
  beside(place, kind, text, dy) {
    const { path, column, source, target } = this.edges[place];
    if (!this.drawn.has(column)) return null;
    const [x, y] = this.figure.middles[path];
    const [from, to] = [source, target].map((end) => this.placeOfValue(this.nodes[end].index));
    const level = Math.abs(from.y - to.y) < 8;
    return svg("text", { class: `${kind}${level ? " level" : ""}`, x: x + this.origin(column) + (level ? 0 : 6), y: y + (level ? dy : dy > 0 ? 16 : 2) }, text);
  }

  pulse(path, dx, factor) {
    const dot = svg("circle", { class: "pulse", r: 6 });
    this.root.append(dot);
    const length = path.getTotalLength();
    const last = Math.min(Math.max(factor, 0.25), 2) || 1;
    const begin = performance.now();
    const move = (now) => {
      const share = Math.min((now - begin) / 450, 1);
      const point = path.getPointAtLength(length * (1 - share));
      dot.setAttribute("cx", point.x + dx);
      dot.setAttribute("cy", point.y);
      dot.setAttribute("r", 6 * (1 + (last - 1) * share));
      if (share < 1 && dot.isConnected) requestAnimationFrame(move);
      else dot.remove();
    };
    requestAnimationFrame(move);
  }

  // -- moving the view --------------------------------------------------------------------------------------------------

  /** The place of a value in the drawing, or of what stands for it; null where it is not drawn. */
  placeOfValue(index) {
    const place = this.placeOf.get(this.owner(index)) ?? this.placeOf.get(index);
    if (place === undefined) return null;
    const { box, column } = this.nodes[place];
    const [x, y] = this.figure.boxes[box];
    return { x: x + this.origin(column), y, column };
  }

  get frame() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  /** Whether one column at a time is shown, as on a phone. */
  get single() {
    return this.figure.columns.length > 1 && narrow();
  }

  /** Bring a value into sight, if it is not. */
  follow(index) {
    const at = this.placeOfValue(index);
    if (at === null) return;
    if (this.single) this.showColumn(at.column < 0 ? columnAt(this.figure, at.x) : at.column, at);
    else this.move(following(this.figure, this.box, at));
  }

  move(box) {
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
    const { x, y, width, height } = this.box;
    const number = Math.min(Math.max((this.column ?? columnAt(this.figure, x + width / 2)) + change, 0), columns.length - 1);
    const at = { x: columns[number].x + columns[number].width / 2, y: y + height / 2 };
    this.column = number;
    this.show(this.single ? ofColumn(this.figure, number, this.frame, at) : { ...this.box, x: at.x - width / 2 });
  }

  /** The name of the column in the middle. */
  columnName() {
    const { x, width } = this.box;
    return this.figure.columns.length === 0 ? "" : columnName(this.figure, this.column ?? columnAt(this.figure, x + width / 2));
  }

  /** Fit the whole drawing, or as much of it as stays readable, into the frame. */
  fit(whole = false) {
    this.column = null;
    if (this.frame.width > 0 && this.frame.height > 0) this.show(fitted(this.figure, this.frame, whole ? 0 : narrow() ? READABLE : LEAST));
  }

  /** Take another size of the frame: keep what is in the middle, and how large it is, or the column. */
  resize() {
    if (this.frame.width === 0 || this.frame.height === 0) return;
    const { x, y, width, height } = this.box;
    const middle = { x: x + width / 2, y: y + height / 2 };
    const scale = width / Math.max(this.root.dataset.width, 1);
    this.show(this.single && this.column !== null ? ofColumn(this.figure, this.column, this.frame, middle) : resized(this.box, this.frame, scale));
  }

  zoom(factor, at = null) {
    const { x, y, width, height } = this.box;
    const used = Math.min(Math.max(width / factor, 120), 40 * (this.figure.width + 200)) / width;
    const centre = at ?? { x: x + width / 2, y: y + height / 2 };
    this.column = null;
    this.show({ x: centre.x - (centre.x - x) * used, y: centre.y - (centre.y - y) * used, width: width * used, height: height * used });
  }

  pan(dx, dy) {
    const unit = this.box.width / Math.max(this.root.clientWidth, 1);
    if (!this.single) this.column = null;
    this.show({ ...this.box, x: this.box.x - dx * unit, y: this.box.y - dy * unit });
  }
}

const hue = (number) => (number === undefined || number === null ? "" : `hue hue-${number % 8}`);

function grouped(nodes, edges) {
  const columns = new Map();
  const at = (column) => columns.get(column) ?? columns.set(column, { nodes: [], edges: [] }).get(column);
  nodes.forEach((node, place) => at(node.column).nodes.push(place));
  edges.forEach((edge, place) => at(edge.column).edges.push(place));
  return columns;
}

function defs() {
  const head = svg("marker", { id: "arrow", markerWidth: 8, markerHeight: 8, refX: 0, refY: 4, markerUnits: "userSpaceOnUse", orient: "auto" });
  head.append(svg("path", { d: "M0 .8L7.4 4L0 7.2L1.6 4z" }));
  const hatch = svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(svg("rect", { class: "hatch-ground", width: 6, height: 6 }), svg("rect", { class: "hatch-line", width: 3, height: 6 }));
  return svg("defs", {}, head, hatch);
}
