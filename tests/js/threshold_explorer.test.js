import assert from "node:assert/strict";
import { test } from "node:test";

import * as explorer from "../../widgets/medlab_widgets/static/threshold_explorer.js";

test("a pixel and its probability are each other's inverse", () => {
  for (const probability of [0, 0.125, 0.5, 1]) assert.equal(explorer.fromX(explorer.toX(probability)), probability);
  assert.equal(explorer.fromX(-50), 0);
  assert.equal(explorer.fromX(5000), 1);
});

test("each step of a slider over powers of ten is another number of two digits", () => {
  const { fromPosition, toPosition } = explorer;
  assert.equal(fromPosition(0), 0.0001);
  assert.equal(fromPosition(toPosition(0.01)), 0.01);
  assert.equal(fromPosition(toPosition(0.01) + 1), 0.011);
  assert.equal(fromPosition(toPosition(0.01) - 1), 0.0099);
  assert.equal(fromPosition(toPosition(0.0343)), 0.034);
  assert.equal(fromPosition(toPosition(0.0999)), 0.1);
  const values = Array.from({ length: toPosition(0.9) + 1 }, (_, i) => fromPosition(i));
  assert.equal(values.at(-1), 0.9);
  values.forEach((value, i) => assert.equal(toPosition(value), i));
  assert.ok(values.every((value, i) => i === 0 || value > values[i - 1]));
});

test("percentages are written as one reads them", () => {
  assert.equal(explorer.percent(0.01), "1 %");
  assert.equal(explorer.percent(0.0001), "0.01 %");
  assert.equal(explorer.percent(0.5), "50 %");
});

test("histograms grow up and down from the middle", () => {
  const middle = (explorer.PLOT.top + explorer.PLOT.height - explorer.PLOT.bottom) / 2;
  const up = explorer.outline([1, 0], 1, 1);
  const down = explorer.outline([1, 0], 1, -1);
  assert.ok(up.includes(` ${explorer.PLOT.top.toFixed(1)}`));
  assert.ok(down.includes(` ${(explorer.PLOT.height - explorer.PLOT.bottom).toFixed(1)}`));
  assert.ok(up.startsWith(`M${explorer.toX(0)} ${middle}`) && up.endsWith("Z"));
});

test("the tables put called before not called, and escape names", () => {
  const facts = { matrix: [[4, 1], [2, 3000]], rows: [["sensitivity", "0.750"]] };
  const html = explorer.tables(facts, ["well", "<ill>"]);
  assert.match(html, /truly &#60;ill&#62;<\/th><td>3,000<\/td><td>2<\/td>/);
  assert.match(html, /truly well<\/th><td>1<\/td><td>4<\/td>/);
  assert.match(html, /<th>sensitivity<\/th><td>0\.750<\/td>/);
});
