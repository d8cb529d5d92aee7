import assert from "node:assert/strict";
import { test } from "node:test";

import * as view from "../../widgets/medlab_widgets/static/network_view.js";

const graph = (...parents) => parents.map((of) => ({ parents: of }));

test("a chain stands in one lane, and each line is straight", () => {
  const lane = view.lanes(graph([], [0], [1]));
  assert.deepEqual(lane, [0, 0, 0]);
  assert.equal(view.line(lane, 0, 1), "M8,11V33");
});

test("a skip goes straight on, and what it skips stands beside it", () => {
  // 0 is read by 1 and by the sum 3; 3 is read by 4 and by the sum 6, whose branch has two layers.
  const lane = view.lanes(graph([], [0], [1], [2, 0], [3], [4], [5, 3]));
  assert.deepEqual(lane, [0, 1, 1, 0, 1, 1, 0]);
  assert.equal(view.line(lane, 0, 3), "M8,11V77");
  assert.equal(view.line(lane, 2, 3), "M24,55V55C24,66 8,66 8,77");
});

test("branches have lanes of their own, which are free again where they end", () => {
  // Three branches of 0 come together in 4; 5 follows, and its two branches in 8.
  assert.deepEqual(view.lanes(graph([], [0], [0], [0], [1, 2, 3], [4], [5], [5], [6, 7])), [0, 1, 2, 0, 0, 0, 1, 0, 0]);
});

test("two layers never stand where a line of others passes", () => {
  const layers = graph([], [0], [0], [1], [2, 0], [3, 4], [0, 5], [6, 1]);
  const lane = view.lanes(layers);
  layers.forEach(({ parents }, child) =>
    parents.forEach((parent) => {
      for (let row = parent + 1; row < child; row++) assert.notEqual(lane[row], lane[parent], `${parent} to ${child}`);
    }),
  );
});

test("numbers, sides and totals are told in words", () => {
  assert.deepEqual([0, 320, 18496, 1234567, null].map(view.counted), ["0", "320", "18,496", "1,234,567", "?"]);
  assert.deepEqual([[5, 5, 64], [null, 8], []].map(view.sides), ["5 × 5 × 64", "any × 8", "one number"]);
  const layers = [{ multiply_adds: 0 }, { multiply_adds: 1200 }];
  assert.equal(view.totals({ weights: 30, layers }), "2 layers, 30 weights, 1,200 multiply-adds for one image");
  layers.push({ multiply_adds: null });
  assert.match(view.totals({ weights: 30, layers }), /\? multiply-adds/);
});

test("bars stand on 0, up and down", () => {
  assert.deepEqual(view.bars([1, -2], [-2, 4]), [[0, 30, 40, 10], [50, 40, 40, 20]]);
  assert.deepEqual(view.bars([0], [0, 0]), [[0, 0, 80, 0]]);
});
