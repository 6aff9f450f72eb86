// Comfort for pages that are whole without it: suggestions, copy buttons, filtering and sorting of tables, dropping of files, colours.
(() => {
  "use strict";
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  // ---- colours ----
  const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  for (const button of all("[data-theme-switch]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const root = document.documentElement;
      const isDark = root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark();
      root.dataset.theme = isDark ? "light" : "dark";
      try { localStorage.setItem("bodega-theme", root.dataset.theme); } catch { /* for this page only, then */ }
    });
  }

  // ---- copy buttons: <pre data-copy> ----
  const say = make("p", { className: "unseen", role: "status" });
  document.body.append(say);
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Without https there is no clipboard but the old way.
    const area = make("textarea", { value: text, className: "unseen" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  for (const block of all("[data-copy]")) {
    const text = block.textContent;
    const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
    button.setAttribute("aria-label", "Copy " + (block.dataset.copy || "this"));
    button.addEventListener("click", async () => {
      await copy(text);
      button.textContent = "Copied";
      say.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; say.textContent = ""; }, 1600);
    });
    const frame = make("div", { className: "copyable" });
    block.replaceWith(frame);
    frame.append(block, button);
  }

  // ---- suggestions: <input data-suggest="/+search?prefix="> gets {"suggestions": [{"name", "href", "index"?, "summary"?}]} ----
  for (const input of all("input[data-suggest]")) {
    const list = make("ul", { className: "suggestions", id: "suggestions-" + Math.random().toString(36).slice(2), hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    input.closest("form").append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    let chosen = -1, timer = 0, asked = null;
    const close = () => {
      list.hidden = true;
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const choose = (to) => {
      const options = all("[role=option]", list);
      if (options.length === 0) return;
      chosen = (to + options.length) % options.length;
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
      input.setAttribute("aria-activedescendant", options[chosen].id);
      options[chosen].scrollIntoView({ block: "nearest" });
    };
    const show = (suggestions) => {
      list.replaceChildren(...suggestions.map((one, i) => {
        const option = make("li", { id: list.id + "-" + i }, make("strong", { textContent: one.name }));
        option.setAttribute("role", "option");
        option.dataset.href = one.href;
        const more = [one.index, one.summary].filter(Boolean).join(" · ");
        if (more) option.append(make("span", { textContent: more }));
        option.addEventListener("mousedown", (event) => { event.preventDefault(); location.assign(one.href); });
        return option;
      }));
      list.hidden = suggestions.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      chosen = -1;
    };
    const ask = async () => {
      asked?.abort();
      const prefix = input.value.trim();
      if (prefix.length < 2 || /[\s:'"()]/.test(prefix)) return close();
      asked = new AbortController();
      try {
        const response = await fetch(input.dataset.suggest + encodeURIComponent(prefix),
          { headers: { Accept: "application/json" }, signal: asked.signal });
        if (!response.ok) return close();
        const answer = await response.json();
        if (document.activeElement === input) show((answer.suggestions || []).slice(0, 8));
      } catch { /* left behind by a newer question, or no answer: nothing to suggest */ }
    };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 90); });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (list.hidden) return;
      if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen < 0 ? -1 : chosen - 1); }
      if (event.key === "Escape") { event.preventDefault(); close(); }
      if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        location.assign(all("[role=option]", list)[chosen].dataset.href);
      }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    document.querySelector("header input[type=search]")?.focus();
  });

  // ---- tables: data-filter shows a box above long ones, data-sort makes their heads into buttons ----
  for (const table of all("table[data-filter]")) {
    const rows = all("tbody tr", table);
    if (rows.length < 8) continue;
    const label = table.dataset.filter || "Filter";
    const box = make("input", { type: "search", placeholder: label, className: "table-filter" });
    box.setAttribute("aria-label", label);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      rows.forEach((row, i) => { row.hidden = !texts[i].includes(wanted); });
    });
    (table.closest(".scroll") || table).before(box);
  }
  const collator = new Intl.Collator(undefined, { numeric: true });
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell ? cell.dataset.sort ?? cell.textContent.trim() : "";
  };
  for (const table of all("table[data-sort]")) {
    all("thead th", table).forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = make("button", { type: "button", className: "sort", textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = Array.from(body.rows).sort((a, b) => collator.compare(key(a, column), key(b, column)) * (up ? 1 : -1));
        body.append(...rows);
      });
    });
  }

  // ---- dropping files: <label data-drop> around <input type=file> ----
  for (const zone of all("[data-drop]")) {
    const input = zone.querySelector("input[type=file]");
    const told = zone.querySelector("[data-drop-names]");
    const tell = () => { if (told && input.files.length) told.textContent = Array.from(input.files, (file) => file.name).join(", "); };
    input.addEventListener("change", tell);
    for (const kind of ["dragenter", "dragover"]) {
      zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("dropping"); });
    }
    for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("dropping"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      input.files = event.dataTransfer.files;
      tell();
    });
  }

  // ---- what cannot be undone asks once more: <button data-confirm="..."> ----
  for (const button of all("button[data-confirm]")) {
    button.addEventListener("click", (event) => { if (!confirm(button.dataset.confirm)) event.preventDefault(); });
  }

  // ---- <select data-go>: to the address of the chosen one ----
  for (const select of all("select[data-go]")) select.addEventListener("change", () => location.assign(select.value));
})();
