import assert from "node:assert/strict";
import { test } from "node:test";

import { SILENT_MS, isBusy, trouble } from "../../widgets/medlab_widgets/static/status_line.js";

const well = { disconnected: false, working: true, silentMs: 300, waiting: false, busy: false };

test("where all is well nothing is said", () => {
  assert.equal(trouble(well), "");
  assert.equal(trouble({ ...well, busy: true }), "");
  assert.equal(trouble({ ...well, working: false, silentMs: 1e9 }), "");
});

test("a click behind a running cell is queued", () => {
  assert.match(trouble({ ...well, waiting: true, busy: true }), /^Queued: the notebook is busy\./);
  assert.match(trouble({ ...well, waiting: true }), /^Queued: the kernel has not answered yet\./);
});

test("a kernel that was restarted or is silent is told, and what to do", () => {
  assert.match(trouble({ ...well, disconnected: true, waiting: true, busy: true }), /was restarted.*Run this cell again/);
  assert.match(trouble({ ...well, silentMs: SILENT_MS + 2000 }), /heard from the kernel for 12 s.*Run this cell again/);
  assert.equal(trouble({ ...well, silentMs: SILENT_MS }), "");
});

test("busy is told by the prompts of the same notebook", () => {
  const notebook = (...texts) => ({
    closest: () => ({ querySelectorAll: () => texts.map((textContent) => ({ textContent })) }),
  });
  assert.equal(isBusy(notebook("[1]:", "[*]:")), true);
  assert.equal(isBusy(notebook("[1]:", "[ ]:")), false);
  assert.equal(isBusy({ closest: () => null }), true);
});
