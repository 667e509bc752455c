"use strict";
// Asks for new figures twice a second and replaces the parts that changed. Nothing else runs here.
(() => {
  const EVERY = 500;
  const words = document.body.dataset;
  const by = (id) => document.getElementById(id);
  const parts = new Map([...document.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
  const last = new Map();
  let paused = false;
  let lost = false;

  const show = () => {
    by("live").classList.toggle("stopped", paused || lost);
    by("live-word").textContent = lost ? words.lost : paused ? words.pausedWord : words.liveWord;
    by("pause").textContent = paused ? words.resume : words.pause;
  };
  const connection = (gone) => {
    if (gone === lost) return;
    lost = gone;
    by("news").textContent = gone ? words.lost : words.back;
    show();
  };
  // Whoever stands on a link with the keyboard goes on standing there.
  const put = (part, html) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.innerHTML = html;
    const same = [...part.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === focused);
    if (focused !== null && same) same.focus({ preventScroll: true });
  };
  const replace = ({ at, parts: fresh }) => {
    by("at").textContent = at;
    for (const [name, html] of Object.entries(fresh)) {
      if (last.get(name) === html || !parts.has(name)) continue;
      last.set(name, html);
      put(parts.get(name), html);
    }
  };
  const refresh = async () => {
    try {
      const answer = await fetch(words.live, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = await answer.json();
      if (!paused) replace(fresh);
      connection(false);
    } catch {
      connection(true);
    }
  };
  const tick = async () => {
    if (!paused && !document.hidden) await refresh();
    setTimeout(tick, EVERY);
  };
  by("pause").hidden = false;
  by("pause").addEventListener("click", () => {
    paused = !paused;
    show();
    if (!paused) refresh();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) refresh(); });
  setTimeout(tick, EVERY);
})();
