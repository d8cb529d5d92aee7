// The layers of a network as a graph, and what one of them makes of an image: see NetworkView in network_view.py.

const [ROW, LANE, BOX, SILENT_MS] = [22, 16, 12, 5000];
const COLORS = [["Conv", "#0072B2"], ["Dense", "#D55E00"], ["Pool", "#009E73"], ["LSTM", "#CC79A7"], ["GRU", "#CC79A7"]];
const SILENT = "The kernel has not answered yet. If it was restarted, run this cell again.";

/** The lane in which each layer stands: a layer goes on in the lane of a parent that has no later child. */
export function lanes(layers) {
  const last = layers.map((_, row) => row); // the row of its last child
  layers.forEach(({ parents }, row) => parents.forEach((parent) => (last[parent] = row)));
  const taken = []; // until which row each lane is
  const lane = [];
  layers.forEach(({ parents }, row) => {
    const ending = parents.filter((parent) => last[parent] === row).map((parent) => lane[parent]);
    let own = taken.findIndex((until) => until < row);
    if (own < 0) own = taken.length;
    lane.push(ending.length ? Math.min(...ending) : own);
    taken[lane[row]] = last[row];
  });
  return lane;
}

/** The line from a layer down to its child: along the parent's lane, which is free, and at last over to the child's. */
export function line(lane, parent, child) {
  const [from, to] = [parent, child].map((row) => lane[row] * LANE + LANE / 2);
  const [start, end] = [parent, child].map((row) => row * ROW + ROW / 2);
  if (from === to) return `M${from},${start}V${end}`;
  return `M${from},${start}V${end - ROW}C${from},${end - ROW / 2} ${to},${end - ROW / 2} ${to},${end}`;
}

/** A number with commas; null is not known. */
export function counted(number) {
  return number === null ? "?" : String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The sides of an output, without the batch. */
export function sides(output) {
  return output.map((side) => side ?? "any").join(" × ") || "one number";
}

/** What a network costs in all, in words. */
export function totals({ weights, layers }) {
  const adds = layers.map((layer) => layer.multiply_adds);
  const sum = adds.includes(null) ? null : adds.reduce((a, b) => a + b, 0);
  return `${layers.length} layers, ${counted(weights)} weights, ${counted(sum)} multiply-adds for one image`;
}

/** Where a value stands in a box 60 high, which holds 0 and all values. */
export function height(value, [low, high]) {
  const [bottom, top] = [Math.min(0, low), Math.max(0, high)];
  return (60 * (top - value)) / (top - bottom || 1);
}

/** Bars of some values around 0, in a box of 100 x 60: [x, y, width, height] of each. */
export function bars(values, span) {
  const y = (value) => height(value, span);
  const width = 100 / values.length;
  return values.map((value, i) => [i * width, Math.min(y(value), y(0)), 0.8 * width, Math.abs(y(value) - y(0))]);
}

const STYLE = `
.medlab-network { display: flex; flex-wrap: wrap; gap: 8px 24px; font-size: 12px; }
.medlab-network p { margin: 4px 0; }
.medlab-network .head { flex: 1 1 100%; overflow-wrap: anywhere; }
.medlab-network .graph { flex: 1 1 500px; min-width: 0; max-width: 760px; }
.medlab-network .scroll { position: relative; overflow: auto; max-height: 424px; border: 1px solid var(--jp-border-color1, gray); }
.medlab-network svg.lines { position: absolute; left: 0; top: 0; pointer-events: none; }
.medlab-network .row { display: grid; grid-template-columns: minmax(90px, 2fr) minmax(56px, 1fr) 92px 76px 88px; gap: 6px;
  height: ${ROW}px; line-height: ${ROW}px; padding-right: 6px; white-space: nowrap; cursor: pointer; min-width: 440px; }
.medlab-network .row span { overflow: hidden; text-overflow: ellipsis; }
.medlab-network .row span:nth-child(n + 3) { text-align: right; font-variant-numeric: tabular-nums; }
.medlab-network .names { position: sticky; top: 0; z-index: 1; cursor: default; background: var(--jp-layout-color1, white); }
.medlab-network .row[aria-selected=true] { background: var(--jp-layout-color2, #ddd); font-weight: 600; }
.medlab-network [role=listbox]:focus { outline: none; }
.medlab-network [role=listbox]:focus .active { outline: 2px solid var(--jp-brand-color1, #0072B2); outline-offset: -2px; }
.medlab-network .maps { flex: 0 1 300px; }
.medlab-network canvas { display: block; image-rendering: pixelated; max-width: 100%; }
.medlab-network .bars text { fill: currentColor; font-size: 4px; }
.medlab-network .stale { opacity: 0.4; }
.medlab-network label { display: grid; grid-template-columns: 40px 150px 1fr; gap: 6px; align-items: center; }
.medlab-network [role=alert]:not(:empty) { border-left: 4px solid #D55E00; padding-left: 8px; font-weight: 600; }
`;

/** The graph as SVG: a box a layer, a line from each to those that read it. */
function drawing(layers, lane, width) {
  const middle = (row) => lane[row] * LANE + LANE / 2;
  const paths = layers.flatMap(({ parents }, row) =>
    parents.map((parent) => `<path d="${line(lane, parent, row)}" fill="none" stroke="currentColor" stroke-width="1.5"/>`));
  const boxes = layers.map(({ kind }, row) => {
    const color = COLORS.find(([part]) => kind.includes(part))?.[1] ?? "#888888";
    return `<rect x="${middle(row) - BOX / 2}" y="${row * ROW + (ROW - BOX) / 2}" width="${BOX}" height="${BOX}" rx="2" fill="${color}"/>`;
  });
  return `<svg class="lines" aria-hidden="true" width="${width}" height="${layers.length * ROW}">${paths.join("")}${boxes.join("")}</svg>`;
}

/** Put gray values into a canvas, and say what they are. */
function paint(canvas, { shape, pixels }, width, words) {
  [canvas.height, canvas.width] = shape;
  canvas.style.width = `${width}px`;
  const painted = new ImageData(shape[1], shape[0]);
  new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength).forEach((gray, i) => painted.data.set([gray, gray, gray, 255], 4 * i));
  canvas.getContext("2d").putImageData(painted, 0, 0);
  canvas.setAttribute("aria-label", words);
}

