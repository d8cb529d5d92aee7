// A text and a button that copies it: see CopyText in copy_text.py.

/** Put a text into the clipboard; on a page without https, where browsers refuse, by a selection. */
export async function copy(text, page = document, browser = navigator) {
  if (browser.clipboard) {
    await browser.clipboard.writeText(text);
    return true;
  }
  const field = page.createElement("textarea");
  field.value = text;
  page.body.append(field);
  field.select();
  const done = page.execCommand("copy");
  field.remove();
  return done;
}

function render({ model, el }) {
  const button = document.createElement("button");
  const answer = document.createElement("span");
  const shown = document.createElement("pre");
  button.className = "jupyter-button";
  button.style.width = "auto";
  answer.setAttribute("role", "status");
  answer.style.marginLeft = "8px";
  shown.style.cssText = "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; margin: 4px 0; font-size: 12px; user-select: text";
  const write = () => {
    button.textContent = model.get("label");
    shown.textContent = model.get("text");
    answer.textContent = "";
  };
  const press = async () => {
    let done = false;
    try {
      done = await copy(model.get("text"));
    } catch {
      done = false; // the browser asked and somebody said no
    }
    answer.textContent = done ? "copied" : "the browser does not allow it: select the text below";
  };
  button.addEventListener("click", press);
  write();
  el.append(button, answer, shown);
  model.on("change:label", write);
  model.on("change:text", write);
  return () => {
    model.off("change:label", write);
    model.off("change:text", write);
  };
}

export default { render };
