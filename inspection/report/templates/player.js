"use strict";
// Marks, turns and the waveform lead to their moment; the keyboard does the same. Works without audio: then it only scrolls.
const audio = document.querySelector("audio"), track = document.querySelector(".track"), head = document.getElementById("head");
const length = Number(track.dataset.length) / 1000, pins = [...document.querySelectorAll(".pin")], turns = [...document.querySelectorAll(".turn")];
const starts = turns.map((turn) => Number(turn.dataset.start) / 1000);
let chosen = -1, now = null;

function place(seconds) {
  const x = (1000 * Math.min(seconds, length)) / length;
  head.setAttribute("x1", x);
  head.setAttribute("x2", x);
}
function seek(seconds, play) {
  const target = Math.max(0, Math.min(seconds, length));
  place(target);
  if (!audio) return;
  audio.currentTime = target;
  if (play) audio.play().catch(() => {});
}
function choose(id, play = true) {
  const mark = document.querySelector(`mark[data-marks~="${id}"]`);
  for (const other of document.querySelectorAll("mark.chosen")) other.classList.remove("chosen");
  chosen = pins.findIndex((pin) => pin.dataset.mark === id);
  pins.forEach((pin, index) => pin.setAttribute("aria-current", index === chosen));
  if (mark) {
    mark.classList.add("chosen");
    mark.scrollIntoView({ block: "center" });
  }
  const at = pins[chosen] ? pins[chosen].dataset.ms : mark && mark.dataset.ms;
  if (at) seek(Number(at) / 1000 - 2, play);
}
function step(by) {
  if (!pins.length) return;
  const next = chosen < 0 ? (by > 0 ? 0 : pins.length - 1) : (chosen + by + pins.length) % pins.length;
  choose(pins[next].dataset.mark);
}
document.addEventListener("click", (event) => {
  const leads = event.target.closest("[data-mark]"), mark = event.target.closest("mark[data-marks]"), at = event.target.closest("[data-seek]");
  if (leads) choose(leads.dataset.mark);
  else if (mark) choose(mark.dataset.marks.split(" ")[0]);
  else if (at) seek(Number(at.dataset.seek) / 1000, true);
  else if (event.target.closest(".track")) {
    const box = track.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * length, false);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const from = audio ? audio.currentTime : 0;
  const deeds = {
    j: () => step(1), k: () => step(-1), ArrowLeft: () => seek(from - 3, false), ArrowRight: () => seek(from + 3, false),
    " ": () => audio && (audio.paused ? audio.play().catch(() => {}) : audio.pause()),
  };
  if (event.key === " " && event.target.tagName === "BUTTON") return;
  const deed = deeds[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (deed) {
    event.preventDefault();
    deed();
  }
});
if (audio) {
  audio.addEventListener("timeupdate", () => {
    const at = audio.currentTime;
    place(at);
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= at) low = middle + 1;
      else high = middle;
    }
    const turn = turns[low - 1] || null;
    if (turn === now) return;
    if (now) now.classList.remove("now");
    if (turn) turn.classList.add("now");
    now = turn;
  });
  const speed = document.getElementById("speed");
  speed.addEventListener("change", () => { audio.playbackRate = Number(speed.value); });
}
const only = document.getElementById("only");
only.addEventListener("change", () => { for (const turn of turns) turn.hidden = only.checked && !turn.classList.contains("evidence"); });
if (/^#m\d+$/.test(location.hash)) choose(location.hash.slice(1), false);
