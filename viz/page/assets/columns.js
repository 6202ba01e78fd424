// The columns of a drawing as elements. Columns that are alike are the same elements, set to another time step when
// they come into sight: a long network is moved through without making anything anew.

import { short } from "./model.js";
import { svg, typeset } from "./svg.js";

export const hue = (number) => (number === undefined || number === null ? "" : `hue hue-${number % 8}`);

const DASH = 6; // px of each colour, where an edge has several

/** What is drawn of each column, and what is kept of columns that have left the sight. */
export class Columns {
  constructor(figure, nodes, edges, { below, above, laneOf, factors }) {
    Object.assign(this, { figure, nodes, edges, below, above, laneOf, factors });
    this.byColumn = grouped(nodes, edges);
    this.keys = new Map();
    this.free = new Map(); // by key: elements out of sight
    this.placeOf = new WeakMap(); // which node an element is now
  }

  origin(column) {
    return column >= 0 ? this.figure.columns[column].x : 0;
  }

  parts(column) {
    return this.byColumn.get(column) ?? { nodes: [], edges: [] };
  }

  /** The elements of a column: `nodes` and `edges`, each with its `part` and the `place` of what it shows. */
  take(column) {
    const key = this.key(column);
    const drawn = this.free.get(key)?.pop() ?? this.draw(column, key);
    const { nodes, edges } = this.parts(column);
    for (const [layer, group] of drawn.layers) {
      group.setAttribute("transform", `translate(${this.origin(column)} 0)`);
      if (!group.isConnected) layer.append(group);
    }
    if (drawn.head) drawn.head.textContent = this.figure.columns[column].label;
    if (drawn.skip) drawn.skip.textContent = `⋯ ${this.figure.columns[column].skipped.toLocaleString("en")}`;
    drawn.nodes.forEach((entry, i) => this.bind(entry, nodes[i]));
    drawn.edges.forEach((entry, i) => (entry.place = edges[i]));
    for (const { place, lane } of drawn.edges) if (lane) this.bindLane(lane, this.laneOf.get(place));
    return drawn;
  }

  /** Keep the elements of a column that has left the sight. */
  give(drawn) {
    if (!this.free.has(drawn.key)) this.free.set(drawn.key, []);
    this.free.get(drawn.key).push(drawn);
  }

  /** Take out of the drawing what was given back and not taken again. */
  clear() {
    for (const kept of this.free.values()) for (const { layers } of kept) for (const [, group] of layers) group.remove();
  }

  bind(entry, place) {
    entry.place = place;
    this.placeOf.set(entry.part, place);
    if (entry.raised) entry.raised.textContent = `(${this.nodes[place].raised})`;
    if (entry.part.lastElementChild.localName === "title") entry.part.lastElementChild.remove(); // of another time step
  }

  /** The lane of a memory: as thick as what the gates from here to the end leave of a gradient. */
  bindLane(lane, { gate, product }) {
    lane.style.strokeWidth = `${(2 + 16 * product).toFixed(1)}px`;
    lane.replaceChildren(svg("title", {}, `mean of this gate: ${short(gate)}; product of the gates from here to the end: ${short(product)}`));
  }

  /** What makes a column look as it does, apart from its time step. */
  key(column) {
    if (!this.keys.has(column)) {
      const { nodes, edges } = this.parts(column);
      const look = ({ box, label, raised, detail, kind, hue: own, tags }) => [box, label, raised !== undefined, detail, kind, own, tags];
      const frame = column < 0 ? [] : [this.figure.columns[column].width, this.figure.columns[column].kind, this.figure.columns[column].skipped !== undefined];
      const line = (place) => [this.edges[place].path, this.edges[place].label, this.edges[place].parts, this.edges[place].hue, this.edges[place].kind, this.laneOf.has(place)];
      this.keys.set(column, JSON.stringify([frame, nodes.map((place) => look(this.nodes[place])), edges.map(line)]));
    }
    return this.keys.get(column);
  }

