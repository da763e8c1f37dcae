"use strict";
// Tables sort by their data-sort values and filter by any text, over all rows the page holds; it draws some at a time.
const whole = (row) => (row.words ??= row.textContent.toLowerCase());
function drawn(values, small) {
  const row = document.createElement("tr");
  for (const value of values) {
    const [text, sort = null, kind = "", href = "", few = 0, spark = ""] = Array.isArray(value) ? value : [value];
    const cell = row.insertCell();
    cell.className = kind;
    cell.dataset.sort = sort === null ? text : sort;
    if (spark) cell.innerHTML = spark; // numbers drawn by the report itself
    else if (href || few) {
      const inside = cell.appendChild(document.createElement(href ? "a" : "span"));
      if (href) inside.href = href;
      else Object.assign(inside, { className: "small-number", title: small });
      inside.textContent = text;
    } else cell.textContent = text;
  }
  return row;
}
for (const card of document.querySelectorAll("[data-table]")) {
  const table = card.querySelector("table"), body = table && table.tBodies[0];
  if (!body) continue;
  const input = card.querySelector("input[type=search]"), count = card.querySelector("[data-count]");
  const more = card.querySelector("[data-more]"), rest = card.querySelector("[data-rest]"), step = Number(card.dataset.step);
  let rows = null, limit = step;
  const all = () => (rows ??= [...body.rows, ...(rest ? JSON.parse(rest.textContent).map((values) => drawn(values, card.dataset.small)) : [])]);
  const show = () => {
    const wanted = input ? input.value.trim().toLowerCase().split(/\s+/) : [""];
    const kept = all().filter((row) => wanted.every((word) => whole(row).includes(word)));
    body.replaceChildren(...kept.slice(0, limit));
    if (count) count.textContent = kept.length;
    if (more) more.hidden = kept.length <= limit;
  };
  if (input) input.addEventListener("input", () => { limit = step; show(); });
  if (more) more.addEventListener("click", () => { limit += step; show(); });
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
    const number = "ordered" in head.dataset, value = (row) => row.cells[place].dataset.sort;
    const before = head.getAttribute("aria-sort"), down = before ? before === "ascending" : number;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const words = new Intl.Collator(document.documentElement.lang);
    all().sort((a, b) => {
      const left = value(a), right = value(b);
      if (left === "" || right === "") return (left === "") - (right === "");
      const less = number ? Number(left) - Number(right) : words.compare(left, right);
      return down ? -less : less;
    });
    show();
  }));
}
// One heat map at a time on the screen; paper shows them all.
const maps = [...document.querySelectorAll(".heat-map")], choices = [...document.querySelectorAll("[data-heat]")];
function choose(id) {
  for (const map of maps) map.hidden = map.id !== id;
  for (const choice of choices) choice.setAttribute("aria-pressed", choice.dataset.heat === id);
}
for (const choice of choices) choice.addEventListener("click", () => choose(choice.dataset.heat));
if (choices.length) choose(choices[0].dataset.heat);
