// A convolution under the pointer: see ConvolutionExplorer in convolution_explorer.py. All is computed here.

export const PRESETS = {
  "upright edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "level edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  "bright spots": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
  mean: Array.from({ length: 3 }, () => [1 / 9, 1 / 9, 1 / 9]),
  sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  "as it is": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
};
const SIDE = 270;

/** The pixel of an image with zeros around it. */
export function pixelAt(image, [height, width, channels], row, column, channel) {
  const outside = row < 0 || column < 0 || row >= height || column >= width;
  return outside ? 0 : image[(row * width + column) * channels + channel];
}

/** Height and width of the map; 0 where the kernel does not fit. */
export function sizes([height, width], kernel, stride, padding) {
  const count = (side, across) => Math.max(0, Math.floor((side + 2 * padding - across) / stride) + 1);
  return [count(height, kernel.length), count(width, kernel[0].length)];
}

/** The sum over one window; `visit`, if given, is told each place of the kernel, the pixel under it and the product. */
export function windowSum(image, shape, { kernel, stride, padding }, row, column, visit) {
  let sum = 0;
  for (let i = 0; i < kernel.length; i++)
    for (let j = 0; j < kernel[0].length; j++)
      for (let channel = 0; channel < shape[2]; channel++) {
        const pixel = pixelAt(image, shape, row * stride - padding + i, column * stride - padding + j, channel);
        const product = pixel * kernel[i][j][channel];
        sum += product;
        visit?.({ i, j, channel, pixel, product });
      }
  return sum;
}

/** The whole map, row by row. */
export function convolve(image, shape, setting) {
  const { kernel, stride, padding } = setting;
  const [height, width] = sizes(shape, kernel, stride, padding);
  const values = new Float64Array(height * width);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      values[row * width + column] = windowSum(image, shape, setting, row, column);
  return { height, width, values };
}

/** Blocks of 2 x 2, each as its largest number or its mean; a last odd row or column is left out. */
export function pool({ height, width, values }, kind) {
  const [rows, columns] = [Math.floor(height / 2), Math.floor(width / 2)];
  const pooled = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = 2 * row * width + 2 * column;
      const block = [values[at], values[at + 1], values[at + width], values[at + width + 1]];
      pooled[row * columns + column] = kind === "max" ? Math.max(...block) : block.reduce((a, b) => a + b) / 4;
    }
  return { height: rows, width: columns, values: pooled };
}

/** Gray values from 0 to 255; signed: mid-gray is 0. */
export function grays(values, signed) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (signed) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  const range = high - low || 1;
  return Array.from(values, (value) => Math.round((255 * (value - low)) / range));
}

/** The name of the preset that a kernel is, in all of its channels. */
export function presetOf(kernel) {
  const same = (weights) => weights.length === kernel.length && weights[0].length === kernel[0].length &&
    weights.every((line, i) => line.every((weight, j) => kernel[i][j].every((one) => Math.abs(one - weight) < 1e-9)));
  return Object.keys(PRESETS).find((name) => same(PRESETS[name])) ?? "your own";
}

/** A number in a few letters. */
export function short(value) {
  return String(Number(value.toPrecision(3)));
}

const STYLE = `
.medlab-convolution { display: flex; flex-wrap: wrap; gap: 10px 24px; font-size: 12px; }
.medlab-convolution figure { margin: 0; }
.medlab-convolution .view { position: relative; width: ${SIDE}px; }
.medlab-convolution canvas { display: block; width: 100%; image-rendering: pixelated; }
.medlab-convolution svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.medlab-convolution .map canvas { cursor: crosshair; touch-action: none; }
.medlab-convolution label { display: grid; grid-template-columns: 70px 150px 60px; gap: 6px; align-items: center; }
.medlab-convolution table { border-collapse: collapse; margin: 4px 0; }
.medlab-convolution td { padding: 1px 4px; text-align: right; font-variant-numeric: tabular-nums; }
.medlab-convolution td input { width: 74px; color: inherit; background: transparent; border: 1px solid currentColor; }
.medlab-convolution select { color: inherit; background: transparent; border: 1px solid currentColor; }
.medlab-convolution option { color: black; background: white; }
.medlab-convolution p { margin: 4px 0; max-width: 330px; }
`;

