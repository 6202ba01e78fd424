// The page: one state (position, view, stop of the tour), which is in the address; views show it.

import { bindControls } from "./controls.js";
import { unpack } from "./data.js";
import { find, offers } from "./find.js";
import { listen, tell } from "./frame.js";
import { Lag } from "./lag.js";
import { Ledger } from "./ledger.js";
import { lineName, logScale, makeTrace, moveWhile, nextWrite, nodeOf, previousWrite, series, short } from "./model.js";
import { Network } from "./network.js";
import { hops, mainWay, nextOnWay, share, termsWithin } from "./paths.js";
import { Sheet } from "./sheet.js";
import { scrollToMark, showStep } from "./step.js";
import { formulaText, symbolText } from "./symbols.js";
import { html } from "./svg.js";
import { Timeline } from "./timeline.js";
import { Tour } from "./tour.js";

const $ = (id) => document.getElementById(id);

class Page {
  constructor(trace) {
    this.trace = trace;
    this.last = trace.steps.length - 1;
    trace.hues = new Map(trace.hues);
    this.scale = logScale(trace.values.filter(({ step }) => step !== undefined).map(({ gradient }) => trace.arrays.norm(gradient)));
    this.state = { k: -1, view: "variables", weight: trace.parameters[0], stop: null, way: null };
    this.tour = new Tour(trace.tour);
    this.breakpoints = new Set();
    this.lit = null;
    this.ledger = new Ledger($("ledger"), trace, (k) => this.go(k));
    const lines = series(trace);
    this.timeline = new Timeline($("timeline"), trace, lines, (k) => this.go(k));
    $("caption").replaceChildren(...lines.map((line) => html("span", {}, lineName(line))));
    this.sheet = new Sheet($("sheet"), trace);
    this.lag = new Lag($("lag"), trace, (values) => this.lightAll(values));
    this.fill();
    bindControls(this);
    this.readAddress();
    listen(this);
  }

  fill() {
    document.title = this.trace.title;
    $("title").textContent = this.trace.title;
    $("rounded").textContent = this.trace.rounded;
    $("window").textContent = this.trace.window ?? "";
    $("window").hidden = this.trace.window === undefined;
    $("scrubber").max = this.last;
    const { low, high } = this.scale;
    $("low").textContent = short(10 ** low);
    $("high").textContent = short(10 ** high);
    $("weight").replaceChildren(...this.trace.parameters.map((index) => html("option", { value: index }, symbolText(this.trace.values[index]))));
    $("names").replaceChildren(...offers(this.trace).map((value) => html("option", { value })));
  }

  // -- the state --------------------------------------------------------------------------------------------------------

  /** Change the state, show it, and write it into the address. */
  set(change) {
    Object.assign(this.state, change);
    this.state.k = Math.min(Math.max(this.state.k, -1), this.last);
    this.show();
    tell({ place: this.state.k, view: this.state.view });
    clearTimeout(this.writing); // browsers refuse addresses that change at every moment
    this.writing = setTimeout(() => this.writeAddress(), 150);
  }

  writeAddress() {
    const { k, view, stop, weight, way } = this.state;
    const words = {
      step: k >= 0 ? k : undefined,
      view: view === "variables" ? undefined : view,
      stop: stop === null ? undefined : stop + 1,
      weight: weight === this.trace.parameters[0] ? undefined : weight,
      way: way === null ? undefined : `${way.from}.${way.until}`,
      breaks: [...this.breakpoints].join(".") || undefined,
    };
    const address = `#${Object.entries(words).filter(([, word]) => word !== undefined).map((pair) => pair.join("=")).join("&")}`;
    if (address === location.hash || (address === "#" && location.hash === "")) return;
    try {
      history.replaceState(null, "", address);
    } catch {
      // a page inside another has no address of its own
    }
  }

