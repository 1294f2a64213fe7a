// The create screen's own: the prompt that is never lost, the inspector as a sheet, arrow keys between pictures.
// It changes text, focus and style only, never the tree that React owns.
(() => {
  "use strict";
  const PANEL_PX = 1100;

  // --- The prompt. It belongs to the person: when the connection comes back and the page is filled again by an older
  // draft, what was typed meanwhile goes back in; only the page's own verbs may put other words there. ---
  let typed = null;

  function grow(area) {
    if (CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 8 * 24)}px`;
  }

  function keep(area) {
    if (area.dataset.filledBy !== "draft") typed = null;
    else if (typed !== null && area.value !== typed) type(area, typed);
  }

  function type(area, words) {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, words);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // --- The inspector: as a sheet it takes the focus and the rest of the page rests; the focus goes back to its tile. ---
  let panelOf = "";
  let hasPanel = false;

  function isSheet() {
    return hasPanel && window.innerWidth < PANEL_PX;
  }

  function restPage() {
    for (const part of document.querySelectorAll("main > :not(.top), .top > :not(h1), nav")) part.inert = isSheet();
  }

  function followPanel() {
    const panel = document.querySelector("[data-panel]");
    if (Boolean(panel) === hasPanel) return;
    hasPanel = Boolean(panel);
    restPage();
    if (isSheet()) panel.querySelector("[data-panel-close]")?.focus();
    else if (!hasPanel && document.activeElement === document.body) document.querySelector(`[data-tile="${panelOf}"]`)?.focus();
  }

  function closePanel() {
    document.querySelector("[data-panel-close]")?.click();
  }

  window.addEventListener("resize", restPage);
  document.addEventListener("click", (event) => {
    const tile = event.target.closest?.("[data-tile]");
    if (tile) panelOf = tile.dataset.tile;
    else if (isSheet() && (!event.target.closest?.("[data-panel]") || event.target.closest("[data-closes-panel]"))) closePanel();
  });

  // Arrows go to the nearest picture in that direction; each row of pictures is one stop of the Tab key.
  function rove(event) {
    const from = event.target.closest("[data-roving] [data-tile]");
    if (!from) return false;
    const tiles = [...document.querySelectorAll("[data-roving] [data-tile]")];
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step ? tiles[tiles.indexOf(from) + step] : nearest(from, tiles, event.key === "ArrowDown");
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return true;
  }

  function nearest(from, tiles, isDown) {
    const here = from.getBoundingClientRect();
    const far = (each) => {
      const box = each.getBoundingClientRect();
      const rows = isDown ? box.top - here.bottom : here.top - box.bottom;
      return rows < -1 ? Infinity : rows * 1000 + Math.abs(box.left - here.left);
    };
    const best = tiles.reduce((one, other) => (far(other) < far(one) ? other : one), from);
    return far(best) === Infinity ? null : best;
  }

  function setStop(list, tile) {
    for (const each of list.querySelectorAll("[data-tile]")) each.tabIndex = each === tile ? 0 : -1;
  }

  document.addEventListener("focusin", (event) => {
    const list = event.target.closest?.("[data-roving]");
    if (list && event.target.matches("[data-tile]")) setStop(list, event.target);
  });

  document.addEventListener("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (isPlain && event.key.startsWith("Arrow") && rove(event)) event.preventDefault();
  });
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches("[data-prompt]")) {
      grow(field);
      typed = field.value;
    }
    if (field.matches("[type=range]")) fill(field);
    if (field.matches("[data-filter-rows]")) filterRows(field);
  });

  // Shows only the rows of a table that hold every word; the others keep their choice.
  function filterRows(field) {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of document.querySelectorAll(`#${field.dataset.filterRows}-rows > tr`)) {
      row.hidden = !words.every((word) => row.dataset.words.toLowerCase().includes(word));
    }
  }

  function fill(range) {
    range.style.setProperty("--v", `${((range.value - range.min) / (range.max - range.min)) * 100}%`);
  }

  // --- Follow the page as it changes. ---
  let prompt = null;

  function follow() {
    const area = document.querySelector("[data-prompt]");
    if (area && area !== prompt) {
      grow(area);
      keep(area);
    }
    prompt = area;
    document.querySelectorAll("[data-composer] [type=range]").forEach(fill);
    followPanel();
    for (const list of document.querySelectorAll("[data-roving]")) {
      if (!list.querySelector('[data-tile][tabindex="0"]')) setStop(list, list.querySelector("[data-tile]"));
    }
  }

  new MutationObserver(follow).observe(document, { subtree: true, childList: true });
  follow();
})();
