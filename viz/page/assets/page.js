// The page: one state (position, view, selection), which is in the address; controls and keys change it, views show it.

import { unpack } from "./data.js";
import { Lag } from "./lag.js";
import { Ledger } from "./ledger.js";
import { logScale, mainSource, makeTrace, moveWhile, nextWrite, nodeOf, previousWrite, series, short } from "./model.js";
import { Network } from "./network.js";
import { showStep } from "./step.js";
import { formulaText, symbolText } from "./symbols.js";
import { html } from "./svg.js";
import { Timeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);

class Page {
  constructor(trace) {
    this.trace = trace;
    this.last = trace.steps.length - 1;
    trace.hues = new Map(trace.hues);
    this.scale = logScale(trace.values.filter(({ gradient }) => gradient !== undefined).map(({ gradient }) => trace.arrays.norm(gradient)));
    this.state = { k: -1, view: "variables", weight: trace.parameters[0], stop: null };
    this.breakpoints = new Set();
    this.networks = {};
    this.ledger = new Ledger($("ledger"), trace, logScale(trace.terms.map((term) => trace.arrays.norm(term.array))), (k) => this.go(k));
    const lines = series(trace);
    this.timeline = new Timeline($("timeline"), trace, lines, (k) => this.go(k));
    $("caption").replaceChildren(...lines.map(({ name }) => html("span", {}, `‖∂L/∂${name}⁽ᵗ⁾‖`)));
    this.lag = new Lag($("lag"), trace, (values) => this.light(values));
    this.fill();
    this.bind();
    this.readAddress();
  }

  fill() {
    document.title = this.trace.title;
    $("title").textContent = this.trace.title;
    $("rounded").textContent = this.trace.rounded;
    $("scrubber").max = this.last;
    const { low, high } = this.scale;
    $("low").textContent = short(10 ** low);
    $("high").textContent = short(10 ** high);
    $("weight").replaceChildren(...this.trace.parameters.map((index) => html("option", { value: index }, symbolText(this.trace.values[index]))));
    const names = this.trace.values.filter(({ step, kind }) => step !== undefined || kind === "parameter");
    $("names").replaceChildren(...[...new Set(names.map((value) => plain(symbolText(value))))].slice(0, 3000).map((name) => html("option", { value: name })));
    $("tour").hidden = this.trace.tour.length === 0;
  }

  // -- the state --------------------------------------------------------------------------------------------------------

  /** Change the state, show it, and write it into the address. */
  set(change) {
    Object.assign(this.state, change);
    this.state.k = Math.min(Math.max(this.state.k, -1), this.last);
    this.show();
    const { k, view, stop } = this.state;
    const words = [k >= 0 ? `step=${k}` : "", view === "variables" ? "" : `view=${view}`, stop === null ? "" : `stop=${stop + 1}`];
    const address = `#${words.filter(Boolean).join("&")}`;
    if (address !== location.hash) {
      try {
        history.replaceState(null, "", address);
      } catch {
        // a page inside another has no address of its own
      }
    }
  }

  readAddress() {
    const words = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (/^-?\d+$/.test(words.get(name) ?? "") ? Number(words.get(name)) : null);
    const view = words.get("view") in this.trace.figures ? words.get("view") : "variables";
    const stop = number("stop") === null || this.trace.tour.length === 0 ? null : Math.min(Math.max(number("stop") - 1, 0), this.trace.tour.length - 1);
    this.set({ k: number("step") ?? (stop === null ? -1 : this.trace.tour[stop].step), view, stop });
  }

  go(k) {
    this.set({ k });
  }

  /** Go to where the gradient of a value comes from: to the step that contributed most to it. */
  follow(value) {
    const main = mainSource(this.trace, value.index);
    if (main === null) this.say(`${symbolText(value)} has received nothing.`);
    else this.go(main.step);
  }

  // -- showing it -------------------------------------------------------------------------------------------------------

  show() {
    const { k, view } = this.state;
    const network = this.network(view);
    network.update(k);
    const value = nodeOf(this.trace, k);
    network.follow(value?.index ?? this.trace.output);
    showStep($("step"), this.trace, k, (target) => this.follow(target));
    this.ledger.update(k);
    this.timeline.update(k);
    $("scrubber").value = k;
    $("position").textContent = k < 0 ? "before the first step" : `step ${k} of ${this.last}${value.t === undefined ? "" : ` · t = ${value.t}`}`;
    for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", button.dataset.view === view);
    this.showTour();
    this.say(this.announcement(k, value));
  }

  announcement(k, value) {
    if (value === null) return "Before the first step.";
    const formulas = this.trace.steps[k].terms.filter((term) => term.formula).map((term) => formulaText(this.trace, value, term.formula));
    return `Step ${k}: ${value.op}. ${formulas.join("; ")}`;
  }

