// The timeline: how large the gradient is at each time step, on a log scale; where we are; flags of breakpoints.

import { rows } from "./data.js";
import { lineName, logScale, nodeOf, short } from "./model.js";
import { svg } from "./svg.js";

const LEFT = 52;
const RIGHT = 14;
const BOTTOM = 22;

/** The chart of ‖∂L/∂h⁽ᵗ⁾‖ in an <svg>, as large as that is on the screen: its letters have one size everywhere. */
export class Timeline {
  constructor(root, trace, lines, goto) {
    this.root = root;
    this.trace = trace;
    this.lines = lines;
    const points = lines.flatMap((line) => line.points);
    const times = points.map(({ t }) => t);
    this.first = Math.min(...times);
    this.last = Math.max(...times);
    this.scale = logScale(points.map(({ norm }) => norm));
    root.setAttribute("aria-label", `norms of gradients by time step: ${lines.map(lineName).join(", ")}`);
    root.classList.toggle("empty", points.length === 0);
    if (points.length > 0) root.onclick = (event) => goto(this.nearest(event).step);
    this.resize();
  }

  resize() {
    const { clientWidth, clientHeight } = this.root;
    if (this.lines.length === 0 || clientWidth === 0 || (clientWidth === this.width && clientHeight === this.height)) return;
    [this.width, this.height] = [clientWidth, clientHeight];
    this.root.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.root.replaceChildren();
    this.axis();
    for (const { points } of new Map(this.trace.beyond?.map((line) => [line.step, line])).values()) this.shade(points);
    this.groups = this.lines.map((line, i) => this.draw(line, i));
    this.cursor = svg("line", { class: "cursor", y1: 6, y2: this.height - BOTTOM });
    this.rings = this.lines.map(() => svg("circle", { class: "here hidden", r: 6 }));
    this.root.append(this.cursor, ...this.rings);
    this.update(this.k ?? -1);
  }

  x(t) {
    return LEFT + ((t - this.first) / Math.max(this.last - this.first, 1)) * (this.width - LEFT - RIGHT);
  }

  y(norm) {
    const share = this.scale(norm);
    return share === null ? this.height - BOTTOM : 10 + (1 - share) * (this.height - BOTTOM - 16);
  }

  axis() {
    const { low, high } = this.scale;
    for (const at of [...new Set([low, (low + high) / 2, high])]) {
      const norm = 10 ** at;
      this.root.append(svg("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: this.y(norm), y2: this.y(norm) }), svg("text", { class: "tick", x: LEFT - 6, y: this.y(norm) + 4 }, short(norm)));
    }
    const every = Math.max(1, Math.ceil((this.last - this.first) / Math.max(1, Math.floor(this.width / 80))));
    for (let t = this.first; t <= this.last; t += every) this.root.append(svg("text", { class: "tick time", x: this.x(t), y: this.height - 6 }, `t = ${t}`));
  }

  /** Shade the time steps that the page leaves out. */
  shade(points) {
    const [from, to] = [points[0], points[points.length - 1]].map(([t]) => this.x(t));
    this.root.append(svg("rect", { class: "beyond", x: from, y: 6, width: to - from, height: this.height - BOTTOM - 6 }, svg("title", {}, "time steps that this page does as one")));
  }

  draw(line, i) {
    const { points } = line;
    const sorted = [...points].sort((a, b) => a.t - b.t);
    const finite = sorted.filter(({ norm }) => norm > 0 && Number.isFinite(norm));
    const group = svg("g", { class: `line line-${i}` });
    group.append(svg("polyline", { points: finite.map(({ t, norm }) => `${this.x(t)},${this.y(norm)}`).join(" ") }));
    if (sorted.length <= 60) {
      for (const { t, norm } of sorted) {
        const kind = norm === 0 ? "hollow" : Number.isFinite(norm) ? "" : "nonfinite";
        group.append(svg("circle", { class: kind, cx: this.x(t), cy: this.y(norm), r: 3 }, svg("title", {}, `${lineName(line)} at t = ${t}: ${short(norm)}`)));
      }
    }
    this.root.append(group);
    return group;
  }

  nearest(event) {
    const box = this.root.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.width;
    return this.lines[0].points.reduce((a, b) => (Math.abs(this.x(b.t) - x) < Math.abs(this.x(a.t) - x) ? b : a));
  }

  /** Mark where we are: the time step, and on the lines of the same loop the point; those of other loops are pale. */
  update(k) {
    this.k = k;
    const value = nodeOf(this.trace, k);
    const t = value?.t;
    if (!this.cursor) return;
    const column = t === undefined ? -1 : this.columnOf(value.index);
    const points = this.lines.map(({ points }) => (column < 0 ? undefined : points.find(({ index }) => this.columnOf(index) === column)));
    const apart = points.some((point) => point !== undefined);
    points.forEach((point, i) => {
      this.groups[i].classList.toggle("aside", apart && point === undefined);
      this.rings[i].classList.toggle("hidden", point === undefined);
      if (point === undefined) return;
      this.rings[i].setAttribute("cx", this.x(point.t));
      this.rings[i].setAttribute("cy", this.y(point.norm));
    });
    this.cursor.classList.toggle("hidden", t === undefined);
    if (t === undefined) return;
    this.cursor.setAttribute("x1", this.x(t));
    this.cursor.setAttribute("x2", this.x(t));
  }

  /** The column of the drawing that a value, or its variable, stands in: loops share no columns; -1 for none. */
  columnOf(index) {
    const { nodes, owners } = this.trace.figures.variables;
    this.columns ??= new Map(rows(nodes).map((node) => [node.index, node.column]));
    return this.columns.get([owners[index]].flat()[0]) ?? -1;
  }
}
