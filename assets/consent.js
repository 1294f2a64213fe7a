// The question about statistics, on every page that may ask it, and what is counted after a yes.
// Until somebody said yes, this script asks our own server whether it may ask, and does nothing else.
(() => {
  "use strict";
  const own = navigator.globalPrivacyControl === true;
  let ask = false;
  let signal = false;
  let counts = false;
  let known = false;
  let page = location.pathname;
  let observer = null;

  // --- How things stand. ---
  async function standing(query) {
    const answer = await fetch(`/api/choices${query}`, { headers: { Accept: "application/json" } });
    return answer.ok ? answer.json() : { ask: false, signal: own, counts: false, known };
  }

  async function look() {
    let found = await standing("");
    if (own && !found.signal) {
      // This browser tells its signal to pages only, not to servers.
      await fetch("/api/choices/signal", { method: "POST" });
      found = await standing("?signal=1");
    }
    ({ ask, signal, counts, known } = found);
    show();
  }

  function show() {
    for (const [mark, is] of [["ask", ask], ["back", counts], ["signal", signal], ["known", known], ["stranger", !known]])
      for (const one of document.querySelectorAll(`[data-${mark}]`)) if (one.hidden === is) one.hidden = !is;
    if (observer || !(ask || signal || counts || known)) return;
    // Another screen of the app has a bar of its own.
    observer = new MutationObserver(show);
    observer.observe(document.body, { subtree: true, childList: true });
  }

  // --- Counting, after a yes. ---
  function seen(load) {
    page = location.pathname;
    if (!counts) return;
    const name = page === "/" ? "home" : page.split("/")[1];
    const body = JSON.stringify({ page: name, load_ms: load });
    fetch("/api/seen", { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true }).catch(() => {});
  }

  function seenAtFirst() {
    const [entry] = performance.getEntriesByType("navigation");
    seen(entry ? Math.round(entry.domContentLoadedEventEnd) : null);
  }

  function moved() {
    if (location.pathname !== page) seen(null);
  }

  for (const verb of ["pushState", "replaceState"]) {
    const original = history[verb];
    history[verb] = function () {
      original.apply(this, arguments);
      moved();
    };
  }
  window.addEventListener("popstate", moved);

  // --- Answering. ---
  document.addEventListener("submit", async (event) => {
    const bar = event.target;
    if (!bar.matches?.("[data-ask],[data-back]")) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(bar, event.submitter));
    const answer = await fetch(bar.action, { method: "POST", headers: { Accept: "application/json" }, body }).catch(() => null);
    if (!answer?.ok) return;
    if (document.getElementById("choice-analytics")) return location.reload(); // its switches show what was answered
    const main = document.getElementById("main");
    if (main && !main.hasAttribute("tabindex")) main.tabIndex = -1;
    main?.focus({ preventScroll: true });
    await look();
    if (counts) seenAtFirst();
  });

  // A switch of the privacy center: what is counted ends with it, and the server says what begins.
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("#choice-analytics, #choice-performance")) return;
    counts = false;
    setTimeout(() => look().catch(() => {}), 1500);
  });

  look().then(seenAtFirst, () => {});
})();