  readAddress() {
    const words = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (/^-?\d+$/.test(words.get(name) ?? "") ? Number(words.get(name)) : null);
    const view = words.get("view") in this.trace.figures ? words.get("view") : "variables";
    const stop = number("stop") === null || this.trace.tour.length === 0 ? null : Math.min(Math.max(number("stop") - 1, 0), this.trace.tour.length - 1);
    const chosen = number("weight") ?? this.trace.tour[stop]?.weight;
    const weight = this.trace.parameters.includes(chosen) ? chosen : this.trace.parameters[0];
    this.setBreakpoints((words.get("breaks") ?? "").split(".").filter((at) => /^\d+$/.test(at)).map(Number).filter((at) => at <= this.last));
    const [from, until] = /^\d+\.\d+$/.test(words.get("way") ?? "") ? words.get("way").split(".").map(Number) : [];
    const way = from < this.trace.values.length ? { from, until } : null;
    this.set({ weight, way, k: number("step") ?? (stop === null ? -1 : this.trace.tour[stop].step), view, stop });
  }

  go(k) {
    this.set({ k });
  }

  /** Go to one of many steps in a moment. */
  scrub(k) {
    this.scrubbing = true;
    this.go(k);
    this.scrubbing = false;
  }

  /** Follow the gradient of a value to the op, or variable, that most of it comes from; the way stays lit. */
  follow(value, toVariable = false) {
    const step = nextOnWay(this.trace, value.index, toVariable);
    if (step === null) {
      const end = value.kind === "gap" ? "The way goes on in time steps that this page leaves out." : `${symbolText(value)} has received nothing.`;
      this.notice(value.index === this.trace.output ? "The pass begins here." : end);
      return;
    }
    const { way } = this.state;
    const onward = way !== null && this.trace.steps[way.until]?.node === value.index;
    this.set({ k: step, way: { from: onward ? way.from : value.index, until: step } });
  }

  /** Light the whole way of the gradient that is followed, to the loss. */
  followAll() {
    const { from } = this.state.way;
    this.set({ way: { from, until: mainWay(this.trace, from).at(-1).step } });
  }

  // -- showing it -------------------------------------------------------------------------------------------------------

  show() {
    const { k, view, stop, weight } = this.state;
    const network = this.network(view);
    this.showWay();
    const value = nodeOf(this.trace, k);
    network.update(k, value?.index ?? this.trace.output, this.scrubbing);
    this.sheet.update(k);
    showStep($("step"), this.trace, k, (target) => this.follow(target));
    this.ledger.update(k, weight);
    $("weight").value = weight;
    this.timeline.update(k);
    $("scrubber").value = k;
    const number = this.trace.steps[k]?.number;
    $("position").textContent = k < 0 ? "before the first step" : `step ${k} of ${this.last}${number === undefined ? "" : ` (${number.toLocaleString("en")} of the pass)`}${value.t === undefined ? "" : ` · t = ${value.t}`}`;
    for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", button.dataset.view === view);
    this.tour.update(stop, k);
    this.say(this.announcement(k, value));
    scrollToMark($("step")); // last, when nothing is changed any more: it asks where things are
  }

  announcement(k, value) {
    if (value === null) return "Before the first step.";
    const formulas = this.trace.steps[k].terms.filter((term) => term.formula).map((term) => formulaText(this.trace, value, term.formula));
    return `Step ${k}: ${value.op}. ${formulas.join("; ")}`;
  }

  say(text) {
    $("announcer").textContent = text;
  }

