// What changes the page's state: buttons, keys, and fingers on the drawing.

import { nodeOf } from "./model.js";

const $ = (id) => document.getElementById(id);

const MOVES = {
  n: "next", ArrowRight: "next", b: "back", ArrowLeft: "back", u: "cell", U: "back-cell", t: "time", T: "back-time",
  w: "write", W: "back-write", c: "continue", r: "reverse-continue", Home: "first", End: "last",
};

/** Let all controls and keys act on a page. */
export function bindControls(page) {
  const drawing = () => page.network(page.state.view);
  const each = (selector, act) => document.querySelectorAll(selector).forEach((button) => button.addEventListener("click", () => act(button.dataset)));
  const click = (id, act) => $(id).addEventListener("click", act);
  each("[data-move]", ({ move }) => page.move(move));
  each("[data-view]", ({ view }) => page.set({ view }));
  click("play", () => page.play());
  click("break", () => page.toggleBreakpoint());
  click("fit", () => drawing().fit(true));
  click("zoom-in", () => drawing().zoom(1.3));
  click("zoom-out", () => drawing().zoom(1 / 1.3));
  click("next-stop", () => page.visit(1));
  click("previous-stop", () => page.visit(-1));
  click("column-back", () => drawing().stepColumn(-1));
  click("column-next", () => drawing().stepColumn(1));
  click("way-on", () => page.state.k >= 0 && page.follow(nodeOf(page.trace, page.state.k), true));
  click("way-all", () => page.followAll());
  click("way-off", () => page.set({ way: null }));
  click("more", () => $("more").setAttribute("aria-expanded", document.body.classList.toggle("more")));
  click("help-button", () => $("help").showModal());
  click("close-help", () => $("help").close());
  $("scrubber").addEventListener("input", () => page.scrub(Number($("scrubber").value)));
  $("speed").addEventListener("change", () => page.playing && (page.play(), page.play()));
  $("weight").addEventListener("change", () => page.set({ weight: Number($("weight").value) }));
  $("find").addEventListener("change", () => page.find($("find").value));
  addEventListener("hashchange", () => page.readAddress());
  onResize($("network"), (size) => drawing().resize(size));
  onResize($("timeline"), () => page.timeline.resize());
  addEventListener("keydown", (event) => press(page, drawing, event));
  bindPointer($("network"), drawing);
}

const onResize = (element, act) => new ResizeObserver(([{ contentRect }]) => act(contentRect)).observe(element);

function press(page, drawing, event) {
  const { tagName, type } = event.target;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(tagName) && type !== "range";
  if (typing || event.ctrlKey || event.metaKey || event.altKey || (event.key === " " && tagName === "BUTTON")) return;
  const touring = page.trace.tour.length > 0;
  if (event.key === "Escape" && !$("help").open) page.escape();
  const acts = {
    " ": () => page.play(),
    k: () => page.toggleBreakpoint(),
    f: () => page.state.k >= 0 && page.follow(nodeOf(page.trace, page.state.k)),
    F: () => page.state.k >= 0 && page.follow(nodeOf(page.trace, page.state.k), true),
    g: () => $("find").select(),
    s: () => page.sheet.toggle(),
    "[": () => drawing().stepColumn(-1),
    "]": () => drawing().stepColumn(1),
    "?": () => $("help").showModal(),
    1: () => page.set({ view: "variables" }),
    2: () => page.set({ view: "ops" }),
    3: () => page.set({ view: "folded" }),
    ".": () => touring && page.visit(1),
    ",": () => touring && page.visit(-1),
    "+": () => drawing().zoom(1.3),
    "-": () => drawing().zoom(1 / 1.3),
    0: () => drawing().fit(true),
  };
  const act = event.key in MOVES ? () => page.move(MOVES[event.key]) : acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

const SWIPE = 40; // px
const TAP = 6; // px: a finger that moves less means what it touches

/** Dragging pans, two fingers zoom, and the wheel does either; where one column is shown, a swipe brings the next. */
function bindPointer(root, drawing) {
  const fingers = new Map();
  let apart = 0;
  let swiped = null;
  let way = 0;
  const lift = (event) => {
    if (fingers.delete(event.pointerId) && fingers.size === 0) settle(drawing(), swiped);
  };
  addEventListener("pointerup", lift);
  addEventListener("pointercancel", lift);
  root.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    swiped = fingers.size === 1 ? 0 : null;
    way = 0;
  });
  root.addEventListener("click", (event) => way > TAP && event.stopPropagation(), true);
  root.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    fingers.set(event.pointerId, event);
    way += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()];
      const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      if (apart > 0) drawing().zoom(now / apart);
      apart = now;
    } else {
      apart = 0;
      if (swiped !== null) swiped += event.clientX - before.clientX;
      drawing().pan(event.clientX - before.clientX, event.clientY - before.clientY);
    }
  });
  root.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { deltaX, deltaY, shiftKey } = event;
    if (event.ctrlKey || event.metaKey) drawing().zoom(Math.exp(-deltaY / 300), under(event, root, drawing().box));
    else drawing().pan(-deltaX - (shiftKey ? deltaY : 0), shiftKey ? 0 : -deltaY);
  }, { passive: false });
}

/** After a swipe the next column is in the middle; after less, the same again. */
function settle(drawing, swiped) {
  if (swiped === null || !drawing.single || drawing.column === null) return;
  drawing.stepColumn(Math.abs(swiped) < SWIPE ? 0 : -Math.sign(swiped));
}

/** The point of the drawing that is under the pointer. */
function under(event, root, box) {
  const frame = root.getBoundingClientRect();
  const unit = box.width / frame.width;
  return { x: box.x + (event.clientX - frame.left) * unit, y: box.y + (event.clientY - frame.top) * unit };
}
