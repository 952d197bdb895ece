// Brings the page up to date in place; what is open, scrolled or focused stays so. Without it the page is complete.
"use strict";

const PERIOD_MS = 5000;

function swap(next) {
  const live = document.getElementById("live");
  const open = [...live.querySelectorAll("details[open][id]")].map((element) => element.id);
  const scrolled = [...live.querySelectorAll(".scroll")].map((element) => element.scrollLeft);
  const focused = document.activeElement && document.activeElement.closest("#live details[id]");
  const focusedId = focused && focused.id;
  live.replaceChildren(...next.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  [...live.querySelectorAll(".scroll")].forEach((element, place) => (element.scrollLeft = scrolled[place] || 0));
  if (focusedId) document.getElementById(focusedId)?.querySelector("summary")?.focus({ preventScroll: true });
}

async function refresh() {
  if (document.hidden || !getSelection().isCollapsed) return;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    swap(document.adoptNode(parsed.getElementById("live")));
    document.title = parsed.title;
    document.getElementById("stale").hidden = true;
  } catch {
    document.getElementById("stale").hidden = false;
  }
}

setInterval(refresh, PERIOD_MS);