/** A picture with a frame that can be moved over it. */
function view(name, pointed) {
  const element = document.createElement("figure");
  element.innerHTML =
    `<div class="view ${pointed ? "map" : ""}"><canvas role="img"></canvas><svg aria-hidden="true">` +
    `<rect fill="none" stroke="#D55E00"/></svg></div><figcaption></figcaption>`;
  const canvas = element.querySelector("canvas");
  const [svg, frame, caption] = ["svg", "rect", "figcaption"].map((part) => element.querySelector(part));
  canvas.dataset.testid = name;
  const show = ({ height, width, values }, signed, text) => {
    element.hidden = !height || !width;
    if (element.hidden) return;
    [canvas.width, canvas.height] = [width, height];
    const painted = new ImageData(width, height);
    grays(values, signed).forEach((gray, i) => painted.data.set([gray, gray, gray, 255], 4 * i));
    canvas.getContext("2d").putImageData(painted, 0, 0);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    frame.setAttribute("stroke-width", Math.max(width, height) / 90);
    canvas.setAttribute("aria-label", text);
    caption.textContent = text;
  };
  const put = (row, column, height, width) => {
    const place = { x: column, y: row, width, height };
    for (const [key, value] of Object.entries(place)) frame.setAttribute(key, value);
  };
  return { element, canvas, show, put };
}