  say(text) {
    $("announcer").textContent = text;
  }

  network(view) {
    if (this.shown !== view) {
      this.shown = view;
      this.networks[view] = new Network($("network"), this.trace, view, this.scale, (index) => this.selectValue(index));
      this.networks[view].k = this.state.k;
      this.networks[view].fit();
      this.networks[view].light(this.lit ?? null);
    }
    return this.networks[view];
  }

  /** A click on a value goes to the step in which it is pulled back through, or to the next write to it. */
  selectValue(index) {
    const { step, writes } = this.trace.values[index];
    if (step !== undefined) this.go(step);
    else if (writes.length > 0) this.go(nextWrite(this.trace, index, this.state.k) ?? writes[0].step);
    else this.say(`No gradient reaches ${symbolText(this.trace.values[index])}.`);
  }

  /** Light some values in the drawing; with null, none. */
  light(values) {
    this.lit = values;
    this.network(this.state.view).light(values);
  }

  // -- moves ------------------------------------------------------------------------------------------------------------

  move(name) {
    const { k, weight, view } = this.state;
    const { trace } = this;
    const variable = (value) => this.network("variables" in trace.figures ? view : view).owner(value.index);
    const moves = {
      next: () => k + 1,
      back: () => k - 1,
      cell: () => moveWhile(trace, k, 1, variable),
      "back-cell": () => moveWhile(trace, k, -1, variable),
      time: () => moveWhile(trace, k, 1, (value) => value.t),
      "back-time": () => moveWhile(trace, k, -1, (value) => value.t),
      write: () => nextWrite(trace, weight, k) ?? k,
      "back-write": () => previousWrite(trace, weight, k) ?? k,
      first: () => -1,
      last: () => this.last,
      continue: () => [...this.breakpoints].filter((at) => at > k).sort((a, b) => a - b)[0] ?? this.last,
      "reverse-continue": () => [...this.breakpoints].filter((at) => at < k).sort((a, b) => b - a)[0] ?? -1,
    };
    this.go(moves[name]());
  }

  toggleBreakpoint() {
    const { k } = this.state;
    if (k < 0) return;
    if (!this.breakpoints.delete(k)) this.breakpoints.add(k);
    const flags = [...this.breakpoints].map((at) => {
      const flag = html("button", { class: "flag", title: `breakpoint at step ${at}`, "aria-label": `breakpoint at step ${at}`, click: () => this.go(at) }, "⚑");
      flag.style.left = `${(100 * (at + 1)) / (this.last + 1)}%`;
      return flag;
    });
    $("flags").replaceChildren(...flags);
    this.say(this.breakpoints.has(k) ? `Breakpoint at step ${k}.` : `No breakpoint at step ${k}.`);
  }

  play() {
    if (this.playing) {
      clearInterval(this.playing);
      this.playing = null;
    } else {
      if (this.state.k >= this.last) this.go(-1);
      this.playing = setInterval(() => (this.state.k >= this.last ? this.play() : this.move("next")), Number($("speed").value));
    }
    $("play").textContent = this.playing ? "❚❚" : "▶";
    $("play").setAttribute("aria-label", this.playing ? "pause" : "play");
  }

  find(text) {
    const wanted = plain(text.trim());
    const value = this.trace.values.findLast((v) => plain(symbolText(v)) === wanted) ?? this.trace.values.findLast((v) => v.name === text.trim());
    if (value) this.selectValue(value.index);
    else this.say(`Nothing is called ${text}.`);
    $("find").classList.toggle("missing", !value);
  }

  // -- the tour ---------------------------------------------------------------------------------------------------------

  showTour() {
    const { stop } = this.state;
    const { tour } = this.trace;
    if (tour.length === 0) return;
    const here = stop === null ? null : tour[stop];
    const asked = here !== null && here.answer !== undefined;
    const answer = !asked ? "" : this.state.k > here.step ? ` ${here.answer}` : " (Step on to see.)";
    $("stop").textContent = here === null ? "A tour of this network." : here.text + answer;
    $("stop-number").textContent = here === null ? "" : `${stop + 1} of ${tour.length}`;
    $("next-stop").textContent = here === null ? "Begin" : "Next";
    $("next-stop").disabled = stop === tour.length - 1;
    $("previous-stop").disabled = stop === null || stop === 0;
  }

  visit(change) {
    const stop = Math.min(Math.max((this.state.stop ?? -1) + change, 0), this.trace.tour.length - 1);
    this.set({ stop, k: this.trace.tour[stop].step });
  }

  // -- controls and keys ------------------------------------------------------------------------------------------------

