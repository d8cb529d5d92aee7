// Curves from plain numbers: see LiveCharts in live_charts.py. The functions are pure, so `node --test` calls them.

export const SIZE = { width: 232, height: 188, left: 52, right: 14, top: 22, bottom: 38 };
const MARKED = 40; // points up to which each is marked

export function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Lowest and highest of the numbers; a single value gets room on both sides. */
export function extent(values) {
  if (!values.length) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (low < high) return [low, high];
  const room = Math.abs(low) / 10 || 0.5;
  return [low - room, high + room];
}

/** Round numbers between low and high, about `wanted` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(low, high, wanted = 5, integers = false) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
  if (integers) step = Math.max(1, Math.round(step));
  const positions = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) positions.push(i * step || 0); // not -0
  return positions;
}

/** A tick as text, without the rounding errors of its sum. */
export function label(value, digits = 6) {
  return String(Number(value.toPrecision(digits)));
}

/** Map numbers from [low, high] to pixels from `start` to `end`. */
export function scale(low, high, start, end) {
  return (value) => start + ((value - low) / (high - low)) * (end - start);
}

/** Whether a chart's values can be drawn on a logarithmic axis. */
export function allPositive(chart) {
  const values = chart.lines.flatMap((line) => line.y);
  return values.length > 0 && values.every((value) => value > 0);
}

/** Ticks of a logarithmic axis between two powers of ten: 1, 2 and 5 times the powers between, or the powers alone. */
export function logTicks(low, high) {
  const powers = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const factors = high - low > 2 ? [1] : [1, 2, 5];
  const values = powers.flatMap((power) => factors.map((factor) => factor * 10 ** power));
  const inside = values.map(Math.log10).filter((position) => position >= low && position <= high);
  return inside.length > 1 ? inside : ticks(10 ** low, 10 ** high, 4).map(Math.log10);
}

/** The place nearest to x where something was measured, and each named curve's value there. */
export function valuesAt(chart, x) {
  const places = [...new Set(chart.lines.flatMap((line) => line.x))];
  if (!places.length) return null;
  const place = places.reduce((best, other) => (Math.abs(other - x) < Math.abs(best - x) ? other : best));
  const values = [];
  let name = "";
  for (const line of chart.lines) {
    if (line.name) name = line.name;
    const at = line.x.indexOf(place);
    // The dashed curve of a run has its color and no name of its own.
    if (at >= 0) values.push(`${line.name || `${name}, dashed`} ${label(line.y[at], 4)}`);
  }
  return { place, text: `${chart.x_label} ${label(place)}: ${values.join(", ")}` };
}

/** The path of a curve: "M x y L x y ...". */
export function path(xs, ys, toX, toY) {
  return xs.map((x, i) => `${i ? "L" : "M"}${toX(x).toFixed(1)} ${toY(ys[i]).toFixed(1)}`).join(" ");
}

function axes(chart, toX, toY, xTicks, yTicks, written) {
  const { width, height, left, right, bottom, top } = SIZE;
  const parts = [];
  for (const y of yTicks) {
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${toY(y)}" y2="${toY(y)}" class="grid"/>`);
    parts.push(`<text x="${left - 6}" y="${toY(y) + 4}" text-anchor="end">${label(written(y), 4)}</text>`);
  }
  for (const x of xTicks) {
    parts.push(`<line x1="${toX(x)}" x2="${toX(x)}" y1="${top}" y2="${height - bottom}" class="grid"/>`);
    parts.push(`<text x="${toX(x)}" y="${height - bottom + 15}" text-anchor="middle">${label(x)}</text>`);
  }
  const middle = (top + height - bottom) / 2;
  const across = (left + width - right) / 2;
  parts.push(`<text x="${across}" y="${height - 8}" text-anchor="middle">${escape(chart.x_label)}</text>`);
  parts.push(
    `<text transform="translate(12 ${middle}) rotate(-90)" text-anchor="middle">${escape(chart.y_label)}</text>`,
  );
  return parts.join("");
}

function curve(line, toX, toY) {
  const dash = line.dashed ? ' stroke-dasharray="6 4"' : "";
  const d = path(line.x, line.y, toX, toY);
  const marks = line.x.length > MARKED ? [] : line.x.map((x, i) => [toX(x), toY(line.y[i])]);
  const dots = marks.map(([x, y]) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.5" fill="${line.color}"/>`);
  return (
    `<path d="${d}" fill="none" stroke="${line.color}" stroke-width="1.8"${dash} ` +
    `data-points="${line.x.length}"/>${dots.join("")}`
  );
}

/** Where numbers of a chart lie in its SVG. */
export function layout(chart, logarithmic) {
  const { width, height, left, right, top, bottom } = SIZE;
  const drawn = chart.lines.filter((line) => line.x.length);
  const xs = drawn.flatMap((line) => line.x);
  const [x0, x1] = extent(chart.mark === null ? xs : [...xs, chart.mark]);
  const asDrawn = logarithmic ? Math.log10 : (value) => value;
  const [y0, y1] = extent(drawn.flatMap((line) => line.y).map(asDrawn));
  const pad = (y1 - y0) * 0.06;
  const place = scale(y0 - pad, y1 + pad, height - bottom, top);
  const toX = scale(x0, x1, left, width - right);
  const fromX = scale(left, width - right, x0, x1);
  return { drawn, x: [x0, x1], y: [y0 - pad, y1 + pad], toX, fromX, place, toY: (value) => place(asDrawn(value)) };
}

/** One chart as the text of an SVG. */
export function drawing(chart, { logarithmic = false, alt = "" } = {}) {
  const { width, height, top, bottom } = SIZE;
  const { drawn, x, y, toX, toY, place } = layout(chart, logarithmic);
  const empty = drawn.length ? "" : `<text x="${width / 2}" y="${height / 2}" text-anchor="middle">nothing yet</text>`;
  const line = (at, kind) => `<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}" class="${kind}"/>`;
  const mark = chart.mark === null || !drawn.length ? "" : line(toX(chart.mark), "mark");
  const yTicks = logarithmic ? logTicks(...y) : ticks(...y, 4);
  const written = (tick) => (logarithmic ? 10 ** tick : tick);
  const frame = drawn.length ? axes(chart, toX, place, ticks(...x, 5, true), yTicks, written) : empty;
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(alt)}">` +
    `${frame}${mark}${drawn.map((curved) => curve(curved, toX, toY)).join("")}${drawn.length ? line(-10, "pointed") : ""}</svg>`
  );
}

