// Slices in linked planes: see SliceViewer in slice_viewer.py. What follows the pointer is computed here.

const AXES = "zyx"; // of the array
const OTHERS = [[1, 2], [0, 2], [0, 1]]; // the axes along the rows and columns of a plane across z, y and x
const ENDS = ["RL", "AP", "IS"]; // of the patient's axes, low and high
const BARS_MM = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];
const KEPT = 120; // slices in the page
const AHEAD = 6; // slices in the direction of scrolling
const OWN = "your own"; // window
const MOVED = ["case", "position", "center", "width", "overlays", "outline"];
const AT_ONCE = 3; // questions to the kernel
const SILENT_MS = 3000;
const SILENT = "The kernel sends no more slices: only those that are in the page can be shown. It is busy, or it was restarted: then run this cell again.";

/** Gray from 0 to 1, in the single precision of medlab.data.intensity.window. */
export function gray(value, center, width) {
  const part = Math.fround(Math.fround(Math.fround(value) - Math.fround(center)) / Math.fround(width));
  return Math.min(1, Math.max(0, Math.fround(part + 0.5)));
}

/** An opaque gray pixel for each stored number, from -32768 on, that the image has. */
export function grayTable({ slope, intercept, range }, center, width) {
  const table = new Uint32Array(65536);
  const last = Math.round((range[1] - intercept) / slope);
  for (let stored = Math.round((range[0] - intercept) / slope); stored <= last; stored++) {
    const level = Math.round(255 * gray(stored * slope + intercept, center, width));
    table[stored + 32768] = 0xff000000 | (level * 0x010101);
  }
  return table;
}

/** The voxel (z, y, x) of a plane's pixel; `position` gives its place across the plane. The last slice is on top. */
export function toVoxel(axis, row, column, position, shape) {
  const voxel = [...position];
  const [down, along] = OTHERS[axis];
  voxel[down] = axis ? shape[0] - 1 - row : row;
  voxel[along] = column;
  return voxel;
}

/** The pixel (row, column) of a plane at a voxel. */
export function toPixel(axis, voxel, shape) {
  const [down, along] = OTHERS[axis];
  return [axis ? shape[0] - 1 - voxel[down] : voxel[down], voxel[along]];
}

/** The point (x, y, z) of a voxel in mm: x grows to the left, y to the back, z to the head. */
export function toWorld(voxel, { origin, direction, spacing }) {
  return origin.map((start, i) => start + voxel.reduce((sum, n, k) => sum + direction[i][k] * n * spacing[k], 0));
}

/** Along which of the patient's axes an axis of the array mostly runs: 0 right-left, 1 front-back, 2 feet-head. */
function mainly(axis, direction) {
  const sizes = direction.map((line) => Math.abs(line[axis]));
  return sizes.indexOf(Math.max(...sizes));
}

/** Letters for what lies on the left, right, top and bottom of a plane. */
export function sides(axis, direction) {
  const ends = (other, sign) => {
    const k = mainly(other, direction);
    return sign * direction[k][other] > 0 ? [...ENDS[k]] : [...ENDS[k]].reverse();
  };
  const [down, along] = OTHERS[axis];
  return [...ends(along, 1), ...ends(down, axis ? -1 : 1)];
}

/** What a plane across an axis of the array is called. */
export function planeName(axis, direction) {
  return direction ? ["sagittal", "coronal", "axial"][mainly(axis, direction)] : `across ${AXES[axis]}`;
}

/** Whether a pixel of a mask has a neighbor with another label. */
export function isEdge(labels, at, columns) {
  const label = labels[at];
  const column = at % columns;
  const differs = (other) => other >= 0 && other < labels.length && labels[other] !== label;
  return differs(at - columns) || differs(at + columns) || (column > 0 && differs(at - 1)) || (column < columns - 1 && differs(at + 1));
}

/** How much of an attribution's color covers the image, in [0, 1], for each stored number from -32768 on. */
function coverTable({ scale, top }) {
  return Float32Array.from({ length: 65536 }, (_, i) => 0.9 * Math.min((Math.abs(i - 32768) * scale) / top, 1) ** 0.7);
}

