"use strict";
// Tables sort by their data-sort values and filter by any text; nothing leaves the page.
for (const card of document.querySelectorAll("[data-table]")) {
  const table = card.querySelector("table"), body = table && table.tBodies[0];
  if (!body) continue;
  const rows = [...body.rows], input = card.querySelector("input[type=search]"), count = card.querySelector("[data-count]");
  if (input) input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    if (count) count.textContent = shown;
  });
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
    const number = "ordered" in head.dataset, value = (row) => row.cells[place].dataset.sort;
    const before = head.getAttribute("aria-sort"), down = before ? before === "ascending" : number;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = [...rows].sort((a, b) => {
      const left = value(a), right = value(b);
      if (left === "" || right === "") return (left === "") - (right === "");
      const less = number ? Number(left) - Number(right) : left.localeCompare(right, document.documentElement.lang);
      return down ? -less : less;
    });
    body.append(...order);
  }));
}
