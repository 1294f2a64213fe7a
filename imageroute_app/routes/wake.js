// Lets the rest of the page begin once the first pictures are there, at once when the person does something, and in any
// case: the other pictures, the page's own font, and its scripts. Until then none of them is on the line or on the processor.
// What the person does meanwhile is kept for assets/app.js, which tells it again.
(() => {
  "use strict";
  const MOST_MS = 3000;
  const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart", "focusin"];
  document.currentScript.remove();
  const KEPT = ["click", "keydown", "input", "change"];
  let isAsleep = true;
  globalThis.early = [];

  function keep(event) {
    if (!globalThis.early) return; // app.js is here
    globalThis.early.push(event);
    const { key, target } = event;
    const isOurs = key === "/" || (key === " " && target.matches("a.tile")) || (key === "a" && (event.ctrlKey || event.metaKey));
    if (isOurs && !target.matches("input, textarea, select")) event.preventDefault(); // the browser means something else by it
  }

  function wake() {
    if (!isAsleep) return;
    isAsleep = false;
    for (const sign of SIGNS) removeEventListener(sign, wake, true);
    document.documentElement.classList.remove("plain", "early");
    document.querySelector("ir-grid .asleep")?.classList.remove("asleep");
    for (const link of document.querySelectorAll('link[rel="later"]')) link.rel = "modulepreload";
    for (const sleeping of document.querySelectorAll('script[type="later"]')) {
      const script = document.createElement("script");
      script.async = sleeping.async;
      if (sleeping.dataset.type) script.type = sleeping.dataset.type;
      if (sleeping.hasAttribute("src")) script.src = sleeping.getAttribute("src");
      script.textContent = sleeping.textContent;
      sleeping.replaceWith(script);
    }
  }

  for (const sign of SIGNS) addEventListener(sign, wake, { capture: true, passive: true });
  for (const kind of KEPT) addEventListener(kind, keep, true);
  const first = [...document.querySelectorAll('ir-grid img[loading="eager"]')];
  const isSeen = new Promise((resolve) => {
    const look = (list) => list.getEntriesByName("first-contentful-paint").length && resolve();
    if (PerformanceObserver.supportedEntryTypes.includes("paint")) new PerformanceObserver(look).observe({ type: "paint", buffered: true });
    else resolve();
  });
  const decoded = first.map((image) => image.decode().catch(() => {}));
  Promise.all([isSeen, ...decoded]).then(() => requestAnimationFrame(() => setTimeout(wake)));
  setTimeout(wake, MOST_MS);
})();