/** Lay masks and attributions over RGBA pixels. */
export function layOver(rgba, columns, planes, layers, overlays, outline) {
  layers.forEach((layer, number) => {
    const [shown, opacity] = overlays[number];
    const plane = shown && opacity ? planes[number] : [];
    const colors = layer.colors.map((color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
    if (!layer.is_mask) layer.cover ??= coverTable(layer); // once: this runs while the window is dragged
    for (let at = 0; at < plane.length; at++) {
      const stored = plane[at];
      if (!stored || (layer.is_mask && outline && !isEdge(plane, at, columns))) continue;
      const color = layer.is_mask ? colors[(stored - 1) % colors.length] : colors[stored < 0 ? 1 : 0];
      const part = layer.is_mask ? opacity : opacity * layer.cover[stored + 32768];
      for (let i = 0; i < 3; i++) rgba[4 * at + i] += part * (color[i] - rgba[4 * at + i]);
    }
  });
}

const STYLE = `
.medlab-slices { font-size: 12px; }
.medlab-slices :is(.planes, .settings) { display: flex; flex-wrap: wrap; gap: 6px; margin-bottom: 4px; }
.medlab-slices figure { margin: 0; }
.medlab-slices canvas { display: block; background: black; cursor: crosshair; touch-action: none; }
.medlab-slices canvas:focus-visible { outline: 2px solid var(--jp-brand-color1, #2196f3); }
.medlab-slices label { display: grid; grid-template-columns: 84px 150px 80px; gap: 3px 6px; align-items: center; margin-right: 18px; }
.medlab-slices label.layer { grid-template-columns: 16px 124px 100px 66px; }
.medlab-slices :is(input, select, button) { color: inherit; background: transparent; border: 1px solid currentColor; font-size: inherit; min-width: 0; margin: 0; box-sizing: border-box; }
.medlab-slices option { color: black; background: white; }
.medlab-slices .swatch { display: inline-block; width: 10px; height: 10px; margin: 0 2px; }
.medlab-slices p { margin: 2px 0; font-variant-numeric: tabular-nums; }
.medlab-slices [role=alert]:not(:empty) { border-left: 4px solid #D55E00; padding-left: 8px; font-weight: 600; }
`;
const escape = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

function render({ model, el }) {
  const info = model.get("info");
  const { shape, spacing, direction, unit } = info;
  const layers = structuredClone(info.layers); // tables are kept beside them
  const flat = shape[0] === 1;
  const [planes, side, dense] = [flat ? [0] : [0, 1, 2], flat ? 420 : 246, window.devicePixelRatio || 1];
  const sizes = spacing ?? [1, 1, 1];
  const span = info.range[1] - info.range[0] || 1;
  const decimals = info.whole ? 0 : Math.min(12, Math.max(0, Math.ceil(-Math.log10(info.slope))));
  const step = info.whole ? 1 : span / 1000;
  const position = () => model.get("position");
  // What a control shows, what its change does, and its value in words.
  const controls = [];
  const control = (tag, name, attributes, get, change, say = String) =>
    `<${tag} aria-label="${escape(name)}" data-control="${controls.push({ get, change, say }) - 1}" ${attributes}>`;
  const slider = (name, low, high, by, ...does) => control("input", name, `type="range" min="${low}" max="${high}" step="${by}"`, ...does);
  const place = (name, count, get, change) =>
    `<label><span>${name}</span>${slider(name, 0, count - 1, 1, get, change, (at) => `${at} of ${count - 1}`)}<output></output></label>`;
  const level = (name, low, high) => {
    const [get, say] = [() => model.get(name), (value) => `${Number(value.toPrecision(6))} ${unit}`.trim()];
    const change = (to) => {
      const fits = Number.isFinite(to) && (name === "center" || to > 0);
      refused = fits ? "" : `The ${name} must be a ${name === "center" ? "" : "positive "}number: the old one stays.`;
      if (fits) set({ [name]: to });
    };
    const short = () => Number(get().toPrecision(6));
    const number = control("input", `${name}, number`, `type="number" step="any"`, short, change, say);
    return `<label><span>${name}${unit && `, ${unit}`}</span>${slider(name, low, high, step, get, change, say)}${number}</label>`;
  };
  const chosen = () => Object.keys(info.presets).find((name) => String(info.presets[name]) === `${[model.get("center"), model.get("width")]}`) ?? OWN;
  const choose = (name) => info.presets[name] && set({ center: info.presets[name][0], width: info.presets[name][1] });
  const layer = ({ name, is_mask, colors, signed, top }, n) => {
    const change = (i) => (to) => set({ overlays: model.get("overlays").map((pair, k) => (k === n ? pair.with(i, to) : pair)) });
    const get = (i) => () => model.get("overlays")[n][i];
    const swatches = (signed ? [1, 0] : [0]).map((k) => `<span class="swatch" style="background:${colors[k]}"></span>`).join("");
    const words = `${swatches}${escape(name)}${is_mask ? "" : `, ${signed ? "±" : "0 to "}${Number(top.toPrecision(2))}`}`;
    return `<label class="layer">${control("input", `show ${name}`, `type="checkbox"`, get(0), change(0))}<span>${words}</span>` +
      `${slider(`opacity of ${name}`, 0, 1, 0.05, get(1), change(1), (part) => `${Math.round(100 * part)} %`)}<output></output></label>`;
  };
  const outlines = () => control("input", "outlines", `type="checkbox"`, () => model.get("outline"), (outline) => set({ outline }));
  const names = flat ? ["", "row", "column"] : ["slice z", "row y", "column x"];
  const square = `width="${side * dense}" height="${side * dense}" style="width: ${side}px; height: ${side}px"`;
  el.innerHTML =
    `<style>${STYLE}</style><div class="medlab-slices"><p role="alert"></p><div class="planes">` +
    planes.map((axis) => `<figure><canvas ${square} tabindex="0" role="application" data-testid="plane-${AXES[axis]}"></canvas><figcaption></figcaption></figure>`).join("") +
    `</div><p class="cross" aria-live="polite"></p><p class="pointer"></p><div class="settings"><div>` +
    (info.cases > 1 ? place("case", info.cases, () => model.get("case"), (to) => ((ahead = []), set({ case: to }))) : "") +
    [0, 1, 2].filter((axis) => shape[axis] > 1).map((axis) => place(names[axis], shape[axis], () => position()[axis], (to) => go(axis, to))).join("") +
    `</div><div><label><span>window</span>${control("select", "window", "", chosen, choose)}` +
    [OWN, ...Object.keys(info.presets)].map((name) => `<option>${escape(name)}</option>`).join("") + "</select></label>" +
    level("center", ...info.range) + level("width", step, span) +
    `<span>zoom <button aria-label="zoom in" data-zoom="1.25">+</button> <button aria-label="zoom out" data-zoom="0.8">−</button> <button data-zoom="0">whole image</button></span>` +
    `</div><div>${layers.map(layer).join("")}` +
    (layers.some((each) => each.is_mask) ? `<label class="layer">${outlines()}<span>outlines</span></label>` : "") + "</div></div></div>";
  const inputs = controls.map((_, i) => el.querySelector(`[data-control="${i}"]`));
  const [alert, cross, pointed] = ["[role=alert]", ".cross", ".pointer"].map((part) => el.querySelector(part));
  const [canvases, captions] = ["canvas", "figcaption"].map((part) => [...el.querySelectorAll(part)]);

  const cache = new Map(); // by "case,axis,index", the one used last at the end
  const asked = new Map(); // when each question was sent
  let [ahead, moved, frame, hover, closed, refused] = [[], false, 0, null, false, ""];
  let [zoom, ...focus] = model.get("view"); // the page draws the widget anew when its picture is renewed
  if (focus.length < 3) focus = shape.map((n) => (n - 1) / 2);
  let [table, tableOf] = [null, ""];
  const wanted = () => planes.map((axis) => `${model.get("case")},${axis},${position()[axis]}`);
  const gone = () => closed || el.closest(".jupyter-widgets-disconnected") !== null;

  const ask = () => {
    const missing = (keys) => keys.filter((key) => !cache.has(key) && !asked.has(key));
    const now = missing(wanted());
    for (const key of now.length ? now : missing(ahead)) {
      if (asked.size >= AT_ONCE || gone()) return;
      asked.set(key, performance.now());
      try { model.send({ slice: key.split(",").map(Number) }); } catch { closed = true; }
    }
  };
  const arrive = (content, buffers) => {
    const key = content.slice.join(",");
    asked.delete(key);
    const [image, ...others] = buffers.map((view, number) => {
      const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
      return number && layers[number - 1].is_mask ? new Uint8Array(copy) : new Int16Array(copy);
    });
    const columns = shape[OTHERS[content.slice[1]][1]];
    cache.set(key, { key, image, others, columns, rows: image.length / columns });
    for (const old of cache.keys()) if (cache.size > KEPT && !wanted().includes(old)) cache.delete(old);
    soon();
  };
  const soon = () => (frame ||= requestAnimationFrame(() => ((frame = 0), draw())));

  // The image of each plane in its own pixels, painted anew only where something changed.
  const painted = planes.map(() => ({ canvas: document.createElement("canvas"), state: "", key: "" }));
  const paint = (number, slice, look) => {
    const kept = painted[number];
    if (kept.state === `${slice.key} ${look}`) return;
    Object.assign(kept, { state: `${slice.key} ${look}`, key: slice.key });
    Object.assign(kept.canvas, { width: slice.columns, height: slice.rows });
    const pixels = new ImageData(slice.columns, slice.rows);
    const [words, { image }] = [new Uint32Array(pixels.data.buffer), slice];
    for (let i = 0; i < words.length; i++) words[i] = table[image[i] + 32768];
    layOver(pixels.data, slice.columns, slice.others, layers, model.get("overlays"), model.get("outline"));
    kept.canvas.getContext("2d").putImageData(pixels, 0, 0);
  };
  // Screen pixels for each pixel of a plane, and where its upper left corner lies.
  const layout = (axis) => {
    const [down, along] = OTHERS[axis];
    const fit = (zoom * side) / Math.max(shape[down] * sizes[down], shape[along] * sizes[along]);
    const [high, wide] = [sizes[down] * fit, sizes[along] * fit];
    const [row, column] = toPixel(axis, focus, shape);
    return { fit, high, wide, x: side / 2 - (column + 0.5) * wide, y: side / 2 - (row + 0.5) * high };
  };
  const drawPlane = (number, slice, late) => {
    const [canvas, axis] = [canvases[number], planes[number]];
    const pen = canvas.getContext("2d");
    const write = (text, x, y) => (pen.strokeText(text, x, y), pen.fillText(text, x, y));
    const { fit, high, wide, x, y } = layout(axis);
    const [rows, columns] = OTHERS[axis].map((other) => shape[other]);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, side, side);
    Object.assign(pen, { imageSmoothingEnabled: false, font: "12px sans-serif", textAlign: "center", lineWidth: 3, strokeStyle: "black", fillStyle: "white" });
    // The slice before stays for a moment, faint, and never where the kernel has fallen silent.
    pen.globalAlpha = slice ? 1 : late ? 0 : 0.3;
    if (painted[number].key) pen.drawImage(painted[number].canvas, x, y, columns * wide, rows * high);
    pen.globalAlpha = 1;
    if (!slice) return write(late ? "not here" : "loading", side / 2, side / 2);
    const [row, column] = toPixel(axis, position(), shape);
    const [cx, cy] = [x + (column + 0.5) * wide, y + (row + 0.5) * high];
    pen.fillStyle = "#F0E442";
    for (const from of [-side - 8, 8]) pen.fillRect(cx + from, cy, side, 1), pen.fillRect(cx, cy + from, 1, side);
    pen.fillStyle = "white";
    const [left, right, top, bottom] = direction ? sides(axis, direction) : ["", "", "", ""];
    write(left, 9, side / 2 + 4), write(right, side - 9, side / 2 + 4);
    write(top, side / 2, 14), write(bottom, side / 2, side - 6);
    if (!spacing) return;
    const mm = BARS_MM.findLast((bar) => bar * fit <= 0.4 * side) ?? BARS_MM[0];
    pen.strokeRect(12, side - 12, mm * fit, 3);
    pen.fillRect(12, side - 12, mm * fit, 3);
    pen.textAlign = "left";
    write(`${mm} mm`, 12, side - 18);
  };

  /** What is known of a voxel of a plane; no number where its slice is not here. */
  const describe = (axis, voxel) => {
    const place = flat ? `row ${voxel[1]}, column ${voxel[2]}` : voxel.map((n, k) => `${AXES[k]} ${n}`).join(", ");
    const slice = cache.get(`${model.get("case")},${axis},${voxel[axis]}`);
    if (!slice) return `${place}: not here yet`;
    const at = toPixel(axis, voxel, shape).reduce((row, column) => row * slice.columns + column);
    const value = (slice.image[at] * info.slope + info.intercept).toFixed(decimals);
    const mm = (n, k) => `${ENDS[k][n < 0 ? 0 : 1]} ${Math.abs(n).toFixed(1)}`;
    const from = () => voxel.map((n, k) => (n * spacing[k]).toFixed(1)).slice(flat ? 1 : 0);
    const where = direction ? ` at ${toWorld(voxel, info).map(mm).join(", ")} mm` : spacing ? `, (${from().join(", ")}) mm from the first` : "";
    const over = layers.map(({ name, is_mask, scale }, i) => {
      const stored = slice.others[i][at];
      return model.get("overlays")[i][0] && stored ? `; ${name} ${is_mask ? stored : (stored * scale).toPrecision(3)}` : "";
    });
    return `${place}: ${unit ? `${value} ${unit}` : `gray value ${value}`}${where}${over.join("")}`;
  };
  const put = (input, value, text) => {
    const plain = { checkbox: "checked", "select-one": "value" }[input.type];
    if (plain) return void (input[plain] = value);
    if (input.getAttribute("aria-valuetext") === text && input.value === String(value)) return; // most of them
    if (input.type === "range") [input.min, input.max] = [Math.min(input.min, value), Math.max(input.max, value)];
    if (input.type === "range" || input !== document.activeElement) input.value = value;
    input.setAttribute("aria-valuetext", text);
    if (input.nextSibling?.tagName === "OUTPUT") input.nextSibling.textContent = text;
  };
  const write = (paragraph, text) => paragraph.textContent !== text && (paragraph.textContent = text);
  const draw = () => {
    ask();
    const [center, width, overlays] = [model.get("center"), model.get("width"), model.get("overlays")];
    if (tableOf !== `${center} ${width}`) [table, tableOf] = [grayTable(info, center, width), `${center} ${width}`];
    const look = JSON.stringify([center, width, overlays, model.get("outline")]);
    const late = gone() || Math.min(...asked.values()) < performance.now() - SILENT_MS;
    const slices = wanted().map((key) => cache.get(key));
    slices.forEach((slice, number) => {
      const axis = planes[number];
      if (slice) {
        cache.delete(slice.key), cache.set(slice.key, slice); // used last
        paint(number, slice, look);
      }
      drawPlane(number, slice, late);
      const [at, count] = [position()[axis], shape[axis]];
      const name = flat ? "image" : `${planeName(axis, direction)}, ${AXES[axis]} ${at} of ${count - 1}`;
      write(captions[number], (info.simulated ? "SIMULATED, " : "") + name);
      canvases[number].setAttribute("aria-label", `${name}. Arrows move the cross, Page Up and Page Down the slice, + and - zoom.`);
    });
    write(alert, gone() || (late && slices.includes(undefined)) ? SILENT : refused);
    write(cross, `cross: ${describe(planes[0], position())}`);
    write(pointed, hover ? `pointer: ${describe(hover.axis, toVoxel(hover.axis, ...hover.pixel, position(), shape))}` : "pointer: not on the image");
    controls.forEach(({ get, say }, i) => put(inputs[i], get(), say(get())));
  };

  // Everything is set in the page, and told to the kernel when the reader leaves: no message while something moves.
  const set = (values) => {
    moved = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
  };
  const go = (axis, to) => {
    const [now, at] = [position(), Math.min(shape[axis] - 1, Math.max(0, to))];
    const step = Math.sign(at - now[axis]);
    if (!step) return false;
    const next = Array.from({ length: AHEAD }, (_, i) => at + (i + 1) * step).filter((n) => n >= 0 && n < shape[axis]);
    ahead = planes.includes(axis) ? next.map((n) => `${model.get("case")},${axis},${n}`) : [];
    set({ position: now.map((n, k) => (k === axis ? at : n)) });
    if (zoom > 1) (focus[axis] = at), set({ view: [zoom, ...focus] }); // the cross stays in sight
    return true;
  };
  const zoomBy = (factor, axis, pixel) => {
    const before = zoom;
    zoom = Math.min(32, Math.max(1, zoom * factor));
    const fixed = pixel ? toVoxel(axis, ...pixel, position(), shape) : position();
    focus = focus.map((n, k) => (zoom === 1 ? (shape[k] - 1) / 2 : fixed[k] + (pixel ? ((n - fixed[k]) * before) / zoom : 0)));
    set({ view: [zoom, ...focus] });
    soon();
  };
  const turn = (start, dx, dy) => {
    const [center, width] = [start.center + (dy * start.width) / 300, start.width * Math.exp(dx / 200)];
    set({ center: Number(center.toPrecision(4)), width: Number(width.toPrecision(4)) });
  };

  canvases.forEach((canvas, number) => {
    const axis = planes[number];
    const [down, along] = OTHERS[axis];
    const pixelAt = (event) => {
      const { x, y, wide, high } = layout(axis);
      const box = canvas.getBoundingClientRect();
      const [row, column] = [Math.floor((event.clientY - box.top - y) / high), Math.floor((event.clientX - box.left - x) / wide)];
      return row >= 0 && column >= 0 && row < shape[down] && column < shape[along] ? [row, column] : null;
    };
    let drag = null;
    const follow = (event) => {
      const pixel = pixelAt(event);
      hover = pixel && { axis, pixel };
      if (drag?.window) turn(drag.window, event.clientX - drag.x, event.clientY - drag.y);
      else if (drag && pixel) (ahead = []), set({ position: toVoxel(axis, ...pixel, position(), shape) });
      soon();
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      const turns = event.button === 2 || event.shiftKey;
      drag = { x: event.clientX, y: event.clientY, window: turns && { center: model.get("center"), width: model.get("width") } };
      follow(event);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (drag = null));
    canvas.addEventListener("pointerleave", () => ((hover = null), soon()));
    canvas.addEventListener("contextmenu", (event) => (event.preventDefault(), event.stopPropagation()));
    canvas.addEventListener("wheel", (event) => {
      if (event.ctrlKey) zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, axis, pixelAt(event));
      else if (!go(axis, position()[axis] + Math.sign(event.deltaY))) return; // at its end the page scrolls on
      event.preventDefault();
    });
    canvas.addEventListener("keydown", (event) => {
      const up = axis ? 1 : -1;
      const arrows = { ArrowLeft: [along, -1], ArrowRight: [along, 1], ArrowUp: [down, up], ArrowDown: [down, -up] };
      const moves = { ...arrows, PageUp: [axis, 1], PageDown: [axis, -1], Home: [axis, -Infinity], End: [axis, Infinity] };
      const zooms = { "+": 1.25, "-": 0.8, 0: 0 };
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in moves || event.key in zooms)) return;
      const [other, by] = moves[event.key] ?? [];
      if (by) go(other, position()[other] + by);
      else zoomBy(zooms[event.key]);
      event.preventDefault();
    });
  });
  // The arrows are the widget's; Ctrl+S and its like stay JupyterLab's.
  el.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.stopPropagation());
  el.addEventListener("input", ({ target }) => {
    const values = { checkbox: target.checked, "select-one": target.value };
    controls[target.dataset.control].change(values[target.type] ?? target.valueAsNumber);
    soon();
  });
  el.addEventListener("change", ({ target }) => {
    if (target.type === "number" && refused) target.value = controls[target.dataset.control].get();
  });
  el.addEventListener("click", ({ target }) => target.dataset.zoom && zoomBy(target.dataset.zoom));
  // The kernel then keeps a picture of what was left.
  const leave = (to) => {
    if (!moved || el.contains(to)) return;
    moved = false;
    model.set("left", model.get("left") + 1);
    model.save_changes();
  };
  el.addEventListener("focusout", (event) => leave(event.relatedTarget));
  el.addEventListener("pointerleave", () => leave(document.activeElement));
  const timer = setInterval(() => (asked.size || gone()) && soon(), 1000);
  model.on("msg:custom", arrive);
  MOVED.forEach((name) => model.on(`change:${name}`, soon));
  draw();
  return () => {
    clearInterval(timer);
    cancelAnimationFrame(frame);
    model.off("msg:custom", arrive);
    MOVED.forEach((name) => model.off(`change:${name}`, soon));
  };
}

export default { render };