function render({ model, el }) {
  const { name, layers, weights } = model.get("network");
  const lane = lanes(layers);
  const width = (Math.max(...lane) + 1) * LANE + 4;
  const id = `medlab-layer-${Math.random().toString(36).slice(2)}-`; // JupyterLab's tabs share their ids
  const row = (cells, more = "") => `<div class="row" style="padding-left:${width}px" ${more}>${cells.map(() => "<span></span>").join("")}</div>`;
  el.innerHTML =
    `<style>${STYLE}</style><div class="medlab-network"><p class="head"><b></b> <span></span></p>` +
    `<div class="graph"><div class="scroll">${row([0, 0, 0, 0, 0], 'aria-hidden="true"')}<div class="list" style="position: relative">` +
    `${drawing(layers, lane, width)}<div role="listbox" tabindex="0">` +
    layers.map((_, i) => row([0, 0, 0, 0, 0], `role="option" id="${id}${i}"`)).join("") +
    `</div></div></div><p>Blue: convolution, green: pooling, orange: dense, purple: recurrent. Lines run from a layer down to those that read it.</p></div>` +
    `<div class="maps"><canvas role="img" data-testid="image"></canvas><p class="title"></p><div class="answer"><canvas role="img" data-testid="maps"></canvas>` +
    `<svg class="bars" role="img" viewBox="0 -2 106 64" width="300" height="181"></svg></div><p aria-live="polite"></p>` +
    `<label><span>page</span><input type="range" min="0" step="1" aria-label="page of maps"><output></output></label><p role="alert"></p></div></div>`;
  // The arrows are the widget's; Ctrl+S and its like stay JupyterLab's.
  el.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.stopPropagation());
  const find = (selector) => el.querySelector(selector);
  const [list, scroll, answer, page, output] = [".medlab-network [role=listbox]", ".scroll", ".answer", "input", "output"].map(find);
  const [said, problem, canvas, svg] = ["[aria-live]", "[role=alert]", "[data-testid=maps]", ".bars"].map(find);
  const [head, rows] = [find(".row[aria-hidden]"), [...list.children]];
  head.classList.add("names");
  find(".head b").textContent = name;
  find(".head span").textContent = totals({ layers, weights });
  list.setAttribute("aria-label", `layers of ${name}`);
  const fill = (element, cells) => cells.forEach((text, i) => (element.children[i].textContent = element.children[i].title = text));
  fill(head, ["layer", "kind", "output", "weights", "multiply-adds"]);
  rows.forEach((element, i) => {
    const { name, kind, output, weights, multiply_adds } = layers[i];
    fill(element, [name, kind, sides(output), counted(weights), counted(multiply_adds)]);
  });
  const image = model.get("image");
  if (image.pixels) {
    paint(find("[data-testid=image]"), image, 120, image.title);
    find(".title").textContent = image.title;
  } else {
    find("[data-testid=image]").hidden = true;
    find(".title").textContent = "With an image, NetworkView(model, image) shows what each layer makes of it.";
  }
  // The layer that the keyboard is at, not yet chosen.
  let active = Math.max(0, layers.findIndex((layer) => layer.name === model.get("wanted").layer));
  let moved = false;
  let patience;

  const place = () => {
    rows.forEach((element, i) => element.classList.toggle("active", i === active));
    list.setAttribute("aria-activedescendant", id + active);
    const top = active * ROW;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    if (top + 3 * ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + 3 * ROW - scroll.clientHeight;
  };
  const isStale = () => model.get("wanted").asked !== model.get("shown").asked;
  const draw = () => {
    const [wanted, shown] = [model.get("wanted"), model.get("shown")];
    rows.forEach((element, i) => element.setAttribute("aria-selected", layers[i].name === wanted.layer));
    [answer, said].forEach((element) => element.classList.toggle("stale", isStale()));
    if (isStale()) return;
    problem.textContent = shown.problem ?? "";
    canvas.style.display = shown.pixels ? "" : "none";
    svg.style.display = shown.values ? "" : "none";
    page.disabled = !(shown.pages > 1);
    page.max = Math.max(1, (shown.pages ?? 1) - 1);
    page.value = wanted.page ?? 0;
    const spoken = shown.pages ? `${wanted.page + 1} of ${shown.pages}` : "";
    output.textContent = spoken;
    page.setAttribute("aria-valuetext", spoken);
    const span = shown.span?.map((value) => Number(value.toPrecision(3))) ?? [];
    const middle = layers.find((layer) => layer.name === wanted.layer)?.output.length === 4 ? "; of a volume the middle slice" : "";
    const order = /: maps/.test(shown.title) ? ", row by row" : "";
    const scale = shown.pixels ? `${order}, from ${span[0]} (black) to ${span[1]} (white), no unit${middle}` : `, from ${span[0]} to ${span[1]}, no unit`;
    const words = shown.title ? shown.title + scale : "";
    if (said.textContent !== words) said.textContent = words; // else it is read aloud again
    if (shown.pixels) paint(canvas, shown, 300, words);
    if (shown.values) {
      svg.setAttribute("aria-label", words);
      const zero = height(0, shown.span);
      svg.innerHTML = bars(shown.values, shown.span).map(([x, y, across, tall], i) =>
        `<rect x="${x}" y="${y}" width="${across}" height="${tall}" fill="#0072B2"><title>${shown.first + i}: ${shown.values[i].toPrecision(3)}</title></rect>`,
      ).join("") + `<path d="M0,${zero}H101" stroke="currentColor" stroke-width="0.3"/><text x="101.5" y="${zero + 1.5}">0</text>`;
    }
  };
  const ask = (layer, number) => {
    moved = true;
    model.set("wanted", { layer, page: number, asked: (model.get("wanted").asked ?? 0) + 1 });
    model.save_changes();
    problem.textContent = "";
    clearTimeout(patience);
    patience = setTimeout(() => isStale() && (problem.textContent = SILENT), SILENT_MS);
    draw();
  };
  const choose = (row) => {
    active = row;
    place();
    ask(layers[row].name, 0);
  };
  list.addEventListener("click", (event) => {
    const chosen = rows.indexOf(event.target.closest("[role=option]"));
    if (chosen >= 0) choose(chosen);
  });
  list.addEventListener("keydown", (event) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + 10, PageUp: active - 10, Home: 0, End: rows.length - 1 };
    if (event.key === "Enter" || event.key === " ") choose(active);
    else if (event.key in to) active = Math.min(rows.length - 1, Math.max(0, to[event.key]));
    else return;
    event.preventDefault();
    place();
  });
  page.addEventListener("input", () => ask(model.get("wanted").layer, Number(page.value)));
  const leave = (event) => {
    if (!moved || el.contains(event.relatedTarget)) return;
    moved = false;
    model.set("left", model.get("left") + 1);
    model.save_changes();
  };
  el.addEventListener("focusout", leave);
  place();
  draw();
  model.on("change:shown", draw);
  model.on("change:wanted", draw);
  return () => {
    clearTimeout(patience);
    model.off("change:shown", draw);
    model.off("change:wanted", draw);
  };
}

export default { render };