function render({ model, el }) {
  el.innerHTML =
    `<style>${STYLE}</style><div class="medlab-convolution"><div class="settings"></div></div>`;
  // The arrows are the widget's; Ctrl+S and its like stay JupyterLab's.
  el.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.stopPropagation());
  const root = el.querySelector(".medlab-convolution");
  const settings = el.querySelector(".settings");
  const choice = (name, options) =>
    `<label><span>${name}</span><select aria-label="${name}">${options.map((o) => `<option>${o}</option>`).join("")}</select></label>`;
  const range = (name, high) =>
    `<label><span>${name}</span><input type="range" min="0" max="${high}" step="1" aria-label="${name}"><output></output></label>`;
  settings.innerHTML =
    choice("kernel", ["your own", ...Object.keys(PRESETS)]) + choice("stride", [1, 2, 3, 4]) +
    choice("padding", [0, 1, 2, 3]) + choice("pooling", ["none", "max", "mean"]) + range("row", 1) + range("column", 1) +
    `<div class="sum"></div><p aria-live="polite"></p><p role="alert"></p>`;
  const [preset, stride, padding, pooling] = settings.querySelectorAll("select");
  const [row, column] = settings.querySelectorAll("input[type=range]");
  const outputs = settings.querySelectorAll("output");
  const [sum, said, problem] = [settings.querySelector(".sum"), ...settings.querySelectorAll("p")];
  const views = { image: view("image", false), map: view("map", true), pooled: view("pooled", false) };
  root.prepend(views.image.element);
  root.append(views.map.element, views.pooled.element);

  const bytes = model.get("pixels");
  const shape = model.get("shape");
  const image = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const setting = () => ({ kernel: model.get("kernel"), stride: model.get("stride"), padding: model.get("padding") });

  const point = () => {
    const { kernel, stride, padding } = setting();
    const [height, width] = sizes(shape, kernel, stride, padding);
    const [y, x] = [Math.min(model.get("row"), height - 1), Math.min(model.get("column"), width - 1)];
    for (const [input, output, at, most] of [[row, outputs[0], y, height], [column, outputs[1], x, width]]) {
      input.max = Math.max(0, most - 1);
      input.value = at;
      output.textContent = at;
      input.setAttribute("aria-valuetext", `${at} of ${most - 1}`);
    }
    const total = windowSum(image, shape, setting(), y, x, ({ i, j, channel, pixel, product }) => {
      sum.querySelector(`[data-at="${channel},${i},${j}"]`).textContent = `× ${short(pixel)} = ${short(product)}`;
    });
    views.image.put(y * stride, x * stride, kernel.length, kernel[0].length);
    views.map.put(y, x, 1, 1);
    const [pooledHeight, pooledWidth] = [Math.floor(height / 2), Math.floor(width / 2)];
    const isIn = y < 2 * pooledHeight && x < 2 * pooledWidth; // a last odd row or column is in no block
    views.pooled.put(Math.floor(y / 2), Math.floor(x / 2), isIn ? 1 : 0, isIn ? 1 : 0);
    const count = kernel.length * kernel[0].length * shape[2];
    said.textContent = `The ${count} products add up to ${short(total)}, the number at row ${y}, column ${x}.`;
  };
  const edit = () => {
    // One field for each weight, and beside it the pixel under it.
    const kernel = model.get("kernel");
    const fields = [...sum.querySelectorAll("input")];
    if (fields.length === kernel.length * kernel[0].length * shape[2]) {
      // Not made anew: the reader is typing in one of them.
      for (const field of fields) {
        const [channel, i, j] = field.dataset.weight.split(",").map(Number);
        if (field !== document.activeElement) field.value = short(kernel[i][j][channel]);
      }
      return;
    }
    const grid = (channel) => `<table>${kernel.map((line, i) => `<tr>${line.map((weight, j) =>
      `<td><input type="number" step="any" value="${short(weight[channel])}" data-weight="${channel},${i},${j}" ` +
      `aria-label="weight, row ${i}, column ${j}, channel ${channel}"><br><span data-at="${channel},${i},${j}"></span></td>`,
    ).join("")}</tr>`).join("")}</table>`;
    sum.innerHTML = Array.from({ length: shape[2] }, (_, c) => grid(c)).join("");
  };
  const draw = () => {
    const { kernel, stride: step, padding: around } = setting();
    [preset.value, stride.value] = [presetOf(kernel), step];
    [padding.value, pooling.value] = [around, model.get("pooling")];
    const map = convolve(image, shape, setting());
    problem.textContent = map.values.length ? "" : "The kernel is larger than the padded image: choose more padding.";
    const [height, width] = [shape[0] + 2 * around, shape[1] + 2 * around];
    const mean = Float64Array.from({ length: height * width }, (_, at) => {
      const place = [Math.floor(at / width) - around, (at % width) - around];
      return Array.from({ length: shape[2] }, (_, c) => pixelAt(image, shape, ...place, c)).reduce((a, b) => a + b) / shape[2];
    });
    const of = ({ height, width }) => `${height} × ${width}`;
    views.image.show({ height, width, values: mean }, false, `${model.get("title")}, ${of({ height, width })}${around ? " with its zeros" : ""}`);
    views.map.show(map, true, `map, ${of(map)}; mid-gray is 0`);
    const pooled = model.get("pooling") === "none" ? { height: 0, width: 0, values: [] } : pool(map, model.get("pooling"));
    views.pooled.show(pooled, true, `pooled, ${of(pooled)}`);
    if (map.values.length) point();
  };
  const redraw = () => (edit(), draw());
  let moved = false; // what the kernel's picture shows
  const send = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    moved ||= !("row" in values);
    model.save_changes();
  };
  preset.addEventListener("change", () => {
    const weights = PRESETS[preset.value];
    if (weights) send({ kernel: weights.map((line) => line.map((weight) => Array(shape[2]).fill(weight))) });
  });
  stride.addEventListener("change", () => send({ stride: Number(stride.value) }));
  padding.addEventListener("change", () => send({ padding: Number(padding.value) }));
  pooling.addEventListener("change", () => send({ pooling: pooling.value }));
  const place = () => send({ row: Number(row.value), column: Number(column.value) });
  row.addEventListener("input", place);
  column.addEventListener("input", place);
  sum.addEventListener("change", (event) => {
    const [channel, i, j] = event.target.dataset.weight.split(",").map(Number);
    const weight = event.target.valueAsNumber;
    problem.textContent = Number.isFinite(weight) ? "" : "A weight must be a number: the old one stays.";
    if (!Number.isFinite(weight)) return void (event.target.value = short(model.get("kernel")[i][j][channel]));
    const kernel = structuredClone(model.get("kernel"));
    kernel[i][j][channel] = weight;
    send({ kernel });
  });
  const follow = (event) => {
    const box = views.map.canvas.getBoundingClientRect();
    const at = (offset, side, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / side) * count)));
    const [y, x] = [at(event.clientY - box.top, box.height, views.map.canvas.height), at(event.clientX - box.left, box.width, views.map.canvas.width)];
    send({ row: y, column: x });
  };
  views.map.canvas.addEventListener("pointermove", follow);
  views.map.canvas.addEventListener("pointerdown", follow);
  const leave = (event) => {
    if (!moved || el.contains(event.relatedTarget)) return;
    moved = false;
    model.set("left", model.get("left") + 1);
    model.save_changes();
  };
  el.addEventListener("focusout", leave);
  redraw();
  const drawn = ["change:stride", "change:padding", "change:pooling"];
  drawn.forEach((name) => model.on(name, draw));
  model.on("change:kernel", redraw);
  model.on("change:row", point);
  model.on("change:column", point);
  return () => {
    drawn.forEach((name) => model.off(name, draw));
    model.off("change:kernel", redraw);
    model.off("change:row", point);
    model.off("change:column", point);
  };
}

export default { render };