  draw(column, key) {
    const { nodes, edges } = this.parts(column);
    const drawn = { key, layers: [], nodes: nodes.map((place) => this.drawNode(place)), edges: edges.map((place) => this.drawEdge(place)) };
    const lanes = drawn.edges.map((edge) => edge.lane).filter(Boolean);
    const labels = edges.map((place) => this.drawLabel(place)).filter((label) => label !== null);
    const pieces = drawn.edges.flatMap(({ part, others }) => [part, ...others]);
    const past = drawn.edges.map((edge) => edge.past).filter(Boolean);
    const group = svg("g");
    group.append(...lanes, ...pieces, ...drawn.nodes.map(({ part }) => part), ...labels, ...past);
    drawn.layers.push([this.above, group]);
    if (column >= 0) {
      const { width, kind, skipped } = this.figure.columns[column];
      const heading = svg("g");
      if (kind === "step") heading.append(svg("rect", { class: "frame", x: -7, y: 0, width: width + 14, height: this.figure.height, rx: 9 }));
      drawn.head = svg("text", { class: "head", x: width / 2, y: 16 });
      heading.append(drawn.head);
      if (skipped !== undefined) heading.append((drawn.skip = svg("text", { class: "head", x: -46, y: 16 })));
      drawn.layers.push([this.below, heading]);
    }
    return drawn;
  }

  drawNode(place) {
    const node = this.nodes[place];
    const [x, y, width, height] = this.figure.boxes[node.box];
    const round = this.figure.round || node.kind === "input" || node.kind === "parameter";
    const look = `node ${node.kind} ${hue(node.hue)}`;
    const part = svg("g", { class: look });
    const box = svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: round ? Math.min(width, height) / 2 : 6 });
    const beside = node.kind === "parameter" && node.detail;
    const spans = typeset(this.figure.labels[node.label], node.raised);
    part.append(box, svg("text", { x, y: node.detail && !beside ? y - 2 : y + 5 }, ...spans, beside ? svg("tspan", { class: "d" }, ` ${node.detail}`) : ""));
    if (node.detail && !beside) part.append(svg("text", { class: "d", x, y: y + 11 }, node.detail));
    for (const [pieces, number, dx, dy] of node.tags === undefined ? [] : this.figure.tags[node.tags]) {
      part.append(svg("text", { class: `tag ${hue(number)}`, x: x + dx, y: y + dy }, ...typeset(pieces)));
    }
    return { part, look, box, raised: node.raised === undefined ? null : spans.at(-1) };
  }

  /** An edge: one line, or for several parameters a dashed line in the colour of each. */
  drawEdge(place) {
    const edge = this.edges[place];
    const hues = (edge.parts ?? []).map(([, number]) => number).filter((number) => number !== null);
    const d = this.figure.paths[edge.path];
    const look = `e ${edge.kind ?? ""} ${hue(edge.hue ?? hues[0])}`;
    const others = hues.slice(1).map((number, i) => {
      const line = svg("path", { class: `e second ${hue(number)}`, d });
      line.style.strokeDasharray = `${DASH} ${DASH * (hues.length - 1)}`;
      line.style.strokeDashoffset = -DASH * (i + 1);
      return line;
    });
    const lane = this.laneOf.has(place) ? svg("path", { class: "lane", d }) : null;
    return { part: svg("path", { class: look, d }), others, look, lane, past: this.factors ? this.word(place, "factor past") : null };
  }

  drawLabel(place) {
    const { label, parts, hue: number } = this.edges[place];
    if (!label) return null;
    const coloured = parts?.flatMap(([text, own]) => this.figure.labels[text].map(([piece, kind]) => [piece, kind, hue(own)]));
    return svg("text", { class: `name ${hue(number)}`, x: label[1], y: label[2] }, ...typeset(coloured ?? this.figure.labels[label[0]]));
  }

  /** A word at the middle of an edge: factors below level ones and to the right of others, shares on the other side. */
  word(place, kind, text = "") {
    const { path, source, target } = this.edges[place];
    const [x, y] = this.figure.middles[path];
    const [from, to] = [source, target].map((end) => this.figure.boxes[this.nodes[end].box][1]);
    const share = kind === "share";
    const level = Math.abs(from - to) < 8;
    const [dx, dy] = level ? [0, share ? -7 : 16] : [share ? -6 : 6, 4];
    return svg("text", { class: `${kind}${level ? " level" : ""}`, x: x + dx, y: y + dy }, text);
  }
}

function grouped(nodes, edges) {
  const columns = new Map();
  const at = (column) => columns.get(column) ?? columns.set(column, { nodes: [], edges: [] }).get(column);
  nodes.forEach((node, place) => at(node.column).nodes.push(place));
  edges.forEach((edge, place) => at(edge.column).edges.push(place));
  return columns;
}
