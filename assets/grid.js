/**
 * <ir-grid>: a person's pictures in justified rows, fed by plain HTTP page by page, drawn only near the window.
 *
 * It stands in the prerendered page and works before React wakes up. With the attribute `served` the first page of pictures
 * stands in it (routes/first_pictures.py) and is taken over as it is. React owns its attributes, never what is inside:
 * `src` (JSON pages), `query` (the filter as a query string; until it changes the address's own holds), `refresh` (a new
 * value reads all that is shown again), `gone` (ids that left, apart by spaces), `marked` (+id or -id: a favourite, or no
 * longer), `current` (id of the open picture, or empty), `cleared` (a new value lets go of what is chosen).
 *
 * Elements anywhere with data-act="verb" act on the chosen pictures.
 *
 * Events: ir-open, ir-trash, ir-favourite {id}; ir-choose {count, everything} when the choice changed (`count` is what is
 * left out of everything); ir-act {verb, everything, ids, but}; ir-state {shown, done, failed} when one of them begins or ends; ir-tiles
 * when the order changed. A listener takes ir-open by preventDefault(); without one the browser follows the tile's link.
 */
import { Choice, followHolds } from "./grid-choice.js";
import { Pages } from "./grid-pages.js";
import { keepPlace, keptPlace } from "./grid-place.js";
import "./film.js";
import "./grid-rows.js";
import { adopt, build, dress } from "./grid-tiles.js";

const { justify, stand, tall, wide } = globalThis.irRows;
const AHEAD_PX = 1400;
const READ_PX = 2800; // once somebody scrolls
const ROWS_A_FRAME = 1; // beside those in sight: more would make it miss its time
const PLACE_MS = 200;
const FILTERS = ["q", "favourite", "album", "sort"];
const FAULTS = {
  unread: '<p>The pictures could not be read. They are safe.</p><button type="button" class="btn line">Try again</button>',
  "signed out": '<p>You are signed out.</p><a class="btn line" href="/sign-in?next=/gallery">Sign in</a>',
};

/** Return the filters of a query string, always spelled the same. */
function filterOf(text) {
  const asked = new URLSearchParams(text);
  return new URLSearchParams(FILTERS.filter((name) => asked.get(name)).map((name) => [name, asked.get(name)])).toString();
}

class Grid extends HTMLElement {
  static observedAttributes = ["query", "refresh", "gone", "marked", "current", "cleared"];
  #rows = [];
  #boxes = new Map(); // id -> {element, stands}, what is in the DOM and how it was drawn
  #roving = ""; // id of the one tile in the tab order
  #told = "";
  #choice = new Choice();
  #waiting = []; // what was pressed before the page had its state

  connectedCallback() {
    if (!this.hasAttribute("served") || this.isServed) this.begin();
  }

