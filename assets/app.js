// Small things that must not travel to the server: local times, running clocks, keys, and where popovers stand.
// It changes text and style only, never the tree that React owns.
(() => {
  "use strict";
  const LETTERS = "letters"; // localStorage: "off" once single-letter shortcuts were turned off
  const WIDE_PX = 760;
  const RENDERED = /^\/(sign-in|sign-up|forgot-password|reset-password|verify-email|auth|privacy|terms|cookies|processors|trust|contact|support|report|outbox|media|exports|receipts|verify|s|api)(\/|$)/;

  const ISLANDS = "ir-grid, ir-film, ir-mask, ir-compare, ir-upload, ir-device"; // they answer for themselves

  // --- Addresses of our HTTP routes are no screens of the bundle: leave by the browser, not by the router. ---
  for (const verb of ["pushState", "replaceState"]) {
    const original = history[verb];
    history[verb] = function (state, title, url) {
      const path = url ? new URL(url, location.href).pathname : "";
      if (path && path !== location.pathname && RENDERED.test(path)) location.assign(url);
      else original.apply(this, arguments);
    };
  }

  // --- What is pressed, chosen or typed before React answers for it is told again once the page has its state. ---
  const EARLY_MS = 30_000;
  const isOwned = (element) => Object.keys(element).some((key) => key.startsWith("__reactProps"));

  async function owned(element) {
    for (const end = Date.now() + EARLY_MS; Date.now() < end && element.isConnected; ) {
      await new Promise((go) => setTimeout(go, 30));
      if (isOwned(element) && !document.querySelector('[data-awake="no"]')) return true;
    }
    return false;
  }

  async function clicked({ target }) {
    const button = target.closest?.("button:not([type=submit],[popovertarget])");
    if (!button || isOwned(button) || button.closest(ISLANDS) || RENDERED.test(location.pathname)) return;
    if (await owned(button)) button.click();
  }

  async function changed({ type, target }) {
    if (isOwned(target) || target.early || !target.matches("input, textarea, select")) return;
    target.early = true;
    if (!(await owned(target))) return;
    const { value } = target;
    target.value = ""; // React compares with what was set last by this very setter
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(target), "value").set.call(target, value);
    target.dispatchEvent(new Event(type, { bubbles: true }));
  }

  /** Tell a key again once the grid listens; what was typed behind `/` goes into the field that it leads to. */
  let field;
  async function keyed(event) {
    const { key, target } = event;
    if (isTyping(target)) return; // the browser did what it says
    if (isGridAsleep()) await customElements.whenDefined("ir-grid");
    if (field && field === document.activeElement && key.length === 1) document.execCommand("insertText", false, key);
    else (target.isConnected ? target : document.body).dispatchEvent(new KeyboardEvent(event.type, event));
    if (key === "/" && isTyping(document.activeElement)) field = document.activeElement;
  }

  const isGridAsleep = () => document.querySelector("ir-grid:not(:defined)");
  const AGAIN = { click: clicked, input: changed, change: changed, keydown: keyed };
  for (const kind of ["click", "input", "change"]) document.addEventListener(kind, AGAIN[kind]);

  // --- Times in the reader's zone. ---
  const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const hour = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
  const year = new Intl.DateTimeFormat([], { day: "numeric", month: "short", year: "numeric" });

  function dayOf(moment) {
    const today = new Date();
    if (moment.toDateString() === today.toDateString()) return "Today";
    return moment.getFullYear() === today.getFullYear() ? day.format(moment) : year.format(moment);
  }

  function daysLeft(moment) {
    const days = Math.ceil((moment - Date.now()) / 86_400_000);
    if (days < 1) return "Goes today";
    return days === 1 ? "1 day left" : `${days} days left`;
  }

  const FORMS = {
    time: (moment) => clock.format(moment),
    day: dayOf,
    both: (moment) => `${dayOf(moment)}, ${hour.format(moment)}`,
    short: (moment) => (moment.toDateString() === new Date().toDateString() ? hour.format(moment) : dayOf(moment)),
    left: daysLeft,
  };

  function localise(element) {
    const moment = new Date(element.dateTime);
    const text = element.firstChild;
    if (!text || Number.isNaN(moment.getTime())) return;
    const words = (FORMS[element.dataset.local] ?? FORMS.time)(moment);
    if (text.nodeValue !== words) text.nodeValue = words;
    if (!element.title) element.title = `${element.dateTime} (UTC)`;
    element.dataset.done = "";
  }

  // --- Running clocks and trains. ---
  function tick() {
    for (const element of document.querySelectorAll("[data-since]")) {
      const since = Date.parse(element.dataset.since);
      if (!since || !element.firstChild) continue;
      const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
      const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (element.firstChild.nodeValue !== shown) element.firstChild.nodeValue = shown;
    }
    for (const track of document.querySelectorAll("[data-track]")) {
      const since = Date.parse(track.dataset.track);
      const share = since ? (Date.now() - since) / 1000 / Math.max(1, Number(track.dataset.usual)) : 0;
      // Past 85 % it slows down and never reaches the square: only bytes do.
      const way = share < 0.85 ? share : 0.97 - 0.12 * Math.exp(-(share - 0.85));
      track.style.setProperty("--way", `${Math.max(0, way) * 100}%`);
    }
  }

  // --- Popovers stand above the composer, left edges aligned with what opened them. ---
  function place(popover, button) {
    const composer = document.querySelector("[data-composer]");
    if (!composer || window.innerWidth < WIDE_PX) return;
    const bar = composer.getBoundingClientRect();
    const from = button ? button.getBoundingClientRect().left : bar.left;
    const left = Math.max(bar.left, Math.min(from - 8, bar.right - popover.offsetWidth));
    popover.style.setProperty("--left", `${left}px`);
    popover.style.setProperty("--bottom", `${window.innerHeight - bar.top + 12}px`);
  }

  let opener = null;
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("[popovertarget]");
      if (!button || button.hasAttribute("popovertargetaction")) return;
      const popover = document.getElementById(button.getAttribute("popovertarget"));
      if (!popover) return;
      const wasOpen = popover.matches(":popover-open") && opener !== button;
      opener = button;
      if (button.dataset.section) popover.dataset.section = button.dataset.section;
      if (!wasOpen) return;
      // Another part of the same panel: it stays open and moves.
      event.preventDefault();
      show(popover);
    },
    true,
  );

  function show(popover) {
    for (const button of document.querySelectorAll(`[popovertarget="${popover.id}"]:not([popovertargetaction])`)) {
      button.setAttribute("aria-expanded", String(button === opener && popover.matches(":popover-open")));
    }
    if (!popover.matches(":popover-open")) return;
    place(popover, opener);
    const fields = [...popover.querySelectorAll("input, button, a")].filter((each) => each.offsetParent);
    (fields.find((each) => each.checked) ?? fields[0] ?? popover).focus({ preventScroll: true });
  }

  document.addEventListener(
    "beforetoggle",
    (event) => {
      if (event.target.matches?.("[popover]")) requestAnimationFrame(() => show(event.target));
    },
    true,
  );

  // --- Keys. ---
  function isTyping(element) {
    return element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  }

  /** What can be used now: an open dialog hides what lies behind it. */
  function visible(selector) {
    const isHere = (each) => each.offsetParent && !each.disabled && !each.closest("[aria-hidden=true]");
    return [...document.querySelectorAll(selector)].find(isHere);
  }

  function pressed(event) {
    const { key, target } = event;
    if ((event.ctrlKey || event.metaKey) && key === "Enter") {
      const form = target.closest?.("form") ?? document.querySelector("[data-composer]");
      if (form?.matches("[data-composer]")) form.requestSubmit();
      return form?.matches("[data-composer]");
    }
    if (key === "Enter" && target.matches("[popover] input")) {
      target.closest("[popover]").hidePopover();
      return true;
    }
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z" && !event.shiftKey && !isTyping(target)) {
      const button = visible("[data-undo]");
      button?.click();
      return Boolean(button);
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(target)) return false;
    if (key === "/") {
      const field = visible('[data-hotkey-focus="/"]');
      field?.focus();
      return Boolean(field);
    }
    if (key === "?") {
      document.getElementById("keys")?.togglePopover();
      return true;
    }
    if (key.length === 1 && localStorage.getItem(LETTERS) === "off") return false;
    if (key === "Escape" && document.querySelector(":popover-open")) return false;
    // Inside the grid its own element answers for the focused picture.
    if (target.closest("ir-grid") && !document.querySelector(`[data-act][data-hotkey="${CSS.escape(key)}"]`)) return false;
    const button = visible(`[data-hotkey="${CSS.escape(key.length === 1 ? key.toLowerCase() : key)}"]`);
    button?.click();
    return Boolean(button);
  }

  document.addEventListener("keydown", (event) => {
    if (isGridAsleep() && !isTyping(event.target)) keyed(event);
    else if (!event.repeat && pressed(event)) event.preventDefault();
  });
  // A page that sleeps until its pictures are painted has kept what came before this script (routes/wake.js).
  const kept = globalThis.early ?? [];
  globalThis.early = undefined;
  for (const event of kept) AGAIN[event.type](event);

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-switch]")) return;
    if (event.target.checked) localStorage.removeItem(LETTERS);
    else localStorage.setItem(LETTERS, "off");
  });

  // --- A way back ends with its count, which rests while a pointer or the focus is on the notice. ---
  document.addEventListener("animationend", ({ target, animationName }) => {
    if (animationName === "undo") target.closest(".toast").querySelector("[data-dismiss]").click();
  });

  // --- Scripts that come with the first element that needs them: [data-script]. An element that names its script says
  // inside that it waits, or that it waits in vain; the script puts its own inside there instead. ---
  const scripts = new Map();
  const turns = new Map(); // a browser may remember that an address failed, so that every turn asks for another

  function fetchScript(address) {
    const turn = turns.get(address) ?? 0;
    if (!scripts.has(address)) {
      scripts.set(address, import(turn ? `${address}&turn=${turn}` : address));
      scripts.get(address).catch(() => {
        scripts.delete(address);
        turns.set(address, turn + 1);
      });
    }
    return scripts.get(address);
  }

  function load(element) {
    const { script, scriptName } = element.dataset;
    if (scriptName && element.matches(":not(:defined)")) tell(element, "status", `${scriptName} are on their way.`);
    fetchScript(script).catch(() => {
      if (!scriptName) return;
      const again = Object.assign(document.createElement("button"), { type: "button", className: "btn line sm", textContent: "Try again" });
      again.addEventListener("click", () => load(element));
      tell(element, "alert", `${scriptName} could not be loaded. Check your connection.`, again);
    });
  }

  function tell(element, role, words, ...more) {
    const told = Object.assign(document.createElement("p"), { className: "small q2", textContent: words });
    told.setAttribute("role", role);
    const box = Object.assign(document.createElement("div"), { className: "waits" });
    box.append(told, ...more);
    element.replaceChildren(box);
  }

  // --- Follow the page as it changes. ---
  function settle(root) {
    for (const each of root.querySelectorAll("[data-script]:not([data-asked])")) {
      each.dataset.asked = "";
      load(each);
    }
    for (const time of root.querySelectorAll("time[data-local]")) localise(time);
    for (const each of root.querySelectorAll("[data-keys-switch]")) each.checked = localStorage.getItem(LETTERS) !== "off";
  }

  // --- A dialog that the page's state opens has no trigger to give the focus back to: whoever had it before gets it. ---
  const GIVE_BACK_MS = 60;
  const before = new Map(); // open dialog -> what had the focus
  let focused = null;
  document.addEventListener("focusin", ({ target }) => {
    const dialog = target.closest?.("[role=dialog]:not([popover], .lightbox)"); // the grid answers for the lightbox
    if (dialog && !before.has(dialog) && !dialog.contains(focused)) before.set(dialog, focused);
    focused = target;
  });

  function giveBack() {
    for (const [dialog, element] of before) {
      if (dialog.isConnected) continue;
      before.delete(dialog);
      setTimeout(() => document.activeElement === document.body && element?.focus({ preventScroll: true }), GIVE_BACK_MS);
    }
  }

  // --- Its library knows a dialog as the topmost only some moments after it has the focus: until then an Escape would
  // close the one under it. Such a key waits. ---
  const DIALOG = "[role=dialog]:not([popover])";
  const ON_TOP_MS = 60;
  const onTop = new WeakSet();
  let escaped = null; // the dialog that an Escape waits for
  document.addEventListener("focusin", ({ target }) => {
    const dialog = target.closest?.(DIALOG);
    if (dialog && !onTop.has(dialog)) setTimeout(rise, ON_TOP_MS, dialog);
  });

  function rise(dialog) {
    onTop.add(dialog);
    if (escaped === dialog) dialog.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", cancelable: true }));
    escaped = null;
  }

  window.addEventListener(
    "keydown",
    (event) => {
      const top = [...document.querySelectorAll(DIALOG)].pop();
      if (event.key !== "Escape" || !top || onTop.has(top) || document.querySelector(":popover-open")) return;
      event.stopImmediatePropagation();
      escaped = top;
    },
    true,
  );

  new MutationObserver((changes) => {
    giveBack();
    let isNew = false;
    const grown = new Set();
    for (const { type, target, addedNodes } of changes) {
      if (target.closest?.("ir-grid")) continue; // nothing of this is in it, and it changes with every frame of a scroll
      for (const node of addedNodes) if (node.parentElement) grown.add(node.parentElement);
      isNew ||= type === "childList";
      const time = (target.nodeType === 3 ? target.parentElement : target)?.closest?.("time[data-local]");
      if (time) localise(time);
    }
    for (const parent of grown) settle(parent);
    if (isNew) tick();
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["datetime"] });
  setInterval(tick, 1000);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => settle(document.body));
  else settle(document.body);

  // --- The privacy centre: the list of its sections shows where one is, and folds up once a section is chosen. ---
  const LINKS = ".pcn a, .pcsel a";
  function markPlace(scroller) {
    const edge = scroller.getBoundingClientRect().top + 120;
    const sections = [...scroller.querySelectorAll(".pc section[aria-labelledby]")];
    const here = sections.filter((each) => each.getBoundingClientRect().top <= edge).pop() ?? sections[0];
    const name = here?.getAttribute("aria-labelledby");
    for (const each of scroller.querySelectorAll(LINKS)) {
      const isHere = each.hash === `#${name}`;
      each.toggleAttribute("aria-current", isHere);
      if (!isHere) continue;
      each.setAttribute("aria-current", "true");
      scroller.querySelector(".pcsel summary")?.setAttribute("data-here", each.textContent);
    }
  }

  document.addEventListener(
    "scroll",
    (event) => {
      if (event.target.querySelector?.(".pcsel")) requestAnimationFrame(() => markPlace(event.target));
    },
    { capture: true, passive: true },
  );

  document.addEventListener("click", (event) => {
    const list = event.target.closest?.(".pcsel a")?.closest("details");
    if (list) list.open = false;
  });
})();