  /** Say something that is not the step, to eyes and ears. */
  notice(text) {
    this.say(text);
    $("notice").textContent = text;
    $("notice").hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => ($("notice").hidden = true), 4000);
  }

  network(view) {
    if (this.drawing?.view !== view) {
      this.drawing = new Network($("network"), this.trace, view, this.scale, {
        select: (index) => this.selectValue(index),
        moved: () => ($("column").textContent = this.drawing?.columnName() ?? ""),
      });
      this.drawing.fit();
      this.drawing.light(this.lit);
      $("lane").hidden = this.drawing.laneOf.size === 0;
    }
    return this.drawing;
  }

  /** Let go of what covers the page, or of what is lit. */
  escape() {
    if (this.sheet.open) this.sheet.toggle(false);
    else this.lightAll(null);
  }

  /** A click on a value goes to the step in which it is pulled back through, or to the next write to it. */
  selectValue(index) {
    const { step, writes } = this.trace.values[index];
    if (step !== undefined) this.go(step);
    else if (writes.length > 0) this.go(nextWrite(this.trace, index, this.state.k) ?? writes[0].step);
    else this.notice(`No gradient reaches ${symbolText(this.trace.values[index])}.`);
  }

  /** Light all ways between some values; with null, none. */
  lightAll(values) {
    if (this.state.way !== null) this.set({ way: null });
    this.light(values && { values, terms: termsWithin(this.trace, values) });
  }

  /** Light the way that is followed, and say it in words. */
  showWay() {
    const { way } = this.state;
    if (way === this.shownWay) return;
    this.shownWay = way;
    const terms = way === null ? [] : mainWay(this.trace, way.from, way.until);
    const name = (index) => (index === this.trace.output && this.trace.values[index].number !== undefined ? "the loss" : symbolText(this.trace.values[index]));
    $("way-all").disabled = terms.at(-1)?.step === 0;
    $("way").hidden = terms.length === 0;
    $("way-words").replaceChildren(...(way === null ? [] : [name(way.from)]), ...hops(this.trace, terms).flatMap(({ to, shares }) => [
      html("small", {}, ` ⟵ ${shares.map(percent).join(" · ")} `), name(to),
    ]));
    $("way-words").scrollLeft = $("way-words").scrollWidth; // on a phone the line is longer than the screen
    const split = ({ to }) => this.trace.values[to].writes.length > 1;
    const values = new Set(terms.flatMap(({ to, step }) => [to, this.trace.steps[step].node]));
    this.light(terms.length === 0 ? null : { values, terms, words: terms.map((term) => split(term) && percent(share(this.trace, term))) });
  }

  /** Light a way in the drawing; with null, none. */
  light(way) {
    this.lag.clear();
    this.lit = way;
    this.drawing.light(way);
  }

  // -- moves ------------------------------------------------------------------------------------------------------------

  move(name) {
    const { k, weight, view } = this.state;
    const { trace } = this;
    const variable = (value) => this.network(view).owner(value.index);
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
    this.setBreakpoints(this.breakpoints.has(k) ? [...this.breakpoints].filter((at) => at !== k) : [...this.breakpoints, k]);
    this.say(this.breakpoints.has(k) ? `Breakpoint at step ${k}.` : `No breakpoint at step ${k}.`);
    this.set({});
  }

  setBreakpoints(steps) {
    this.breakpoints = new Set(steps);
    const flags = [...this.breakpoints].map((at) => {
      const flag = html("button", { class: "flag", title: `breakpoint at step ${at}`, "aria-label": `breakpoint at step ${at}`, click: () => this.go(at) }, "⚑");
      flag.style.left = `${(100 * (at + 1)) / (this.last + 1)}%`;
      return flag;
    });
    $("flags").replaceChildren(...flags);
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
    const value = find(this.trace, text, this.state.k);
    if (value !== null) this.selectValue(value.index);
    else this.notice(`Nothing is called ${text}, and no op or expression is.`);
    $("find").classList.toggle("missing", value === null);
    if (value !== null) $("find").blur();
  }

  /** Go to the stop after or before this one. */
  visit(change) {
    this.set(this.tour.visit(this.state.stop, change));
  }
}

/** A share as it is printed. */
const percent = (part) => (part === null ? "?" : `${Math.abs(part) >= 0.1 || part === 0 ? Math.round(100 * part) : short(100 * part)} %`).replace("-", "−");

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
