// Which part of a drawing is in sight: pure functions of the drawing, the frame on the screen, and what was in sight.

export const PAD = 28;
export const LEAST = 0.6; // of its own size: letters stay readable
export const READABLE = 0.77; // on a phone: letters of 13 px become 10
const LARGEST = 1.6;
const BESIDE = 60; // of the neighbours of a column: where its edges come from

/** The whole drawing, or as much of its end as is in sight where it is not smaller than `least`. */
export function fitted({ width, height }, frame, least) {
  const [w, h] = [width + 2 * PAD, height + 2 * PAD];
  const fits = Math.min(frame.width / w, frame.height / h, LARGEST);
  const box = sized(frame, Math.max(fits, least));
  const x = w <= box.width ? -PAD + (w - box.width) / 2 : width + PAD - box.width;
  return { ...box, x, y: -PAD + (h - box.height) / 2 };
}

/** What was in sight, moved so far that a point is. */
export function following({ width, height }, box, at) {
  const margin = Math.min(0.18 * box.width, 160);
  const high = at.y > box.y && at.y < box.y + box.height;
  if (high && at.x > box.x + margin && at.x < box.x + box.width - margin) return box;
  const y = high ? box.y : at.y - box.height / 2;
  return { ...box, x: within(at.x - box.width / 2, box.width, width), y: within(y, box.height, height) };
}

/** One column in the middle of the frame; of what is too large for that, the part around a point. */
export function ofColumn(figure, number, frame, at) {
  const { x, width } = figure.columns[number];
  const fits = Math.min(frame.width / (width + 2 * BESIDE), frame.height / (figure.height + 2 * PAD));
  const box = sized(frame, Math.min(Math.max(fits, READABLE), LARGEST));
  const middle = width <= box.width && at.x >= x && at.x <= x + width ? x + width / 2 : at.x;
  return { ...box, x: middle - box.width / 2, y: within(at.y - box.height / 2, box.height, figure.height) };
}

/** The same scale and the same middle in a frame of another size. */
export function resized(box, frame, scale) {
  const [width, height] = [frame.width * scale, frame.height * scale];
  return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
}

/** The column that is nearest to a point of the drawing. */
export function columnAt({ columns }, x) {
  const apart = ({ x: left, width }) => Math.max(left - x, x - left - width, 0);
  return columns.reduce((best, column, number) => (apart(column) < apart(columns[best]) ? number : best), 0);
}

/** A column by name: "t = 3"; what lies before or after a loop has none of its own. */
export function columnName({ columns }, number) {
  const { label } = columns[number];
  const [before, after] = [columns[number - 1]?.label, columns[number + 1]?.label];
  return label || (after ? `before ${after}` : before ? `after ${before}` : "all");
}

const sized = (frame, zoom) => ({ width: frame.width / zoom, height: frame.height / zoom });
const within = (wanted, size, whole) => (size > whole + 2 * PAD ? (whole - size) / 2 : Math.min(Math.max(wanted, -PAD), whole + PAD - size));
