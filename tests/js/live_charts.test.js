import assert from "node:assert/strict";
import { test } from "node:test";

import * as charts from "../../widgets/medlab_widgets/static/live_charts.js";

const LINE = { name: "run 1", x: [1, 2, 3], y: [0.9, 0.7, 0.5], color: "#0072B2", dashed: false };
const CHART = { x_label: "epoch", y_label: "loss", mark: null, mark_name: "", lines: [LINE] };

test("ticks are round numbers inside the range", () => {
  assert.deepEqual(charts.ticks(0, 1, 5), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  assert.deepEqual(charts.ticks(1, 12, 5, true), [5, 10]);
  assert.deepEqual(charts.ticks(1, 3, 5, true), [1, 2, 3]);
  for (const [low, high] of [[0.513, 0.688], [-3, 41], [1e-7, 3e-6], [0.1, 5000]]) {
    const positions = charts.ticks(low, high);
    assert.ok(positions.length >= 2 && positions.length <= 11, `${positions}`);
    assert.ok(positions.every((tick) => tick >= low - 1e-12 && tick <= high * (1 + 1e-12)));
  }
});

test("a tick is written without the rounding error of its sum", () => {
  assert.equal(charts.label(0.6000000000000001), "0.6");
  assert.equal(charts.label(1e-6), "0.000001");
});

test("a range of one value has room on both sides", () => {
  assert.deepEqual(charts.extent([5]), [4.5, 5.5]);
  assert.deepEqual(charts.extent([0, 0]), [-0.5, 0.5]);
  assert.deepEqual(charts.extent([]), [0, 1]);
});

test("pixels of the vertical axis grow downwards", () => {
  const toY = charts.scale(0, 10, 200, 100);
  assert.equal(toY(0), 200);
  assert.equal(toY(10), 100);
  assert.equal(toY(2.5), 175);
});

test("a path joins the points", () => {
  assert.equal(charts.path([0, 1], [0, 2], (x) => x, (y) => 10 - y), "M0.0 10.0 L1.0 8.0");
});

test("a drawing tells its points and escapes what it is given", () => {
  const svg = charts.drawing({ ...CHART, y_label: "<b>loss</b>" });
  assert.match(svg, /data-points="3"/);
  assert.equal((svg.match(/<circle/g) ?? []).length, 3);
  assert.ok(!svg.includes("<b>"));
  assert.ok(!svg.includes("NaN"));
});

test("a chart without points says so and draws no axis", () => {
  const svg = charts.drawing({ ...CHART, lines: [{ ...LINE, x: [], y: [] }], mark: 3 });
  assert.match(svg, /nothing yet/);
  assert.ok(!svg.includes("<line"));
});

test("long curves have no marks, dashed ones a dash", () => {
  const x = Array.from({ length: 60 }, (_, i) => i);
  const svg = charts.drawing({ ...CHART, lines: [{ ...LINE, x, y: x, dashed: true }] });
  assert.ok(!svg.includes("<circle"));
  assert.match(svg, /stroke-dasharray="6 4"/);
});

test("the legend names what has a name and points", () => {
  const lines = [LINE, { ...LINE, name: "" }, { ...LINE, name: "run 2", x: [], y: [] }];
  const html = charts.legend({ ...CHART, lines, mark: 2, mark_name: "kept: epoch 2" });
  assert.match(html, /run 1/);
  assert.match(html, /kept: epoch 2/);
  assert.equal((html.match(/<span>/g) ?? []).length, 2);
});

test("what is under the pointer is the nearest place that was measured, with the value of each curve", () => {
  const lines = [LINE, { ...LINE, name: "", dashed: true, y: [1, 0.81234567, 0.6] }, { ...LINE, name: "run 2", x: [1], y: [2] }];
  const chart = { ...CHART, lines };
  assert.deepEqual(charts.valuesAt(chart, 1.9), { place: 2, text: "epoch 2: run 1 0.7, run 1, dashed 0.8123" });
  assert.equal(charts.valuesAt(chart, -5).text, "epoch 1: run 1 0.9, run 1, dashed 1, run 2 2");
  assert.equal(charts.valuesAt({ ...CHART, lines: [] }, 1), null);
  const { toX, fromX } = charts.layout(chart, false);
  assert.ok(Math.abs(fromX(toX(2.5)) - 2.5) < 1e-9);
});

test("a logarithmic axis is for positive values, and equal ratios are equal lengths", () => {
  const chart = { ...CHART, lines: [{ ...LINE, y: [1, 0.1, 0.01] }] };
  const { toY } = charts.layout(chart, true);
  assert.ok(Math.abs(toY(0.1) - toY(1) - (toY(0.01) - toY(0.1))) < 1e-9);
  assert.ok(charts.allPositive(chart));
  assert.ok(!charts.allPositive({ ...CHART, lines: [{ ...LINE, y: [1, 0, 2] }] }));
  assert.ok(!charts.allPositive({ ...CHART, lines: [] }));
  const svg = charts.drawing(chart, { logarithmic: true, alt: "Loss" });
  for (const tick of ["0.01", "0.1", ">1<"]) assert.ok(svg.includes(tick), tick);
  assert.match(svg, /role="img" aria-label="Loss"/);
  assert.ok(!svg.includes("NaN"));
});

test("ticks of a logarithmic axis lie inside it, also where it is short", () => {
  for (const [low, high] of [[-2, 0], [-0.3, -0.2], [0, 4.5], [-6.2, -6.1]]) {
    const positions = charts.logTicks(low, high);
    assert.ok(positions.length >= 2, `${low} ${high}`);
    assert.ok(positions.every((position) => position >= low - 1e-9 && position <= high + 1e-9));
  }
});