  /** Begin; in a page that is still being read it is called once all served tiles are there. */
  begin() {
    const served = this.hasAttribute("served") && this.querySelector("[role=list]");
    this.removeAttribute("served");
    this.scroller = this.closest(".scroll");
    this.list = served || Object.assign(document.createElement("div"), { role: "list" });
    this.foot = Object.assign(document.createElement("div"), { role: "alert", className: "grid-foot" });
    for (const each of [...this.children]) if (each !== served) each.remove();
    this.append(...(served ? [] : [this.list]), this.foot);
    this.fault = "";
    this.onclick = this.#clicked;
    this.onkeydown = this.#pressed;
    this.onfocusin = ({ target }) => this.#rove(target.closest(".box")?.dataset.id);
    this.onScroll = () => {
      this.#drawSoon();
      clearTimeout(this.placing);
      this.placing = setTimeout(() => this.#keepPlace(), PLACE_MS);
    };
    this.onAct = ({ target }) => this.#act(target.closest?.("[data-act]")?.dataset.act);
    this.onKey = (event) => this.#everywhere(event);
    this.onOnline = () => this.pages.fault && this.pages.retry();
    this.addEventListener("focusin", this.onfocusin);
    this.scroller.addEventListener("scroll", this.onScroll, { passive: true });
    document.addEventListener("click", this.onAct);
    document.addEventListener("keydown", this.onKey);
    if (!this.holds) followHolds(this, (id) => this.#choose(id));
    this.holds = true;
    window.addEventListener("online", this.onOnline);
    this.resizing = new ResizeObserver(() => this.clientWidth !== this.width && this.#relayout());
    this.resizing.observe(this);
    this.pages = new Pages(this.getAttribute("src"), () => this.#changed());
    const filter = filterOf(location.search);
    const place = keptPlace(filter);
    this.#restart(filter, served);
    if (place) this.#return(place);
  }

  disconnectedCallback() {
    if (!this.pages) return;
    this.removeEventListener("focusin", this.onfocusin);
    this.scroller.removeEventListener("scroll", this.onScroll);
    document.removeEventListener("click", this.onAct);
    document.removeEventListener("keydown", this.onKey);
    clearTimeout(this.placing);
    window.removeEventListener("online", this.onOnline);
    this.resizing.disconnect();
    this.pages.stop();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.pages || before === now || now === null) return;
    if (name === "query" && filterOf(now) !== this.filter) this.#restart(filterOf(now));
    if (name === "current" && (before || now)) this.#follow(before, now);
    if (before === null && name === "query") this.#catchUp();
    if (before === null) return; // only now React knows: what it says is how things are, not news
    if (name === "refresh") this.#refresh();
    if (name === "gone") this.#drop(now.split(" ").filter((id) => id && !before.includes(id)));
    if (name === "cleared") this.#clear();
    if (name === "marked") this.#mark(now.slice(1), now[0] === "+");
  }

  /** @returns {import("./grid-tiles.js").Tile[]} */
  get tiles() {
    return this.pages.tiles;
  }

  /** Read the next page. */
  more() {
    this.pages.more();
  }

  /** Say what is shown, when that is news; a listener that came late asks for it. */
  tell(isNews = false) {
    const { tiles, isDone, isBusy, fault } = this.pages;
    if (isBusy) return;
    const detail = { shown: tiles.length, done: isDone, failed: Boolean(fault) };
    const state = [detail.shown > 0, detail.done, detail.failed].join();
    if (isNews || state !== this.#told) this.#send("ir-state", detail);
    this.#told = state;
  }

  /** Tell what was pressed before the page had its state: earlier it would be undone by its loading. */
  #catchUp() {
    this.isHeard = true;
    for (const [name, detail] of this.#waiting.splice(0)) this.#send(name, detail);
  }

  #restart(filter, served = null) {
    const isFirst = this.filter === undefined;
    [this.filter, this.#told] = [filter, ""];
    if (!served) this.scroller.scrollTop = 0; // served tiles may have been scrolled before this script came
    if (!isFirst) this.#address();
    const field = document.querySelector("[data-grid-search]");
    if (field && field !== document.activeElement) field.value = new URLSearchParams(filter).get("q") ?? "";
    if (served) this.#takeOver(filter, served);
    else this.pages.restart(filter);
    if (!isFirst) this.#clear();
  }

  /** Make the tiles that stand in the page ours, where they are. */
  #takeOver(filter, served) {
    const tiles = [...served.children].map((element) => {
      const tile = adopt(element);
      this.#boxes.set(tile.id, { element, stands: "" });
      return tile;
    });
    this.pages.begin(filter, tiles, served.dataset.next);
  }

  /** Go back to where this entry of the history was left. */
  async #return({ id, offset }) {
    const { filter } = this;
    await this.pages.reach(id, () => this.isConnected && this.filter === filter && !this.scroller.scrollTop);
    const row = this.#rowOf(id);
    if (row && !this.scroller.scrollTop) this.scroller.scrollTop += row.top - this.#top() + offset;
  }

  #keepPlace() {
    const top = this.#top();
    const row = this.#rows.find((each) => each.top + each.height > top);
    if (this.isConnected && row) keepPlace(this.filter, top > 0 ? row.tiles[0].id : "", top - row.top);
  }

  #refresh() {
    this.pages.reread();
    this.#reclaim();
  }

