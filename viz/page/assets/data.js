// Unpacking: from the text in the page to rows of data and to arrays, each computed when somebody looks.

/** Decode the page's data: base64 of gzip of (length of JSON, JSON, numbers). */
export async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const json = new TextDecoder().decode(new Uint8Array(bytes, 8, length));
  return { data: JSON.parse(json), numbers: bytes.slice(8 + length + ((8 - (length % 8)) % 8)) };
}

/** The rows of a table that was packed by column: null is left out, running columns are summed up. */
export function rows(table) {
  const result = Array.from({ length: table.length }, () => ({}));
  for (const [name, column] of Object.entries(table.columns)) {
    const running = table.running.includes(name);
    let last = 0;
    column.forEach((value, i) => {
      if (value === null) return;
      if (running) last += value;
      result[i][name] = running ? last : value;
    });
  }
  return result;
}

const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };

/** The arrays of a page, by number: what is kept as a recipe is computed on demand. */
export class Arrays {
  constructor(table, numbers) {
    this.entries = rows(table);
    this.shapes = table.shapes;
    this.numbers = numbers;
    this.cache = new Map();
  }

  shape(i) {
    return this.shapes[this.entries[i].shape];
  }

  norm(i) {
    return Number(this.entries[i].norm); // "nan" and "inf" are words in JSON
  }

  /** The numbers of an array in row order; null where it is only described. */
  values(i) {
    if (!this.cache.has(i)) {
      if (this.cache.size > 4000) this.cache.clear();
      this.cache.set(i, this.compute(i));
    }
    return this.cache.get(i);
  }

  /** What the product is made of, as two numbers of arrays: columns and rows; null for what is no product. */
  factors(i) {
    const { recipe, of } = this.entries[i];
    return recipe === "product" ? of.map((distance) => i - distance) : null;
  }

  compute(i) {
    const { at, kind, recipe, of } = this.entries[i];
    const size = this.shape(i).reduce((a, b) => a * b, 1);
    if (at !== undefined) return new KINDS[kind](this.numbers, at, size);
    if (recipe === undefined) return null;
    const parts = of.map((distance) => i - distance);
    const values = parts.map((part) => this.values(part));
    if (values.includes(null)) return null;
    return KINDS[kind].from(this.made(recipe, values, parts.map((part) => this.shape(part))));
  }

  made(recipe, values, shapes) {
    if (recipe === "sum") return values.reduce((a, b) => a.map((x, j) => x + b[j]), new Float64Array(values[0].length));
    if (recipe === "transpose") return transposed(values[0], ...shapes[0]);
    return product(values[0], values[1], shapes[0][0], shapes[0][1], shapes[1][1]);
  }
}

function transposed(x, n, m) {
  return x.map((_, i) => x[(i % n) * m + Math.floor(i / n)]);
}

/** leftᵀ right, for matrices n×a and n×b: a sum of n products of a column and a row. */
function product(left, right, n, a, b) {
  const result = new Float64Array(a * b);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) result[i * b + j] += left[k * a + i] * right[k * b + j];
    }
  }
  return result;
}
