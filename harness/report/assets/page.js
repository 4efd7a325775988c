"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // Theme: what was chosen here before, else what the system prefers.
  const themes = ["auto", "light", "dark"];
  const theme = byId("theme");
  const stored = () => { try { return localStorage.getItem("nt-theme"); } catch { return null; } };
  const show = (name) => {
    if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
  };
  let current = themes.includes(stored()) ? stored() : "auto";
  show(current);
  theme.hidden = false;
  theme.addEventListener("click", () => {
    current = themes[(themes.indexOf(current) + 1) % themes.length];
    try { localStorage.setItem("nt-theme", current); } catch { /* A page from disk may have no storage. */ }
    show(current);
  });

  // Copy: the clipboard where the browser allows it, else a selection to copy by hand.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = byId(button.dataset.copy);
      const label = button.textContent;
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }

  const table = byId("cell-table");
  const body = table.tBodies[0];
  const rows = [...body.rows];

  // Sort: numbers by value, words by letters; what has no value stands last either way.
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v ?? (cell.classList.contains("number") ? "" : cell.textContent);
  };
  const compare = (first, second) => {
    if (first === "" || second === "") return (first === "") - (second === "");
    const [a, b] = [Number(first), Number(second)];
    return Number.isNaN(a) || Number.isNaN(b) ? first.localeCompare(second) : a - b;
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((row, at) => [key(row, column), at, row]);
      keyed.sort(([a, i], [b, j]) => (down && a !== "" && b !== "" ? compare(b, a) : compare(a, b)) || i - j);
      body.append(...keyed.map((entry) => entry[2]));
    });
  });

  // Filter: every choice must hold, and the words must occur somewhere in the row.
  const filter = byId("filter");
  const apply = () => {
    const wanted = Object.fromEntries(new FormData(filter));
    const words = wanted.text.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const is = Object.entries(wanted).every(([name, value]) => name === "text" || !value || row.dataset[name] === value);
      row.hidden = !(is && row.textContent.toLowerCase().includes(words));
      shown += row.hidden ? 0 : 1;
    }
    byId("shown").textContent = `${shown} of ${rows.length} cells`;
  };
  filter.hidden = false;
  filter.addEventListener("input", apply);
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("reset", () => setTimeout(apply));
  apply();

  // Drawers: a cell's template is put into the one dialog, which keeps the focus and closes on Escape.
  const drawer = byId("drawer");
  body.addEventListener("click", (event) => {
    const button = event.target.closest("button.open-drawer");
    if (!button) return;
    byId("drawer-contents").replaceChildren(byId(`cell-${button.dataset.drawer}`).content.cloneNode(true));
    drawer.showModal();
    drawer.scrollTop = 0;
  });
  drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
})();