  #changed() {
    this.ariaBusy = this.pages.isBusy ? "true" : null;
    if (this.fault !== this.pages.fault) this.foot.innerHTML = FAULTS[this.pages.fault] ?? "";
    this.fault = this.pages.fault;
    this.classList.toggle("filled", this.tiles.length > 0);
    this.#relayout();
    this.tell();
    this.#send("ir-tiles");
  }

  #drop(ids) {
    const place = this.tiles.findIndex((tile) => ids.includes(tile.id));
    const hadFocus = ids.some((id) => this.#boxes.get(id)?.element.contains(document.activeElement));
    const left = this.tiles.filter((tile) => !ids.includes(tile.id));
    const neighbour = left[Math.min(place, left.length - 1)]?.id;
    if (ids.includes(this.#roving)) this.#roving = neighbour;
    this.pages.drop(ids);
    if (hadFocus) this.focusTile(neighbour);
  }

  #mark(id, favourite) {
    const tile = this.tiles.find((each) => each.id === id);
    if (tile) tile.favourite = favourite;
    if (tile && this.#boxes.has(id)) dress(this.#boxes.get(id).element, tile, this.#choice.has(id));
  }

  // --- What is chosen -------------------------------------------------------------------------------------------------

  #choose(id, isRange = false) {
    if (isRange) this.#choice.reach(this.tiles, id);
    else this.#choice.toggle(id);
    this.#chosen();
  }

  #clear() {
    if (this.#choice.isEmpty) return;
    this.#choice.clear();
    this.#chosen();
  }

  #chosen() {
    this.classList.toggle("choosing", !this.#choice.isEmpty);
    for (const tile of this.tiles) {
      if (this.#boxes.has(tile.id)) dress(this.#boxes.get(tile.id).element, tile, this.#choice.has(tile.id));
    }
    this.#command("ir-choose", { count: this.#choice.ids.size, everything: this.#choice.everything });
  }

  #act(verb) {
    if (verb === "everything") this.#takeEverything();
    else if (verb === "clear") this.#clear();
    else if (verb && !this.#choice.isEmpty) this.#command("ir-act", { verb, ...this.#choice.detail });
  }

  #takeEverything() {
    this.#choice.take();
    this.#chosen();
  }

  /** Keys that hold on the whole page while no dialog is open and nobody types. */
  #everywhere(event) {
    const isTyping = event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (isTyping || event.defaultPrevented || document.querySelector("[role=dialog]:not([popover])")) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && this.tiles.length) {
      event.preventDefault();
      this.#takeEverything();
    } else if (event.key === "Escape" && !document.querySelector(":popover-open")) this.#clear();
    else if (event.key === "Delete" && !event.repeat && !this.#choice.isEmpty) {
      event.preventDefault(); // the bar on the chosen pictures, whose key this is, comes only once the server has heard of them
      this.#act("trash");
    }
  }

  // --- Drawing --------------------------------------------------------------------------------------------------------

  /** Lay the rows out again; the row at the top of the window stays where it is. */
  #relayout() {
    this.width = this.clientWidth;
    if (!this.width) return;
    const top = this.#top();
    const anchor = top > 0 && this.#rows.find((row) => row.top + row.height > top);
    this.#rows = justify(this.tiles, this.width, this.pages.isDone || Boolean(this.pages.fault));
    this.list.style.height = this.#rows.length ? `${tall(this.#rows)}px` : "";
    const kept = anchor && anchor.tiles.map(({ id }) => this.#rowOf(id)).find(Boolean);
    const moved = kept ? kept.top - anchor.top : 0;
    if (moved) this.scroller.scrollTop += moved;
    // Asked again only where the browser may have moved it: asking makes it lay everything out.
    this.#draw(anchor && kept && !moved ? top : this.#top());
  }

  /** How far the top of the window is below the grid's own. */
  #top() {
    return this.scroller.getBoundingClientRect().top - this.getBoundingClientRect().top;
  }

  #rowOf(id) {
    return this.#rows.find((row) => row.tiles.some((tile) => tile.id === id));
  }

  /**
   * Put the tiles near the window into the DOM, in reading order, and take the others out. What the browser must lay out to
   * answer is asked before anything is written.
   */
  #draw(top = this.#top()) {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    if (!this.isConnected) return;
    const bottom = top + this.scroller.clientHeight;
    const focused = document.activeElement?.closest(".box");
    const near = this.#rows.filter((row) => row.top + row.height > top - AHEAD_PX && row.top < bottom + AHEAD_PX);
    const wanted = new Set(near.flatMap((row) => row.tiles.map((tile) => tile.id)));
    for (const [id, { element }] of this.#boxes) {
      if (wanted.has(id) || (element === focused && this.#rowOf(id))) continue;
      element.remove();
      this.#boxes.delete(id);
    }
    const isInSight = (row) => row.top < bottom && row.top + row.height > top;
    const away = (row) => Math.abs(row.top - (top + bottom) / 2);
    const isNew = (row) => !row.tiles.some((tile) => this.#boxes.has(tile.id));
    const coming = near.filter((row) => !isInSight(row) && isNew(row)).sort((a, b) => away(a) - away(b));
    const later = new Set(coming.slice(ROWS_A_FRAME));
    let before = null;
    for (const row of near) if (!later.has(row)) before = this.#drawRow(row, before, isInSight(row));
    if (later.size) this.#drawSoon();
    const first = near.find((row) => row.top >= top) ?? near[0];
    this.#rove(this.#boxes.has(this.#roving) ? this.#roving : first?.tiles[0].id);
    if (bottom + (top > 0 ? READ_PX : AHEAD_PX) > tall(this.#rows)) this.pages.more();
  }

  #drawSoon() {
    this.frame ??= requestAnimationFrame(() => this.#draw());
  }

  #drawRow(row, before, isInSight) {
    let left = 0;
    row.tiles.forEach((tile, index) => {
      const box = this.#boxes.get(tile.id) ?? { element: build(tile, isInSight), stands: "" };
      this.#boxes.set(tile.id, box);
      const width = wide(row, tile);
      const [place, size] = [row.first + index + 1, this.pages.isDone ? this.tiles.length : -1];
      const stands = [left, row.top, width, row.height, place, size, tile.favourite].join();
      if (box.stands !== stands) {
        stand(box.element, row, left, width);
        Object.assign(box.element, { ariaPosInSet: place, ariaSetSize: size });
        dress(box.element, tile, this.#choice.has(tile.id));
        box.stands = stands;
      }
      const after = before ? before.nextSibling : this.list.firstChild;
      if (after !== box.element) this.list.insertBefore(box.element, after);
      before = box.element;
      left += width + row.gap;
    });
    return before;
  }

  // --- Clicks, keys and focus -----------------------------------------------------------------------------------------

  #clicked(event) {
    const id = event.target.closest(".box")?.dataset.id;
    const isExtra = event.metaKey || event.ctrlKey || event.shiftKey;
    if (event.target.closest(".grid-foot button")) this.pages.retry();
    else if (event.target.closest(".fav")) this.#command("ir-favourite", { id });
    else if (id && (event.target.closest(".ck") || isExtra || !this.#choice.isEmpty)) {
      event.preventDefault();
      this.#choose(id, event.shiftKey);
    } else if (id && this.#send("ir-open", { id })) event.preventDefault();
  }

  #pressed(event) {
    const id = event.target.closest("a.tile")?.dataset.id;
    if (!id || event.ctrlKey || event.metaKey || event.altKey) return;
    const letter = event.key.length === 1 && event.key !== " ";
    if (letter && localStorage.getItem("letters") === "off") return;
    const verb = { " ": "ir-open", Enter: "ir-open", i: "ir-open", Delete: "ir-trash", f: "ir-favourite" }[event.key];
    const verbOfMany = { Delete: "trash", f: "favourite" }[event.key];
    const to = this.#neighbour(id, event.key);
    if (!verb && !to && event.key !== "x") return;
    event.preventDefault();
    if (to) {
      if (event.shiftKey && this.#choice.isEmpty) this.#choose(id);
      if (event.shiftKey) this.#choose(to, true);
      this.focusTile(to);
    } else if (event.repeat) return;
    else if (event.key === "x") this.#choose(id);
    else if (verbOfMany && !this.#choice.isEmpty) this.#act(verbOfMany);
    else this.#command(verb, { id });
  }

  /** Return the id of the tile that an arrow key leads to; across rows it is the one that stands nearest. */
  #neighbour(id, key) {
    const row = this.#rowOf(id);
    const place = row.tiles.findIndex((tile) => tile.id === id);
    const beside = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (beside) return this.tiles[row.first + place + beside]?.id ?? id;
    const across = { ArrowUp: -1, ArrowDown: 1 }[key];
    const to = across && (this.#rows[this.#rows.indexOf(row) + across]?.tiles ?? [{ id }]);
    return to?.[Math.floor(((place + 0.5) / row.tiles.length) * to.length)].id;
  }

  /** Let this tile be the one in the tab order; arrow keys go on from there. */
  #rove(id = this.#roving) {
    for (const each of new Set([this.#roving, id])) {
      const link = this.#boxes.get(each)?.element.firstElementChild;
      const tabIndex = each === id ? 0 : -1;
      if (link && link.tabIndex !== tabIndex) link.tabIndex = tabIndex;
    }
    this.#roving = id;
  }

  /** Bring a tile into the window and give it the focus. */
  focusTile(id) {
    const row = this.#rowOf(id);
    if (!row) return;
    const top = this.#top();
    const below = row.top + row.height - top - this.scroller.clientHeight;
    if (row.top < top) this.scroller.scrollTop += row.top - top - row.gap;
    else if (below > 0) this.scroller.scrollTop += below + row.gap;
    this.#draw();
    this.#boxes.get(id)?.element.firstElementChild.focus({ preventScroll: true });
  }

  /** Dispatch what must not be lost: until the page has its state, it waits. */
  #command(name, detail) {
    if (this.isHeard) this.#send(name, detail);
    else this.#waiting.push([name, detail]);
  }

  /** Dispatch an event; true when somebody took it. */
  #send(name, detail = {}) {
    return !this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }

  // --- The open picture -----------------------------------------------------------------------------------------------

  /** Read as far as the open picture; when it closes, take the focus back. */
  #follow(before, now) {
    this.#address();
    this.#rove(now || before);
    if (now) this.pages.reach(now, () => this.getAttribute("current") === now);
    else this.#reclaim();
  }

  /** A dialog or a button that went lets go of the focus some frames later; take it, unless somebody else did. */
  #reclaim(tries = 30) {
    const isFree = document.activeElement === document.body && !this.closest("[aria-hidden=true]");
    if (isFree) this.focusTile(this.#roving);
    else if (tries) requestAnimationFrame(() => this.#reclaim(tries - 1));
  }

  /** Let the address name filter and picture, so that a reload, Back and a copied link show the same. */
  #address() {
    const asked = new URLSearchParams(this.filter);
    if (this.getAttribute("current")) asked.set("image", this.getAttribute("current"));
    history.replaceState(history.state, "", location.pathname + (asked.size ? `?${asked}` : ""));
  }
}

customElements.define("ir-grid", Grid);
