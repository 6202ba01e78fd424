// Arrays as pictures: digits where they are few, heat maps where they are many; zero is the middle of the scale.

import { short } from "./model.js";
import { html } from "./svg.js";

const MOST_DIGITS = 36;
const LONGEST = 8; // a longer vector is a heat map
const MOST_PIXELS = 96;

/** The largest finite absolute value of some arrays: the end of the colour scale that they share. */
export function extent(...arrays) {
  let most = 0;
  for (const values of arrays) {
    for (const x of values ?? []) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  }
  return most;
}

/** A picture of an array; what it is, in words, for readers who do not see it. */
export function picture(values, shape, limit, words, norm, mostDigits = MOST_DIGITS, old = null) {
  const [height, width] = shape.length === 0 ? [1, 1] : shape.length === 1 ? [shape[0], 1] : flat(shape);
  const size = height * width;
  if (values === null) return html("p", { class: "described" }, `${shapeText(shape)}, ‖·‖ = ${short(norm)}`);
  if (size === 0) return html("p", { class: "described" }, `${shapeText(shape)}: no numbers`);
  const drawn = size <= mostDigits && Math.max(width, height) <= LONGEST ? digits(values, height, width, limit) : map(values, height, width, limit, old);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", `${words}, ${shapeText(shape)}${size <= 8 ? `: ${[...values].map(short).join(", ")}` : ""}`);
  return drawn;
}

export const shapeText = (shape) => (shape.length === 0 ? "a number" : shape.join("×"));

function flat(shape) {
  return [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape[shape.length - 1]];
}

function digits(values, height, width, limit) {
  const grid = html("div", { class: "digits" });
  grid.style.gridTemplateColumns = `repeat(${width}, auto)`;
  values.forEach((x) => {
    const cell = html("span", { class: Number.isFinite(x) ? (x === 0 ? "zero" : "") : "nonfinite" }, short(x));
    if (Number.isFinite(x)) cell.style.background = tint(x, limit);
    grid.append(cell);
  });
  return grid;
}

const MOST_TINT = 45; // percent: digits stay readable on it

/** The ground of a printed number: from the cold end through the page's own to the warm one. */
function tint(x, limit) {
  const share = limit > 0 ? Math.min(Math.abs(x) / limit, 1) : 0;
  return `color-mix(in oklab, var(${x < 0 ? "--cold" : "--warm"}) ${Math.round(MOST_TINT * share)}%, var(--box))`;
}

/** A heat map on a canvas: one pixel a number, or one for several of which it shows the largest; `old` is painted anew. */
function map(values, height, width, limit, old) {
  const rows = Math.min(height, MOST_PIXELS);
  const columns = Math.min(width, MOST_PIXELS);
  const again = old?.localName === "canvas" && old.width === columns && old.height === rows;
  const canvas = again ? old : html("canvas", { class: "map", width: columns, height: rows });
  const zoom = Math.max(1, Math.min(14, Math.floor(150 / Math.max(rows, columns))));
  canvas.style.width = `${Math.max(columns * zoom, columns === 1 ? 12 : 0)}px`;
  canvas.style.height = `${rows * zoom}px`;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const shown = rows === height && columns === width ? values : pooled(values, height, width, rows, columns);
  const shades = palette();
  for (let i = 0; i < pixels.length; i++) {
    const hatched = (Math.floor(i / columns) + i) % 2 === 0 ? BLACK : WHITE;
    pixels[i] = Number.isFinite(shown[i]) ? shades[STEPS + (limit > 0 ? Math.round((STEPS * shown[i]) / limit) : 0)] : hatched;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const STEPS = 100; // of colour, on each side of zero
const [BLACK, WHITE] = [0xff000000, 0xffffffff];
let shades = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (shades = null));

/** The colours from the cold end through the ground to the warm one, as pixels. */
function palette() {
  if (shades !== null) return shades;
  const style = getComputedStyle(document.documentElement);
  const [warm, cold, ground] = ["--warm", "--cold", "--box"].map((name) => rgb(style.getPropertyValue(name)));
  shades = Uint32Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
    const share = 0.92 * Math.abs(i / STEPS - 1);
    const [r, g, b] = ground.map((from, c) => Math.round(from + ((i < STEPS ? cold : warm)[c] - from) * share));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
  return shades;
}

function pooled(values, height, width, rows, columns) {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const place = Math.floor((i * rows) / height) * columns + Math.floor((j * columns) / width);
      const x = values[i * width + j];
      if (!Number.isFinite(x)) result[place] = NaN;
      else if (Math.abs(x) > Math.abs(result[place])) result[place] = x;
    }
  }
  return result;
}

function rgb(colour) {
  const digits = colour.trim().replace("#", "");
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
}

/** The legend of a heat map. */
export function legend(limit) {
  const bar = html("span", { class: "bar" });
  return html("div", { class: "legend" }, `−${short(limit)}`, bar, short(limit));
}