/** The names of a chart's curves with a piece of each line. */
export function legend(chart) {
  const piece = (color, dash) =>
    `<svg width="26" height="10"><line x1="0" x2="26" y1="5" y2="5" stroke="${color}" stroke-width="2" ${dash}/></svg>`;
  const named = chart.lines.filter((line) => line.name && line.x.length);
  const items = named.map((line) => [piece(line.color, line.dashed ? 'stroke-dasharray="6 4"' : ""), line.name]);
  if (chart.mark !== null && chart.mark_name) items.push([piece("currentColor", 'stroke-dasharray="2 3"'), chart.mark_name]);
  return items.map(([line, name]) => `<span>${line} ${escape(name)}</span>`).join("");
}

const STYLE = `
.medlab-charts { display: flex; flex-wrap: wrap; gap: 4px 12px; font-size: 12px; }
.medlab-charts figure { margin: 0; position: relative; }
.medlab-charts figcaption { display: flex; flex-wrap: wrap; gap: 2px 12px; padding-left: 8px; max-width: 224px; font-size: 11px; }
.medlab-charts output { display: block; min-height: 1.3em; padding-left: 52px; max-width: 178px; }
.medlab-charts button { position: absolute; top: 0; right: 0; font-size: 11px; padding: 1px 6px; }
.medlab-charts button { color: inherit; background: none; border: 1px solid currentColor; border-radius: 3px; }
.medlab-charts button[aria-pressed="true"] { background: #0072B2; color: #FFFFFF; }
.medlab-charts text { fill: currentColor; font-size: 11px; }
.medlab-charts .grid { stroke: currentColor; stroke-opacity: 0.15; }
.medlab-charts .mark { stroke: currentColor; stroke-dasharray: 2 3; }
.medlab-charts .pointed { stroke: currentColor; stroke-opacity: 0.5; }
`;

/** One chart of a view, with what the reader chose for it: it stays while the data change. */
function figure(alt) {
  const element = document.createElement("figure");
  element.innerHTML = `<button type="button" aria-pressed="false">log</button><div></div><figcaption></figcaption><output></output>`;
  const [button, box, caption, output] = element.children;
  let chart = null;
  let pointer = null;
  let logarithmic = false;
  const point = () => {
    const found = pointer === null || !chart ? null : valuesAt(chart, layout(chart, logarithmic).fromX(pointer));
    output.textContent = found ? found.text : "";
    const at = found ? layout(chart, logarithmic).toX(found.place) : -10;
    for (const end of ["x1", "x2"]) box.querySelector(".pointed")?.setAttribute(end, at);
  };
  const draw = () => {
    const possible = allPositive(chart);
    button.hidden = !possible;
    button.setAttribute("aria-pressed", logarithmic && possible);
    button.setAttribute("aria-label", `${chart.y_label}: logarithmic axis`);
    box.innerHTML = drawing(chart, { logarithmic: logarithmic && possible, alt: `${chart.y_label}. ${alt()}` });
    caption.innerHTML = legend(chart);
    point();
  };
  button.addEventListener("click", () => {
    logarithmic = !logarithmic;
    draw();
  });
  box.addEventListener("pointermove", (event) => {
    pointer = event.clientX - box.getBoundingClientRect().left;
    point();
  });
  box.addEventListener("pointerleave", () => {
    pointer = null;
    point();
  });
  return { element, show: (shown) => ((chart = shown), draw()) };
}

function render({ model, el }) {
  el.innerHTML = `<style>${STYLE}</style><div class="medlab-charts" role="group" data-testid="charts"></div>`;
  const group = el.querySelector(".medlab-charts");
  const figures = [];
  const draw = () => {
    const charts = model.get("charts");
    while (figures.length < charts.length) {
      figures.push(figure(() => model.get("alt")));
      group.append(figures.at(-1).element);
    }
    while (figures.length > charts.length) figures.pop().element.remove();
    charts.forEach((chart, i) => figures[i].show(chart));
    group.setAttribute("aria-label", model.get("alt"));
  };
  draw();
  model.on("change:charts", draw);
  model.on("change:alt", draw);
  return () => {
    model.off("change:charts", draw);
    model.off("change:alt", draw);
  };
}

export default { render };
