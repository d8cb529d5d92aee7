// Where a training is, and whether the kernel hears: see StatusLine in status_line.py.

export const CONFIRM_MS = 130; // a subshell confirms a click within 50 ms
export const SILENT_MS = 10000; // a kernel at work sends five times a second, compiling takes seconds

/** What a page says of a kernel, in the order of how much it knows; "" where all is well. */
export function trouble({ disconnected, working, silentMs, waiting, busy }) {
  const again =
    "Run this cell again to get one that works. A training that was given a folder is still there, and can be resumed.";
  if (disconnected) return `The kernel was restarted, and knows nothing of this panel. ${again}`;
  if (waiting && busy) return "Queued: the notebook is busy. Your click is answered when the running cell has ended.";
  if (working && silentMs > SILENT_MS) {
    const seconds = Math.round(silentMs / 1000);
    return `Nothing has been heard from the kernel for ${seconds} s. If it was restarted or has died, what is shown is old. ${again}`;
  }
  if (waiting) return `Queued: the kernel has not answered yet. If it was restarted, it never will. ${again}`;
  return "";
}

/** Whether a cell of the same notebook is running; true where nobody can tell. */
export function isBusy(element) {
  const notebook = element.closest(".jp-Notebook");
  if (!notebook) return true;
  return [...notebook.querySelectorAll(".jp-InputArea-prompt")].some((prompt) => prompt.textContent.includes("[*]"));
}

/** Give the keyboard back to the button that had it before the page drew the panel anew. */
function refocus(root, name) {
  const buttons = [...root.querySelectorAll("button.widget-button")].filter((button) => !button.disabled);
  (buttons.find((button) => button.textContent === name) ?? buttons[0])?.focus();
}

/** Tell readers who cannot see them what the sliders of ipywidgets are called, and what their numbers stand for. */
export function nameSliders(root) {
  for (const handle of root.querySelectorAll(".widget-slider [role=slider]")) {
    const said = (part) => handle.closest(".widget-slider").querySelector(part)?.textContent ?? "";
    handle.setAttribute("aria-label", said(".widget-label"));
    handle.setAttribute("aria-valuetext", said(".widget-readout"));
  }
}

function render({ model, el }) {
  const watched = model.get("watched");
  const state = document.createElement("p");
  const problem = document.createElement("p");
  const note = document.createElement("p");
  problem.setAttribute("role", "alert");
  note.setAttribute("role", "status");
  for (const line of [problem, note]) {
    // Vermilion alone is too faint on white for small text; the bar beside it carries the color.
    line.style.cssText = "border-left: 4px solid #D55E00; padding-left: 8px; font-weight: 600";
  }
  el.append(state, problem, note);
  let heardAt = Date.now();
  let waitingFor = null;

  const look = () => {
    const disconnected = el.closest(".jupyter-widgets-disconnected") !== null;
    if (waitingFor !== model.get("heard")) waitingFor = null;
    const waiting = waitingFor !== null;
    const silentMs = Date.now() - heardAt;
    note.textContent = trouble({ disconnected, working: model.get("working"), silentMs, waiting, busy: isBusy(el) });
    note.hidden = !note.textContent;
  };
  const write = () => {
    state.textContent = model.get("text");
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
  };
  const beat = () => {
    heardAt = Date.now();
    look();
  };
  const click = (event) => {
    const button = event.target.closest?.("button.widget-button");
    const root = el.closest(`.${watched}`);
    if (!button || button.disabled || !root?.contains(button)) return;
    const before = model.get("heard");
    setTimeout(() => {
      if (model.get("heard") === before) waitingFor = before;
      look();
    }, CONFIRM_MS);
  };
  // Kept by the page: this view ends, with its closure, when the panel is drawn anew.
  const focus = (event) => {
    const inside = el.closest(`.${watched}`)?.contains(event.target);
    if (inside) window.medlabFocus = { watched, name: event.target.textContent };
    else if (window.medlabFocus?.watched === watched) window.medlabFocus = null;
  };
  const sliders = new MutationObserver(() => nameSliders(el.closest(`.${watched}`) ?? el));
  document.addEventListener("click", click, true);
  document.addEventListener("focusin", focus);
  setTimeout(() => {
    const root = el.closest(`.${watched}`);
    const lost = window.medlabFocus?.watched === watched && document.activeElement === document.body;
    if (root && lost) refocus(root, window.medlabFocus.name);
    if (!root) return;
    nameSliders(root);
    sliders.observe(root, { subtree: true, childList: true, characterData: true });
  }, 300);
  const timer = setInterval(look, 1000);
  write();
  look();
  const written = ["change:text", "change:problem"];
  written.forEach((name) => model.on(name, write));
  model.on("change:beat", beat);
  model.on("change:heard", beat);
  model.on("change:working", look);
  return () => {
    clearInterval(timer);
    sliders.disconnect();
    document.removeEventListener("click", click, true);
    document.removeEventListener("focusin", focus);
    written.forEach((name) => model.off(name, write));
    model.off("change:beat", beat);
    model.off("change:heard", beat);
    model.off("change:working", look);
  };
}

export default { render };
