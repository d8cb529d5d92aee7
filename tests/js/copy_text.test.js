import assert from "node:assert/strict";
import { test } from "node:test";

import { copy } from "../../widgets/medlab_widgets/static/copy_text.js";

test("with a clipboard the text goes there", async () => {
  const written = [];
  const browser = { clipboard: { writeText: async (text) => written.push(text) } };
  assert.equal(await copy("1 + 1", {}, browser), true);
  assert.deepEqual(written, ["1 + 1"]);
});

test("without one it is selected and copied, and nothing stays on the page", async () => {
  const log = [];
  const field = { select: () => log.push("select"), remove: () => log.push("remove") };
  const page = {
    createElement: () => field,
    body: { append: () => log.push("append") },
    execCommand: (command) => log.push(command) > 0,
  };
  assert.equal(await copy("1 + 1", page, {}), true);
  assert.equal(field.value, "1 + 1");
  assert.deepEqual(log, ["append", "select", "copy", "remove"]);
});