  bind() {
    for (const button of document.querySelectorAll("[data-move]")) button.addEventListener("click", () => this.move(button.dataset.move));
    for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => this.set({ view: button.dataset.view }));
    $("scrubber").addEventListener("input", () => this.go(Number($("scrubber").value)));
    $("play").addEventListener("click", () => this.play());
    $("speed").addEventListener("change", () => this.playing && (this.play(), this.play()));
    $("weight").addEventListener("change", () => this.set({ weight: Number($("weight").value) }));
    $("find").addEventListener("change", () => this.find($("find").value));
    $("fit").addEventListener("click", () => this.network(this.state.view).fit(true));
    $("zoom-in").addEventListener("click", () => this.network(this.state.view).zoom(1.3));
    $("zoom-out").addEventListener("click", () => this.network(this.state.view).zoom(1 / 1.3));
    $("break").addEventListener("click", () => this.toggleBreakpoint());
    $("next-stop").addEventListener("click", () => this.visit(1));
    $("previous-stop").addEventListener("click", () => this.visit(-1));
    $("help-button").addEventListener("click", () => $("help").showModal());
    $("close-help").addEventListener("click", () => $("help").close());
    addEventListener("hashchange", () => this.readAddress());
    addEventListener("resize", () => this.network(this.state.view).fit());
    addEventListener("keydown", (event) => this.key(event));
    this.bindPointer($("network"));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "range") return;
    const moves = { n: "next", ArrowRight: "next", b: "back", ArrowLeft: "back", c: "continue", u: "cell", U: "back-cell", t: "time", T: "back-time", w: "write", W: "back-write", Home: "first", End: "last", r: "reverse-continue" };
    const acts = { " ": () => this.play(), k: () => this.toggleBreakpoint(), f: () => this.followHere(), g: () => $("find").focus(), "?": () => $("help").showModal(), 1: () => this.set({ view: "variables" }), 2: () => this.set({ view: "ops" }), 3: () => this.set({ view: "folded" }), ".": () => this.trace.tour.length > 0 && this.visit(1), ",": () => this.trace.tour.length > 0 && this.visit(-1), "+": () => this.network(this.state.view).zoom(1.3), "-": () => this.network(this.state.view).zoom(1 / 1.3), 0: () => this.network(this.state.view).fit(true) };
    const act = event.key in moves ? () => this.move(moves[event.key]) : acts[event.key];
    if (!act || (event.key === " " && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    act();
  }

  followHere() {
    const value = nodeOf(this.trace, this.state.k);
    if (value !== null) this.follow(value);
  }

  bindPointer(root) {
    const fingers = new Map();
    let spread = 0;
    root.addEventListener("pointerdown", (event) => fingers.set(event.pointerId, event));
    const lift = (event) => fingers.delete(event.pointerId);
    addEventListener("pointerup", lift);
    addEventListener("pointercancel", lift);
    root.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      fingers.set(event.pointerId, event);
      const network = this.network(this.state.view);
      if (fingers.size === 2) {
        const [a, b] = [...fingers.values()];
        const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (spread > 0) network.zoom(now / spread);
        spread = now;
      } else {
        spread = 0;
        network.pan(event.clientX - before.clientX, event.clientY - before.clientY);
      }
    });
    root.addEventListener("wheel", (event) => {
      const network = this.network(this.state.view);
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) network.zoom(Math.exp(-event.deltaY / 300), this.at(event, root, network));
      else network.pan(-event.deltaX - (event.shiftKey ? event.deltaY : 0), event.shiftKey ? 0 : -event.deltaY);
    }, { passive: false });
  }

  at(event, root, network) {
    const frame = root.getBoundingClientRect();
    const unit = network.box.width / frame.width;
    return { x: network.box.x + (event.clientX - frame.left) * unit, y: network.box.y + (event.clientY - frame.top) * unit };
  }
}

/** A name as it is typed: h[3] for h⁽³⁾. */
function plain(text) {
  const digits = (marks, from) => [...marks].map((c) => (c === "⁻" ? "-" : String(from.indexOf(c)))).join("");
  return text.replace(/⁽(.+)⁾/u, (_, t) => `[${digits(t, "⁰¹²³⁴⁵⁶⁷⁸⁹")}]`).replace(/[₀-₉]+/gu, (low) => digits(low, "₀₁₂₃₄₅₆₇₈₉"));
}

async function start() {
  try {
    const { data, numbers } = await unpack($("data").textContent);
    window.page = new Page(makeTrace(data, numbers));
    document.documentElement.dataset.ready = "";
  } catch (error) {
    $("failure").hidden = false;
    $("failure").textContent = `This page cannot be shown. ${error.message}`;
    throw error;
  }
}

start();
